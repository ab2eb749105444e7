"""Colour profiles: from a picture's own colours to sRGB, which all pictures of a film are in."""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

SAME_COLOUR = 2
"""Steps of 255 that a profile may differ from sRGB and still count as sRGB: makers round its curve
differently."""


def profile_of(picture: Image.Image) -> bytes:
    """The picture's ICC profile; empty if it has none."""
    profile = picture.info.get("icc_profile")
    if isinstance(profile, bytes):
        return profile
    return b""


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """A picture in L, LA, RGB, RGBA or CMYK with the colours that its profile stands for, in sRGB.

    Alpha stays. A picture that needs no change is returned itself.
    """
    if not profile:
        return picture
    if picture.mode == "LA":
        grey, alpha = picture.split()
        coloured = in_srgb(grey, profile)
        if coloured is grey:
            return picture
        coloured.putalpha(alpha)
        return coloured

    transform = to_srgb(profile, picture.mode)
    if transform is None:
        return picture
    return transform.apply(picture)


@functools.lru_cache(maxsize=4)  # a printer's profile has megabytes; a story has few profiles
def to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform from a profile to sRGB, for pictures of a mode.

    None for sRGB itself, for a profile that is broken, and for one that does not fit the mode.

    The intent is relative colorimetric with black point compensation: colours that sRGB has stay
    the same, and white and black become white and black. Perceptual would shift every colour of a
    printer's profile to make room for those that sRGB lacks. For the profiles of cameras and
    screens, which are a matrix, it means the same.
    """
    if not profile:
        return None
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        transform = ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            srgb,
            mode,
            "RGBA" if mode == "RGBA" else "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ValueError, TypeError):
        return None
    if _changes_nothing(transform, mode):
        return None
    return transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform leaves colours as they are, found out by trial.

    The profile's name is no proof: some that are called sRGB are linear, and some that are sRGB
    have another name.
    """
    if mode == "CMYK":
        return False

    levels = np.linspace(0, 255, 6, dtype=np.uint8)
    channels = len(mode)
    colours = np.stack(np.meshgrid(*[levels] * channels), axis=-1).reshape(1, -1, channels)
    if channels == 1:
        colours = colours[..., 0]
    trial = Image.fromarray(colours)
    before = np.asarray(trial.convert("RGB"), dtype=int)
    after = np.asarray(transform.apply(trial).convert("RGB"), dtype=int)
    return bool(np.abs(before - after).max() <= SAME_COLOUR)

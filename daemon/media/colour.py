"""Colour profiles: from the colours that a picture means to sRGB, which is what a film's pictures
are in."""

import functools
import io
from typing import Literal

import numpy as np
from PIL import Image, ImageCms

SAME_COLOUR = 2
"""Steps of 255 that a profile may differ from sRGB and still count as sRGB: makers round its curve
differently."""

ColourMode = Literal["L", "RGB", "RGBA", "CMYK"]


def profile_of(picture: Image.Image) -> bytes:
    """The picture's ICC profile; empty where it has none."""
    profile = picture.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else b""


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The colours that a picture in L, LA, RGB, RGBA or CMYK means by its profile.

    Alpha stays. A picture that does not need to change is returned itself.
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
    return picture if transform is None else transform.apply(picture)


@functools.lru_cache(maxsize=4)  # a story's pictures mostly come from one program
def to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from a profile to sRGB.

    None for sRGB itself, and for a profile that is broken or of another kind than the picture.

    Relative colorimetric with black point compensation: a colour that sRGB has stays what it is,
    white and black go to white and black. Perceptual would shift every colour of a printer's
    profile for the sake of those that sRGB lacks; for the profiles of cameras and screens, which
    are a matrix, it means the same.
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
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform leaves colours as they are, found out by trial.

    The name does not tell: some profiles called sRGB are linear, and some that are sRGB are called
    something else.
    """
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, 6, dtype=np.uint8)
    channels = len(mode)
    colours = np.stack(np.meshgrid(*[levels] * channels), axis=-1).reshape(1, -1, channels)
    trial = Image.fromarray(colours[..., 0] if channels == 1 else colours)
    before = np.asarray(trial.convert("RGB"), dtype=int)
    after = np.asarray(transform.apply(trial).convert("RGB"), dtype=int)
    return bool(np.abs(before - after).max() <= SAME_COLOUR)

"""Opening untrusted pictures: by content and never by name, within limits of size and memory, as upright sRGB.

Pillow is held to three formats (it has had holes in others). It decodes a picture whole; whatever is done to that is then done
to one band of rows after the other, so that 100 megapixels cost their decoded pixels and little more. A picture that is far
larger than its use is averaged down in the same go: what comes back is then small.
"""

import contextlib
import functools
import io
import threading
from collections.abc import Iterator
from typing import IO, Literal

import numpy as np
from PIL import Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from daemon.errors import UnreadableMedia
from daemon.media.boundary import reading

FORMATS = ("PNG", "JPEG", "WEBP")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture upright, by the orientation that its Exif data tell (Exif 2.32, 4.6.4)."""
SAME_SHAPE = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
)

LARGE = 16_000_000
"""Pixels from which on pictures are decoded one at a time: ten threads with 400 MB each are more than a worker has."""
SMALL = 4_000_000
"""Pixels up to which a picture is worked on whole: what that costs is little, and it saves putting bands together."""
BAND = 1 << 18
"""Pixels that are worked on at a time: few enough to stay in a processor's cache."""
SPARE = 1.55
"""How many times larger than its use a picture stays when it is averaged down: at 1, what is left for the good filter to do is
so little that the averaging shows (33 dB); at 1.55, a natural picture keeps within 40 dB of the direct way
(`test_a_reduced_picture_looks_like_the_whole_one`)."""
SAME_COLOUR = 2
"""By how many of 255 steps a profile may differ from sRGB and still be called the same: makers round its curve differently."""

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit is lower than ours may be set; `_refuse_large` looks before it decodes
PngImagePlugin.MAX_TEXT_CHUNK = (
    1 << 23
)  # it holds for colour profiles, too, and those of scanners are larger than a text

_ColourMode = Literal["L", "RGB", "RGBA", "CMYK"]
_large_one = threading.Lock()


def picture_size(file: IO[bytes], megapixels: int) -> tuple[int, int]:
    """The width and height of a picture, upright, from its headers alone; it is not decoded. Raises as `open_picture` does."""
    with _opened(file, megapixels) as picture:
        if picture.format == "PNG" and not _has_exif(file):
            return picture.size
        with _alone(picture):
            return picture.size if _turn(picture) in SAME_SHAPE else (picture.height, picture.width)


def open_picture(
    file: IO[bytes], megapixels: int, background: str, largest: tuple[int, int] | None = None
) -> Image.Image:
    """Decode a picture into RGB: sRGB, upright, its transparent parts over `background`.

    `largest` is the width and height in pixels that the caller can make use of. A picture that could be scaled to cover them
    and has pixels to spare comes back smaller, by a whole factor, though never smaller than to cover `SPARE` times of them.

    Raises UnreadableMedia for whatever is not a whole PNG, JPEG or WebP of at most `megapixels`; MemoryError and the
    file's own OSErrors (with an errno) pass, for they are the machine's fault.
    """
    with _opened(file, megapixels) as picture, _alone(picture):
        if picture.format == "PNG":  # its Exif data may come after the pixels
            _tell_transparency_in_8_bits(picture)
            picture.load()
        turn = _turn(picture)
        reduction = 1
        if largest:
            room = [
                round(SPARE * side) for side in (largest if turn in SAME_SHAPE else largest[::-1])
            ]
            reduction = max(1, min(picture.width // room[0], picture.height // room[1]))
        shown = _shown(picture, reduction, background)
        return shown if turn is None else shown.transpose(turn)


@contextlib.contextmanager
def _opened(file: IO[bytes], megapixels: int) -> Iterator[ImageFile.ImageFile]:
    """A picture of a known kind and a sane size; what Pillow raises over it becomes UnreadableMedia."""
    with reading(_fault, Exception), Image.open(file, formats=FORMATS) as picture:
        _refuse_large(picture, megapixels)
        yield picture


def _fault(error: Exception) -> UnreadableMedia:
    if isinstance(error, UnidentifiedImageError):
        return UnreadableMedia("not a PNG, JPEG or WebP picture", "Save it as PNG or JPEG.")
    return UnreadableMedia(f"damaged: {error}", "Export or copy it again.")


def _refuse_large(picture: Image.Image, megapixels: int) -> None:
    if picture.width * picture.height > megapixels * 1_000_000:
        what = f"larger than {megapixels} megapixels ({picture.width}×{picture.height} pixels)"
        raise UnreadableMedia(what, "Make it smaller.")


def _alone(picture: Image.Image) -> contextlib.AbstractContextManager[object]:
    """While a large picture is decoded, no other large one is."""
    return _large_one if picture.width * picture.height > LARGE else contextlib.nullcontext()


def _has_exif(png: IO[bytes]) -> bool:
    """Whether a PNG has Exif data, which may come after the pixels: Pillow would decode all of them in order to know.

    A PNG is its signature, and parts of a length, a name, contents and four bytes more (W3C, "PNG (Third Edition)", 5.3).
    Before there was eXIf, Exif data and XMP came as texts with these keywords; other texts ("Software") are no reason to.
    """
    place = len(PNG_SIGNATURE)
    while True:
        png.seek(place)
        head = png.read(32)
        if len(head) < 8:
            return False
        text = head[4:8] in (b"tEXt", b"zTXt", b"iTXt") and head[8:].startswith(
            (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
        )
        if text or head[4:8] == b"eXIf":
            return True
        place += 12 + int.from_bytes(head[:4], "big")


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """How to turn a picture upright, as its Exif data say; odd data do not keep it from being shown as it is."""
    with contextlib.suppress(Exception):
        return TURNS.get(picture.getexif().get(ORIENTATION, 1))
    return None


_DEPTHS = {"1": 1, "L;2": 2, "L;4": 4, "RGB;16B": 16}
"""Bits of a PNG's samples that Pillow brings to 8, by what it calls them."""


def _tell_transparency_in_8_bits(png: ImageFile.ImageFile) -> None:
    """A PNG may name one colour that is transparent, in its own depth: Pillow does not scale that when it scales the pixels."""
    key, depth = (
        png.info.get("transparency"),
        _DEPTHS.get(str(png.tile[0].args)) if png.tile else None,
    )
    if key is None or depth is None:
        return
    most = (1 << depth) - 1
    scaled = [(level & most) * 255 // most for level in (key if isinstance(key, tuple) else [key])]
    png.info["transparency"] = tuple(scaled) if isinstance(key, tuple) else scaled[0]


def _shown(picture: Image.Image, reduction: int, background: str) -> Image.Image:
    """A picture as sRGB over `background`, averaged down `reduction` times at the most, without a second copy in between."""
    width, height = picture.size
    draft = picture.draft(
        None, (width // reduction, height // reduction)
    )  # a JPEG need not be decoded at its full size
    drafted = round(width / draft[1][2]) if draft else 1
    factor = max(1, reduction // drafted)
    picture.load()
    shown = _in_bands(picture, factor, background)
    extent = (0, 0, width / drafted / factor, height / drafted / factor)
    if shown is not picture:
        Image.Image.close(picture)  # frees its pixels (400 MB of them, maybe) before more are made
    if extent[2:] == shown.size:
        return shown
    # the last column or row stands for fewer pixels than the others: as wide as they, it would push all of them aside
    return shown.resize(
        (max(1, int(extent[2])), max(1, int(extent[3]))), Image.Resampling.LANCZOS, extent
    )


def _in_bands(picture: Image.Image, factor: int, background: str) -> Image.Image:
    if (
        picture.mode == "RGB"
        and not _is_transparent(picture)
        and factor == 1
        and _to_srgb(_profile(picture), "RGB") is None
    ):
        return (
            picture.copy() if picture.format == "WEBP" else picture
        )  # the decoder of a WebP keeps two more copies
    if picture.width * picture.height <= SMALL:
        return _band_shown(picture, factor, background)
    rows = max(1, BAND // (picture.width * factor)) * factor
    whole = Image.new("RGB", (-(-picture.width // factor), -(-picture.height // factor)))
    for top in range(0, picture.height, rows):
        band = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        whole.paste(_band_shown(band, factor, background), (0, top // factor))
    return whole


def _band_shown(band: Image.Image, factor: int, background: str) -> Image.Image:
    plain = _plain(band)
    small = plain.reduce(factor) if factor > 1 else plain
    return flatten(_in_srgb(small, _profile(band)), background)


def _plain(picture: Image.Image) -> Image.Image:
    """As L, LA, RGB, RGBA or CMYK, which can be averaged: one bit, palettes, 16 bits and transparent colours cannot."""
    if picture.mode.startswith("I"):
        return _grey_in_8_bits(picture)
    if _is_transparent(picture):
        return (
            picture
            if picture.mode in ("LA", "RGBA")
            else picture.convert("LA" if picture.mode in ("1", "L") else "RGBA")
        )
    return (
        picture.convert({"1": "L"}.get(picture.mode, "RGB"))
        if picture.mode not in ("L", "RGB", "CMYK")
        else picture
    )


def _is_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _grey_in_8_bits(picture: Image.Image) -> Image.Image:
    """16-bit grey as L or LA: Pillow's own conversion clips at 255 instead of scaling."""
    deep = np.asarray(picture)
    grey = Image.fromarray((deep.clip(0, 65_535) >> 8).astype(np.uint8))
    if (key := picture.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(deep == key, 0, 255).astype(np.uint8)))
    return grey


def flatten(picture: Image.Image, background: str) -> Image.Image:
    """Any of Pillow's modes as RGB; what is transparent shows `background`. One that is RGB already is given back itself."""
    plain = _plain(picture)
    if plain.mode not in ("LA", "RGBA"):
        return plain if plain.mode == "RGB" else plain.convert("RGB")
    base = Image.new("RGB", plain.size, background)
    base.paste(plain, mask=plain)
    return base


# Colour profiles


def _profile(picture: Image.Image) -> bytes:
    profile = picture.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else b""


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The colours that a plain picture means by its profile. Alpha stays, and so does a picture that does not need it."""
    if not profile:
        return picture
    if picture.mode == "LA":
        grey, alpha = picture.split()
        coloured = _in_srgb(grey, profile)
        if coloured is grey:
            return picture
        coloured.putalpha(alpha)
        return coloured
    transform = _to_srgb(profile, picture.mode)
    return picture if transform is None else transform.apply(picture)


@functools.lru_cache(
    maxsize=4
)  # a story's pictures mostly come from one program; a printer's profile has megabytes
def _to_srgb(profile: bytes, mode: _ColourMode) -> ImageCms.ImageCmsTransform | None:
    """The way from a profile to sRGB, or None: for one that is broken or of another kind than the picture, and for sRGB itself.

    Relative colorimetric with black point compensation: a colour that sRGB has stays what it is, white and black go to white
    and black. Perceptual would shift every colour of a printer's profile for the sake of those that sRGB lacks, and for the
    profiles of cameras and screens, which are a matrix, it means the same.
    """
    if not profile:
        return None
    try:
        told, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        transform = ImageCms.ImageCmsTransform(
            told,
            ImageCms.ImageCmsProfile(srgb),
            mode,
            "RGBA" if mode == "RGBA" else "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ValueError, TypeError):
        return None
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: _ColourMode) -> bool:
    """By trial, for not all profiles that are called sRGB are (some are linear), and not all that are one are called so."""
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, 6, dtype=np.uint8)
    sides = len(mode)
    trial = Image.fromarray(
        np.stack(np.meshgrid(*[levels] * sides), axis=-1).reshape(
            (1, -1, sides)[: 2 if sides == 1 else 3]
        )
    )
    before, after = (
        np.asarray(colours.convert("RGB"), dtype=int) for colours in (trial, transform.apply(trial))
    )
    return bool(np.abs(before - after).max() <= SAME_COLOUR)

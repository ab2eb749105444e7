"""Opening untrusted pictures: by content and never by name, within limits, as upright sRGB.

Pillow is held to three formats (it has had holes in others). It decodes a picture whole. All
further steps work on one band of rows at a time, so that 100 megapixels cost their decoded pixels
and little more. A picture far larger than needed is averaged down on the way: what comes back is
then small.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import IO

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from daemon.errors import UnreadableMedia
from daemon.media.boundary import reading
from daemon.media.colour import in_srgb, profile_of, to_srgb
from daemon.media.orientation import SAME_SHAPE, has_exif, turn_of

FORMATS = ("PNG", "JPEG", "WEBP")

LARGE = 16_000_000
"""Pixels from which on pictures are decoded one at a time: ten threads with 400 MB each are more
than a worker has."""
SMALL = 4_000_000
"""Pixels up to which a picture is worked on whole: that costs little, and saves joining bands."""
BAND = 1 << 18
"""Pixels that are worked on at a time: few enough to stay in a processor's cache."""
SPARE = 1.55
"""A reduced picture stays this many times larger than needed, so that the good filter does the last
step. At 1.0 the averaging shows (33 dB); at 1.55 a natural picture keeps within 40 dB of the direct
way (`test_a_reduced_picture_looks_like_the_whole_one`)."""

Image.MAX_IMAGE_PIXELS = (
    None  # its own limit is lower than ours may be; `_refuse_large` comes first
)
PngImagePlugin.MAX_TEXT_CHUNK = 1 << 23  # it limits colour profiles too, and scanners' are large

_large_one = threading.Lock()


def picture_size(file: IO[bytes], megapixels: int) -> tuple[int, int]:
    """The width and height of a picture, upright, from its headers: it is not decoded.

    Raises what `open_picture` raises.
    """
    with _opened(file, megapixels) as picture:
        if picture.format == "PNG" and not has_exif(file):
            return picture.size
        with _alone(picture):
            turn = turn_of(picture)
        return picture.size if turn in SAME_SHAPE else (picture.height, picture.width)


def open_picture(
    file: IO[bytes], megapixels: int, background: str, largest: tuple[int, int] | None = None
) -> Image.Image:
    """Decode a picture into RGB: sRGB, upright, its transparent parts over `background`.

    `largest` is the width and height in pixels that the caller can use. A picture that could cover
    them and has pixels to spare comes back smaller, by a whole factor, but never too small to cover
    `SPARE` times that size.

    Raises UnreadableMedia for anything but a whole PNG, JPEG or WebP of at most `megapixels`.
    MemoryError and the file's own OSErrors (with an errno) pass: they are the machine's fault.
    """
    with _opened(file, megapixels) as picture, _alone(picture):
        if picture.format == "PNG":  # its Exif data may come after the pixels
            _scale_transparent_colour(picture)
            picture.load()
        turn = turn_of(picture)
        reduction = 1
        if largest:
            width, height = largest if turn in SAME_SHAPE else largest[::-1]
            across = picture.width // round(SPARE * width)
            down = picture.height // round(SPARE * height)
            reduction = max(1, min(across, down))
        shown = _shown(picture, reduction, background)
        return shown if turn is None else shown.transpose(turn)


@contextlib.contextmanager
def _opened(file: IO[bytes], megapixels: int) -> Iterator[ImageFile.ImageFile]:
    """A picture of a known kind and a sane size; what Pillow raises over it becomes
    UnreadableMedia."""
    with reading(_fault, Exception), Image.open(file, formats=FORMATS) as picture:
        if picture.width * picture.height > megapixels * 1_000_000:
            size = f"{picture.width}×{picture.height} pixels"
            raise UnreadableMedia(
                f"larger than {megapixels} megapixels ({size})", "Make it smaller."
            )
        yield picture


def _fault(error: Exception) -> UnreadableMedia:
    if isinstance(error, UnidentifiedImageError):
        return UnreadableMedia("not a PNG, JPEG or WebP picture", "Save it as PNG or JPEG.")
    return UnreadableMedia(f"damaged: {error}", "Export or copy it again.")


def _alone(picture: Image.Image) -> contextlib.AbstractContextManager[object]:
    """While a large picture is decoded, no other large one is."""
    is_large = picture.width * picture.height > LARGE
    return _large_one if is_large else contextlib.nullcontext()


# ---- decoding and reducing -----------------------------------------------------------------------

DEPTHS = {"1": 1, "L;2": 2, "L;4": 4, "RGB;16B": 16}
"""Bits of a PNG's samples that Pillow brings to 8, by what it calls them."""


def _scale_transparent_colour(png: ImageFile.ImageFile) -> None:
    """A PNG may name one colour as transparent, in its own depth; Pillow scales only the pixels."""
    key = png.info.get("transparency")
    depth = DEPTHS.get(str(png.tile[0].args)) if png.tile else None
    if key is None or depth is None:
        return
    most = (1 << depth) - 1
    if isinstance(key, tuple):
        png.info["transparency"] = tuple((level & most) * 255 // most for level in key)
    else:
        png.info["transparency"] = (key & most) * 255 // most


def _shown(picture: Image.Image, reduction: int, background: str) -> Image.Image:
    """A picture as sRGB over `background`, averaged down at most `reduction` times.

    No second copy is made on the way.
    """
    width, height = picture.size
    draft = picture.draft(None, (width // reduction, height // reduction))  # decodes a JPEG smaller
    drafted = round(width / draft[1][2]) if draft else 1
    factor = max(1, reduction // drafted)
    picture.load()
    shown = _in_bands(picture, factor, background)
    if shown is not picture:
        Image.Image.close(picture)  # frees its pixels, up to 400 MB, before more are made

    exact = (width / drafted / factor, height / drafted / factor)
    if exact == shown.size:
        return shown
    # The last column or row stands for fewer pixels than the others. As wide as they, it would
    # shift all of them.
    size = (max(1, int(exact[0])), max(1, int(exact[1])))
    return shown.resize(size, Image.Resampling.LANCZOS, (0, 0, *exact))


def _in_bands(picture: Image.Image, factor: int, background: str) -> Image.Image:
    is_plain = picture.mode == "RGB" and not _is_transparent(picture)
    if is_plain and factor == 1 and to_srgb(profile_of(picture), "RGB") is None:
        return (
            picture.copy() if picture.format == "WEBP" else picture
        )  # WebP's decoder keeps copies
    if picture.width * picture.height <= SMALL:
        return _band_shown(picture, factor, background)
    rows = max(1, BAND // (picture.width * factor)) * factor
    whole = Image.new("RGB", (-(-picture.width // factor), -(-picture.height // factor)))
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        band = picture.crop((0, top, picture.width, bottom))
        whole.paste(_band_shown(band, factor, background), (0, top // factor))
    return whole


def _band_shown(band: Image.Image, factor: int, background: str) -> Image.Image:
    plain = _plain(band)
    small = plain.reduce(factor) if factor > 1 else plain
    return flatten(in_srgb(small, profile_of(band)), background)


# ---- modes ---------------------------------------------------------------------------------------


def flatten(picture: Image.Image, background: str) -> Image.Image:
    """Any of Pillow's modes as RGB, with `background` where the picture is transparent.

    A picture that is RGB already is returned itself.
    """
    plain = _plain(picture)
    if plain.mode not in ("LA", "RGBA"):
        return plain if plain.mode == "RGB" else plain.convert("RGB")
    base = Image.new("RGB", plain.size, background)
    base.paste(plain, mask=plain)
    return base


def _plain(picture: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK, which can be averaged.

    One bit, palettes, 16 bits and transparent colours cannot.
    """
    if picture.mode.startswith("I"):
        return _grey_in_8_bits(picture)
    is_grey = picture.mode in ("1", "L")
    if _is_transparent(picture):
        if picture.mode in ("LA", "RGBA"):
            return picture
        return picture.convert("LA" if is_grey else "RGBA")
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if is_grey else "RGB")


def _is_transparent(picture: Image.Image) -> bool:
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La")
    return has_alpha or "transparency" in picture.info


def _grey_in_8_bits(picture: Image.Image) -> Image.Image:
    """16-bit grey as L or LA: Pillow's own conversion clips at 255 instead of scaling."""
    deep = np.asarray(picture)
    grey = Image.fromarray((deep.clip(0, 65_535) >> 8).astype(np.uint8))
    transparent = picture.info.get("transparency")
    if transparent is not None:
        opacity = np.where(deep == transparent, 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(opacity))
    return grey

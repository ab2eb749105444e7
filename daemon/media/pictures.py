"""Opening untrusted pictures: by content and never by name, within limits, as upright sRGB.

Pillow may read three formats only; it has had holes in others. It decodes a picture whole. All
further steps work on one band of rows at a time, so that 100 megapixels cost their decoded pixels
and little more. A picture far larger than needed is averaged down in the same pass, and comes back
small.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import IO

from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from daemon.errors import UnreadableMedia
from daemon.media.boundary import reading
from daemon.media.colour import in_srgb, profile_of, to_srgb
from daemon.media.modes import averageable, flatten, is_transparent, scale_transparent_colour
from daemon.media.orientation import SAME_SHAPE, has_exif, turn_of

FORMATS = ("PNG", "JPEG", "WEBP")

LARGE = 16_000_000
"""Pictures of more pixels are decoded one at a time: ten threads with 400 MB each are more
than a worker has."""
SMALL = 4_000_000
"""Pictures of up to this many pixels are converted whole: that costs little, and saves joining
bands."""
LONGEST_SIDE = 65_535
"""Pixels. No JPEG or WebP has more. Pillow keeps an address for each row: a PNG of a single column
of 100 megapixels would take 840 MB of memory for them."""
MOST_SCANS = 100
"""Scans of a progressive JPEG. Programs write about ten. Each costs a pass over all pixels, however
small it is: 10 ns a pixel (measured)."""
START_OF_SCAN = b"\xff\xda"
BAND = 1 << 18
"""Pixels that are converted at a time: few enough to stay in a processor's cache."""
SPARE = 1.55
"""A reduced picture stays this many times larger than needed, so that the good filter does the last
step. At 1.0 the averaging shows (33 dB); at 1.55 a natural picture keeps within 40 dB of the direct
way (`test_a_reduced_picture_looks_like_the_whole_one`)."""

Image.MAX_IMAGE_PIXELS = None  # Pillow's limit may be lower than ours, which `_opened` checks
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
        if turn in SAME_SHAPE:
            return picture.size
        return picture.height, picture.width


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
            scale_transparent_colour(picture)
            picture.load()

        turn = turn_of(picture)
        reduction = 1
        if largest:
            width, height = largest if turn in SAME_SHAPE else largest[::-1]
            across = picture.width // round(SPARE * width)
            down = picture.height // round(SPARE * height)
            reduction = max(1, min(across, down))

        reduced = reduce(picture, reduction, background)
        if turn is None:
            return reduced
        return reduced.transpose(turn)


@contextlib.contextmanager
def _opened(file: IO[bytes], megapixels: int) -> Iterator[ImageFile.ImageFile]:
    """A picture in one of the three formats and within the limit of its size.

    Whatever Pillow raises while the block runs becomes UnreadableMedia.
    """
    with reading(_fault, Exception), Image.open(file, formats=FORMATS) as picture:
        if max(picture.size) > LONGEST_SIDE:
            what = f"more than {LONGEST_SIDE} pixels on a side"
            raise UnreadableMedia(what, "Make it smaller.")
        if picture.width * picture.height > megapixels * 1_000_000:
            size = f"{picture.width}×{picture.height} pixels"
            what = f"larger than {megapixels} megapixels ({size})"
            raise UnreadableMedia(what, "Make it smaller.")
        if picture.info.get("progressive") and scans_in(file) > MOST_SCANS:
            what = f"damaged: a JPEG of more than {MOST_SCANS} scans"
            raise UnreadableMedia(what, "Export it again.")
        yield picture


def scans_in(file: IO[bytes]) -> int:
    """How many scans a JPEG has; its place in the file stays.

    Their marker cannot be in the pixels (ITU-T T.81, B.1.1.5), but thumbnails may have it too.
    """
    place = file.tell()
    file.seek(0)
    scans = 0
    last = b""
    while block := file.read(1 << 20):
        scans += (last + block).count(START_OF_SCAN)
        last = block[-1:]
    file.seek(place)
    return scans


def _fault(error: Exception) -> UnreadableMedia:
    if isinstance(error, UnidentifiedImageError):
        return UnreadableMedia("not a PNG, JPEG or WebP picture", "Save it as PNG or JPEG.")
    return UnreadableMedia(f"damaged: {error}", "Export or copy it again.")


def _alone(picture: Image.Image) -> contextlib.AbstractContextManager[object]:
    """Wait, for a large picture, until no other large one is being decoded."""
    if picture.width * picture.height > LARGE:
        return _large_one
    return contextlib.nullcontext()


# ---- decoding and reducing -----------------------------------------------------------------------


def reduce(picture: ImageFile.ImageFile, reduction: int, background: str) -> Image.Image:
    """Decode a picture as sRGB over `background`, averaged down at most `reduction` times.

    The picture at its full size is not copied as a whole before it is averaged.
    """
    width, height = picture.size
    drafted = 1
    draft = picture.draft(None, (width // reduction, height // reduction))  # decodes a JPEG smaller
    if draft:
        drafted = round(width / draft[1][2])
    factor = max(1, reduction // drafted)
    picture.load()

    reduced = convert(picture, factor, background)
    if reduced is not picture:
        Image.Image.close(picture)  # frees its pixels, up to 400 MB, before more are made

    exact = (width / drafted / factor, height / drafted / factor)
    if exact == reduced.size:
        return reduced
    # The last column and the last row stand for fewer pixels than the others. If they were as wide
    # as the others, they would shift the whole picture.
    size = (max(1, int(exact[0])), max(1, int(exact[1])))
    return reduced.resize(size, Image.Resampling.LANCZOS, (0, 0, *exact))


def convert(picture: Image.Image, factor: int, background: str) -> Image.Image:
    """A decoded picture as sRGB over `background`, averaged down `factor` times, band by band.

    One that needs no change is returned itself.
    """
    is_plain = picture.mode == "RGB" and not is_transparent(picture)
    if is_plain and factor == 1 and to_srgb(profile_of(picture), "RGB") is None:
        if picture.format == "WEBP":  # its decoder keeps two more copies for as long as it lives
            return picture.copy()
        return picture
    if picture.width * picture.height <= SMALL:
        return convert_band(picture, factor, background)

    rows = max(1, BAND // (picture.width * factor)) * factor
    whole = Image.new("RGB", (-(-picture.width // factor), -(-picture.height // factor)))
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        band = picture.crop((0, top, picture.width, bottom))
        whole.paste(convert_band(band, factor, background), (0, top // factor))
    return whole


def convert_band(band: Image.Image, factor: int, background: str) -> Image.Image:
    """What `convert` does, on all rows at once."""
    small = averageable(band)
    if factor > 1:
        small = small.reduce(factor)
    return flatten(in_srgb(small, profile_of(band)), background)

"""Which way up a picture is, by its Exif data."""

import contextlib
from typing import IO

from PIL import Image

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
"""How to turn a picture upright, by its orientation in the Exif data (Exif 2.32, 4.6.4)."""
SAME_SHAPE = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
)
"""The turns that leave width and height as they are."""


def turn_of(picture: Image.Image) -> Image.Transpose | None:
    """How to turn a picture upright; None if it is upright, or if its Exif data are damaged."""
    with contextlib.suppress(Exception):  # damaged Exif data make Pillow raise anything
        return TURNS.get(picture.getexif().get(ORIENTATION, 1))
    return None


def has_exif(png: IO[bytes]) -> bool:
    """Whether a PNG has Exif data, or XMP, which may also give an orientation.

    They may come after the pixels, and Pillow would decode all pixels to find out. A PNG is its
    signature, then chunks of a length, a name, contents and four more bytes (W3C, "PNG (Third
    Edition)", 5.3). Before there was a chunk eXIf, Exif data were stored as text with a keyword, as
    XMP still is. Texts with other keywords ("Software") do not count.
    """
    place = len(PNG_SIGNATURE)
    while True:
        png.seek(place)
        head = png.read(32)
        if len(head) < 8:
            return False
        name = head[4:8]
        is_text = name in (b"tEXt", b"zTXt", b"iTXt")
        if is_text and head[8:].startswith((b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")):
            return True
        if name == b"eXIf":
            return True
        place += 12 + int.from_bytes(head[:4], "big")

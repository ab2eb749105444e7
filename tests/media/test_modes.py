"""Pictures of every pixel format become RGB of 8 bits, with the background behind what is clear."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from daemon.media.modes import flatten
from tests.media.picture_files import BLUE, PLAIN, difference, noise, opened, png, saved

# ---- formats that Pillow writes ------------------------------------------------------------------


@pytest.mark.parametrize("kind", PLAIN)
def test_a_png_of_any_mode_becomes_rgb_over_the_background(kind: str) -> None:
    picture, expected = PLAIN[kind]
    options = {}
    if "transparency" in picture.info:
        options["transparency"] = picture.info["transparency"]
    pixels = opened(saved(picture, "PNG", **options))
    assert pixels.shape == (2, 4, 3)
    assert difference(pixels, expected) <= 1


@pytest.mark.parametrize(
    ("mode", "clear", "key"),
    [("RGB", (200, 100, 50), (200, 100, 50)), ("L", 77, 77), ("1", 1, 255)],
)
def test_a_single_transparent_colour_shows_the_background(
    mode: str, clear: tuple[int, ...] | int, key: tuple[int, ...] | int
) -> None:
    file = saved(Image.new(mode, (4, 2), clear), "PNG", transparency=key)
    assert (opened(file) == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("L", 77, (77, 77, 77)), ("CMYK", (0, 255, 255, 0), (255, 0, 0))],
)
def test_a_jpeg_in_grey_or_cmyk_becomes_rgb(
    mode: str, colour: tuple[int, ...] | int, expected: tuple[int, int, int]
) -> None:
    pixels = opened(saved(Image.new(mode, (16, 16), colour), "JPEG", quality=95))
    assert difference(pixels, expected) <= 4


def test_a_jpeg_in_ycck_becomes_rgb() -> None:
    """CMYK whose cyan, magenta and yellow are stored as YCbCr (Adobe, Technical Note 5116)."""
    red = Image.new("RGB", (1, 1), (0, 255, 255)).convert("YCbCr")
    y, cb, cr = np.asarray(red)[0, 0]
    inks = Image.new("CMYK", (16, 16), (255 - y, 255 - cb, 255 - cr, 0))
    data = saved(inks, "JPEG", quality=95).getvalue()
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    pixels = opened(io.BytesIO(data[:transform] + b"\2" + data[transform + 1 :]))
    assert difference(pixels, (255, 0, 0)) <= 4


def test_a_webp_with_alpha_shows_the_background_where_it_is_clear() -> None:
    picture = Image.new("RGBA", (4, 2), (200, 100, 50, 0))
    picture.putpixel((0, 0), (200, 100, 50, 255))
    pixels = opened(saved(picture, "WEBP", lossless=True))
    assert tuple(pixels[0, 0]) == (200, 100, 50)
    assert tuple(pixels[1, 3]) == (0, 0, 255)


@pytest.mark.parametrize(("lossless", "tolerance"), [(True, 1), (False, 4)])
@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("RGB", (200, 100, 50), (200, 100, 50)), ("RGBA", (200, 100, 50, 128), (100, 50, 152))],
)
def test_a_webp_of_any_kind_becomes_rgb(
    lossless: bool,
    tolerance: int,
    mode: str,
    colour: tuple[int, ...],
    expected: tuple[int, int, int],
) -> None:
    pixels = opened(saved(Image.new(mode, (16, 16), colour), "WEBP", lossless=lossless, quality=95))
    assert difference(pixels, expected) <= tolerance


def test_an_rgb_picture_is_not_copied() -> None:
    picture = noise()
    assert flatten(picture, BLUE) is picture


# ---- formats that Pillow only reads --------------------------------------------------------------

DEEP = {
    "16-bit RGB": (2, (0xC8FF, 0x6400, 0x3280), (0xC8, 0x64, 0x32)),
    "16-bit RGB with alpha": (6, (0xC8FF, 0x6400, 0x3280, 0x8000), (100, 50, 152)),
    "16-bit grey with alpha": (4, (0x64FF, 0x8000), (50, 50, 177)),
    "16-bit grey": (0, (0x64FF,), (100, 100, 100)),
}
"""The PNG's kind, a pixel, and the colour expected over blue."""


@pytest.mark.parametrize("kind", DEEP)
def test_16_bits_become_8(kind: str) -> None:
    colour_type, levels, expected = DEEP[kind]
    row = b"\0" + struct.pack(f">{len(levels)}H", *levels) * 2
    assert difference(opened(png((2, 2), 16, colour_type, row * 2)), expected) <= 1


KEYED = {
    "1 bit": (1, 0, b"\x80", (1,)),
    "2 bits": (2, 0, b"\x40", (1,)),
    "4 bits": (4, 0, b"\x70", (7,)),
    "8 bits": (8, 0, b"\x4d\0", (77,)),
    "16 bits": (16, 0, b"\x4d\x12\0\0", (0x4D12,)),
    "8 bits RGB": (8, 2, b"\x01\x02\x03\0\0\0", (1, 2, 3)),
    "16 bits RGB": (16, 2, b"\x12\x34\x56\x78\x9a\xbc\0\0\0\0\0\0", (0x1234, 0x5678, 0x9ABC)),
}
"""Bits of a sample, the PNG's kind, a row of a clear pixel and a black one, the clear colour."""


@pytest.mark.parametrize("kind", KEYED)
def test_a_transparent_colour_counts_in_the_picture_s_own_depth(kind: str) -> None:
    depth, colour_type, row, key = KEYED[kind]
    declared = (b"tRNS", struct.pack(f">{len(key)}H", *key))
    pixels = opened(png((2, 1), depth, colour_type, b"\0" + row, declared))
    assert pixels[0].tolist() == [[0, 0, 255], [0, 0, 0]]


def test_a_palette_may_have_many_degrees_of_transparency() -> None:
    palette = (b"PLTE", bytes([255, 0, 0] * 4))
    opacity = (b"tRNS", bytes([0, 64, 128]))
    pixels = opened(png((4, 1), 8, 3, b"\0\0\1\2\3", palette, opacity))
    assert difference(pixels[0, :, 0], [0, 64, 128, 255]) <= 1
    assert difference(pixels[0, :, 2], [255, 191, 127, 0]) <= 1

"""Opening untrusted pictures: what is right comes out exactly, what is wrong is refused in words."""

import contextlib
import errno
import io
import resource
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from daemon.errors import UnreadableMedia
from daemon.media import pictures as pictures
from daemon.media.colour import to_srgb
from daemon.media.pictures import SPARE, flatten, open_picture, picture_size
from tests.helpers.broken import PLACES, FailingFile, damaged
from tests.helpers.children import in_child

Pixels = npt.NDArray[np.uint8]
BLUE = "#0000ff"


def saved(picture: Image.Image, form: str, **options: object) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file


def opened(
    file: io.BytesIO,
    megapixels: int = 1,
    background: str = BLUE,
    largest: tuple[int, int] | None = None,
) -> Pixels:
    file.seek(0)
    with open_picture(file, megapixels, background, largest=largest) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def paletted(transparent: bytes | int | None) -> Image.Image:
    picture = Image.new("P", (4, 2), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    if transparent is not None:
        picture.info["transparency"] = transparent
    return picture


PLAIN = {
    "8-bit RGB": (Image.new("RGB", (4, 2), (200, 100, 50)), (200, 100, 50)),
    "8-bit grey": (Image.new("L", (4, 2), 77), (77, 77, 77)),
    "black and white": (Image.new("1", (4, 2), 1), (255, 255, 255)),
    "16-bit grey, light": (Image.fromarray(np.full((2, 4), 65_535, np.uint16)), (255, 255, 255)),
    "16-bit grey, dark": (Image.fromarray(np.full((2, 4), 0x1280, np.uint16)), (0x12, 0x12, 0x12)),
    "palette": (paletted(None), (200, 100, 50)),
    "palette with a transparent colour": (paletted(1), (0, 0, 255)),
    "palette with a half transparent colour": (paletted(bytes([255, 128])), (100, 50, 152)),
    "grey with alpha, clear": (Image.new("LA", (4, 2), (77, 0)), (0, 0, 255)),
    "grey with alpha, half clear": (Image.new("LA", (4, 2), (100, 128)), (50, 50, 177)),
    "RGB with alpha, opaque": (Image.new("RGBA", (4, 2), (200, 100, 50, 255)), (200, 100, 50)),
    "RGB with alpha, half clear": (Image.new("RGBA", (4, 2), (200, 100, 50, 128)), (100, 50, 152)),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_png_of_any_mode_becomes_rgb_over_the_background(kind: str) -> None:
    picture, expected = PLAIN[kind]
    transparency = picture.info.get("transparency")
    pixels = opened(
        saved(picture, "PNG", **({} if transparency is None else {"transparency": transparency}))
    )
    assert pixels.shape == (2, 4, 3)
    assert np.abs(pixels.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("mode", "clear"), [("RGB", (200, 100, 50)), ("L", 77), ("1", 1)])
def test_a_single_transparent_colour_shows_the_background(
    mode: str, clear: tuple[int, ...] | int
) -> None:
    file = saved(Image.new(mode, (4, 2), clear), "PNG", transparency=255 if mode == "1" else clear)
    assert (opened(file) == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("L", 77, (77, 77, 77)), ("CMYK", (0, 255, 255, 0), (255, 0, 0))],
)
def test_a_jpeg_without_rgb_becomes_rgb(
    mode: str, colour: tuple[int, ...] | int, expected: tuple[int, int, int]
) -> None:
    pixels = opened(saved(Image.new(mode, (16, 16), colour), "JPEG", quality=95))
    assert np.abs(pixels.astype(int) - expected).max() <= 4


def test_a_webp_with_alpha_shows_the_background_where_it_is_clear() -> None:
    picture = Image.new("RGBA", (4, 2), (200, 100, 50, 0))
    picture.putpixel((0, 0), (200, 100, 50, 255))
    pixels = opened(saved(picture, "WEBP", lossless=True))
    assert tuple(pixels[0, 0]) == (200, 100, 50)
    assert tuple(pixels[1, 3]) == (0, 0, 255)


UPRIGHT = np.repeat(np.repeat(np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(255, 255, 0), (0, 0, 0), (255, 255, 255)]],
                                       np.uint8), 16, axis=0), 16, axis=1)  # fmt: skip
STORED: dict[
    int, Callable[[Pixels], Pixels]
] = {  # how a camera stores an upright picture (Exif 2.3, tag 0x0112)
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_upright(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation](UPRIGHT)))
    pixels = opened(saved(picture, form, exif=exif, quality=95))
    assert pixels.shape == UPRIGHT.shape
    assert np.abs(pixels[8::16, 8::16].astype(int) - UPRIGHT[8::16, 8::16]).max() <= 12


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "PPM", "ICO"])
def test_another_format_is_refused_whatever_its_name(form: str) -> None:
    file = saved(Image.new("RGB", (32, 32)), form)
    with pytest.raises(UnreadableMedia, match="not a PNG, JPEG or WebP") as caught:
        opened(file)
    assert "PNG or JPEG" in caught.value.mend


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 1000, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="not a PNG, JPEG or WebP"):
        opened(io.BytesIO(data))


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_refused(form: str) -> None:
    data = saved(noise(), form).getvalue()
    with pytest.raises(UnreadableMedia):
        opened(io.BytesIO(data[: len(data) // 2]))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> io.BytesIO:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def test_a_bomb_is_refused_by_its_size_before_anything_is_decoded() -> None:
    """Its data are torn, too: were they looked at first, they would be the fault."""
    with pytest.raises(UnreadableMedia, match="larger than 100 megapixels") as caught:
        opened(png_claiming(60_000, 50_000), megapixels=100)
    assert "60000×50000" in caught.value.what


def test_the_limit_of_megapixels_is_the_largest_size_that_passes() -> None:
    assert opened(saved(Image.new("1", (1000, 1000)), "PNG"), megapixels=1).shape == (1000, 1000, 3)
    with pytest.raises(UnreadableMedia, match="larger than 1 megapixels"):
        opened(saved(Image.new("1", (1000, 1001)), "PNG"), megapixels=1)


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), MemoryError()], ids=["EIO", "memory"]
)
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_fault_of_the_machine_is_not_blamed_on_the_picture(error: Exception, form: str) -> None:
    with pytest.raises(type(error)):
        opened(FailingFile(saved(noise(), form).getvalue(), error))


PICTURES = [saved(noise(), form).getvalue() for form in ("PNG", "JPEG", "WEBP")]


@settings(max_examples=150, deadline=None)  # a decoder's time depends on the damage
@given(data=st.sampled_from(PICTURES), places=PLACES)
def test_a_damaged_picture_is_shown_or_refused_and_nothing_else(
    data: bytes, places: list[tuple[int, int]]
) -> None:
    with contextlib.suppress(UnreadableMedia):
        assert opened(io.BytesIO(damaged(data, places))).size > 0


@pytest.mark.parametrize("kind", [b"cHRM", b"gAMA", b"tRNS"])
def test_a_torn_part_behind_the_pixels_of_a_png_is_shown_or_refused(kind: bytes) -> None:
    data = saved(noise(), "PNG").getvalue()
    end = data.rindex(b"IEND") - 4
    with contextlib.suppress(UnreadableMedia):
        opened(io.BytesIO(data[:end] + chunk(kind, b"1") + data[end:]))


def test_odd_exif_data_do_not_keep_a_picture_from_being_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "hello"
    odd = exif.tobytes().replace(b"\x01\x0e", b"\x01\x00")  # a width in letters
    assert opened(saved(Image.new("RGB", (32, 16)), "JPEG", exif=odd)).shape == (32, 16, 3)


def test_exif_data_that_are_none_do_not_keep_a_picture_from_being_shown() -> None:
    data = saved(noise(), "PNG").getvalue()
    end = data.rindex(b"IEND") - 4
    shown = opened(io.BytesIO(data[:end] + chunk(b"eXIf", b"garbage") + data[end:]))
    assert (shown == np.asarray(noise())).all()


# Kinds that Pillow reads and does not write


def png(
    size: tuple[int, int],
    depth: int,
    kind: int,
    rows: bytes,
    *parts: tuple[bytes, bytes],
    interlaced: bool = False,
) -> io.BytesIO:
    """A PNG of any kind (0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA), with parts of any name before the pixels."""
    header = struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, interlaced)
    all_parts = [(b"IHDR", header), *parts, (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in all_parts))


DEEP = {
    "16-bit RGB": (2, (0xC8FF, 0x6400, 0x3280), (0xC8, 0x64, 0x32)),
    "16-bit RGB with alpha": (6, (0xC8FF, 0x6400, 0x3280, 0x8000), (100, 50, 152)),
    "16-bit grey with alpha": (4, (0x64FF, 0x8000), (50, 50, 177)),
    "16-bit grey": (0, (0x64FF,), (100, 100, 100)),
}


@pytest.mark.parametrize("kind", DEEP)
def test_16_bits_become_8(kind: str) -> None:
    colour_type, levels, expected = DEEP[kind]
    row = b"\0" + struct.pack(f">{len(levels)}H", *levels) * 2
    assert np.abs(opened(png((2, 2), 16, colour_type, row * 2)).astype(int) - expected).max() <= 1


KEYED = {  # bits, colour type, a row of a clear pixel and others, the colour that is clear
    "1 bit": (1, 0, b"\x80", (1,)),
    "2 bits": (2, 0, b"\x40", (1,)),
    "4 bits": (4, 0, b"\x70", (7,)),
    "8 bits": (8, 0, b"\x4d\0", (77,)),
    "16 bits": (16, 0, b"\x4d\x12\0\0", (0x4D12,)),
    "8 bits RGB": (8, 2, b"\x01\x02\x03\0\0\0", (1, 2, 3)),
    "16 bits RGB": (16, 2, b"\x12\x34\x56\x78\x9a\xbc\0\0\0\0\0\0", (0x1234, 0x5678, 0x9ABC)),
}


@pytest.mark.parametrize("kind", KEYED)
def test_a_transparent_colour_is_told_in_the_picture_s_own_depth(kind: str) -> None:
    depth, colour_type, row, key = KEYED[kind]
    pixels = opened(
        png((2, 1), depth, colour_type, b"\0" + row, (b"tRNS", struct.pack(f">{len(key)}H", *key)))
    )
    assert pixels[0].tolist() == [[0, 0, 255], [0, 0, 0]]


def test_a_palette_may_have_many_degrees_of_transparency() -> None:
    parts = (b"PLTE", bytes([255, 0, 0] * 4)), (b"tRNS", bytes([0, 64, 128]))
    pixels = opened(png((4, 1), 8, 3, b"\0\0\1\2\3", *parts))
    assert np.abs(pixels[0, :, 0].astype(int) - [0, 64, 128, 255]).max() <= 1
    assert np.abs(pixels[0, :, 2].astype(int) - [255, 191, 127, 0]).max() <= 1


def test_an_interlaced_png_is_put_together() -> None:
    """Seven passes, each of its own start and step (W3C, "PNG (Third Edition)", 8.1)."""
    level = np.arange(64, dtype=np.uint8).reshape(8, 8)
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    rows = b"".join(
        b"\0" + row.tobytes() for x, y, right, down in passes for row in level[y::down, x::right]
    )
    assert (opened(png((8, 8), 8, 0, rows, interlaced=True))[:, :, 0] == level).all()


@pytest.mark.parametrize(
    "part",
    [
        (b"gAMA", struct.pack(">I", 100_000)),
        (b"sRGB", b"\0"),
        (b"cHRM", struct.pack(">8I", *[30_000] * 8)),
    ],
)
def test_what_a_png_says_of_its_gamma_changes_nothing(part: tuple[bytes, bytes]) -> None:
    assert opened(png((1, 1), 8, 2, b"\0\x64\x32\x96", part)).tolist() == [[[100, 50, 150]]]


def test_a_progressive_jpeg_is_complete() -> None:
    pixels = opened(saved(Image.fromarray(UPRIGHT), "JPEG", progressive=True, quality=95))
    assert np.abs(pixels[8::16, 8::16].astype(int) - UPRIGHT[8::16, 8::16]).max() <= 12


def test_a_jpeg_of_inks_told_as_brightness_and_colour_becomes_rgb() -> None:
    """YCCK: as CMYK, with cyan, magenta and yellow told like red, green and blue in YCbCr (Adobe, Technical Note 5116)."""
    y, blue, red = np.asarray(Image.new("RGB", (1, 1), (0, 255, 255)).convert("YCbCr"))[0, 0]
    data = saved(
        Image.new("CMYK", (16, 16), (255 - y, 255 - blue, 255 - red, 0)), "JPEG", quality=95
    ).getvalue()
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    pixels = opened(io.BytesIO(data[:transform] + b"\2" + data[transform + 1 :]))
    assert np.abs(pixels.astype(int) - (255, 0, 0)).max() <= 4


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("RGB", (200, 100, 50), (200, 100, 50)), ("RGBA", (200, 100, 50, 128), (100, 50, 152))],
)
def test_a_webp_of_any_kind_becomes_rgb(
    lossless: bool, mode: str, colour: tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    pixels = opened(saved(Image.new(mode, (16, 16), colour), "WEBP", lossless=lossless, quality=95))
    assert np.abs(pixels.astype(int) - expected).max() <= (1 if lossless else 4)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_moving_pictures_the_first_is_shown(form: str) -> None:
    first, second = (Image.new("RGB", (16, 16), colour) for colour in ((200, 100, 50), (0, 0, 0)))
    pixels = opened(saved(first, form, save_all=True, append_images=[second], lossless=True))
    assert (pixels == (200, 100, 50)).all()


def test_the_size_is_told_by_the_headers_whatever_a_png_says_of_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads: list[Image.Image] = []
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda png: loads.append(png))
    assert picture_size(
        png((20, 10), 8, 2, b"", (b"tEXt", b"Software\0gimp"), (b"iTXt", b"Author\0\0\0\0\0me")), 1
    ) == (20, 10)
    assert not loads


def test_a_png_may_tell_by_its_xmp_that_it_lies_on_its_side() -> None:
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    file = png((4, 2), 8, 0, b"\0abcd" * 2, (b"iTXt", xmp))
    assert picture_size(file, 1) == (2, 4)
    assert opened(file).shape == (4, 2, 3)


# Colour profiles


def icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A colour profile (ICC.1:2010, 7): a header of 128 bytes, a table of tags, the tags."""
    place, table, body = 132 + 12 * len(tags), b"", b""
    for name, tag in tags.items():
        table += name + struct.pack(">II", place + len(body), len(tag))
        body += tag.ljust(-(-len(tag) // 4) * 4, b"\0")
    kind, connection = (b"prtr", b"Lab ") if space == b"CMYK" else (b"mntr", b"XYZ ")
    start = (
        struct.pack(">I4xI", place + len(body), 0x02100000)
        + kind
        + space
        + connection
        + bytes(12)
        + b"acsp"
    )
    header = start.ljust(68, b"\0") + struct.pack(">3i", *(round(part * 65_536) for part in D50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(*parts: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65_536) for part in parts))


D50 = (0.9642, 1.0, 0.8249)
NAME = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(78), b"wtpt": xyz(*D50)}
PRIMARIES = (
    (0.4361, 0.2225, 0.0139),
    (0.3851, 0.7169, 0.0971),
    (0.1431, 0.0606, 0.7141),
)  # of sRGB, for D50
LINEAR = b"curv\0\0\0\0" + struct.pack(">I", 0)


def rgb_profile(*primaries: tuple[float, float, float]) -> bytes:
    colours = {
        name: xyz(*primary)
        for name, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)
    }
    return icc(b"RGB ", NAME | colours | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), LINEAR))


def cmyk_profile() -> bytes:
    """No ink is white, magenta on yellow is a grey of L* 50, everything else black."""
    corners = [bytes([0, 128, 128])] * 16
    corners[0], corners[0b0110] = bytes([255, 128, 128]), bytes([128, 128, 128])
    unit = struct.pack(">9i", *(65_536 if place % 4 == 0 else 0 for place in range(9)))
    line = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + line * 4 + b"".join(corners) + line * 3
    return icc(b"CMYK", NAME | dict.fromkeys((b"A2B0", b"A2B1"), table))


LINEAR_RGB, LINEAR_GREY, INKS = (
    rgb_profile(*PRIMARIES),
    icc(b"GRAY", NAME | {b"kTRC": LINEAR}),
    cmyk_profile(),
)
BLUE_FOR_RED = rgb_profile(*PRIMARIES[::-1])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""A linear 128 is 188 in sRGB: 1.055 · (128/255)^(1/2.4) - 0.055 (IEC 61966-2-1, 5.2)."""


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_s_own_colours_become_srgb(form: str) -> None:
    pixels = opened(
        saved(
            Image.new("RGB", (16, 16), (128, 128, 128)),
            form,
            icc_profile=LINEAR_RGB,
            quality=95,
            lossless=True,
        )
    )
    assert np.abs(pixels.astype(int) - 188).max() <= 2


PROFILED = {
    "RGB": (Image.new("RGB", (4, 2), (255, 0, 0)), BLUE_FOR_RED, (0, 0, 255)),
    "palette": (paletted(None).convert("RGB").quantize(2), LINEAR_RGB, (229, 168, 122)),
    "RGB with alpha": (Image.new("RGBA", (4, 2), (128, 128, 128, 128)), LINEAR_RGB, (94, 94, 221)),
    "grey": (Image.new("L", (4, 2), 128), LINEAR_GREY, (188, 188, 188)),
    "grey with alpha": (Image.new("LA", (4, 2), (128, 128)), LINEAR_GREY, (94, 94, 221)),
    "16-bit grey": (
        Image.fromarray(np.full((2, 4), 0x8000, np.uint16)),
        LINEAR_GREY,
        (188, 188, 188),
    ),
}


@pytest.mark.parametrize("kind", PROFILED)
def test_every_kind_of_picture_may_have_its_own_colours(kind: str) -> None:
    """What is transparent lies over the background afterwards: that is told in sRGB."""
    picture, profile, expected = PROFILED[kind]
    assert (
        np.abs(opened(saved(picture, "PNG", icc_profile=profile)).astype(int) - expected).max() <= 2
    )


def test_a_printer_s_colours_become_srgb() -> None:
    pixels = opened(
        saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", icc_profile=INKS, quality=95)
    )
    assert np.abs(pixels.astype(int) - 119).max() <= 5  # L* 50 in sRGB


UNFIT = {
    "no profile": ("RGB", b"nothing of the kind" * 20),
    "empty": ("RGB", b"\0"),
    "torn": ("RGB", LINEAR_RGB[: len(LINEAR_RGB) // 2]),
    "grey for RGB": ("RGB", LINEAR_GREY),
    "RGB for grey": ("L", LINEAR_RGB),
    "inks for RGB": ("RGBA", INKS),
    "RGB for inks": ("CMYK", LINEAR_RGB),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_profile_that_does_not_fit_is_passed_over(kind: str) -> None:
    mode, profile = UNFIT[kind]
    picture, form = Image.new(mode, (16, 16), 100), "JPEG" if mode == "CMYK" else "PNG"
    assert (opened(saved(picture, form, icc_profile=profile)) == opened(saved(picture, form))).all()


@settings(max_examples=150, deadline=None)
@given(
    profile=st.sampled_from([LINEAR_RGB, LINEAR_GREY, INKS, SRGB]),
    mode=st.sampled_from(["RGB", "L", "CMYK"]),
    places=PLACES,
)
def test_a_damaged_profile_never_keeps_a_picture_from_being_shown(
    profile: bytes, mode: str, places: list[tuple[int, int]]
) -> None:
    assert opened(
        saved(Image.new(mode, (8, 8)), "JPEG", icc_profile=damaged(profile, places))
    ).shape == (8, 8, 3)


def test_a_profile_of_srgb_costs_nothing() -> None:
    assert to_srgb(SRGB, "RGB") is None
    assert (opened(saved(noise(), "PNG", icc_profile=SRGB)) == np.asarray(noise())).all()
    assert to_srgb(LINEAR_RGB, "RGB") is not None


def test_a_profile_of_megabytes_is_used() -> None:
    large = LINEAR_RGB[:4].join([b"", LINEAR_RGB[4:]]) + np.random.default_rng(1).bytes(3_000_000)
    pixels = opened(saved(Image.new("RGB", (4, 4), (128, 128, 128)), "PNG", icc_profile=large))
    assert np.abs(pixels.astype(int) - 188).max() <= 2


# Large pictures


def natural(width: int, height: int) -> Image.Image:
    """As much detail at every size as photographs have: an amplitude that falls with the frequency, sharp edges, grain."""
    chance = np.random.default_rng(7)
    frequency = np.hypot(
        np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None, :] * width
    )
    frequency[0, 0] = np.inf
    sides = [
        np.fft.irfft2(
            np.fft.rfft2(chance.normal(size=(height, width))) / frequency**1.1, (height, width)
        )
        for _ in range(3)
    ]
    scene = np.stack([side / side.std() for side in sides], axis=-1) * 45 + 120
    scene[height // 3 :, width // 4 : width // 2] -= 60
    return Image.fromarray((scene + chance.normal(0, 3, scene.shape)).clip(0, 255).astype(np.uint8))


def likeness(one: Pixels, other: Pixels) -> float:
    """The peak signal-to-noise ratio in dB."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("times", [3.1, 4.66, 6.2])
def test_a_reduced_picture_looks_like_the_whole_one(form: str, times: float) -> None:
    canvas = (256, 144)
    file = saved(natural(round(256 * times), round(144 * times)), form, quality=95, subsampling=0)
    whole, reduced = opened(file, 2), opened(file, 2, largest=canvas)
    direct, quick = (
        np.asarray(Image.fromarray(pixels).resize(canvas, Image.Resampling.LANCZOS))
        for pixels in (whole, reduced)
    )
    assert likeness(direct, quick) >= 40
    assert reduced.size < whole.size


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    largest=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    form=st.sampled_from(["PNG", "JPEG", "WEBP"]),
    orientation=st.sampled_from([*STORED]),
)
def test_a_reduced_picture_still_covers_what_it_is_for_if_the_whole_one_did(
    size: tuple[int, int], largest: tuple[int, int], form: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = saved(Image.new("RGB", size, (200, 100, 50)), form, exif=exif)
    height, width, _ = opened(file, largest=largest).shape
    whole = size if orientation < 5 else size[::-1]
    file.seek(0)
    assert picture_size(file, 1) == whole
    spare = min(whole[0] / largest[0], whole[1] / largest[1])
    assert min(width / largest[0], height / largest[1]) >= min(spare, SPARE) - 0.5 / min(largest)
    assert abs(width / height - whole[0] / whole[1]) <= whole[0] / whole[1] * (
        1 / width + 1 / height + 1 / width / height
    )


@pytest.mark.parametrize("orientation", STORED)
def test_a_reduced_picture_is_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation](UPRIGHT)))
    pixels = opened(saved(picture, "JPEG", exif=exif, quality=95, subsampling=0), largest=(12, 8))
    assert pixels.shape == (16, 24, 3)
    assert np.abs(pixels[4::8, 4::8].astype(int) - UPRIGHT[8::16, 8::16]).max() <= 12


@pytest.mark.parametrize("largest", [None, (10, 6), (5, 5)])
@pytest.mark.parametrize("kind", [*PLAIN, "with a profile", "CMYK"])
def test_bands_do_not_show(
    kind: str, largest: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = (
        PLAIN[kind][0] if kind in PLAIN else Image.new("CMYK" if kind == "CMYK" else "RGB", (1, 1))
    )
    mixed = (
        np.random.default_rng(3)
        .permutation(np.asarray(noise().convert("RGBA")).reshape(-1))
        .reshape(48, 64, 4)
    )
    picture = Image.fromarray(mixed).convert("RGB" if model.mode in ("I;16", "P") else model.mode)
    options: dict[str, object] = {"icc_profile": LINEAR_RGB} if kind == "with a profile" else {}
    if model.mode == "I;16":
        picture = Image.fromarray(np.asarray(noise())[:, :, 0].astype(np.uint16) * 257)
    elif model.mode == "P":
        picture = picture.quantize(16)
        options["transparency"] = bytes(range(0, 256, 16)) if "half" in kind else 1
    file = saved(picture, "JPEG" if kind == "CMYK" else "PNG", **options)
    at_once = opened(file, largest=largest)
    monkeypatch.setattr(pictures, "BAND", 500)
    monkeypatch.setattr(pictures, "SMALL", 0)
    assert np.abs(opened(file, largest=largest).astype(int) - at_once).max() <= (
        1 if kind != "CMYK" else 0
    )


def test_an_rgb_picture_is_not_copied() -> None:
    picture = noise()
    assert flatten(picture, BLUE) is picture


class _Watched:
    """Counts how often it is held."""

    def __init__(self) -> None:
        self.lock, self.times = threading.Lock(), 0

    def __enter__(self) -> None:
        self.lock.acquire()
        self.times += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lock.release()


@pytest.mark.parametrize(("size", "times"), [((4000, 4000), 0), ((4000, 4001), 1)])
def test_large_pictures_are_decoded_one_at_a_time(
    size: tuple[int, int], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = _Watched()
    monkeypatch.setattr(pictures, "_large_one", watched)
    opened(saved(Image.new("1", size), "PNG"), megapixels=100, largest=(100, 100))
    assert watched.times == times


MIB = 1 << 20
HUNDRED = (10_000, 10_000)


def resident() -> float:
    """The MiB of memory that this process has now; its peak is counted anew from here on (Linux, proc_pid_clear_refs(5))."""
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / MIB


def growth(file: io.BytesIO) -> float:
    """How many MiB the decoding of a picture adds to a process at the most."""

    def child() -> str:
        before = resident()
        file.seek(0)
        open_picture(file, 100, BLUE, largest=(2150, 1210))
        peak = next(
            line
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmHWM:")
        )
        return str(int(peak.split()[1]) / 1024 - before)

    ended = in_child(child)
    assert ended.code == 0, ended.said
    return float(ended.said)


@pytest.mark.parametrize(
    ("depth", "kind", "stored", "decoded"),
    [(8, 2, 3, 4), (16, 0, 2, 2)],
    ids=["RGB", "16-bit grey"],
)
def test_a_hundred_megapixels_of_png_cost_little_more_than_themselves(
    depth: int, kind: int, stored: int, decoded: int
) -> None:
    """Bytes that a pixel has in the file and, decoded, in Pillow."""
    row = b"\0" + bytes(range(250)) * 40 * stored
    assert growth(png(HUNDRED, depth, kind, row * 10_000)) < decoded * 1e8 / MIB + 60


def test_a_hundred_megapixels_of_jpeg_are_not_decoded_at_their_full_size() -> None:
    assert growth(saved(Image.new("RGB", HUNDRED, (200, 100, 50)), "JPEG")) < 130

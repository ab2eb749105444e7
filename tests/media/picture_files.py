"""Picture files of every kind, and what the daemon makes of them."""

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image

from daemon.media.pictures import open_picture

Pixels = npt.NDArray[np.uint8]
BLUE = "#0000ff"


def saved(picture: Image.Image, form: str, **options: object) -> io.BytesIO:
    """The picture as a file of a format that Pillow writes."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file


def opened(
    file: io.BytesIO,
    megapixels: int = 1,
    background: str = BLUE,
    largest: tuple[int, int] | None = None,
) -> Pixels:
    """The pixels that `open_picture` returns, of shape (height, width, 3)."""
    file.seek(0)
    with open_picture(file, megapixels, background, largest=largest) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def difference(pixels: Pixels, expected: npt.ArrayLike) -> int:
    """The largest difference of any level, 0 to 255."""
    return int(np.abs(np.subtract(pixels, expected, dtype=int)).max())


# ---- files written byte by byte ------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG (W3C, "PNG (Third Edition)", 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    size: tuple[int, int],
    depth: int,
    kind: int,
    rows: bytes,
    *chunks: tuple[bytes, bytes],
    interlaced: bool = False,
) -> io.BytesIO:
    """A PNG of any kind, also of those that Pillow reads but does not write.

    `kind`: 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA. `chunks` come before the pixels.
    """
    header = struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, interlaced)
    compressed = zlib.compress(rows, 1)
    everything = [(b"IHDR", header), *chunks, (b"IDAT", compressed), (b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in everything))


def with_last_chunk(file: bytes, kind: bytes, data: bytes) -> io.BytesIO:
    """A PNG with one more chunk after its pixels."""
    end = file.rindex(b"IEND") - 4
    return io.BytesIO(file[:end] + chunk(kind, data) + file[end:])


# ---- pictures ------------------------------------------------------------------------------------


def noise() -> Image.Image:
    """64×48 pixels of every colour."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8))


def paletted(transparent: bytes | int | None) -> Image.Image:
    """One colour of a palette, with a transparent colour or with degrees of transparency."""
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
"""A picture of each mode that Pillow can write as PNG, and its colour over blue."""

_SQUARES = [
    [(255, 0, 0), (0, 255, 0), (0, 0, 255)],
    [(255, 255, 0), (0, 0, 0), (255, 255, 255)],
]
UPRIGHT: Pixels = np.array(_SQUARES, np.uint8).repeat(16, axis=0).repeat(16, axis=1)
"""Six squares of 16×16 pixels, each of another colour: no turn of it looks like another."""
ORIENTATIONS = range(1, 9)


def stored(orientation: int) -> Image.Image:
    """`UPRIGHT` as a camera stores it with this orientation (Exif 2.3, tag 0x0112)."""
    turned = {
        1: UPRIGHT,
        2: np.fliplr(UPRIGHT),
        3: np.rot90(UPRIGHT, 2),
        4: np.flipud(UPRIGHT),
        5: UPRIGHT.swapaxes(0, 1),
        6: np.rot90(UPRIGHT, 1),
        7: np.rot90(UPRIGHT, 2).swapaxes(0, 1),
        8: np.rot90(UPRIGHT, -1),
    }
    return Image.fromarray(np.ascontiguousarray(turned[orientation]))


def exif(orientation: int) -> Image.Exif:
    """Exif data that give an orientation."""
    data = Image.Exif()
    data[0x0112] = orientation
    return data

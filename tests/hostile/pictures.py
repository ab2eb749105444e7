"""Pictures that are bombs, broken, cut, or something else."""

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping

from PIL import Image

from tests.hostile.item import FILM, Item, picture, png, with_picture

MIB = 2**20
SIGNATURE = b"\x89PNG\r\n\x1a\n"
NO_PICTURE = "not a PNG, JPEG or WebP"
SIDE = "more than 65535 pixels on a side"
EITHER = f"{SIDE}|damaged|not a PNG|larger than"
"""A damaged picture may be refused at any step."""


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    """A chunk of a PNG."""
    check = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def header(width: int, height: int, depth: int = 8, kind: int = 2) -> bytes:
    """The header of a PNG."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))


def made(*chunks: bytes) -> bytes:
    """A PNG of these chunks."""
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def zeros(mib: int) -> bytes:
    """So many MiB of zeros, compressed a thousandfold."""
    squeezer = zlib.compressobj(9)
    return b"".join([*(squeezer.compress(bytes(MIB)) for _ in range(mib)), squeezer.flush()])


def pixels(width: int, height: int) -> bytes:
    """The compressed rows of a black picture."""
    return chunk(b"IDAT", zlib.compress(bytes((1 + 3 * width) * height)))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A small picture with a chunk before its pixels."""
    return made(header(64, 48), chunk(kind, data), pixels(64, 48))


def bombs() -> Iterator[Item]:
    """Small files that ask for much."""
    kinds: Mapping[str, tuple[Callable[[], bytes], str]] = {
        "a PNG of 30,000 × 30,000": (
            lambda: made(header(30_000, 30_000), pixels(1, 1)),
            "larger than 100 megapixels",
        ),
        "a PNG of 2^31 × 2^31": (lambda: made(header(2**31 - 1, 2**31 - 1)), EITHER),
        "a PNG of 100 megapixels, all of them there": (
            lambda: made(header(10_000, 10_000, 8, 0), chunk(b"IDAT", zeros(96))),
            FILM,
        ),
        "a PNG of 1 × 100,000,000": (lambda: made(header(1, 100_000_000), pixels(1, 1)), SIDE),
        "a PNG of 100,000,000 × 1": (lambda: made(header(100_000_000, 1), pixels(1, 1)), SIDE),
        "a PNG of no width": (lambda: made(header(0, 48), pixels(1, 1)), EITHER),
        "a PNG with pixels for 256 MiB more": (
            lambda: made(header(64, 48), chunk(b"IDAT", zeros(256))),
            f"{FILM}|damaged",
        ),
        "a PNG with a text of 64 MiB": (
            lambda: with_chunk(b"zTXt", b"x\0\0" + zeros(64)),
            "damaged",
        ),
        "a PNG with an international text of 64 MiB": (
            lambda: with_chunk(b"iTXt", b"x\0\1\0\0\0" + zeros(64)),
            "damaged",
        ),
        "a PNG with a colour profile of 64 MiB": (
            lambda: with_chunk(b"iCCP", b"x\0\0" + zeros(64)),
            f"{FILM}|damaged",
        ),
        "a PNG with 1000 texts of a MiB": (
            lambda: made(
                header(64, 48), *[chunk(b"zTXt", b"x\0\0" + zeros(1))] * 1000, pixels(64, 48)
            ),
            "damaged",
        ),
        "a PNG with 100,000 chunks": (
            lambda: made(header(64, 48), *[chunk(b"abCd", b"")] * 100_000, pixels(64, 48)),
            FILM,
        ),
        "a PNG with 100,000 empty pixel chunks": (
            lambda: made(header(64, 48), *[chunk(b"IDAT", b"")] * 100_000, pixels(64, 48)),
            f"{FILM}|damaged",
        ),
        "a PNG with a palette of 100,000": (
            lambda: made(header(64, 48, 8, 3), chunk(b"PLTE", bytes(300_000)), pixels(22, 48)),
            f"{FILM}|damaged",
        ),
        "an APNG of 2^31 frames": (
            lambda: with_chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)),
            f"{FILM}|damaged",
        ),
        "a PNG with Exif of 16 MiB": (
            lambda: with_chunk(b"eXIf", b"MM\0*" + bytes(16 * MIB)),
            FILM,
        ),
        "a JPEG of 65,500 × 65,500": (
            lambda: resized_jpeg(65_500, 65_500),
            "larger than 100 megapixels",
        ),
        "a JPEG of 10,000 × 9999 without its pixels": (lambda: resized_jpeg(10_000, 9999), FILM),
        "a progressive JPEG of 1000 scans": (
            lambda: many_scans(1000, (64, 48)),
            "more than 100 scans",
        ),
        "a large progressive JPEG of 300 scans": (
            lambda: many_scans(300, (2000, 1500)),
            "more than 100 scans",
        ),
        "a JPEG with 1000 comments of 64 KiB": (
            lambda: spliced(b"\xff\xfe\xff\xff" + bytes(65_533), 1000),
            f"{FILM}|damaged",
        ),
        "a JPEG with a profile in 255 parts": (lambda: profiled(255), f"{FILM}|damaged"),
        "a WebP of 16,384 × 16,384": (giant_webp, "larger than 100 megapixels"),
        "a WebP that says 4 GiB": (lambda: lying_webp(2**32 - 2), f"{FILM}|damaged|not a PNG"),
        "a WebP that says no bytes": (lambda: lying_webp(0), "damaged|not a PNG"),
        "an animated WebP of 500 frames": (animation, FILM),
    }
    for name, (data, result) in kinds.items():
        yield Item(name, result, with_picture(data))


def resized_jpeg(width: int, height: int) -> bytes:
    """A small JPEG whose header names another size."""
    data = picture("JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def many_scans(count: int, size: tuple[int, int]) -> bytes:
    """A progressive JPEG whose last scan comes many times."""
    data = picture("JPEG", size, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def spliced(part: bytes, times: int = 1) -> bytes:
    """A JPEG with more segments after its beginning."""
    data = picture("JPEG")
    return data[:2] + part * times + data[2:]


def segment(marker: int, data: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def profiled(parts: int) -> bytes:
    """A JPEG with a colour profile in many parts, all of the same number."""
    return spliced(segment(0xE2, b"ICC_PROFILE\0\x01\xff" + bytes(60_000)), parts)


def giant_webp() -> bytes:
    """A WebP whose header names the largest size."""
    data = bytearray(picture("WEBP", lossless=True))
    place = data.index(b"VP8L") + 9
    data[place : place + 4] = struct.pack("<I", 16_383 | 16_383 << 14)
    return bytes(data)


def lying_webp(length: int) -> bytes:
    """A WebP whose container names another length."""
    data = picture("WEBP")
    return data[:4] + struct.pack("<I", length) + data[8:]


def animation() -> bytes:
    """An animated WebP."""
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), (number % 256, 0, 0)) for number in range(500)]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    return file.getvalue()


def exif_data() -> Iterator[Item]:
    """Exif data that lie."""
    kinds = {
        "endless directories": b"MM\0*\0\0\0\x08\0\0\0\0\0\x08",
        "65,535 entries": b"MM\0*\0\0\0\x08\xff\xff" + bytes(60_000),
        "an offset beyond the end": b"MM\0*\xff\xff\xff\xff",
        "an orientation of 200": b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\xc8\0\0"
        + bytes(4),
        "a count of 2^32": b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\xff\xff\xff\xff\0\0\0\x08"
        + bytes(4),
        "a directory in itself": b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08"
        + bytes(4),
        "garbage": b"\xff" * 1000,
        "nothing": b"",
    }
    for name, data in kinds.items():
        jpeg = spliced(segment(0xE1, b"Exif\0\0" + data))
        yield Item(f"Exif in a JPEG: {name}", f"{FILM}|damaged", with_picture(jpeg, "01.jpg"))
        yield Item(
            f"Exif in a PNG: {name}", f"{FILM}|damaged", with_picture(with_chunk(b"eXIf", data))
        )


def cut() -> Iterator[Item]:
    """Each format, cut at each of its structures, and in the middle of its pixels."""
    whole = png((200, 150))
    for name, place in (
        ("signature", 8),
        ("length of the header", 12),
        ("header", 20),
        ("check of the header", 33),
        ("first pixel chunk's name", 41),
        ("pixels", len(whole) // 2),
    ):
        yield Item(f"a PNG cut after its {name}", EITHER, with_picture(whole[:place]))
    jpeg = picture("JPEG", (200, 150))
    marks = {"start": 2, "first segment": 20}
    for name, mark in (("tables", b"\xff\xdb"), ("size", b"\xff\xc0"), ("codes", b"\xff\xc4")):
        marks[name] = jpeg.index(mark) + 4
    marks |= {"scan's header": jpeg.index(b"\xff\xda") + 4, "pixels": len(jpeg) * 2 // 3}
    for name, place in marks.items():
        yield Item(f"a JPEG cut in its {name}", EITHER, with_picture(jpeg[:place], "01.jpg"))
    webp = picture("WEBP", (200, 150))
    for place in (4, 8, 12, 16, 20, 26, len(webp) // 2, len(webp) - 9):
        yield Item(f"a WebP cut after {place} bytes", EITHER, with_picture(webp[:place], "01.webp"))
    for form, name in (("PNG", "01.png"), ("JPEG", "01.jpg"), ("WEBP", "01.webp")):
        data = picture(form, (200, 150))
        half = data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
        result = f"{FILM}|damaged" if form != "PNG" else "damaged"
        yield Item(f"a preallocated {form}, half of it zeros", result, with_picture(half, name))


def others() -> Iterator[Item]:
    """Formats that are not accepted, whatever their names."""
    for form in ("GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "SGI", "JPEG2000", "IM", "DDS"):
        yield Item(f"{form} as 01.png", NO_PICTURE, with_picture(functools.partial(picture, form)))
    raw = {
        "PSD": b"8BPS\0\1" + bytes(100),
        "a font": b"\0\1\0\0" + bytes(100),
        "zeros": bytes(100_000),
        "a program": b"\x7fELF" + bytes(100),
        "a script": b"#!/bin/sh\ntouch /tmp/x\n",
        "one byte": b"\x89",
        "an archive": zipped(b"x"),
        "a sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(100),
    }
    for name, data in raw.items():
        yield Item(f"{name} as 01.png", NO_PICTURE, with_picture(data))


def zipped(data: bytes) -> bytes:
    """An archive that holds a name that leads outside."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../outside/x", data)
    return file.getvalue()


def joined(form: str, tail: bytes | int) -> bytes:
    """A picture with bytes after its end; a number: so many zeros."""
    return picture(form) + (tail if isinstance(tail, bytes) else bytes(tail))


def polyglots() -> Iterator[Item]:
    """Pictures that are something else too: they are pictures."""
    tails: Mapping[str, bytes | int] = {
        "an archive": zipped(b"x"),
        "a script": b"\n#!/bin/sh\nid\n",
        "a page of HTML": b"<script>alert(1)</script>",
        "a PDF": b"%PDF-1.4\n%%EOF",
        "another picture": png(),
        "16 MiB of zeros": MIB * 16,
    }
    for name, tail in tails.items():
        for form, file in (("PNG", "01.png"), ("JPEG", "01.jpg"), ("WEBP", "01.webp")):
            data = functools.partial(joined, form, tail)
            yield Item(f"a {form} and {name}", FILM, with_picture(data, file))


def broken() -> Iterator[Item]:
    """PNGs with wrong checks, wrong orders and wrong filters."""
    good = png()
    wrong = bytearray(good)
    wrong[29] ^= 0xFF
    kinds = {
        "a wrong check of the header": bytes(wrong),
        "no header": SIGNATURE + pixels(64, 48),
        "two headers": made(header(64, 48), header(9000, 9000), pixels(64, 48)),
        "no pixels": made(header(64, 48)),
        "pixels of too few rows": made(header(64, 48), pixels(64, 4)),
        "garbage for pixels": made(header(64, 48), chunk(b"IDAT", b"garbage" * 100)),
        "a filter of 200": made(
            header(4, 4), chunk(b"IDAT", zlib.compress((b"\xc8" + bytes(12)) * 4))
        ),
        "a chunk of 2^31 bytes": SIGNATURE + header(64, 48) + b"\x7f\xff\xff\xffIDAT" + bytes(99),
        "a depth of 3": made(header(64, 48, 3), pixels(64, 48)),
        "a colour type of 9": made(header(64, 48, 8, 9), pixels(64, 48)),
        "no palette": made(header(64, 48, 8, 3), pixels(22, 48)),
    }
    for name, data in kinds.items():
        yield Item(f"a PNG with {name}", f"{EITHER}|{FILM}", with_picture(data))


ITEMS = (*bombs(), *exif_data(), *cut(), *others(), *polyglots(), *broken())

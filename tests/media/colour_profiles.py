"""Colour profiles (ICC.1:2010), written byte by byte."""

import struct

from PIL import ImageCms

D50 = (0.9642, 1.0, 0.8249)
PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
"""The red, green and blue of sRGB, for D50."""


def icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A colour profile (ICC.1:2010, 7): a header of 128 bytes, a table of tags, the tags."""
    place = 132 + 12 * len(tags)
    table = b""
    body = b""
    for name, tag in tags.items():
        table += name + struct.pack(">II", place + len(body), len(tag))
        body += tag.ljust(-(-len(tag) // 4) * 4, b"\0")

    kind = b"prtr" if space == b"CMYK" else b"mntr"
    connection = b"Lab " if space == b"CMYK" else b"XYZ "
    start = struct.pack(">I4xI", place + len(body), 0x02100000)
    start += kind + space + connection + bytes(12) + b"acsp"
    header = start.ljust(68, b"\0") + struct.pack(">3i", *(round(part * 65_536) for part in D50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(*parts: float) -> bytes:
    """A tag that is a colour."""
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65_536) for part in parts))


NAME = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(78), b"wtpt": xyz(*D50)}
LINEAR = b"curv\0\0\0\0" + struct.pack(">I", 0)


def rgb_profile(*primaries: tuple[float, float, float]) -> bytes:
    """A linear profile of these red, green and blue."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    colours = {name: xyz(*primary) for name, primary in zip(names, primaries, strict=True)}
    return icc(b"RGB ", NAME | colours | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), LINEAR))


def cmyk_profile() -> bytes:
    """No ink is white, magenta on yellow is a grey of L* 50, everything else is black."""
    corners = [bytes([0, 128, 128])] * 16
    corners[0] = bytes([255, 128, 128])
    corners[0b0110] = bytes([128, 128, 128])
    unit = struct.pack(">9i", *(65_536 if place % 4 == 0 else 0 for place in range(9)))
    line = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + line * 4 + b"".join(corners) + line * 3
    return icc(b"CMYK", NAME | dict.fromkeys((b"A2B0", b"A2B1"), table))


LINEAR_RGB = rgb_profile(*PRIMARIES)
"""A linear 128 is 188 in sRGB: 1.055 · (128/255)^(1/2.4) - 0.055 (IEC 61966-2-1, 5.2)."""
LINEAR_GREY = icc(b"GRAY", NAME | {b"kTRC": LINEAR})
INKS = cmyk_profile()
BLUE_FOR_RED = rgb_profile(*PRIMARIES[::-1])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

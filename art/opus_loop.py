"""A loop as an Ogg Opus file that decodes to exactly its samples, without a seam where it repeats.

An Opus decoder needs about 80 ms to settle, and an encoder fades its first and last milliseconds
into silence. So the loop is encoded with a stretch of its own end before it and a stretch of its
own beginning after it. The file then makes the decoder drop both: the first by the "pre-skip" of
the identification header (RFC 7845, sections 4.2 and 5.1), the second by the granule position of
the last page (section 4.4). PyAV can set neither, so the bytes are edited here.
"""

import struct
from pathlib import Path

import numpy as np

from art.audio_tools import FloatArray, encode

RATE = 48_000
BEFORE = 3_840
"""Samples before the loop: the 80 ms that RFC 7845, section 4.2, asks for."""
AFTER = 1_920
"""Samples after the loop."""

PRE_SKIP_OFFSET = 10
"""Bytes into the identification header, RFC 7845 section 5.1."""
# Bytes into a page, RFC 3533 section 6:
GRANULE_OFFSET = 6
CHECKSUM_OFFSET = 22
SEGMENTS_OFFSET = 26
POLYNOMIAL = 0x04C11DB7


def checksum_table() -> list[int]:
    """The table for the checksum of RFC 3533, section 6: CRC-32, not reflected, from zero."""
    table = []
    for value in range(256):
        remainder = value << 24
        for _ in range(8):
            overflow = remainder & 0x80000000
            remainder <<= 1
            if overflow:
                remainder ^= POLYNOMIAL
        table.append(remainder & 0xFFFFFFFF)
    return table


def page_checksum(page: bytes) -> int:
    """The checksum of a page whose checksum field is zero."""
    table = checksum_table()
    remainder = 0
    for byte in page:
        remainder = ((remainder << 8) & 0xFFFFFFFF) ^ table[(remainder >> 24) ^ byte]
    return remainder


def split_pages(data: bytes) -> list[bytearray]:
    """An Ogg file cut into its pages."""
    pages: list[bytearray] = []
    start = 0
    while start < len(data):
        segments = data[start + SEGMENTS_OFFSET]
        body = start + SEGMENTS_OFFSET + 1
        end = body + segments + sum(data[body : body + segments])
        pages.append(bytearray(data[start:end]))
        start = end
    return pages


def sign_page(page: bytearray) -> None:
    """Put a new checksum into a page that was changed."""
    struct.pack_into("<I", page, CHECKSUM_OFFSET, 0)
    struct.pack_into("<I", page, CHECKSUM_OFFSET, page_checksum(bytes(page)))


def crop(data: bytes, before: int, length: int) -> bytes:
    """The Ogg Opus file that decodes to `length` samples, those that follow the first `before`.

    Raises ValueError when the end of the loop lies before the last page.
    """
    pages = split_pages(data)
    field = SEGMENTS_OFFSET + 1 + pages[0][SEGMENTS_OFFSET] + PRE_SKIP_OFFSET
    pre_skip = int(struct.unpack_from("<H", pages[0], field)[0]) + before
    struct.pack_into("<H", pages[0], field, pre_skip)

    if struct.unpack_from("<q", pages[-2], GRANULE_OFFSET)[0] > pre_skip + length:
        raise ValueError("the last page is too short to crop the end of the loop")
    struct.pack_into("<q", pages[-1], GRANULE_OFFSET, pre_skip + length)

    sign_page(pages[0])
    sign_page(pages[-1])
    return b"".join(bytes(page) for page in pages)


def write_loop(samples: FloatArray, path: Path, bit_rate: int) -> None:
    """Encode a stereo loop, shaped (2, samples), so that its decoded end meets its beginning."""
    extended = np.concatenate((samples[:, -BEFORE:], samples, samples[:, :AFTER]), axis=1)
    options = {"vbr": "constrained", "application": "audio"}
    encode(extended, RATE, path, "libopus", bit_rate, options)
    path.write_bytes(crop(path.read_bytes(), BEFORE, samples.shape[1]))

"""Write a loop as an Ogg Opus file that decodes to exactly its samples, with no seam where it starts again.

An Opus decoder needs about 80 ms to settle, and an encoder fades its first and last milliseconds into silence. So the
loop is encoded with a stretch of its own end before it and a stretch of its own beginning after it, and the file then
tells the decoder to drop both: the first by the "pre-skip" of the identification header (RFC 7845, sections 4.2 and
5.1), the second by the granule position of the last page (section 4.4). PyAV can set neither, hence the byte work.
"""

import struct
from pathlib import Path

import numpy as np
from art.audio_tools import FloatArray, encode

RATE = 48_000
BEFORE = 3_840  # samples: the 80 ms that RFC 7845, section 4.2, asks for
AFTER = 1_920
_PRE_SKIP_OFFSET = 10  # bytes into the identification header, RFC 7845 section 5.1
_GRANULE_OFFSET, _CHECKSUM_OFFSET, _SEGMENTS_OFFSET = (
    6,
    22,
    26,
)  # bytes into a page, RFC 3533 section 6
_POLYNOMIAL = 0x04C11DB7


def _checksum_table() -> list[int]:
    """Tabulate the page checksum of RFC 3533, section 6: CRC-32, not reflected, starting from zero."""
    table = []
    for value in range(256):
        remainder = value << 24
        for _ in range(8):
            remainder = (remainder << 1) ^ (_POLYNOMIAL if remainder & 0x80000000 else 0)
        table.append(remainder & 0xFFFFFFFF)
    return table


def _page_checksum(page: bytes) -> int:
    """Compute the checksum of a page whose checksum field is zero."""
    table = _checksum_table()
    remainder = 0
    for byte in page:
        remainder = ((remainder << 8) & 0xFFFFFFFF) ^ table[(remainder >> 24) ^ byte]
    return remainder


def _split_pages(data: bytes) -> list[bytearray]:
    """Cut an Ogg file into its pages."""
    pages, start = [], 0
    while start < len(data):
        segments = data[start + _SEGMENTS_OFFSET]
        body = start + _SEGMENTS_OFFSET + 1
        end = body + segments + sum(data[body : body + segments])
        pages.append(bytearray(data[start:end]))
        start = end
    return pages


def _sign_page(page: bytearray) -> None:
    """Renew the checksum of a page."""
    struct.pack_into("<I", page, _CHECKSUM_OFFSET, 0)
    struct.pack_into("<I", page, _CHECKSUM_OFFSET, _page_checksum(bytes(page)))


def _crop(data: bytes, before: int, length: int) -> bytes:
    """Make the decoder drop so many samples before the music and everything after its length."""
    pages = _split_pages(data)
    field = _SEGMENTS_OFFSET + 1 + pages[0][_SEGMENTS_OFFSET] + _PRE_SKIP_OFFSET
    pre_skip = int(struct.unpack_from("<H", pages[0], field)[0]) + before
    struct.pack_into("<H", pages[0], field, pre_skip)
    if struct.unpack_from("<q", pages[-2], _GRANULE_OFFSET)[0] > pre_skip + length:
        raise ValueError("the last page is too short to crop the end of the loop")
    struct.pack_into("<q", pages[-1], _GRANULE_OFFSET, pre_skip + length)
    _sign_page(pages[0])
    _sign_page(pages[-1])
    return b"".join(bytes(page) for page in pages)


def write_loop(samples: FloatArray, path: Path, bit_rate: int) -> None:
    """Encode a stereo loop so that its decoded end flows into its decoded beginning."""
    extended = np.concatenate((samples[:, -BEFORE:], samples, samples[:, :AFTER]), axis=1)
    encode(
        extended, RATE, path, "libopus", bit_rate, {"vbr": "constrained", "application": "audio"}
    )
    path.write_bytes(_crop(path.read_bytes(), BEFORE, samples.shape[1]))

"""Whether a sound file is whole, by what its own header says of its length.

A decoder plays what is there: half of a copy is a sound of half the length, without any error. So a
copy that has stalled would become a film with half a narration.
"""

import re
import struct
from typing import IO

UNKNOWN = 0x7FFF0000
"""A WAV header with such a length, or a larger one, was written before the length was known."""
MOST_CHUNKS = 100
"""Parts of a WAV file that are looked at before its samples."""
ID3_HEADER = 10
FIRST_FRAME = 8192
"""Bytes of an mp3, after its tag, in which its first frame is looked for."""
HAS_FRAMES, HAS_BYTES = 1, 2
"""Flags of the header that LAME and others write into the first frame of an mp3 (Xing, Info)."""


def bytes_missing(file: IO[bytes]) -> int:
    """How many bytes a sound file lacks, by its header; 0 when it is whole or does not say.

    WAV files say how long they are, and most mp3s. Leaves the file at its beginning.
    """
    size = file.seek(0, 2)
    file.seek(0)
    beginning = file.read(12)
    is_wav = beginning[:4] == b"RIFF" and beginning[8:] == b"WAVE"
    needed = wav_bytes(file) if is_wav else mp3_bytes(file, size)
    file.seek(0)
    return max(0, needed - size)


def wav_bytes(file: IO[bytes]) -> int:
    """How many bytes a WAV file needs up to the end of its samples; 0 when it does not say."""
    place = 12
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        header = file.read(8)
        if len(header) < 8:
            return 0
        name, length = struct.unpack("<4sI", header)
        place += 8
        if name == b"data":
            return place + length if 0 < length < UNKNOWN else 0
        place += length + length % 2
    return 0


def mp3_bytes(file: IO[bytes], size: int) -> int:
    """How many bytes an mp3 needs, of the `size` that it has; 0 when it does not say.

    Some programs count the tag at its beginning too: a file of just that size is whole.
    """
    file.seek(0)
    start = tag_bytes(file.read(ID3_HEADER))
    file.seek(start)
    data = file.read(FIRST_FRAME)
    frame = data.find(b"\xff")
    found = re.compile(rb"(?:Xing|Info)(.{12})", re.DOTALL).search(data, max(frame, 0))
    if frame < 0 or not found:
        return 0
    flags, *counts = struct.unpack(">III", found[1])
    if not flags & HAS_BYTES:
        return 0
    length = int(counts[1 if flags & HAS_FRAMES else 0])
    return 0 if length == size else start + frame + length


def tag_bytes(beginning: bytes) -> int:
    """How long the ID3 tag is with which a file begins; 0 where it has none (id3.org, ID3v2.4)."""
    if len(beginning) < ID3_HEADER or not beginning.startswith(b"ID3"):
        return 0
    length = 0
    for part in beginning[6:]:
        length = length << 7 | part & 0x7F
    return ID3_HEADER + length

"""What fuzzing begins with: for each target, bytes of every kind that the program accepts.

They come from the corpus of hostile folders, whose items are made by scripts.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.hostile import manifests, pictures, sounds
from tests.hostile.item import Item

LARGEST = 20_000
"""Bytes. Small seeds are changed in more places in the same time."""
LONGEST = 4096
"""Bytes of the largest input that is made from the seeds of a target that reads text."""


@cache
def seeds() -> Mapping[str, Sequence[bytes]]:
    """The seeds of each target."""
    written = [*files_of(manifests.ITEMS, "manifest.json")]
    return {
        "manifest": [data for data in written if len(data) <= LONGEST],
        "reading": [
            b"01.png\x0001.wav\x0002.jpg\x0002.mp3\0\0{}",
            b"1.png\x001.png.part\x0010.jpg\x0010.mp3\x002.webp\x002.flac\0\0" + b'{"title": "a"}',
            "tücke.png\0tücke.wav\0TU\u0308CKE.PNG\0\0{}".encode(),
            b"a.png\0\xff.wav\0.b.png\0a.wav\0a.mp3\0\0" + b'{"music": "a.mp3"}',
        ],
        "picture": [*files_of(pictures.ITEMS, "01.png")],
        "sound": [*files_of(sounds.ITEMS, "01.mp3")],
    }


def files_of(items: Sequence[Item], name: str) -> Iterator[bytes]:
    """The files of this name of the items' folders, if they are small, each once."""
    made: dict[bytes, None] = {}
    with tempfile.TemporaryDirectory() as place:
        for number, item in enumerate(items):
            folder = Path(place) / str(number)
            folder.mkdir()
            item.make(folder, folder)
            file = folder / name
            if file.is_file() and 0 < file.stat().st_size <= LARGEST:
                made[file.read_bytes()] = None
    yield from made

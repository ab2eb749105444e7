"""What must hold for any bytes, where the program reads bytes of strangers.

Each target takes bytes and raises when something does not hold. Refusals are what the callers of
the program's functions expect; any other exception passes, and is a find.
"""

import contextlib
import io
import json
import os
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import numpy as np

from daemon.errors import UnreadableMedia
from daemon.inbox.view import expected_files
from daemon.media.pictures import LONGEST_SIDE, open_picture, picture_size
from daemon.media.sounds import SAMPLE_BLOCK, sound_blocks
from daemon.media.whole import bytes_missing
from daemon.spool.reasons import in_words
from daemon.story.checks import TRIAL_SIZE
from daemon.story.reading import MOST_FILES, MOST_PAGES, Reading, read
from daemon.validation import MOST_PROBLEMS

BESIDE = ("01.png", "01.wav", "02.jpg", "02.mp3", "words.txt", ".hidden.png", "pages/03.png")
"""The files beside a manifest."""
TRACKS = ("calm/harbour.ogg",)
MEGAPIXELS = 4
"""Of a picture at most, so that a run decodes many."""
RATE = 48_000
MOST_BLOCKS = 60
"""Blocks of a sound that are decoded."""


def manifest(data: bytes) -> None:
    """Bytes as a manifest, beside some files."""
    check(read(data, BESIDE))


def reading(data: bytes) -> None:
    """Bytes as the names of a folder's files, one after each zero, and after two a manifest."""
    names, _, written = data.partition(b"\0\0")
    there = [os.fsdecode(name) for name in names.split(b"\0") if name and b"/" not in name]
    check(read(written or b"{}", there))


def picture(data: bytes) -> None:
    """Bytes as a picture: refused, or as large as its header says."""
    size = None
    with contextlib.suppress(UnreadableMedia):
        size = picture_size(io.BytesIO(data), MEGAPIXELS)
    with contextlib.suppress(UnreadableMedia):
        opened = open_picture(io.BytesIO(data), MEGAPIXELS, "#000000")
        assert opened.mode == "RGB"
        assert opened.size == size
        assert opened.width * opened.height <= MEGAPIXELS * 1_000_000
        assert max(opened.size) <= LONGEST_SIDE
        smaller = open_picture(io.BytesIO(data), MEGAPIXELS, "#000000", TRIAL_SIZE)
        assert smaller.width <= opened.width
        assert smaller.height <= opened.height


def sound(data: bytes) -> None:
    """Bytes as a sound: refused, or blocks of finite numbers for both sides."""
    file = io.BytesIO(data)
    assert bytes_missing(file) >= 0
    assert file.tell() == 0
    with contextlib.suppress(UnreadableMedia):
        for count, block in enumerate(sound_blocks(file, RATE)):
            assert block.dtype == np.float32
            assert block.shape[0] == 2
            assert 0 < block.shape[1] <= SAMPLE_BLOCK
            assert np.isfinite(block).all()
            if count == MOST_BLOCKS:
                break


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "manifest": manifest,
    "reading": reading,
    "picture": picture,
    "sound": sound,
}


# ---- what holds of every reading -----------------------------------------------------------------


def check(found: Reading) -> None:
    """Compare a reading with what its users rely on."""
    assert found.parsed or found.manifest is None
    assert found.manifest is not None or found.problems
    assert len(found.problems) <= MOST_PROBLEMS + 1
    assert len(found.unpaired) <= MOST_PROBLEMS + 1
    assert len(found.facts) <= MOST_FILES
    if found.manifest:
        assert len(found.manifest.pages or ()) <= MOST_PAGES
        json.dumps(found.manifest.model_dump(mode="json")).encode()
    for mention in found.mentions:
        stays_inside(mention.file)
    for file in expected_files(found, lambda: TRACKS):
        if file not in TRACKS:
            stays_inside(file)
    shows_what_it_is(in_words("a story", (*found.problems, *found.unpaired)))


def stays_inside(name: str) -> None:
    """A name leads to a file of the folder, whatever it is joined to."""
    path = PurePosixPath(name)
    assert path.parts
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert "\0" not in name
    name.encode()


def shows_what_it_is(text: str) -> None:
    """A text for people has no letter that would be obeyed, but the ends of its own lines."""
    text.encode()
    for letter in text:
        category = unicodedata.category(letter)
        assert letter in "\n\u200c\u200d" or category not in ("Cc", "Cf", "Cs", "Zl", "Zp")

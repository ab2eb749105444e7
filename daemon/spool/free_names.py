"""Names that overwrite nothing: a name that is taken gets -2, -3, and so on."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from daemon.delivery import files
from daemon.spool.looks import exists

LONGEST_NAME = 255
"""Bytes of a file's name on the filesystems of Linux (NAME_MAX)."""
LONGEST_ADDITION = files.LONGEST_ADDITION + len("-999999")
"""The most bytes that are added to a story's name: a number, and the longest ending of a file."""


def free_names(parent: Path, name: str) -> Iterator[str]:
    """The free ones of `name`, `name-2`, `name-3`, …; never ends.

    A name is shortened so that the filesystem takes it together with any addition.
    """
    stem = name
    while len(os.fsencode(stem)) > LONGEST_NAME - LONGEST_ADDITION:
        stem = stem[:-1]
    numbered = (f"{stem}-{number}" for number in itertools.count(2))
    for candidate in itertools.chain([stem], numbered):
        if not exists(parent / candidate):
            yield candidate

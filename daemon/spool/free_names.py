"""Names that overwrite nothing: a name that is taken gets -2, -3, and so on."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from daemon.delivery import files
from daemon.spool.looks import exists

LONGEST_NAME = 255
"""Bytes of a file's name on the filesystems of Linux (NAME_MAX)."""
LONGEST_NUMBER = len("-999999")
LONGEST_ENDING = files.LONGEST_ADDITION
"""The most bytes that are added to the name of a story's folder for a file in it."""


def free_names(parent: Path, name: str, ending: str = "") -> Iterator[str]:
    """The free ones of `name`, `name-2`, `name-3`, …, each with the ending; never ends.

    A name is shortened so that the filesystem takes it together with any addition.
    """
    addition = LONGEST_NUMBER + max(LONGEST_ENDING, len(os.fsencode(ending)))
    stem = name
    while len(os.fsencode(stem)) > LONGEST_NAME - addition:
        stem = stem[:-1]
    numbered = (f"{stem}-{number}" for number in itertools.count(2))
    for candidate in itertools.chain([stem], numbered):
        if not exists(parent / f"{candidate}{ending}"):
            yield f"{candidate}{ending}"

"""Names that overwrite nothing: a name that is taken gets -2, -3, and so on.

A story's folder may have any name that Linux takes. Its film is for everyone, on a share too: so it
gets a name that Windows and macOS can show, and that they do not confuse with another film's.
"""

import itertools
import os
import re
import unicodedata
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


# ---- names for everyone --------------------------------------------------------------------------

FORBIDDEN = re.compile(
    '[<>:"|?*\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)
"""What Windows knows in no name; what commands a terminal, breaks a line or turns the direction of
writing; and what stands for bytes that are not UTF-8."""
DEVICES = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³])(?=\.|$)", re.IGNORECASE)
"""Names that are devices on Windows, with any ending:
https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""


def free_for_everyone(parent: Path, name: str) -> Iterator[str]:
    """The free ones of names like this one that every system can show and tells apart.

    Raises OSError when the folder cannot be listed.
    """
    taken = {folded(other.name) for other in parent.iterdir()}
    return (free for free in free_names(parent, for_everyone(name)) if folded(free) not in taken)


def for_everyone(name: str) -> str:
    """A name that every system can show, with "_" in place of what some of them cannot.

    No system keeps blanks and dots at the end apart; letters are composed (NFC), as most have them.
    """
    name = FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    kept = name.rstrip(". ")
    name = kept + "_" * (len(name) - len(kept))
    device = DEVICES.match(name)
    return f"{device[0]}_{name[device.end() :]}" if device else name


def folded(name: str) -> str:
    """What is left of a name where small and capital letters are the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

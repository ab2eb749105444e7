"""Moves and writes that survive a loss of power, and names that overwrite nothing.

A rename is atomic, but it is on disk only after the folders that it changed are synced. Syncing a
file does not sync its name (fsync(2)).
"""

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from daemon.delivery import files

LONGEST_NAME = 255
"""Bytes of a file's name on the filesystems of Linux (NAME_MAX)."""
LONGEST_ADDITION = files.LONGEST_ADDITION + len("-999999")
"""The most bytes that are added to a story's name: a number, and the longest ending of a file."""
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR)
"""The errors of a rename to a name that something else has."""


# ---- writes -------------------------------------------------------------------------------------


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(folder: Path) -> None:
    """Put a folder's files, and their names, on disk."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def write_file(path: Path, text: str) -> None:
    """Put a text file on disk, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


# ---- moves --------------------------------------------------------------------------------------


def move_folder(source: Path, parent: Path, name: str) -> Path | None:
    """Move a folder into another one under the first free name; None when it is not there."""
    if not source.is_dir():
        return None
    for free in free_names(parent, name):
        try:
            source.rename(parent / free)
        except OSError as error:
            if error.errno in TAKEN and os.path.lexists(parent / free):
                continue  # somebody took the name just now
            raise
        sync_folder(parent)
        sync_folder(source.parent)
        return parent / free
    raise AssertionError("there is always another name")


def free_names(parent: Path, name: str) -> Iterator[str]:
    """The free ones of `name`, `name-2`, `name-3`, …; never ends.

    A name is shortened so that the filesystem takes it together with any addition.
    """
    stem = name
    while len(os.fsencode(stem)) > LONGEST_NAME - LONGEST_ADDITION:
        stem = stem[:-1]
    numbered = (f"{stem}-{number}" for number in itertools.count(2))
    for candidate in itertools.chain([stem], numbered):
        if not os.path.lexists(parent / candidate):
            yield candidate


# ---- looks --------------------------------------------------------------------------------------


def is_folder(path: Path) -> bool:
    """Whether a path is a folder itself, not a link to one. An impossible name is not a folder."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def is_plain_name(name: object) -> bool:
    """Whether this is the name of one entry of a folder, and cannot lead out of that folder."""
    return isinstance(name, str) and name not in ("", ".", "..") and "/" not in name

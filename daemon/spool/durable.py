"""Moves and writes that survive a loss of power, and names that overwrite nothing.

A rename is atomic but not yet on disk; syncing the folders that it touched puts it there (fsync(2): syncing a file
says nothing of its name).
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from daemon.delivery import files

LONGEST_NAME = 255
"""Bytes of a file's name on the filesystems of Linux (NAME_MAX)."""
LONGEST_ADDITION = files.LONGEST_ADDITION + len("-999999")
"""Bytes put behind a story's name at most: the longest ending of a published file, and a number."""
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR)
"""What a rename says when something else has the name."""


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


def move_folder(source: Path, parent: Path, name: str) -> Path | None:
    """Move a folder into another one under the first free name; None when it is not there."""
    if not source.is_dir():
        return None
    for free in free_names(parent, name):
        try:
            source.rename(parent / free)
        except OSError as error:
            if error.errno in TAKEN and os.path.lexists(parent / free):
                continue
            raise
        sync_folder(parent)
        sync_folder(source.parent)
        return parent / free
    raise AssertionError("there is always a further name")


def free_names(parent: Path, name: str) -> Iterator[str]:
    """`name`, `name-2`, `name-3`, …, as far as they are free, shortened where the filesystem would refuse them."""
    stem = name
    while len(os.fsencode(stem)) > LONGEST_NAME - LONGEST_ADDITION:
        stem = stem[:-1]
    number = 1
    while True:
        candidate = stem if number == 1 else f"{stem}-{number}"
        if not os.path.lexists(parent / candidate):
            yield candidate
        number += 1


def is_folder(path: Path) -> bool:
    """Whether a path is a folder itself, not a link to one. A name that cannot be is not there."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False

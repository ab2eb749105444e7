"""Moves and writes that survive a loss of power.

A rename is atomic, but it is on disk only after the folders that it changed are synced. Syncing a
file does not sync its name (fsync(2)).

On a network filesystem, an error of a rename does not say that nothing was renamed: the server may
have done it, and its reply was lost (rename(2), BUGS). So after an error, look (`looks`).
"""

import errno
import os
import shutil
from pathlib import Path

from daemon.delivery import files
from daemon.spool.free_names import free_names
from daemon.spool.grants import grant
from daemon.spool.looks import exists, is_folder

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
    """Put a folder's regular files, and all names in it, on disk. Links are not followed.

    A file that this user may not read has nothing in it that we have written.
    """
    for path in folder.iterdir():
        if files.is_regular(path) and os.access(path, os.R_OK):
            with files.open_regular(path) as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def write_file(path: Path, text: str) -> None:
    """Put a text file on disk, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    remove_tree(new)  # of a write that was cut off; it may be anything
    with new.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def remove_tree(path: Path) -> None:
    """Remove what is at a path, if anything: a file, a link itself, or a folder with all in it.

    Never for a folder that may hold a story.
    """
    if is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


# ---- moves --------------------------------------------------------------------------------------


def rename(source: Path, target: Path) -> None:
    """Rename something that is there. Raises OSError only when it has not been renamed.

    Raises OSError also when it cannot be seen whether it has: look again later. A folder of another
    owner is given the right that it takes, where that is possible.
    """
    try:
        rename_with_right(source, target)
    except OSError:
        if exists(source) or not exists(target):
            raise


def rename_with_right(source: Path, target: Path) -> None:
    """Rename a file or folder, which may be of another owner. Raises OSError."""
    try:
        source.rename(target)
    except PermissionError:
        if not grant(source):
            raise
        source.rename(target)


def move_folder(source: Path, parent: Path, name: str) -> Path | None:
    """Move a folder into another one under the first free name; None when it is not there."""
    if not is_folder(source):
        return None
    for free in free_names(parent, name):
        try:
            rename(source, parent / free)
        except OSError as error:
            if error.errno in TAKEN and exists(parent / free):
                continue  # somebody took the name just now
            raise
        sync_folder(parent)
        sync_folder(source.parent)
        return parent / free
    raise AssertionError("there is always another name")

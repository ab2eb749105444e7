"""A glance at a folder at rest: a few stats tell that nothing has come or gone.

A new name in a folder changes the folder itself, so nothing else need be looked at where only names
are missing, or where the folder is on offer: whether its files are still the same is compared when
it is claimed. A glance takes a twentieth of the time of a look, and thousands of folders are
glanced at in every scan. It cannot miss what a look would find, except on filesystems that do not
change a folder's time: `shows_new_names` tells them apart.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from daemon.inbox.entries import Entry, Subfolder

UNCERTAIN_SECONDS = 2.5
"""Two changes within this time may leave the same time on a folder: filesystems count in steps of
up to 2 s (FAT). So a folder's time counts only when it was the same that much earlier."""
PROBE = ".storyreel-glance"
NEW = "new"


class Mark(NamedTuple):
    """A folder or file that changes when what is waited for comes; facts as of `os.lstat`.

    `path`: from the inbox. `size`: -1 for a folder.
    """

    path: str
    inode: int
    mtime_ns: int
    size: int = -1


def marks_of(
    name: str, facts: os.stat_result, subfolders: Iterable[Subfolder], manifest: Entry | None
) -> tuple[Mark, ...]:
    """What to glance at: the folder itself, the folders in it, and the manifest if it is there.

    `name` is the folder's, and `facts` are its own, from before it was listed.
    """
    marks = [Mark(name, facts.st_ino, facts.st_mtime_ns)]
    marks += [Mark(f"{name}/{sub.name}", sub.inode, sub.mtime_ns) for sub in subfolders]
    if manifest:
        place = f"{name}/{manifest.name}"
        marks.append(Mark(place, manifest.inode, manifest.mtime_ns, manifest.size))
    return tuple(marks)


def glance_at(inbox: Path, marks: Mapping[str, tuple[Mark, ...]]) -> set[str]:
    """The names of those folders whose marks are all as they were; none if the inbox has gone.

    A folder without marks, or with one that cannot be seen, is not among them.
    """
    try:
        descriptor = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return set()
    try:
        return {name for name, own in marks.items() if own and are_there(own, descriptor)}
    finally:
        os.close(descriptor)


def are_there(marks: tuple[Mark, ...], inbox: int) -> bool:
    """Whether all is as it was; False when anything cannot be seen.

    `inbox` is a descriptor: from there the system goes two names far, which takes a third less time
    than the whole path. With thousands of folders at rest, this loop is what the service does most.
    """
    try:
        for path, inode, mtime_ns, size in marks:
            facts = os.stat(path, dir_fd=inbox, follow_symlinks=False)
            if facts.st_mtime_ns != mtime_ns or facts.st_ino != inode:
                return False
            if size >= 0 and facts.st_size != size:
                return False
    except OSError:
        return False
    return True


def shows_new_names(folder: Path) -> bool:
    """Whether the filesystem of a folder changes a folder's time for a new name in it.

    It is tried, in a hidden folder that is removed again; what a run that was cut off has left of
    it is used. Not being able to try counts as no.
    """
    probe = folder / PROBE
    try:
        with contextlib.suppress(FileExistsError):
            probe.mkdir()
        descriptor = os.open(probe, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return changes_with_a_name(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            probe.rmdir()


def changes_with_a_name(descriptor: int) -> bool:
    """Whether the time of an open folder changes with a new name, which is removed again."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(NEW, dir_fd=descriptor)
    os.utime(descriptor, (0, 0))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    os.close(os.open(NEW, flags, 0o600, dir_fd=descriptor))
    has_changed = os.fstat(descriptor).st_mtime_ns != 0
    os.unlink(NEW, dir_fd=descriptor)
    return has_changed

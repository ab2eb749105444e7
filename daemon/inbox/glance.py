"""A glance at a folder at rest: a few stats tell that nothing has come or gone.

A new name in a folder changes the folder itself, so nothing else need be looked at where only names
are missing, or where the folder is on offer: whether its files are still the same is compared when
it is claimed. A glance takes a twentieth of the time of a look, and thousands of folders are
glanced at in every scan. It cannot miss what a look would find, except on filesystems that do not
change a folder's time: `shows_new_names` tells them apart.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from daemon.inbox.entries import Entry, Subfolder

UNCERTAIN_SECONDS = 2.5
"""Two changes within this time may leave the same time on a folder: filesystems count in steps of
up to 2 s (FAT). So a folder's time counts only when it was the same that much earlier."""
PROBE = ".storyreel-glance"
NEW = "new"


@dataclass(frozen=True, slots=True)
class Mark:
    """A folder or file that changes when what is waited for comes; facts as of `os.lstat`.

    `size`: -1 for a folder.
    """

    path: str
    inode: int
    mtime_ns: int
    size: int = -1

    def is_there(self) -> bool:
        """Whether it is as it was. Raises OSError when it cannot be seen."""
        facts = os.lstat(self.path)
        is_same = facts.st_mtime_ns == self.mtime_ns and facts.st_ino == self.inode
        return is_same and self.size in (-1, facts.st_size)


def marks_of(
    folder: Path, facts: os.stat_result, subfolders: Iterable[Subfolder], manifest: Entry | None
) -> tuple[Mark, ...]:
    """What to glance at: the folder itself, the folders in it, and the manifest if it is there.

    `facts` are the folder's own, from before it was listed.
    """
    path = os.fspath(folder)
    marks = [Mark(path, facts.st_ino, facts.st_mtime_ns)]
    marks += [Mark(f"{path}/{sub.name}", sub.inode, sub.mtime_ns) for sub in subfolders]
    if manifest:
        place = f"{path}/{manifest.name}"
        marks.append(Mark(place, manifest.inode, manifest.mtime_ns, manifest.size))
    return tuple(marks)


@dataclass(frozen=True, slots=True)
class Glance:
    """Marks that were the same in looks from `since` to `until` (monotonic seconds)."""

    marks: tuple[Mark, ...]
    since: float
    until: float

    @property
    def is_certain(self) -> bool:
        """Whether every later change shows."""
        return self.until - self.since > UNCERTAIN_SECONDS

    def is_as_before(self) -> bool:
        """Glance once: whether nothing has changed. False when anything cannot be seen."""
        try:
            return all(mark.is_there() for mark in self.marks)
        except OSError:
            return False


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

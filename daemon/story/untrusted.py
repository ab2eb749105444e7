"""An untrusted folder: its owner may still be changing it, and may be hostile.

It is held open by a descriptor, so that nobody can swap it for another folder. Every file is
reached from there step by step without following a link, and must be a regular file; devices and
pipes are not even opened.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from daemon.config import Settings
from daemon.errors import Problem, Refused, StoryError
from daemon.ignored import is_ignored
from daemon.media import PICTURE_ENDINGS, SOUND_ENDINGS
from daemon.story.manifest import composed
from daemon.story.model import Input
from daemon.validation import closest, labels_in, stem_and_ending, words_of

MIB = 2**20
COPY_BLOCK = MIB
MISSING = "missing"
EMPTY = "empty"
FORBIDDEN = "not readable for the service"
MOST_COMPARED = 100_000
"""Names that are compared with missing ones, in all. A story may lack thousands of files, and have
thousands of others; then not every missing one is answered with the name that was meant."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_LINKED = ("behind a link, or below something that is not a folder", "Put the file itself there.")
_FORBIDDEN = (FORBIDDEN, "Make it readable for everyone.")
_IMPOSSIBLE = ("no possible name of a file", "Give the file a shorter, plain name.")
FAULTS: Mapping[int | None, tuple[str, str]] = {
    errno.ELOOP: _LINKED,
    errno.ENOTDIR: _LINKED,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ENAMETOOLONG: _IMPOSSIBLE,
    errno.EINVAL: _IMPOSSIBLE,
}
"""Errors of the system that are the story's own fault: what is wrong, and how to mend it."""


class UntrustedFolder:
    """A story's folder, open for reading.

    No file of it may have more than `limit` bytes, and all that are read no more than `budget`.
    `ignore` has the patterns of names that are no part of any story. Several threads may read at
    once.
    """

    def __init__(
        self, path: Path, limit: int, budget: int | None = None, ignore: tuple[str, ...] = ()
    ) -> None:
        self._descriptor = os.open(path, _FOLDER)
        self._limit = limit
        self._budget = budget
        self._ignore = ignore
        self._spent = 0
        self._spending = threading.Lock()
        self._composed: dict[tuple[str, ...], dict[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    # ---- looking ---------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The visible names at the top of the folder."""
        names = os.listdir(self._descriptor)  # noqa: PTH208 - a Path cannot list a descriptor
        return sorted(name for name in names if not is_ignored(name, self._ignore))

    def has(self, name: str) -> bool:
        """Whether anything of this name is in the folder, usable or not."""
        try:
            with self.opened(name):
                return True
        except Refused as refused:
            return refused.what != MISSING

    def near(self, name: str) -> str | None:
        """The file that was probably meant by the name of one that is not there."""
        return self._names_nearby.closest(name)

    @cached_property
    def _names_nearby(self) -> "NamesNearby":
        return NamesNearby(self.names())

    # ---- reading ---------------------------------------------------------------------------------

    def read(self, name: str, most: int) -> bytes:
        """All bytes of a small file. Raises Refused, also for more than `most` bytes."""
        with self.opened(name) as descriptor, open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Refused(f"larger than {most} bytes", "Make it smaller.")
        return data

    def copy(self, name: str, target: Path) -> Input:
        """Copy a file to the new file `target`; its size and hash as copied.

        Raises Refused, and StoryError when the story's files are too large together.
        """
        with self.opened(name) as descriptor, target.open("xb") as copy:
            return self._digest(name, descriptor, copy.write)

    def hashed(self, name: str) -> Input:
        """A file's size and hash, without a copy. Raises what `copy` raises."""
        with self.opened(name) as descriptor:
            return self._digest(name, descriptor, lambda _: None)

    def _digest(self, name: str, descriptor: int, use: Callable[[bytes], object]) -> Input:
        """Read a file to its end; each block is given to `use`."""
        digest = hashlib.sha256()
        size = 0
        while block := os.read(descriptor, COPY_BLOCK):
            size += len(block)
            if size > self._limit:
                what = f"larger than {self._limit // MIB} MiB"
                raise Refused(what, "Make it smaller, or raise limits.file_mib.")
            self._spend(len(block))
            digest.update(block)
            use(block)
        if not size:
            raise Refused(EMPTY, "Copy it again.")
        return Input(name, size, digest.hexdigest())

    def _spend(self, size: int) -> None:
        """Take bytes off the budget. Raises StoryError when it does not have them."""
        with self._spending:
            self._spent += size
            if self._budget is None or self._spent <= self._budget:
                return
        what = f"its files have more than {self._budget // MIB} MiB together"
        mend = "Make two stories of it, make its files smaller, or raise limits.story_mib."
        raise StoryError([Problem("manifest", what, mend)])

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """An open descriptor of a regular file in the folder, at any depth.

        Raises Refused for anything else. Errors of the machine, such as EIO or ESTALE, pass as they
        are.
        """
        *folders, last = PurePosixPath(name).parts
        with ExitStack() as stack:
            here = self._descriptor
            try:
                for depth, folder in enumerate(folders):
                    there = self._as_it_is_there(folder, here, tuple(folders[:depth]))
                    here = os.open(there, _FOLDER, dir_fd=here)
                    stack.callback(os.close, here)
                last = self._as_it_is_there(last, here, tuple(folders))
                require_regular(os.stat(last, dir_fd=here, follow_symlinks=False).st_mode)
                file = os.open(last, _FILE, dir_fd=here)
                stack.callback(os.close, file)
                require_regular(os.fstat(file).st_mode)
            except FileNotFoundError as error:
                raise Refused(MISSING, add_or_rename(self.near(name))) from error
            except OSError as error:
                if error.errno in FAULTS:
                    raise Refused(*FAULTS[error.errno]) from error
                raise
            yield file

    def _as_it_is_there(self, name: str, here: int, place: tuple[str, ...]) -> str:
        """The name of what is in an open folder and looks the same to people; else `name`.

        A letter with an accent is one character or two, and macOS and its shares change the one
        into the other (Unicode's NFC and NFD). What has exactly that name comes first. `place` is
        the folder's path, to list it once. Raises OSError.
        """
        if name.isascii():
            return name
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=here, follow_symlinks=False)
            return name
        if place not in self._composed:
            names = os.listdir(here)
            self._composed[place] = {composed(other): other for other in sorted(names)}
        return self._composed[place].get(composed(name), name)


def opened(path: Path, settings: Settings) -> UntrustedFolder:
    """The folder of a story, held to the limits. Raises OSError when it cannot be opened."""
    limits = settings.limits
    return UntrustedFolder(
        path, limits.file_mib * MIB, limits.story_mib * MIB, settings.watch.ignore
    )


def require_regular(mode: int) -> None:
    """Raise Refused for a mode (`st_mode`) that is not a regular file's."""
    if stat.S_ISLNK(mode):
        raise Refused("a link", "Put the file itself into the folder.")
    if stat.S_ISDIR(mode):
        raise Refused("a folder", "Put a plain file there.")
    if not stat.S_ISREG(mode):
        raise Refused("not a regular file", "Put a plain file there.")


# ---- missing files -------------------------------------------------------------------------------


def add_or_rename(near: str | None) -> str:
    """The remedy for a missing file; `near` may be it, misspelled."""
    if near:
        return f'Add it, or correct its name: there is "{near}".'
    return "Add it, or correct its name in the manifest."


class NamesNearby:
    """The names of files that are there, to find the one that was meant by one that is not.

    No name is compared with all of them: see `is_near` for names that can never be near.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_labels: dict[tuple[str, ...], list[str]] = {}
        self._comparisons_left = MOST_COMPARED
        for name in names:
            self._by_labels.setdefault(labels_of(name), []).append(name)

    def closest(self, name: str) -> str | None:
        """The name that was probably meant.

        No sound is suggested for a picture or the other way round: the files of a page often share
        a stem.
        """
        kind = kind_of(name)
        there = self._by_labels.get(labels_of(name), [])
        compared = there[: max(0, self._comparisons_left)]  # several threads take from it
        self._comparisons_left -= len(compared)
        return closest(name, [other for other in compared if kind in ("", kind_of(other))])


def labels_of(name: str) -> tuple[str, ...]:
    """The numbers and single letters in a name. Names with different ones are never near."""
    stem, _ = stem_and_ending(name)
    return tuple(labels_in(words_of(stem)))


def kind_of(name: str) -> str:
    """What a file's ending promises: "picture", "sound", or "" for neither."""
    ending = PurePosixPath(name).suffix.lower()
    if ending in PICTURE_ENDINGS:
        return "picture"
    return "sound" if ending in SOUND_ENDINGS else ""

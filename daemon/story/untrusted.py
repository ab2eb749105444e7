"""An untrusted folder: its owner may still be changing it, and may be hostile.

It is held open by a descriptor, so that nobody can swap it for another folder. Every file is
reached from there step by step without following a link, and must be a regular file; devices and
pipes are not even opened.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from daemon.errors import Refused
from daemon.litter import is_ignored
from daemon.media import PICTURE_ENDINGS, SOUND_ENDINGS
from daemon.story.model import Input
from daemon.validation import closest

MIB = 2**20
COPY_BLOCK = MIB
MISSING = "missing"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_LINKED = ("behind a link, or below something that is not a folder", "Put the file itself there.")
_FORBIDDEN = ("not readable for the service", "Give everyone the right to read it.")
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
    """A story's folder, open for reading. No file of it may have more than `limit` bytes.

    `ignore` has the patterns of names that are no part of any story.
    """

    def __init__(self, path: Path, limit: int, ignore: tuple[str, ...] = ()) -> None:
        self._descriptor = os.open(path, _FOLDER)
        self._limit = limit
        self._ignore = ignore

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

    # ---- reading ---------------------------------------------------------------------------------

    def read(self, name: str, most: int) -> bytes:
        """All bytes of a small file. Raises Refused, also for more than `most` bytes."""
        with self.opened(name) as descriptor, open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Refused(f"larger than {most} bytes", "Make it smaller.")
        return data

    def copy(self, name: str, target: Path) -> Input:
        """Copy a file to the new file `target`; its size and hash as copied. Raises Refused."""
        digest = hashlib.sha256()
        size = 0
        with self.opened(name) as descriptor, target.open("xb") as copy:
            while block := os.read(descriptor, COPY_BLOCK):
                size += len(block)
                if size > self._limit:
                    what = f"larger than {self._limit // MIB} MiB"
                    raise Refused(what, "Make it smaller, or raise limits.file_mib.")
                digest.update(block)
                copy.write(block)
        if not size:
            raise Refused("empty", "Copy it again.")
        return Input(name, size, digest.hexdigest())

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """A descriptor of a regular file in the folder, at any depth.

        Raises Refused for anything else. Errors of the machine, such as EIO or ESTALE, pass as they
        are.
        """
        *folders, last = PurePosixPath(name).parts
        with ExitStack() as stack:
            here = self._descriptor
            try:
                for folder in folders:
                    here = os.open(folder, _FOLDER, dir_fd=here)
                    stack.callback(os.close, here)
                require_regular(os.stat(last, dir_fd=here, follow_symlinks=False).st_mode)
                file = os.open(last, _FILE, dir_fd=here)
                stack.callback(os.close, file)
                require_regular(os.fstat(file).st_mode)
            except FileNotFoundError as error:
                raise Refused(MISSING, add_or_rename(name, self.names())) from error
            except OSError as error:
                if error.errno in FAULTS:
                    raise Refused(*FAULTS[error.errno]) from error
                raise
            yield file


def require_regular(mode: int) -> None:
    """Raise Refused for a mode (`st_mode`) that is not a regular file's."""
    if stat.S_ISLNK(mode):
        raise Refused("a link", "Put the file itself into the folder.")
    if stat.S_ISDIR(mode):
        raise Refused("a folder", "Put a plain file there.")
    if not stat.S_ISREG(mode):
        raise Refused("not a regular file", "Put a plain file there.")


# ---- missing files -------------------------------------------------------------------------------


def add_or_rename(name: str, there: Iterable[str]) -> str:
    """The remedy for a missing file: one of the files that are `there` may be it, misspelled.

    No sound is suggested for a picture or the other way round: the files of a page often share a
    stem.
    """
    candidates = [other for other in there if kind_of(name) in ("", kind_of(other))]
    if other := closest(name, candidates):
        return f'Add it, or correct its name: there is "{other}".'
    return "Add it, or correct its name in the manifest."


def kind_of(name: str) -> str:
    """What a file's ending promises: "picture", "sound", or "" for neither."""
    ending = PurePosixPath(name).suffix.lower()
    if ending in PICTURE_ENDINGS:
        return "picture"
    return "sound" if ending in SOUND_ENDINGS else ""

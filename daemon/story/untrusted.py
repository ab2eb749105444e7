"""An untrusted folder: whoever made it may still be changing it, and may mean us ill.

It is held open by a descriptor, so that nobody can swap it for another one underneath us. Every file is reached from there step
by step without following a link, and must be a regular file; devices and pipes are not even opened.
"""

import difflib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from daemon.errors import Refused
from daemon.litter import is_ignored
from daemon.story.model import Input

MIB = 2**20
COPY_BLOCK = MIB
MISSING = "missing"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UntrustedFolder:
    """A story's folder, open for reading. `limit`: the most bytes that one file may have."""

    def __init__(self, path: Path, limit: int) -> None:
        self._descriptor = os.open(path, _FOLDER)
        self._limit = limit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def names(self) -> list[str]:
        """The visible names at the top of the folder."""
        return sorted(name for name in os.listdir(self._descriptor) if not is_ignored(name))  # noqa: PTH208 - a Path cannot list a descriptor

    def has(self, name: str) -> bool:
        """Whether anything of this name is in the folder, be it usable or not."""
        try:
            with self._opened(name):
                return True
        except Refused as refused:
            return refused.what != MISSING

    def read(self, name: str, most: int) -> bytes:
        """All bytes of a small file. Raises Refused."""
        with self._opened(name) as descriptor, open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Refused(f"larger than {most} bytes", "Make it smaller.")
        return data

    def copy(self, name: str, target: Path) -> Input:
        """Copy a file to the new file `target`, counting and hashing what was copied. Raises Refused."""
        digest, size = hashlib.sha256(), 0
        with self._opened(name) as descriptor, target.open("xb") as copy:
            while block := os.read(descriptor, COPY_BLOCK):
                size += len(block)
                if size > self._limit:
                    raise Refused(
                        f"larger than {self._limit // MIB} MiB",
                        "Make it smaller, or raise limits.file_mib.",
                    )
                digest.update(block)
                copy.write(block)
        if not size:
            raise Refused("empty", "Copy it again.")
        return Input(name, size, digest.hexdigest())

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """A descriptor of a regular file inside the folder, however deep it lies. Raises Refused for anything else."""
        *folders, last = PurePosixPath(name).parts
        with ExitStack() as stack:
            here = self._descriptor
            try:
                for folder in folders:
                    here = os.open(folder, _FOLDER, dir_fd=here)
                    stack.callback(os.close, here)
                _require_regular(os.stat(last, dir_fd=here, follow_symlinks=False).st_mode)
                file = os.open(last, _FILE, dir_fd=here)
                stack.callback(os.close, file)
                _require_regular(os.fstat(file).st_mode)
            except OSError as error:
                raise self._refusal(error, name) from error
            yield file

    def _refusal(self, error: OSError, name: str) -> Exception:
        """The story's own faults as Refused; the machine's (an I/O error, a stale handle) stay what they are."""
        match error.errno:
            case errno.ENOENT:
                return Refused(MISSING, self._add_or_rename(name))
            case errno.ELOOP | errno.ENOTDIR:
                return Refused(
                    "behind a link, or below something that is not a folder",
                    "Put the file itself there.",
                )
            case errno.EACCES | errno.EPERM:
                return Refused(
                    "not readable for the service", "Give everyone the right to read it."
                )
            case errno.ENAMETOOLONG | errno.EINVAL:
                return Refused("no possible name of a file", "Give the file a shorter, plain name.")
        return error

    def _add_or_rename(self, name: str) -> str:
        """The remedy for a missing file; it may be there under a name that differs only a little, say in capitals."""
        names = {other.casefold(): other for other in self.names()}
        if close := difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.8):
            return f'Add it, or correct its name: there is "{names[close[0]]}".'
        return "Add it, or correct its name in the manifest."


def _require_regular(mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise Refused("a link", "Put the file itself into the folder.")
    if not stat.S_ISREG(mode):
        raise Refused(
            "a folder" if stat.S_ISDIR(mode) else "not a regular file", "Put a plain file there."
        )

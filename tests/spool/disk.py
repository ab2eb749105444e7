"""A disk whose calls fail: before they are done, or after.

The calls of `os` with which the spool changes and looks at the disk are replaced, in this process,
for as long as a block lasts.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHANGES = ("rename", "replace", "mkdir", "unlink", "remove", "rmdir", "fsync")
LOOKS = ("stat", "lstat", "scandir", "listdir")
WRITES = os.O_WRONLY | os.O_RDWR
Call = Callable[[], Any]
Meddle = Callable[[Call], Any]
"""Is given a call, and makes it, or does something else."""


@contextmanager
def meddled(change: Meddle, look: Meddle) -> Iterator[None]:
    """Let `change` make every call that changes the disk, and `look` every call that only looks."""

    def put(module: Any, name: str, chosen: Callable[..., Meddle]) -> None:
        real = getattr(module, name)
        patched.setattr(
            module,
            name,
            lambda *args, **kwargs: chosen(*args, **kwargs)(lambda: real(*args, **kwargs)),
        )

    def opening(_: Any, mode: Any = "r", *__: Any, **___: Any) -> Meddle:
        writes = mode & WRITES if isinstance(mode, int) else mode[0] in "wxa"
        return change if writes else look

    with pytest.MonkeyPatch.context() as patched:
        for name in CHANGES:
            put(os, name, lambda *_, **__: change)
        for name in LOOKS:
            put(os, name, lambda *_, **__: look)
        put(os, "open", opening)
        put(io, "open", opening)
        as_in_python_3_14(patched)
        yield


def as_in_python_3_14(patched: pytest.MonkeyPatch) -> None:
    """There, these methods of a path say "no" where they cannot look."""

    def says_no(name: str) -> Callable[..., bool]:
        real: Callable[..., bool] = getattr(Path, name)

        def look(path: Path) -> bool:
            try:
                return real(path)
            except OSError:
                return False

        return look

    for name in ("exists", "is_dir", "is_file", "is_symlink"):
        patched.setattr(Path, name, says_no(name))


class Fault:
    """The `number`-th call (from 1) raises an OSError with this errno; all others work.

    `is_done`: that call is made all the same, as by a server whose answer is lost.
    """

    def __init__(self, number: int, error: int, *, is_done: bool) -> None:
        self._left = number
        self._error = error
        self._is_done = is_done

    @property
    def has_come(self) -> bool:
        """Whether the call has been made."""
        return self._left <= 0

    def __call__(self, call: Call) -> Any:
        self._left -= 1
        if self._left != 0:
            return call()
        if self._is_done:
            undone = call()
            if isinstance(undone, int):
                os.close(undone)
            elif isinstance(undone, io.IOBase):
                undone.close()
        raise OSError(self._error, os.strerror(self._error))


def pass_on(call: Call) -> Any:
    """Make a call."""
    return call()

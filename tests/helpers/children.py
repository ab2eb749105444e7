"""What a process can only do to itself, in a forked child: end in the midst of a write, become another user, give up rights."""

import errno
import os
import signal
import stat
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65_534
_CHANGES = (
    "os.rename",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
)
"""Audit events of calls that change what the disk holds; os.replace raises "os.rename", os.unlink "os.remove"."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: by which signal, or with which exit code, and what it returned or the traceback it left."""

    signal: int
    code: int
    said: str

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it, as it does in `die_before`."""
        return self.signal == signal.SIGKILL


def in_child(body: Callable[[], str | None]) -> Ended:
    """Run `body` in a forked child to its end; a fault of the body gives exit code 1 and its traceback."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # Python 3.12 warns of threads; numpy's are idle, the body uses none
        child = os.fork()
    if not child:
        signal.signal(
            signal.SIGALRM, signal.SIG_DFL
        )  # pytest-timeout's own; a body may set an alarm
        try:
            said, code = body() or "", 0
        except BaseException:  # noqa: BLE001, RUF100 - nothing may get back into the parent's pytest
            said, code = traceback.format_exc(), 1
        os.write(writing, said.encode(errors="backslashreplace")[:60_000])
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    return Ended(
        os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        os.waitstatus_to_exitcode(status),
        told,
    )


def unprivileged(body: Callable[[], str | None]) -> Callable[[], str | None]:
    """The same as an ordinary user: for root, as nobody."""

    def as_nobody() -> str | None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return body()

    return as_nobody


def die_before(step: int, *roots: Path) -> None:
    """End this process with SIGKILL before its `step`-th change of the disk (from 1), as a loss of power does.

    Files below `roots` that were written from now on and not synced lose what was written.
    """
    _Fate(step, roots, lambda: None).begin()


def fail_before(step: int) -> Callable[[], bool]:
    """Let this process's `step`-th change of the disk (from 1) fail with EIO; what comes after it works.

    What is returned tells whether that change has come.
    """

    def fail() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    fate = _Fate(step, (), fail)
    fate.begin()
    return lambda: fate.has_come


class _Fate:
    """Counts the changes, and what is safe on disk. In place of the disk's fsync stands our record of it: it takes no time,
    and a process that ends by SIGKILL does not lose its writes; who did not sync would go unnoticed."""

    def __init__(
        self, left: int, roots: Iterable[Path], instead_of_death: Callable[[], None]
    ) -> None:
        self._left = left
        self._roots = tuple(roots)
        self._instead = instead_of_death
        self._safe = {_state(path.stat()) for path in self._files()}

    @property
    def has_come(self) -> bool:
        return self._left <= 0

    def begin(self) -> None:
        pytest.MonkeyPatch().setattr(os, "fsync", self._fsync)
        sys.addaudithook(self._watch)

    def _files(self) -> list[Path]:
        return [
            path
            for root in self._roots
            for path in root.rglob("*")
            if path.is_file() and not path.is_symlink()
        ]

    def _watch(self, event: str, args: tuple[Any, ...]) -> None:
        writes = (
            event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if event in _CHANGES or writes:
            self._step()

    def _fsync(self, descriptor: int) -> None:
        self._step()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            self._safe.add(_state(os.fstat(descriptor)))

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._instead()
            for path in self._files():
                if _state(path.stat()) not in self._safe:
                    os.truncate(path, 0)
            os.kill(os.getpid(), signal.SIGKILL)


def _state(facts: os.stat_result) -> tuple[int, int, int, int]:
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)

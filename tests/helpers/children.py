"""Processes that are killed during a write, become another user, or give up rights.

Most of this a process can do only to itself and for good, so it is done in a forked child.
"""

import errno
import os
import signal
import stat
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65_534
CHANGES = (
    "os.rename",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
)
"""Audit events of calls that change what the disk holds.

`os.replace` raises "os.rename", `os.unlink` "os.remove".
"""


# ---- forked children -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: by which signal, or with which exit code.

    `said` is what its body returned, or the traceback.
    """

    signal: int
    code: int
    said: str

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it, as it does in `die_before`."""
        return self.signal == signal.SIGKILL


def in_child(body: Callable[[], str | None]) -> Ended:
    """Run `body` in a forked child to its end; an exception gives exit code 1 and its traceback."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads; numpy's are idle, and the body uses none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _run(body, writing)

    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    return Ended(
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        code=os.waitstatus_to_exitcode(status),
        said=said,
    )


def _run(body: Callable[[], str | None], pipe: int) -> None:
    """The child's life; it never returns to the parent's pytest."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # pytest-timeout's own; a body may set an alarm
    try:
        said = body() or ""
        code = 0
    except BaseException:  # noqa: BLE001, RUF100 - nothing may get back into the parent's pytest
        said = traceback.format_exc()
        code = 1
    os.write(pipe, said.encode(errors="backslashreplace")[:60_000])
    os._exit(code)


# ---- rights --------------------------------------------------------------------------------------


def unprivileged(body: Callable[[], str | None]) -> Callable[[], str | None]:
    """The same body as an ordinary user, for `in_child`: where root runs the tests, as nobody."""

    def as_nobody() -> str | None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return body()

    return as_nobody


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Without root's right to read everything, in this process, for as long as the block lasts."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


# ---- power cuts and failing disks ----------------------------------------------------------------


def die_before(step: int, *roots: Path) -> None:
    """Kill this process with SIGKILL before its `step`-th change of the disk (from 1).

    As in a power cut, files below `roots` that are written from now on and not synced lose their
    contents.
    """
    _Fate(step, roots, lambda: None).begin()


def fail_before(step: int) -> Callable[[], bool]:
    """Let this process's `step`-th change of the disk (from 1) fail with EIO; later ones work.

    Returns a function that says whether that change has come.
    """

    def fail() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    fate = _Fate(step, (), fail)
    fate.begin()
    return lambda: fate.has_come


class _Fate:
    """Counts the changes of the disk, and records which files are synced.

    The record replaces the disk's own fsync: it takes no time. And a process that is killed does
    not lose its writes, so without the record a missing fsync would go unnoticed.
    """

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
        opens = event == "open" and isinstance(args[2], int)
        if event in CHANGES or (opens and args[2] & (os.O_WRONLY | os.O_RDWR)):
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


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def data_mib() -> int:
    """How much memory of its own this process has, in MiB (proc_pid_status(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmData:"))
    return int(kib) // 1024

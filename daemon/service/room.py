"""Free room on the disks: stories wait here for it, and the log says so.

How much is free is asked on a thread, because a lost network share may never answer.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Settings
from daemon.log import Event, logger
from daemon.service.steps import log_degraded

RECHECK_SECONDS = 5.0
"""How often a disk that is full, or does not answer, is checked again."""
ANSWER_SECONDS = 10.0
"""How long a disk may take to answer before its room counts as unknown."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes that are free for this user, and the number of the filesystem that has them."""

    device: int
    free: int


def space_of(folder: Path) -> Space:
    """The free space of a folder's filesystem. Raises OSError."""
    facts = os.statvfs(folder)
    return Space(folder.stat().st_dev, facts.f_bavail * facts.f_frsize)


class Room:
    """The free room in some folders, each of which may be on a filesystem of its own.

    `settings` gives the settings in force now, and `measure` a folder's space.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        settings: Callable[[], Settings],
        measure: Callable[[Path], Space] = space_of,
    ) -> None:
        self._settings = settings
        self._disks = [Disk(folder, measure) for folder in folders]

    async def wait(self) -> None:
        """Return as soon as there is room for a story in every folder."""
        while not await self.is_enough():
            await asyncio.sleep(RECHECK_SECONDS)

    async def is_enough(self) -> bool:
        """Whether there is room for a story now. Logs when that changes."""
        spaces = await asyncio.gather(*(disk.space() for disk in self._disks))
        needed_mib = self._settings().limits.free_mib
        devices: set[int] = set()
        is_enough = True
        for disk, space in zip(self._disks, spaces, strict=True):
            if space is None:
                is_enough = False
            elif space.device not in devices:
                devices.add(space.device)
                is_enough &= disk.has(space.free // 2**20, needed_mib)
        return is_enough


class Disk:
    """The filesystem of one folder: whether its room is known, and whether it is low."""

    def __init__(self, folder: Path, measure: Callable[[Path], Space]) -> None:
        self._folder = folder
        self._measure = measure
        self._answer: asyncio.Future[Space | OSError] | None = None
        self._is_unknown = False
        self._is_low = False

    async def space(self) -> Space | None:
        """The free space; None while it is unknown, which is logged once."""
        if self._answer is None:
            self._answer = self._ask()
        answer = self._answer
        await asyncio.wait([answer], timeout=ANSWER_SECONDS)
        if not answer.done():
            self._note_unknown("the disk does not answer")
            return None

        self._answer = None
        space = answer.result()
        if isinstance(space, OSError):
            self._note_unknown(space.strerror or str(space))
            return None
        self._is_unknown = False
        return space

    def _ask(self) -> "asyncio.Future[Space | OSError]":
        """Ask on a new thread. One that never returns does not keep the process from ending."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Space | OSError] = loop.create_future()

        def measure() -> None:
            result: Space | OSError
            try:
                result = self._measure(self._folder)
            except OSError as error:
                result = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(answer.set_result, result)

        threading.Thread(target=measure, daemon=True, name="room").start()
        return answer

    def _note_unknown(self, reason: str) -> None:
        if not self._is_unknown:
            mend = "Look at the filesystem. No story is taken until its room is known."
            log_degraded(f"the free room of {self._folder} is unknown: {reason}", mend)
        self._is_unknown = True

    def has(self, free_mib: int, needed_mib: int) -> bool:
        """Whether this is enough. Logs when that changes."""
        was_low = self._is_low
        self._is_low = free_mib < needed_mib
        folder = str(self._folder)
        if self._is_low and not was_low:
            logger().error(Event.DISK_LOW, folder=folder, free_mib=free_mib, needed_mib=needed_mib)
        elif was_low and not self._is_low:
            logger().info(Event.DISK_OK, folder=folder, free_mib=free_mib)
        return not self._is_low

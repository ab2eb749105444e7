"""Free space on the disk: stories wait here until there is enough, and the log says so."""

import asyncio
from collections.abc import Callable

from daemon.config import Settings
from daemon.log import Event, logger

RECHECK_SECONDS = 5.0
"""How often a full disk is checked again."""


class DiskSpace:
    """The free space on one filesystem. `settings` gives the settings in force now."""

    def __init__(self, free_bytes: Callable[[], int], settings: Callable[[], Settings]) -> None:
        self._free_bytes = free_bytes
        self._settings = settings
        self._is_low = False

    async def wait(self) -> None:
        """Return as soon as there is enough for a story."""
        while not self.is_enough():
            await asyncio.sleep(RECHECK_SECONDS)

    def is_enough(self) -> bool:
        """Whether there is enough for a story now. Logs when that changes."""
        free = self._free_bytes() // 2**20
        needed = self._settings().limits.free_mib
        was_low = self._is_low
        self._is_low = free < needed

        if self._is_low and not was_low:
            logger().error(Event.DISK_LOW, free_mib=free, needed_mib=needed)
        elif was_low and not self._is_low:
            logger().info(Event.DISK_OK, free_mib=free)
        return not self._is_low

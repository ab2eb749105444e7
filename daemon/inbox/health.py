"""Whether notifications arrive.

The log says so once when they stop arriving, and once when they arrive again.
"""

from collections.abc import Callable

from daemon.log import Event, logger

FAULTS_UNTIL_DEGRADED = 3
"""This many faults in a row, and the log says that the watcher is degraded. (The watcher starts the
notifications again after every single fault.)"""


class Health:
    """The state of the notifications. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults = 0
        self._degraded_at: float | None = None

    def note(self, fault: str) -> None:
        """Take note of a check: its fault, or "" where it found none."""
        if fault:
            self._faults += 1
            if self._faults >= FAULTS_UNTIL_DEGRADED:
                self.degrade(fault)
            return

        self._faults = 0
        if self._degraded_at is not None:
            seconds = round(self._clock() - self._degraded_at, 3)
            logger().info(Event.WATCHER_RECOVERED, seconds=seconds)
            self._degraded_at = None

    def degrade(self, reason: str) -> None:
        """Log that only scans find stories now, unless that has been logged already."""
        if self._degraded_at is not None:
            return
        self._degraded_at = self._clock()
        mend = (
            "Until then, scans find stories. Look at the folder, its permissions,"
            " and fs.inotify.max_user_watches."
        )
        logger().error(Event.WATCHER_DEGRADED, reason=reason, mend=mend)

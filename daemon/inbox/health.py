"""Whether notifications arrive, and what the log says of it: once when they stop, once when they return."""

from collections.abc import Callable

from daemon.log import Event, logger

REBUILDS = 3
"""Faults in a row, each answered by watching from the start again, before the watcher counts as
degraded. Rebuilding goes on after that."""


class Health:
    """The state of the notifications. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults = 0
        self._degraded_at: float | None = None

    def note(self, fault: str) -> None:
        """The result of a check: a fault, or nothing."""
        if fault:
            self._faults += 1
            if self._faults >= REBUILDS:
                self.degrade(fault)
            return
        self._faults = 0
        if self._degraded_at is not None:
            seconds = round(self._clock() - self._degraded_at, 3)
            logger().info(Event.WATCHER_RECOVERED, seconds=seconds)
            self._degraded_at = None

    def degrade(self, reason: str) -> None:
        """Say that stories are found by scans alone, unless that was said already."""
        if self._degraded_at is None:
            self._degraded_at = self._clock()
            mend = "Scans find stories meanwhile. Look at the folder, its rights, and fs.inotify.max_user_watches."
            logger().error(Event.WATCHER_DEGRADED, reason=reason, mend=mend)

"""Whether the inbox can be listed, and whether notifications of changes in it arrive.

The log says so once when either ends, and once when both are well again.
"""

from collections.abc import Callable

from daemon.log import Event, logger

FAULTS_UNTIL_DEGRADED = 3
"""This many faults in a row, and the log says that the watcher is degraded. (The watcher starts the
notifications again after every single fault.)"""


class Health:
    """The state of the watch on the inbox. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults = 0
        self._degraded_at: float | None = None
        self._is_listed = True

    def note(self, fault: str) -> None:
        """Take note of a check of the notifications: its fault, or "" where it found none."""
        if not fault:
            self._faults = 0
            self._recover()
            return
        self._faults += 1
        if self._faults >= FAULTS_UNTIL_DEGRADED:
            self._degrade(fault)

    def note_listing(self, fault: str) -> None:
        """Take note of a listing of the inbox: why it failed, or "" where it did not."""
        self._is_listed = not fault
        if fault:
            self._degrade(f"the inbox cannot be read: {fault}")
        else:
            self._recover()

    def _recover(self) -> None:
        if self._degraded_at is None or self._faults or not self._is_listed:
            return
        seconds = round(self._clock() - self._degraded_at, 3)
        logger().info(Event.WATCHER_RECOVERED, seconds=seconds)
        self._degraded_at = None

    def _degrade(self, reason: str) -> None:
        """Log that only scans find stories now, unless that has been logged already."""
        if self._degraded_at is not None:
            return
        self._degraded_at = self._clock()
        mend = (
            "Until then, scans find stories. Look at the folder, its permissions,"
            " and fs.inotify.max_user_watches."
        )
        logger().error(Event.WATCHER_DEGRADED, reason=reason, mend=mend)

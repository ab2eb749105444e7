"""The lock that lets only one service use the spool's folders."""

import fcntl
import os
import time
from pathlib import Path

from daemon.errors import AlreadyRunning, SpoolError

LOCK = ".lock"
RETRY_SECONDS = 0.02


class Lock:
    """The lock on a root, in its work folder. The kernel releases it when its process ends."""

    def __init__(self, work: Path) -> None:
        self._path = work / LOCK
        self._descriptor: int | None = None

    def take(self, patience_seconds: float = 0.5) -> None:
        """Take the lock. It tries for a while, because `status` holds the lock for an instant.

        Raises AlreadyRunning when another service has it, SpoolError when it cannot be used.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            mend = "Remove it, or give it to this user."
            raise SpoolError(f"{self._path}: {error.strerror}. {mend}") from error

        deadline = time.monotonic() + patience_seconds
        while not try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                root = self._path.parent.parent
                raise AlreadyRunning(f"another storyreel works on {root}")
            time.sleep(RETRY_SECONDS)
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_taken(self) -> bool:
        """Whether any process holds the lock."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)


def try_lock(descriptor: int, how: int) -> bool:
    """Lock an open file without waiting (`how`: LOCK_SH or LOCK_EX); False when it is locked."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

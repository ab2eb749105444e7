"""The lock that lets only one service use the spool's folders, and making these folders."""

import errno
import fcntl
import os
import time
from pathlib import Path

from daemon.config import Folders
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


def make_folders(folders: Folders) -> None:
    """Make the spool's folders where missing. Raises SpoolError when they cannot be used."""
    places = [folders.inbox, folders.work, folders.outbox, folders.done, folders.failed]
    try:
        for place in places:
            mode = 0o750 if place == folders.work else 0o777
            place.mkdir(mode, parents=True, exist_ok=True)
    except OSError as error:
        where = error.filename or folders.root
        mend = "Make it writable, or set folders.root."
        raise SpoolError(f"{where}: {error.strerror}. {mend}") from error
    for place in places:
        check_rights(place)

    home = mount_of(folders.work)
    apart = [place for place in places if mount_of(place) != home and place != folders.outbox]
    if apart:
        raise SpoolError(
            "inbox, work, done and failed must be on one filesystem, and in one mount of it "
            f"(only the outbox may be elsewhere). Not where {folders.work} is: "
            f"{', '.join(map(str, apart))}."
        )


def check_rights(place: Path) -> None:
    """Raise SpoolError unless this user may change what is in a folder.

    Raises OSError when nobody may now: a disk that had errors, or a share, is read-only for a time.
    """
    if os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(place))
    raise SpoolError(f"{place}: not writable for this user. Change its owner or its mode.")


def mount_of(folder: Path) -> tuple[int, str]:
    """Which filesystem has a folder, and by which mount of it: renames stay within both.

    The parts of one filesystem may be mounted for themselves (bind mounts, a container's volumes).
    """
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
        mount = next((line for line in lines if line.startswith("mnt_id:")), "")  # proc(5)
        return os.fstat(descriptor).st_dev, mount
    finally:
        os.close(descriptor)

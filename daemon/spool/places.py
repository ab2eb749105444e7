"""The spool's folders: making them, and trying whether stories can move through them."""

import contextlib
import errno
import tempfile
from pathlib import Path

from daemon.config import Folders
from daemon.errors import SpoolError

PROBE = ".storyreel-probe-"
"""What the names of the folders begin with that are made to try something, and then removed."""
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM)


def make_folders(folders: Folders) -> None:
    """Make the folders where missing. Raises SpoolError, whose cause is the system's error."""
    try:
        for place in places(folders):
            mode = 0o750 if place == folders.work else 0o777
            place.mkdir(mode, parents=True, exist_ok=True)
    except OSError as error:
        where = error.filename or folders.root
        mend = "Make it writable, or set folders.root."
        raise SpoolError(f"{where}: {error.strerror}. {mend}") from error


def places(folders: Folders) -> tuple[Path, ...]:
    """The folders that stories move through."""
    return folders.inbox, folders.work, folders.outbox, folders.done, folders.failed


def try_folders(folders: Folders) -> None:
    """Write into each folder, and move something from work/ to where sources go.

    For whoever has the lock. A full disk is no obstacle: a service starts, and waits for room.
    Raises SpoolError, whose cause is the system's error.
    """
    for place in places(folders):
        with contextlib.suppress(OSError):
            for left in [*place.glob(f"{PROBE}*")]:
                left.rmdir()
        try_writing(place)
    for place in (folders.inbox, folders.done, folders.failed):
        try_moving(folders.work, place)


def try_writing(place: Path) -> None:
    """Make a folder in a folder. `os.access` says no to every error, also to one that passes."""
    try:
        Path(tempfile.mkdtemp(prefix=PROBE, dir=place)).rmdir()
    except OSError as error:
        if error.errno in FULL:
            return
        if error.errno in FORBIDDEN:
            mend = "Change its owner or its mode."
            raise SpoolError(f"{place}: not writable for this user. {mend}") from error
        raise SpoolError(f"{place}: {error.strerror}. Look at the disk or the share.") from error


def try_moving(work: Path, place: Path) -> None:
    """Move a folder from work/ to another one.

    The numbers of the filesystems say less: two mounts of one filesystem have the same, and nothing
    can be moved from one to the other (rename(2), EXDEV).
    """
    probe = None
    try:
        probe = Path(tempfile.mkdtemp(prefix=PROBE, dir=work))
        probe = probe.rename(place / probe.name)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise SpoolError(
                f"{place}: not on one filesystem with {work}, or in another mount of it. Mount the"
                " folder above both: only the outbox may be elsewhere."
            ) from error
        if error.errno not in FULL:
            raise SpoolError(f"{place}: {error.strerror}. Look at the disk.") from error
    finally:
        if probe:
            with contextlib.suppress(OSError):  # the next start removes it
                probe.rmdir()

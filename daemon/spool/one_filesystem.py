"""Proof that folders can be moved between the spool's folders: one is.

Equal device numbers are not enough. A bind mount is a filesystem of its own to rename(2), and so is
each volume of a container, although `stat` shows one device for all of them.
"""

import contextlib
import errno

from daemon.config import Folders
from daemon.errors import SpoolError
from daemon.spool.looks import exists

PROBE = ".storyreel-probe"
"""The empty folder that is moved. Its name is hidden, so the watcher does not look at it."""


def require_moves(folders: Folders) -> None:
    """Move an empty folder to where stories are moved, and remove it.

    Raises SpoolError when two of the folders are not on one filesystem. Any other error says
    nothing of that, and may pass: a full disk must not keep the service from starting.
    """
    here = folders.work / PROBE
    try:
        here.mkdir(exist_ok=True)
        for place in (folders.inbox, folders.done, folders.failed):
            there = place / PROBE
            here.rename(there)
            here = there
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise SpoolError(
                f"{here.parent} and {place} are separate mounts, so no story can be moved"
                " from one to the other. Mount the folder that holds all of them."
            ) from error
    finally:
        for place in (folders.work, folders.inbox, folders.done, folders.failed):
            with contextlib.suppress(OSError):
                if exists(place / PROBE):
                    (place / PROBE).rmdir()

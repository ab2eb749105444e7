"""Whether somebody is still writing a file, although nothing about it has changed for a while.

A copy that stalls looks like one that has ended. The kernel knows better: it gives no lease on a
file that any process of this machine has open for writing (fcntl(2), F_SETLEASE). That covers smbd,
sftp-server, rsync and cp. It does not cover the clients of a share that this machine has mounted
itself. A lease needs a file of one's own, or CAP_LEASE, which the systemd unit gives the service.
"""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterable
from pathlib import Path

from daemon.inbox.entries import Entry

FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def files_being_written(folder: Path, entries: Iterable[Entry]) -> list[str]:
    """The names of the files that somebody has open for writing.

    Where the kernel cannot say, nobody has. Only regular files are opened, and no link is followed.
    """
    return [entry.name for entry in entries if is_regular(entry) and is_open(folder / entry.name)]


def is_regular(entry: Entry) -> bool:
    """Whether an entry is a regular file."""
    return stat.S_ISREG(entry.mode)


def is_open(path: Path) -> bool:
    """Whether a file is open for writing. Whoever opens it meanwhile waits for an instant."""
    try:
        descriptor = os.open(path, FILE)
    except OSError:
        return False
    try:
        # Whoever opens the file while the lease is held lets the kernel send a signal, which would
        # end this process. This one is ignored unless somebody asks for it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False

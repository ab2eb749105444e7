"""What a worker may do: it decodes what strangers made, so it is held to its own files by the kernel.

Landlock (Linux 5.13 and newer) takes every other path away: reading is left for the interpreter, its packages, the system's
libraries, fonts and the music library, writing for the work folder alone. It knows files only; the network is refused by the
systemd unit. Memory is bounded by the process's data segment, and a worker does not outlive the service.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import landlock
from landlock import FSAccess

READABLE = ("/usr", "/lib", "/lib64", "/etc/fonts", "/etc/ld.so.cache", "/dev/urandom", "/proc/self", "/proc/cpuinfo")
"""What the interpreter, the dynamic linker and ffmpeg read; from /proc the codecs learn of the processor."""

_READ = FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE
_READ_FILE = FSAccess.READ_FILE | FSAccess.EXECUTE
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def is_supported() -> bool:
    """Whether this machine's kernel can confine workers."""
    try:
        return bool(landlock.landlock_abi_version() > 0)
    except OSError:
        return False


def confine(writable: Path, readable: Iterable[Path]) -> None:
    """Take every path from this process that it does not need. Cannot be undone; children inherit it."""
    ruleset = landlock.Ruleset()
    ruleset.allow(writable)
    ruleset.allow("/dev/null", rules=FSAccess.READ_FILE | FSAccess.WRITE_FILE)
    for path in _existing([*map(Path, READABLE), *_interpreter(), *readable]):
        ruleset.allow(path, rules=_READ if path.is_dir() else _READ_FILE)
    ruleset.apply()


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in dict.fromkeys(paths) if path.exists()]


def _interpreter() -> list[Path]:
    """Where Python and the imported packages live: a virtual environment and what it was made from."""
    return [Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent]


def limit_memory(mib: int) -> None:
    """Let allocations beyond `mib` MiB fail: a story that needs too much costs its own attempt, not the machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (mib * 2**20, mib * 2**20))


def die_with_parent() -> None:
    """End this process when the one that started it ends, so that no orphan works on beside a restarted service.

    Called in a worker. Its parent is multiprocessing's fork server, which ends with the service. Ctrl-C on a terminal goes to
    the whole group; a session of its own keeps ffmpeg from hearing it, so that running stories are drained and not torn.
    """
    os.setsid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

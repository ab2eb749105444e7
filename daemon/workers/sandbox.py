"""What a worker may do: it decodes what strangers made, so it is held to its own files by the kernel.

Landlock (Linux 5.13 and newer) takes every other path away: reading is left for the interpreter, its packages, the system's
libraries, fonts and the music library, writing for the work folder alone, starting programs for ffmpeg. It knows files only;
the network is refused by the systemd unit. Memory is bounded by the process's data segment, and a worker does not outlive the
service.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import landlock
from imageio_ffmpeg import get_ffmpeg_exe
from landlock import FSAccess

READABLE = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
)
"""What the interpreter, the dynamic linker and ffmpeg read; from /proc the codecs learn of the processor."""

_READ = FSAccess.READ_FILE | FSAccess.READ_DIR
_READ_FILE = FSAccess.READ_FILE


def is_supported() -> bool:
    """Whether this machine's kernel can confine workers."""
    try:
        return bool(landlock.landlock_abi_version() > 0)
    except OSError:
        return False


def confine(writable: Path, readable: Iterable[Path]) -> None:
    """Take every path from this process that it does not need. Cannot be undone; children inherit it."""
    ctypes.set_errno(
        0
    )  # the library takes an error that some earlier call has left there for one of its own
    ruleset = landlock.Ruleset()
    ruleset.allow(writable, rules=FSAccess.all() & ~FSAccess.EXECUTE)
    for program in (
        Path(get_ffmpeg_exe()),
        *Path("/lib64").glob("ld-linux-*"),
        *Path("/lib").glob("ld-linux-*"),
    ):
        ruleset.allow(program, rules=FSAccess.EXECUTE | FSAccess.READ_FILE)
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


def die_with(service: int) -> None:
    """End this process, and whatever it started, when the process `service` ends, or when it is asked to end itself.

    No orphan may work on beside a restarted service, and a fork server is no help: it lives as long as its children do. In a
    session of its own the worker does not hear Ctrl-C on a terminal, so running stories are drained and not torn.
    """
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    descriptor = os.pidfd_open(service)

    def wait() -> None:
        select.select([descriptor], [], [])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()

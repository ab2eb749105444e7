"""What a worker may do. It decodes files from strangers, so the kernel limits it to its own files.

Landlock (Linux 5.13 and newer) closes every other path. A worker may read the interpreter, its
packages, the system's libraries and fonts, and the music library. It may write to one folder alone,
and start no program except ffmpeg. Where the kernel can do that, it opens no connection (Linux 6.7)
and sends no signal to another process (Linux 6.12); the systemd unit takes the network away too. A
limit on the data segment bounds memory. A worker ends with the service.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

import landlock
from imageio_ffmpeg import get_ffmpeg_exe
from landlock import FSAccess, plumbing
from landlock.plumbing import RulesetAttr

from daemon.workers import seccomp

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
"""What the interpreter, the dynamic linker and ffmpeg read; /proc says which processor it is."""

OUT_OF_MEMORY_SCORE = Path("/proc/self/oom_score_adj")
FIRST_TO_END = 500
"""What is added to the kernel's score, in thousandths of all memory."""
LARGEST_FILE = 64 * 2**30
MOST_OPEN_FILES = 4096
"""Bytes of one file, and open files: more than any story needs."""

PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAPABILITIES_VERSION_3 = 0x20080522
"""From linux/prctl.h and linux/capability.h."""
NETWORK_SINCE = 4
SCOPES_SINCE = 6
"""The versions of Landlock's interface that cover TCP, and signals and abstract sockets."""
BIND_TCP, CONNECT_TCP = 1, 2
ABSTRACT_SOCKETS, SIGNALS = 1, 2
RULE_PATH_BENEATH = 1
"""Constants of linux/landlock.h that the library does not have."""

READ_FILE = FSAccess.READ_FILE
READ_FOLDER = FSAccess.READ_FILE | FSAccess.READ_DIR
EXECUTE = FSAccess.EXECUTE | FSAccess.READ_FILE
WRITE_FOLDER = FSAccess.all() & ~FSAccess.EXECUTE


def is_supported() -> bool:
    """Whether this machine's kernel can confine workers."""
    return version() > 0


def version() -> int:
    """The version of Landlock's interface that the kernel has; 0 when it has none."""
    try:
        return int(landlock.landlock_abi_version())
    except OSError:
        return 0


class Confinement(TypedDict):
    """What this machine's kernel confines workers with.

    `landlock`: the version of its interface, 0 for none; `seccomp`: whether it filters calls.
    """

    landlock: int
    seccomp: bool


def confinement() -> Confinement:
    """What workers are confined with here."""
    return {"landlock": version(), "seccomp": seccomp.is_supported()}


def confine(writable: Path | None, readable: Iterable[Path]) -> None:
    """Take away every path that this process does not need, the network, and other processes.

    Cannot be undone, and can be done again to take away more; children and threads started later
    inherit it, threads started before do not (landlock_restrict_self(2)). Raises OSError when
    `writable` is missing, RuntimeError when this process has a second thread.
    """
    threads = len([*Path("/proc/self/task").iterdir()])
    if threads != 1:
        raise RuntimeError(f"only a process with one thread can be confined, not {threads} threads")

    # The library mistakes an errno that an earlier call has left behind for one of its own.
    ctypes.set_errno(0)
    ruleset = landlock.Ruleset()
    if writable:
        ruleset.allow(writable, rules=WRITE_FOLDER)
    ruleset.allow("/dev/null", rules=READ_FILE | FSAccess.WRITE_FILE)

    linkers = [*Path("/lib64").glob("ld-linux-*"), *Path("/lib").glob("ld-linux-*")]
    for program in (Path(get_ffmpeg_exe()), *linkers):
        ruleset.allow(program, rules=EXECUTE)

    # A virtual environment, the Python that it was made from, and this program.
    interpreter = [Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[1]]
    for path in dict.fromkeys([*map(Path, READABLE), *interpreter, *readable]):
        if os.access(path, os.F_OK):
            ruleset.allow(path, rules=READ_FOLDER if path.is_dir() else READ_FILE)
    ruleset.apply()
    isolate()


class RulesetAttributes(RulesetAttr):  # type: ignore[misc]  # the library has no types
    """`struct landlock_ruleset_attr` of linux/landlock.h: what a ruleset covers, as bits.

    The library knows its first field, `handled_access_fs`, alone.
    """

    _fields_ = (("handled_access_net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def isolate() -> None:
    """Take away TCP, abstract sockets of others, and signals to others, as far as the kernel can.

    Any ruleset denies moving files between folders unless it allows that (`REFER`, landlock(7)).
    """
    version = landlock.landlock_abi_version()
    if version < NETWORK_SINCE:
        return
    scoped = ABSTRACT_SOCKETS | SIGNALS if version >= SCOPES_SINCE else 0
    attributes = RulesetAttributes(FSAccess.REFER, BIND_TCP | CONNECT_TCP, scoped)
    size = ctypes.sizeof(attributes)
    ruleset = plumbing.get_create_ruleset()(ctypes.byref(attributes), size, 0)
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        moves = plumbing.PathBeneathAttr(FSAccess.REFER, root)
        plumbing.get_add_rule()(ruleset, RULE_PATH_BENEATH, ctypes.byref(moves), 0)
        plumbing.get_restrict_self()(ruleset, 0)
    finally:
        os.close(root)
        os.close(ruleset)


def limit_resources(memory_mib: int) -> None:
    """Let allocations beyond `memory_mib` MiB fail: a story that needs too much fails alone.

    And no core is dumped, for it would hold what strangers sent; nor can files be opened without
    end, or one be larger than any film.
    """
    limits = {
        resource.RLIMIT_DATA: memory_mib * 2**20,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_NOFILE: MOST_OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _, hard = resource.getrlimit(kind)
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (least, least))


def offer_to_out_of_memory_killer() -> None:
    """Let the kernel end this process before the service when memory runs out (proc(5)).

    Without the right to do that, the kernel's own choice stands: mostly the largest process.
    """
    with contextlib.suppress(OSError):
        OUT_OF_MEMORY_SCORE.write_text(str(FIRST_TO_END))


def drop_privileges() -> None:
    """Give up what the service may do beyond an ordinary user, and what a program could regain.

    The service may have the right to give itself access to other owners' folders (capabilities(7)).
    Whoever decodes files from strangers must not have it. Root keeps what makes it root: as an
    ordinary user it could not read what others may not. Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    done = [libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)]
    if os.geteuid() != 0:
        header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION_3, 0)
        none = (ctypes.c_uint32 * 6)()
        done.append(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
        done.append(libc.capset(header, none))
    if any(done):
        code = ctypes.get_errno()
        raise OSError(code, f"privileges cannot be given up: {os.strerror(code)}")


def lead_session() -> None:
    """Give this process a session of its own; SIGTERM ends it and its children.

    Ctrl-C on a terminal then does not reach it, and running stories can be drained.
    """
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))


def die_with(service: int) -> None:
    """End this process and its children when the process `service` ends. For the leader of a group.

    An orphan must not work next to a restarted service. The fork server does not prevent that,
    because it lives as long as its children. This starts a thread, so it is for a process that is
    confined already.
    """
    descriptor = os.pidfd_open(service)

    def wait() -> None:
        select.select([descriptor], [], [])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()

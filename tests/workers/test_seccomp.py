"""The filter of system calls. Each test runs in a child, because a filter cannot be taken off."""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from daemon.workers import sandbox, seccomp
from daemon.workers.seccomp import NEVER_NEEDED, PROGRAMS, Numbers, program, refuse
from tests.helpers.children import in_child

pytestmark = pytest.mark.skipif(
    not seccomp.is_supported(), reason="this kernel has no filters of system calls"
)
LIBC = ctypes.CDLL(None, use_errno=True)


def filtered(calls: Mapping[str, Numbers], body: Callable[[], object]) -> str:
    """The errno with which a filtered process is refused something; "" when it is allowed."""

    def work() -> str:
        sandbox.drop_privileges()
        refuse(calls)
        try:
            body()
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        return ""

    ended = in_child(work)
    assert ended.code == 0, ended.said
    return ended.said


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library. Raises OSError."""
    if getattr(LIBC, name)(*arguments) == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def syscall(name: str, *arguments: int) -> None:
    """Make a system call by its number. Raises OSError."""
    column, _ = seccomp.ARCHITECTURES[os.uname().machine]
    number = {**NEVER_NEEDED, **PROGRAMS}[name][column]
    assert number is not None
    call("syscall", ctypes.c_long(number), *map(ctypes.c_long, arguments))


# ---- what is refused -----------------------------------------------------------------------------

FAMILIES = ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_socket_of_any_family_can_be_made(family: str) -> None:
    kind = socket.SOCK_RAW if family == "AF_PACKET" else socket.SOCK_STREAM
    assert filtered(NEVER_NEEDED, lambda: socket.socket(getattr(socket, family), kind)) == "EPERM"


COLUMN, _ = seccomp.ARCHITECTURES.get(os.uname().machine, (0, 0))
HERE = [name for name, numbers in NEVER_NEEDED.items() if numbers[COLUMN] is not None]


def test_each_call_of_the_table_is_refused_whatever_its_arguments() -> None:
    """All of them in one process, with arguments that no call would accept."""

    def body() -> str:
        sandbox.drop_privileges()
        refuse(NEVER_NEEDED)
        allowed = []
        for name in HERE:
            with pytest.raises(OSError, match=r".") as raised:
                syscall(name, -1, -1, -1, -1)
            if raised.value.errno != errno.EPERM:
                allowed.append(name)
        return " ".join(allowed)

    ended = in_child(body)
    assert (ended.code, ended.said) == (0, "")


def test_without_the_filter_most_of_these_are_refused_for_another_reason() -> None:
    """Or not at all: so the test before this one sees the filter, and not bad arguments."""

    def body() -> str:
        others = 0
        for name in HERE:
            if name in ("reboot", "vhangup"):
                continue
            try:
                syscall(name, -1, -1, -1, -1)
            except OSError as error:
                others += error.errno != errno.EPERM
            else:
                others += 1
        return f"{others}"

    ended = in_child(body)
    assert ended.code == 0, ended.said
    assert int(ended.said) > 0.9 * len(HERE) - 2


def test_no_program_is_started_where_none_is_needed() -> None:
    assert filtered(PROGRAMS, lambda: os.execv("/bin/true", ["true"])) == "EPERM"
    assert filtered(PROGRAMS, lambda: subprocess.run(["/bin/true"], check=True)) == "EPERM"


def test_no_process_is_made_where_no_program_is_needed() -> None:
    column, _ = seccomp.ARCHITECTURES[os.uname().machine]

    def clone() -> None:
        call("syscall", ctypes.c_long(seccomp.CLONE[column] or 0), ctypes.c_long(signal.SIGCHLD))

    def fork() -> None:
        os.waitpid(os.fork() or os._exit(0), 0)

    assert filtered(PROGRAMS, clone) == "EPERM"
    assert filtered(PROGRAMS, fork) == "EPERM"
    assert filtered(NEVER_NEEDED, fork) == ""


CLONE_NEWUSER = 0x10000000


def test_no_new_namespace_is_made_by_clone_either() -> None:
    column, _ = seccomp.ARCHITECTURES[os.uname().machine]

    def clone() -> None:
        call("syscall", ctypes.c_long(seccomp.CLONE[column] or 0), ctypes.c_long(CLONE_NEWUSER))

    assert filtered(NEVER_NEEDED, clone) == "EPERM"
    assert filtered({}, clone) == "EPERM"


def test_the_attributes_of_a_file_of_one_s_own_stay_as_they_are(tmp_path: Path) -> None:
    """Landlock does not cover them."""
    file = tmp_path / "file"
    file.touch(0o600)
    acts: list[Callable[[], object]] = [
        lambda: file.chmod(0o666),
        lambda: os.utime(file, (0, 0)),
        lambda: os.chown(file, os.getuid(), os.getgid()),
        lambda: os.setxattr(file, "user.a", b"b"),
        lambda: os.mkfifo(tmp_path / "pipe"),
    ]
    assert [filtered(NEVER_NEEDED, act) for act in acts] == ["EPERM"] * len(acts)
    assert file.stat().st_mode & 0o777 == 0o600


# ---- what is not ---------------------------------------------------------------------------------


def test_files_and_threads_are_as_before(tmp_path: Path) -> None:
    def work() -> None:
        written = []

        def write(name: str) -> None:
            (tmp_path / name).write_text("written")
            written.append((tmp_path / name).read_text())

        threads = [threading.Thread(target=write, args=(name,)) for name in ("new", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert written == ["written"] * 3
        (tmp_path / "new").rename(tmp_path / "renamed")
        (tmp_path / "renamed").unlink()

    assert filtered({**NEVER_NEEDED, **PROGRAMS}, work) == ""


def test_a_program_is_started_where_one_is_needed_and_is_filtered_too() -> None:
    def work() -> None:
        subprocess.run(["/bin/true"], check=True)
        code = "import socket\ntry: socket.socket()\nexcept PermissionError: raise SystemExit(7)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7

    assert filtered(NEVER_NEEDED, work) == ""


def test_threads_that_are_started_later_are_filtered_too() -> None:
    def work() -> None:
        refused = []

        def connect() -> None:
            try:
                socket.socket()
            except PermissionError:
                refused.append(True)

        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
        assert refused == [True]

    assert filtered(NEVER_NEEDED, work) == ""


# ---- the program ---------------------------------------------------------------------------------


def test_a_program_is_as_long_as_its_jumps_can_be() -> None:
    """A jump goes over 255 instructions at most (linux/filter.h): a longer table would wrap."""
    numbers = [one for pair in NEVER_NEEDED.values() if (one := pair[0]) is not None]
    code = program(numbers, 56, 435, 0xC000003E)
    assert len(code) % 8 == 0
    assert len(code) // 8 < 255

"""What a worker may do. Each test runs in a child, because a limit cannot be undone."""

import ctypes
import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import landlock
import pytest

from daemon.workers import sandbox
from tests.helpers.children import NOBODY, data_mib, in_child

needs_landlock = pytest.mark.skipif(
    not sandbox.is_supported(), reason="this kernel has no Landlock"
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / "job" / "source").mkdir(parents=True)
    return tmp_path / "work"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "music" / "calm").mkdir(parents=True)
    (tmp_path / "music" / "calm" / "harbour.mp3").write_text("music")
    return tmp_path / "music"


def refusal(attempt: Callable[[], object], work: Path, library: Path) -> str:
    """The errno with which a confined process is refused something; "" when it is allowed."""

    def body() -> str:
        sandbox.confine(work, [library])
        try:
            attempt()
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        return ""

    ended = in_child(body)
    assert ended.code == 0, ended.said
    return ended.said


NAMELESS = os.O_TMPFILE | os.O_WRONLY
"""A new file without a name: if writing is not refused, nothing is left behind."""
OUTSIDE: dict[str, Callable[[], object]] = {
    "read a file of the system": lambda: Path("/etc/passwd").read_bytes(),
    "list the root": lambda: [*Path("/").iterdir()],
    "list /tmp": lambda: [*Path("/tmp").iterdir()],
    "list /etc": lambda: [*Path("/etc").iterdir()],
    "write into /tmp": lambda: os.open("/tmp", NAMELESS),
    "write into shared memory": lambda: os.open("/dev/shm", NAMELESS),
    "write next to the program": lambda: os.open(Path(sandbox.__file__).parent, NAMELESS),
    "change the program": lambda: os.open(sandbox.__file__, os.O_WRONLY),
    "read another process": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "write into /usr": lambda: os.open("/usr", NAMELESS),
}


@needs_landlock
@pytest.mark.parametrize("what", OUTSIDE)
def test_a_confined_process_reaches_nothing_outside(work: Path, library: Path, what: str) -> None:
    assert refusal(OUTSIDE[what], work, library) == "EACCES"


@needs_landlock
def test_a_confined_process_reaches_nothing_next_to_its_work_or_through_a_link(
    work: Path, library: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.write_text("private")
    (work / "link").symlink_to(private)
    assert refusal(private.read_bytes, work, library) == "EACCES"
    assert refusal((work / "link").read_bytes, work, library) == "EACCES"
    assert refusal(lambda: (work / "hard").hardlink_to(private), work, library) in (
        "EXDEV",
        "EACCES",
    )
    assert refusal(lambda: private.rename(work / "stolen"), work, library) in ("EXDEV", "EACCES")
    assert (
        refusal(lambda: (library / "calm" / "new.mp3").write_text("x"), work, library) == "EACCES"
    )
    assert refusal((library / "calm" / "harbour.mp3").unlink, work, library) == "EACCES"


@needs_landlock
def test_a_confined_process_works_in_its_folder_and_reads_the_library(
    work: Path, library: Path
) -> None:
    def attempt() -> None:
        scratch = work / "job" / "attempt-1" / ".scratch"
        scratch.mkdir(parents=True)
        (scratch / "film.mp4").write_text("film")
        (scratch / "film.mp4").rename(work / "job" / "attempt-1" / "film.mp4")
        assert (work / "job" / "attempt-1" / "film.mp4").read_text() == "film"
        scratch.rmdir()
        assert [path.read_text() for path in library.rglob("*.mp3")] == ["music"]
        Path("/dev/null").write_text("x")
        os.close(os.open("/dev/urandom", os.O_RDONLY))

    assert refusal(attempt, work, library) == ""
    assert (work / "job" / "attempt-1" / "film.mp4").exists()


def test_a_process_with_a_second_thread_refuses_to_be_confined(work: Path, library: Path) -> None:
    """H1: Landlock would not bind the other thread, and nothing would say so."""

    def body() -> str:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        try:
            sandbox.confine(work, [library])
        except RuntimeError as error:
            return str(error)
        return "confined"

    assert "2 threads" in in_child(body).said


def test_without_the_right_to_raise_its_score_a_worker_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sandbox, "OUT_OF_MEMORY_SCORE", tmp_path / "gone" / "score")
    sandbox.offer_to_out_of_memory_killer()


@needs_landlock
def test_an_errno_left_behind_by_an_earlier_call_is_not_mistaken_for_a_refusal(
    work: Path, library: Path
) -> None:
    def body() -> None:
        ctypes.set_errno(errno.EINVAL)
        sandbox.confine(work, [library])

    assert in_child(body).code == 0


@needs_landlock
def test_a_confined_process_can_still_load_modules_and_start_the_encoder(
    work: Path, library: Path
) -> None:
    """In a new interpreter, which has loaded nothing yet except the module that confines it."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from daemon.workers import sandbox\n"
        "sandbox.confine(Path(sys.argv[1]), [])\n"
        "import av, PIL.Image, moviepy, numpy, subprocess\n"
        "import daemon.compiler\n"
        "from moviepy.config import FFMPEG_BINARY\n"
        "call = [FFMPEG_BINARY, '-version']\n"
        "print(subprocess.run(call, check=True, capture_output=True).stdout[:14])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(work)],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "b'ffmpeg version'\n", done.stderr


@needs_landlock
def test_children_of_a_confined_process_are_confined_too(work: Path, library: Path) -> None:
    def attempt() -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(_forked(lambda: [*Path("/").iterdir()]), 0)[1])
        raise OSError(code, "")

    assert refusal(attempt, work, library) == "EACCES"


def _forked(body: Callable[[], object]) -> int:
    """A child whose exit code is the errno of what it was refused."""
    child = os.fork()
    if not child:
        try:
            body()
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    return child


@needs_landlock
def test_a_process_that_is_confined_twice_has_only_what_both_allow(
    work: Path, library: Path
) -> None:
    """M4: a worker could delete the source of another job, and rewrite its record."""
    (work / "job" / "attempt-1").mkdir()
    (work / "job" / "source" / "01.png").write_text("picture")
    (work / "job" / "job.json").write_text("record")
    (work / "other" / "source").mkdir(parents=True)
    (work / "other" / "source" / "01.png").write_text("theirs")

    def refused(attempt: Callable[[], object]) -> str:
        def narrowed() -> object:
            sandbox.confine(work / "job" / "attempt-1", [library, work / "job" / "source"])
            return attempt()

        return refusal(narrowed, work, library)

    assert refused((work / "job" / "attempt-1" / "film.mp4").touch) == ""
    assert refused((work / "job" / "source" / "01.png").read_bytes) == ""
    assert refused((library / "calm" / "harbour.mp3").read_bytes) == ""
    assert refused((work / "job" / "source" / "01.png").unlink) == "EACCES"
    assert refused((work / "job" / "job.json").read_bytes) == "EACCES"
    assert refused(lambda: (work / "job" / "job.json").write_text("forged")) == "EACCES"
    assert refused((work / "other" / "source" / "01.png").read_bytes) == "EACCES"
    assert refused((work / "other" / "source" / "01.png").unlink) == "EACCES"
    assert refused((work / ".lock").touch) == "EACCES"


def interface() -> int:
    """The version of this kernel's Landlock; 0 without it."""
    return int(landlock.landlock_abi_version()) if sandbox.is_supported() else 0


@pytest.mark.skipif(interface() < sandbox.SCOPES_SINCE, reason="needs Linux 6.12")
def test_a_confined_process_sends_signals_to_its_own_children_and_to_no_other(
    work: Path, library: Path
) -> None:
    """M4: it could stop the service, which is of the same user."""
    service = os.getpid()

    def end_own_child() -> None:
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    assert refusal(lambda: os.kill(service, 0), work, library) == "EPERM"
    assert refusal(end_own_child, work, library) == ""


@pytest.mark.skipif(interface() < sandbox.NETWORK_SINCE, reason="needs Linux 6.7")
def test_a_confined_process_opens_no_connection(work: Path, library: Path) -> None:
    """M4: the unit takes the network away, but the service also runs without it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()

        def connect() -> None:
            with socket.create_connection(place, timeout=5):
                pass

        connect()
        assert refusal(connect, work, library) == "EACCES"


def test_allocating_memory_beyond_the_limit_raises_a_memory_error() -> None:
    def body() -> str:
        limit = data_mib() + 200  # the tests before this one have left something in the process
        sandbox.limit_resources(limit)
        assert len(bytearray(64 * 2**20)) == 64 * 2**20
        try:
            bytearray(300 * 2**20)
        except MemoryError:
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1] // 2**20
            return f"refused {hard - limit}"
        return "granted"

    ended = in_child(body)
    assert ended.said == "refused 0"


def test_a_worker_does_not_outlive_its_parent() -> None:
    """The pipe from the child closes when both processes have ended."""

    def body() -> None:
        if not os.fork():
            sandbox.lead_session()
            sandbox.die_with(os.getppid())
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)  # ended by the kernel at once
            os._exit(3)
        time.sleep(60)

    began = time.monotonic()
    ended = in_child(body)
    assert ended.was_killed
    assert time.monotonic() - began < 30, "the worker slept on"


def test_a_worker_has_a_session_of_its_own_so_ctrl_c_does_not_reach_it() -> None:
    def body() -> str:
        sandbox.lead_session()
        return str(os.getsid(0) == os.getpid() == os.getpgrp())

    assert in_child(body).said == "True"


@needs_landlock
@pytest.mark.parametrize(
    "command",
    [["/bin/sh", "-c", "true"], [os.path.realpath(sys.executable), "-c", ""]],
    ids=["shell", "python"],
)
def test_a_confined_process_starts_no_shell_and_no_interpreter(
    work: Path, library: Path, command: list[str]
) -> None:
    assert refusal(lambda: subprocess.run(command, check=False), work, library) == "EACCES"


@needs_landlock
def test_a_program_written_into_the_work_folder_does_not_start(work: Path, library: Path) -> None:
    def attempt() -> None:
        program = work / "program"
        program.write_bytes(Path("/bin/true").read_bytes())
        program.chmod(0o755)
        subprocess.run([program], check=False)

    assert refusal(attempt, work, library) == "EACCES"


# ---- capabilities -------------------------------------------------------------------------------

PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT_RAISE = 2
CAP_FOWNER = 3


def become_a_service_with_fowner() -> None:
    """What systemd does for User= and AmbientCapabilities=CAP_FOWNER."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    header = (ctypes.c_uint32 * 2)(sandbox.CAPABILITIES_VERSION_3, 0)
    one = (ctypes.c_uint32 * 6)(1 << CAP_FOWNER, 1 << CAP_FOWNER, 1 << CAP_FOWNER)
    assert libc.capset(header, one) == 0
    assert libc.prctl(sandbox.PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_FOWNER, 0, 0) == 0


def capabilities() -> dict[str, str]:
    """The sets of capabilities of this process, without the bounding set, which gives nothing."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sets = dict(line.split(":\t") for line in lines if line.startswith("Cap"))
    return {name: mask.lstrip("0") for name, mask in sets.items() if name != "CapBnd"}


def test_a_worker_has_none_of_the_capabilities_of_the_service(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become a service that has a capability")
    theirs = tmp_path / "theirs"
    theirs.mkdir()

    def body() -> str:
        folder = os.open(theirs, os.O_RDONLY)  # somebody else's, as root made it
        become_a_service_with_fowner()
        assert set(capabilities().values()) == {"8"}
        os.fchmod(folder, 0o701)
        sandbox.drop_privileges()
        assert set(capabilities().values()) == {""}
        with pytest.raises(PermissionError):
            os.fchmod(folder, 0o707)
        return "dropped"

    assert in_child(body).said == "dropped"

"""The real service in a process of its own, seen from outside, as its users see it."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.helpers import users
from tests.helpers.users import User

DEADLINE_SECONDS = 120.0
STORYREEL = (sys.executable, "-m", "daemon")
FAST = {
    "STORYREEL_WATCH__SETTLE_SECONDS": "0.4",
    "STORYREEL_WATCH__RESCAN_SECONDS": "1",
    "STORYREEL_WATCH__PATIENCE_SECONDS": "1",
}

# ---- commands ------------------------------------------------------------------------------------


def storyreel(
    *arguments: str, program: Sequence[str] = STORYREEL, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. `program` is the command line before it."""
    command = [*program, *arguments]
    return subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def storyreel_on_a_terminal(*arguments: str) -> str:
    """What a command writes to a terminal, on standard output and standard error."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200"}
    command = [sys.executable, "-m", "daemon", *arguments]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            written += os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            break
    os.close(ours)
    assert process.wait(60) == 0
    return written.decode(errors="replace")


def status(root: Path) -> dict[str, Any]:
    """What `storyreel status --json` says."""
    done = storyreel("status", "--json", "--root", str(root))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def wait_until(holds: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Poll until something holds; fail when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.02)


# ---- the service ---------------------------------------------------------------------------------


class RunningService:
    """`storyreel run` on a root, its standard output in a file. `program` is the command line
    before "run". `log`: where standard output goes; absent, next to the root.
    """

    user: User | None = None

    def __init__(
        self,
        root: Path,
        *arguments: str,
        program: Sequence[str] = STORYREEL,
        log: str = "",
        **environment: str,
    ) -> None:
        self.root = root
        self._log = Path(log) if log else root.parent / f"{root.name}.log"
        self._begin = self._log.stat().st_size if self._log.exists() else 0
        command = [*program, "run", "--root", str(root), *arguments]
        if self.user:
            command = self.user.command(*command)
            environment = users.environment() | environment
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, env=os.environ | FAST | environment, cwd=users.CHECKOUT
            )

    def lines(self) -> list[dict[str, Any]]:
        """What this process has logged so far; every line must be one JSON object."""
        data = self._log.read_bytes()[self._begin :]
        return [json.loads(line) for line in data.split(b"\n")[:-1]]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of one event."""
        return [line for line in self.lines() if line["event"] == name]

    def wait_for(self, event: str, count: int = 1, **fields: object) -> dict[str, Any]:
        """Wait for the count-th line of this event with these fields."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.events(event) if fields.items() <= line.items()]

        def is_over() -> bool:
            return len(found()) >= count or self.process.poll() is not None

        wait_until(is_over, f"{event} {fields}")
        assert len(found()) >= count, f"the service ended without {event} {fields}: {self.lines()}"
        return found()[count - 1]

    def stop(self) -> int:
        """End it as systemd does; the exit code."""
        self.process.terminate()
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)


class ServiceOf(RunningService):
    """The service as another user than the tests' own."""

    def __init__(self, user: User, root: Path, *arguments: str, **environment: str) -> None:
        self.user = user
        super().__init__(root, *arguments, **environment)


def running_service(
    root: Path, *arguments: str, **environment: str
) -> AbstractContextManager[RunningService]:
    """The service, ready, for as long as the block lasts."""
    return ready(RunningService(root, *arguments, **environment))


@contextmanager
def ready(service: RunningService) -> Iterator[RunningService]:
    """A service that has been started, as soon as it is ready; it is stopped after the block."""
    try:
        service.wait_for("service.ready")
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


# ---- processes -----------------------------------------------------------------------------------


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not waited for (a zombie) does not."""
    try:
        return _stat(Path(f"/proc/{pid}/stat"))[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(_stat(stat)[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have started."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def _stat(file: Path) -> list[str]:
    """The fields after the command's name: the state, the parent's id, … (proc_pid_stat(5))."""
    return file.read_text().rpartition(")")[2].split()

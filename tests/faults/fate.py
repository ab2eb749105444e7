"""Whom SIGKILL ends, and when: a service's fate, which its process is given by the environment."""

import json
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tests.faults.changes import Changes
from tests.helpers.processes import children, descendants

VARIABLE = "FAULTS_FATE"
FOLDERS = ("inbox", "work", "done", "failed")
CLAIM = "mkdir work/JOB"
"""The change that begins a story's life in the service."""
ATTEMPT = re.compile(r"attempt-(\d+)")
KILLED = "# killed: "
"""Begins the line of a trace that says how many workers were killed before the next change."""
LAST_FATAL_ATTEMPT = 8
"""Later attempts are left alone: the waits between them grow."""


class Victim(StrEnum):
    """Whom SIGKILL ends."""

    NOBODY = "nobody"
    SERVICE = "the service"
    BOTH = "the service and its workers"
    WORKERS = "all workers"
    WORKER = "a worker"


@dataclass(frozen=True, slots=True)
class Fate:
    """Whom SIGKILL ends, before which change of the disk (from 1).

    SERVICE and BOTH: before that change of the service. WORKERS: before that change in the life of
    the first story, before the next one in the life of the second story, and so on. WORKER: before
    that change of its own in a story's first attempt, before the next one in its second, and so on.

    `trace`: the file that names each change of the service before it happens; those of the workers
    are named in a file next to it.
    """

    root: str
    outbox: str
    trace: str
    victim: Victim = Victim.NOBODY
    change: int = 0

    @property
    def workers_trace(self) -> Path:
        """The file that names each change of the workers."""
        return Path(f"{self.trace}.workers")

    def environment(self) -> dict[str, str]:
        """What gives this fate to a process."""
        return {VARIABLE: json.dumps(asdict(self))}

    def folders(self) -> dict[str, Path]:
        """The folders whose changes count, with their names."""
        folders = {name: Path(self.root) / name for name in FOLDERS}
        return folders | {"outbox": Path(self.outbox)}


def given() -> Fate:
    """The fate of this process."""
    fields = json.loads(os.environ[VARIABLE])
    return Fate(**fields | {"victim": Victim(fields["victim"])})


def workers_of(service: int) -> list[int]:
    """The workers of a service, and what they have started. Its own children only fork them."""
    return [worker for child in children(service) for worker in descendants(child)]


def kill_all(processes: list[int]) -> int:
    """Kill processes; how many were still there."""
    killed = 0
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            killed += 1
    return killed


# ---- in the service ------------------------------------------------------------------------------


class FateOfService:
    """What the service's process does before its changes."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._changes = 0
        self._claims = 0
        self._write = writer(Path(fate.trace))

    def begin(self) -> None:
        """Let it take its course. Cannot be undone."""
        Changes(self._fate.folders(), self._before).begin()

    def _before(self, change: str, lead: Callable[[], None]) -> None:
        if self._fate.victim is Victim.WORKERS and change == CLAIM:
            self._claims += 1
            self._changes = 0
        self._changes += 1
        self._write(change)
        if self._is_due():
            self._meet(lead)

    def _is_due(self) -> bool:
        if self._fate.victim is Victim.WORKERS:
            return self._claims > 0 and self._changes == self._fate.change + self._claims - 1
        return self._changes == self._fate.change

    def _meet(self, lead: Callable[[], None]) -> None:
        victim = self._fate.victim
        if victim in (Victim.WORKERS, Victim.BOTH):
            killed = kill_all(workers_of(os.getpid()))
            if victim is Victim.WORKERS:
                self._write(f"{KILLED}{killed}")
        if victim in (Victim.SERVICE, Victim.BOTH):
            lead()
            os.kill(os.getpid(), signal.SIGKILL)


# ---- in a worker ---------------------------------------------------------------------------------


class FateOfWorker:
    """What a worker's process does before its changes, which are counted for each attempt."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._attempt = 0
        self._changes = 0
        self._write = writer(fate.workers_trace)

    def begin(self) -> None:
        """Let it take its course. Cannot be undone."""
        Changes(self._fate.folders(), self._before).begin()

    def _before(self, change: str, lead: Callable[[], None]) -> None:
        self._write(change)
        found = ATTEMPT.search(change)
        if not found:
            return
        attempt = int(found[1])
        if attempt != self._attempt:
            self._attempt = attempt
            self._changes = 0
        self._changes += 1
        is_due = self._changes == self._fate.change + attempt - 1
        if self._fate.victim is Victim.WORKER and attempt <= LAST_FATAL_ATTEMPT and is_due:
            lead()
            os.kill(os.getpid(), signal.SIGKILL)


def writer(file: Path) -> Callable[[str], None]:
    """Appends lines to a file, which is opened now: a worker may not open it later."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    return lambda line: write_line(descriptor, line)


def write_line(descriptor: int, line: str) -> None:
    """Write a line at once, and whole."""
    os.write(descriptor, f"{line}\n".encode(errors="backslashreplace"))

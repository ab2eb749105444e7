"""A root with stories in it, and the real service there: run by run, each with its own fate."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from daemon.cli.console import TRY_AGAIN
from tests.faults.audit import Tally, audit, title_of, visible
from tests.faults.fate import Fate, Victim
from tests.helpers.folders import contents
from tests.helpers.processes import RunningService, wait_until
from tests.helpers.stories import story

REPOSITORY = Path(__file__).parents[2]
QUICK = {
    "PYTHONPATH": str(REPOSITORY),
    "PYTHONWARNINGS": "ignore::UserWarning:multiprocessing.resource_tracker",  # of who was killed
    "STORYREEL_WATCH__SETTLE_SECONDS": "0.05",
    "STORYREEL_WATCH__RESCAN_SECONDS": "0.2",
    "STORYREEL_WORKERS__RETRY_SECONDS": "0.001",
    "STORYREEL_WORKERS__ATTEMPTS": "100",
    "STORYREEL_FILM__GAP_SECONDS": "0.1",
    "STORYREEL_LIMITS__FREE_MIB": "1",
}
"""Settings with which a story's whole life takes a second, and none is ever given up."""
REASONS = ("WHY.txt", "error.json")
PATIENCE_SECONDS = 60.0
"""How long a service may take until all stories have ended."""
KILLED = -9
"""The exit code of a process that SIGKILL has ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of the service that has ended.

    `changes` are the names of the changes of the disk that it made, or was about to make,
    `changes_of_workers` those of its workers. `seconds` are those from its start until the last of
    its stories had come to an end.
    """

    code: int
    changes: list[str]
    changes_of_workers: list[str]
    seconds: float

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == KILLED


@dataclass(slots=True)
class Site:
    """A root below `folder`, whose outbox may be elsewhere.

    `sound` and `broken` are the stories that were dropped: what was in their folders, by title.
    """

    folder: Path
    elsewhere: Path | None = None
    sound: dict[str, dict[str, bytes]] = field(default_factory=dict)
    broken: dict[str, dict[str, bytes]] = field(default_factory=dict)
    runs: int = 0

    @property
    def root(self) -> Path:
        """The root."""
        return self.folder / "root"

    @property
    def outbox(self) -> Path:
        """The outbox."""
        return self.elsewhere or self.root / "outbox"

    @property
    def titles(self) -> list[str]:
        """The titles of all stories that were dropped."""
        return [*self.sound, *self.broken]

    def drop(self, is_broken: bool = False) -> None:
        """Put another story into the inbox, at once; a broken one has a picture that is none."""
        number = len(self.titles)
        title = f"Tale {number}"
        made = story(self.folder / f"tale-{number}", (0.2,), title=title)
        stories = self.sound
        if is_broken:
            (made / "01.png").write_bytes(b"not a picture")
            stories = self.broken
        stories[title] = contents(made)
        inbox = self.root / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        made.rename(inbox / made.name)

    # ---- runs ------------------------------------------------------------------------------------

    def fate(self, victim: Victim = Victim.NOBODY, change: int = 0) -> Fate:
        """A fate for the next run, with a trace of its own."""
        trace = self.folder / f"trace-{self.runs}"
        return Fate(str(self.root), str(self.outbox), str(trace), victim, change)

    def start(
        self, fate: Fate, *arguments: str, under: Sequence[str] = (), **environment: str
    ) -> RunningService:
        """Start the service with a fate, under another program if one is given."""
        self.runs += 1
        settings = QUICK | {"STORYREEL_FOLDERS__OUTBOX": str(self.outbox)}
        return RunningService(
            self.root,
            *arguments,
            program=[*under, sys.executable, "-m", "tests.faults.launcher"],
            **settings | fate.environment() | environment,
        )

    def run(
        self, victim: Victim = Victim.NOBODY, change: int = 0, under: Sequence[str] = ()
    ) -> Ended:
        """Run the service until all stories have ended, or it is killed."""
        fate = self.fate(victim, change)
        began = time.time()
        service = self.start(fate, "--once", under=under)
        code = code_of(service)
        assert code in (KILLED, TRY_AGAIN) or service.events("service.stopped"), service.lines()
        ends = [*service.events("story.delivered"), *service.events("story.failed")]
        moments = [datetime.fromisoformat(line["timestamp"]).timestamp() for line in ends]
        seconds = max(moments, default=began) - began
        return Ended(code, changes_in(Path(fate.trace)), changes_in(fate.workers_trace), seconds)

    def finish(self) -> float:
        """Run the service without harm until all stories have ended; the seconds of recovery."""
        ended = self.run()
        assert ended.code in (0, 1), f"the service ended with exit code {ended.code}"
        return ended.seconds

    # ---- what is left ----------------------------------------------------------------------------

    def audit(self) -> Tally:
        """What became of the stories, which must also be on disk as they were dropped.

        Every sound one must be a film, every broken one must have failed, and no process be left.
        """
        wait_until(lambda: not self.processes(), "every process of the site ends", 10)
        tally = audit(self.root, self.titles, self.outbox)
        if tally.is_clean:
            assert self.kept("done") == self.sound
            assert self.kept("failed") == self.broken
        return tally

    def kept(self, place: str) -> dict[str, dict[str, bytes]]:
        """The sources in done/ or failed/ by title, without the reasons of failures."""
        found = {}
        for folder in visible(self.root / place):
            files = contents(folder)
            found[title_of(folder)] = {name: files[name] for name in files if name not in REASONS}
        return found

    def is_idle(self) -> bool:
        """Whether no story is in the inbox or at work."""
        waiting = [*(self.root / "inbox").glob("tale-*")]  # first: a claim takes it to work/
        return not waiting and not [*(self.root / "work").glob("[!.]*")]

    def attempts(self) -> dict[str, int]:
        """How many attempts were charged for each film, by the story's title."""
        reports = [json.loads((film / "report.json").read_text()) for film in visible(self.outbox)]
        return {report["title"]: report["attempt"] for report in reports}

    def processes(self) -> list[int]:
        """The processes that were given a fate at this site and still run."""
        sign = f"{self.folder}/".encode()
        return [
            int(file.parent.name)
            for file in Path("/proc").glob("[0-9]*/environ")
            if sign in environment_in(file) and int(file.parent.name) != os.getpid()
        ]


def code_of(service: RunningService) -> int:
    """The exit code of a service that will end by itself; fails when it does not."""
    try:
        return service.process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        service.kill()
        pytest.fail(f"the service did not end; at last it said: {service.lines()[-5:]}")


def changes_in(trace: Path) -> list[str]:
    """The lines of a trace; none when the process ended before it began."""
    return trace.read_text("utf-8").splitlines() if trace.exists() else []


def environment_in(file: Path) -> bytes:
    """The environment of a process; nothing for one that has ended, or is another user's."""
    try:
        return file.read_bytes()
    except OSError:
        return b""

"""Months in minutes: round after round of stories and trouble, and nothing may pile up.

After each round, when all is quiet, the service must hold what it held before: open files, threads,
child processes, inotify watches, temporary files, and, in the long form, memory.
"""

import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.faults.audit import audit, visible
from tests.faults.figures import say
from tests.faults.ledger import enter
from tests.helpers.processes import RunningService, children, running_service, wait_until
from tests.helpers.stories import read_manifest, story, write_manifest
from tests.helpers.vitals import drift, noise, vitals, watches

pytestmark = [pytest.mark.service, pytest.mark.slow]

IS_LONG = os.environ.get("STORYREEL_FAULTS") == "long"
SOAK_SECONDS = float(os.environ.get("STORYREEL_FAULTS_SOAK_SECONDS", "600"))
GOOD = 3
"""Good stories of a round, once before and once after the trouble."""
SPARE_THREADS = 5
"""Threads of pools that a round may still start: a pool makes one only when its others are busy."""
FLAT = ("descriptors", "children", "watches", "files")


class Soak:
    """A service that is given rounds of stories. `titles`: all that were dropped to be ended."""

    def __init__(self, service: RunningService, model: Path) -> None:
        self.titles: list[str] = []
        self.samples: list[dict[str, float]] = []
        self._service = service
        self._root = service.root
        self._model = model
        self._numbers = count()

    # ---- one round -------------------------------------------------------------------------------

    def round(self) -> None:
        """Drop stories of every kind, do harm, let all come to their ends, and take a sample."""
        for _ in range(GOOD):
            self.drop()
        faulty = self.drop(pages=[])
        early = self.drop(files=self.declared("0" * 64))
        withdrawn = self.drop(pages=[{"image": "never.png", "duration": 1}])
        self.kill_a_worker()
        self._service.process.send_signal(signal.SIGHUP)

        wait_until((self._root / "failed" / faulty / "WHY.txt").is_file, f"{faulty} fails")
        self.mend(self._root / "failed" / faulty, pages=self.pages())
        self._service.wait_for("story.waiting", story=early)
        self.mend(self._root / "inbox" / early, files=self.declared(self.digest()))
        self.withdraw(withdrawn)
        for _ in range(GOOD):
            self.drop()
        self.come_to_rest()
        self.samples.append(self.sample())

    def drop(self, **manifest: Any) -> str:
        """Put a story into the inbox, its manifest with changes; its name, which is its title."""
        name = f"story-{next(self._numbers):05d}"
        hidden = self._root / "inbox" / f".{name}"
        shutil.copytree(self._model, hidden)
        write_manifest(hidden, read_manifest(self._model) | {"title": name} | manifest)
        hidden.rename(hidden.with_name(name))
        self.titles.append(name)
        return name

    def mend(self, folder: Path, **manifest: Any) -> None:
        """Mend a story's manifest, and see that its folder is in the inbox."""
        write_manifest(folder, read_manifest(folder) | manifest)
        if folder.parent.name != "inbox":
            folder.rename(self._root / "inbox" / folder.name)

    def withdraw(self, name: str) -> None:
        """Move a story away that was never complete."""
        self._service.wait_for("story.waiting", story=name)
        (self._root / "inbox" / name).rename(self._root / f"withdrawn-{name}")
        self.titles.remove(name)

    def kill_a_worker(self) -> None:
        """Kill a worker, whatever it does: it is a child of the fork server."""
        workers = [pid for child in children(self._service.process.pid) for pid in children(child)]
        for pid in workers[:1]:
            os.kill(pid, signal.SIGKILL)

    def come_to_rest(self) -> None:
        """Wait until all stories have an end, and let the watcher begin again on a new inbox.

        watchdog keeps the watches of folders that have left; a watch of the new inbox has none.
        """
        wait_until(lambda: not visible(self._root / "inbox"), "every story leaves the inbox")
        wait_until(lambda: not visible(self._root / "work"), "every story has an end")
        (self._root / "inbox").rename(self._root / f"old-inbox-{len(self.samples)}")
        (self._root / "inbox").mkdir(exist_ok=True)  # the service may be faster
        wait_until(lambda: watches(self._service.process.pid) == 1, "the new inbox is watched")

    # ---- what it holds ---------------------------------------------------------------------------

    def sample(self) -> dict[str, float]:
        """What the service holds, as soon as two looks in a row find the same."""
        pid = self._service.process.pid
        for _ in range(20):
            held = {"files": float(self.files()), **asdict(vitals(pid))}
            time.sleep(0.5)
            again = {"files": float(self.files()), **asdict(vitals(pid))}
            if all(held[name] == again[name] for name in (*FLAT, "threads")):
                break
        return again

    def files(self) -> int:
        """How many files are in work/ and in the temporary folder, and hidden ones elsewhere."""
        places = [self._root / "work", self._root.parent / "tmp"]
        inside = sum(len([*place.rglob("*")]) for place in places)
        hidden = [*(self._root / "outbox").glob(".*"), *(self._root / "done").glob(".*")]
        return inside + len(hidden)

    # ---- the model -------------------------------------------------------------------------------

    def pages(self) -> Any:
        """The pages of a story that is whole."""
        return read_manifest(self._model)["pages"]

    def digest(self) -> str:
        """The digest of a story's picture."""
        return hashlib.sha256((self._model / "01.png").read_bytes()).hexdigest()

    def declared(self, digest: str) -> dict[str, Any]:
        """A declaration of a story's picture: another one than this has not all arrived."""
        return {"01.png": {"sha256": digest}}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of a short name: the path of a socket has 107 bytes at most (unix(7)), and the
    workers' fork server has one in the temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def soak(place: Path, rounds: float, seconds: float) -> Soak:
    """Give a service that many rounds, or as many as it makes in that time, and audit the end."""
    (place / "tmp").mkdir()
    environment = {
        "TMPDIR": str(place / "tmp"),
        "STORYREEL_WORKERS__RETRY_SECONDS": "0.2",
    }
    with running_service(place / "root", **environment) as service:
        soaked = Soak(service, story(place / "model", (0.1,)))
        deadline = time.monotonic() + seconds
        while len(soaked.samples) < rounds and time.monotonic() < deadline:
            soaked.round()
    for folder in (place / "root").glob("withdrawn-*"):
        shutil.rmtree(folder)
    tally = audit(place / "root", soaked.titles)
    made = len(soaked.samples)
    enter(
        "a soak: reloads, kills, mended and withdrawn stories", made, len(soaked.titles), tally, 0
    )
    return soaked


def test_after_some_rounds_of_trouble_the_service_holds_what_it_held_after_the_first(
    place: Path,
) -> None:
    samples = soak(place, rounds=4, seconds=120).samples
    first, last = samples[0], samples[-1]
    assert {name: last[name] for name in FLAT} == {name: first[name] for name in FLAT}
    assert last["threads"] <= first["threads"] + SPARE_THREADS


@pytest.mark.timeout(7200)
@pytest.mark.skipif(not IS_LONG, reason="a soak takes ten minutes; make test-faults does it")
def test_minutes_of_trouble_leave_nothing_behind(place: Path) -> None:
    soaked = soak(place, rounds=float("inf"), seconds=SOAK_SECONDS)
    series = {name: [sample[name] for sample in soaked.samples] for name in soaked.samples[0]}
    del series["cpu_seconds"]
    drifts = {name: round(drift(values), 1) for name, values in series.items()}
    noises = {name: round(noise(values), 1) for name, values in series.items()}
    say("a soak", rounds=len(soaked.samples), stories=len(soaked.titles), last=soaked.samples[-1])
    say("drift from the second to the last quarter", **drifts)
    say("noise between neighbours", **noises)
    assert {name for name in series if drifts[name] > noises[name]} == set()

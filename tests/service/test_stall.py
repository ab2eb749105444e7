"""Progress of an attempt: anything that changes in its folder; none for too long ends the watch."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from daemon import progress
from daemon.service import stall
from daemon.service.stall import until_stalled
from daemon.service.threads import Threads
from daemon.spool import Job
from tests.helpers.logs import events
from tests.helpers.waiting import Clock, until


@pytest.fixture
def job(tmp_path: Path) -> Job:
    attempted = Job("id", "the-fox", tmp_path, attempts=1)
    (attempted.attempt_folder / progress.SCRATCH).mkdir(parents=True)
    return attempted


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads("look", 1, patience_seconds=100)
    yield made
    made.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time moves when the test says so, and looks follow each other at once."""
    monkeypatch.setattr(stall, "LOOK_SECONDS", 0.001)
    return Clock()


class Looks:
    """Counts the looks at an attempt's folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._real = stall.look
        monkeypatch.setattr(stall, "look", self._look)

    def _look(self, job: Job) -> tuple[str, progress.Progress | None]:
        self.count += 1
        return self._real(job)

    async def more(self) -> None:
        """Wait until a look has begun and ended after this moment."""
        wanted = self.count + 3
        await until(lambda: self.count >= wanted)

    async def for_seconds(self, seconds: float, clock: Clock) -> None:
        """Let time pass, with a look now and then."""
        for _ in range(10):
            clock.now += seconds / 10
            await self.more()


def growing_copy(job: Job, step: int) -> None:
    """Intake copies a large file, and reports nothing meanwhile."""
    (job.attempt_folder / progress.SCRATCH / "01.wav").write_bytes(step * b"sound")


def reported(job: Job, step: int) -> None:
    """The film grows inside of what another program writes; only the report says so."""
    progress.reporter(job.attempt_folder)("film", step / 10)


@pytest.mark.parametrize("advance", [growing_copy, reported], ids=lambda kind: kind.__name__)
async def test_an_attempt_that_advances_may_take_as_long_as_it_likes(
    job: Job,
    threads: Threads,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    advance: Callable[[Job, int], None],
) -> None:
    """H6: an attempt was ended after an hour, and films that move take longer than they last."""
    looks = Looks(monkeypatch)
    watch = asyncio.create_task(until_stalled(job, lambda: 600.0, threads, clock))
    for step in range(1, 10):
        advance(job, step)
        await looks.more()
        await looks.for_seconds(599, clock)
        assert not watch.done()
    clock.now += 2
    await asyncio.wait_for(watch, 20)


async def test_time_in_which_nobody_could_look_does_not_count(
    job: Job, threads: Threads, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N18: the service was stopped with its workers: a frozen control group, a sleeping machine."""
    looks = Looks(monkeypatch)
    watch = asyncio.create_task(until_stalled(job, lambda: 600.0, threads, clock))
    await looks.more()
    clock.now += 100_000
    await looks.more()
    await looks.for_seconds(400, clock)
    assert not watch.done()
    clock.now += 100
    await asyncio.wait_for(watch, 20)


async def test_a_new_setting_holds_for_an_attempt_that_is_running(
    job: Job, threads: Threads, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    stall_seconds = [600.0]
    watch = asyncio.create_task(until_stalled(job, lambda: stall_seconds[0], threads, clock))
    await looks.more()
    await looks.for_seconds(500, clock)
    assert not watch.done()
    stall_seconds[0] = 400.0
    await asyncio.wait_for(watch, 20)


async def test_a_folder_that_cannot_be_read_is_no_progress_and_no_error(
    job: Job, threads: Threads, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    watch = asyncio.create_task(until_stalled(job, lambda: 600.0, threads, clock))
    await looks.more()
    job.folder.rename(job.folder.with_name("away"))
    await looks.for_seconds(599, clock)
    assert not watch.done()
    clock.now += 2
    await asyncio.wait_for(watch, 20)


async def test_progress_is_logged_once_for_each_change(
    job: Job,
    threads: Threads,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: LogCapture,
) -> None:
    looks = Looks(monkeypatch)
    watch = asyncio.create_task(until_stalled(job, lambda: 600.0, threads, clock))
    for stage in ("sound", "film"):
        progress.reporter(job.attempt_folder)(stage, 0.5)
        await looks.more()
        await looks.more()
    watch.cancel()
    lines = events(log_lines, "render.progress")
    assert [(line["story"], line["attempt"], line["stage"]) for line in lines] == [
        ("the-fox", 1, "sound"),
        ("the-fox", 1, "film"),
    ]

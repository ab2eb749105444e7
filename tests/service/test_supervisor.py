"""The life of one story. The spool is real.

Workers are scripted, because a test must choose which outcome follows which.
"""

import asyncio
import errno
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import LogCapture
from tenacity import wait_none

from daemon import progress
from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import Problem, WorkersBroken
from daemon.inbox import entries_of, fingerprint
from daemon.service import originals, room, stall, steps, supervisor
from daemon.service.endings import Endings, reported_seconds
from daemon.service.room import Room, Space
from daemon.service.supervisor import Supervisor
from daemon.service.threads import SpoolThreads
from daemon.spool import Job, Spool, reasons, recover_job, unfinished
from daemon.spool.job import read_job, record
from daemon.spool.memory import Hold
from tests.conftest import SettingsMaker
from tests.helpers.children import in_child
from tests.helpers.folders import names
from tests.helpers.logs import events
from tests.helpers.waiting import until
from tests.spool.crashes import inbox_keeps_folders

Act = Callable[[Order], Awaitable[Outcome]]
MAY_PASS = [Kind.MACHINE, Kind.FILM, Kind.DIED]
FINAL = [Kind.STORY, Kind.PROGRAM]


async def film(order: Order) -> Outcome:
    (order.attempt / "film.mp4").write_text(f"attempt {order.number}")
    (order.attempt / "report.json").write_text(f'{{"job": "{order.job}"}}')
    return Film(order.job, order.attempt, 1.5)


def failing(kind: Kind) -> Act:
    async def fail(order: Order) -> Outcome:
        (order.attempt / "half a film").touch()
        return Failure(order.job, kind, (Problem("page 1", f"{kind} {order.number}", "Mend it."),))

    return fail


async def forever(order: Order) -> Outcome:
    await asyncio.Event().wait()
    return await film(order)


async def broken(order: Order) -> Outcome:
    raise WorkersBroken("no worker starts")


class Scripted:
    """Workers that follow a script, one line for each order. The last line is then repeated."""

    def __init__(self, *script: Act) -> None:
        self.script = script
        self.orders: list[Order] = []
        self.charged: list[int] = []
        self.at_once = 0
        self.most_at_once = 0

    async def submit(self, order: Order) -> Outcome:
        record = read_job(order.attempt.parent)
        self.orders.append(order)
        self.charged.append(record.attempts if record and order.attempt.is_dir() else 0)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.script[min(len(self.orders), len(self.script)) - 1](order)
        finally:
            self.at_once -= 1

    def stop(self) -> None:
        """Nothing is left running when a test ends."""


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    """Hardly any wait between attempts, and no room that must be free."""
    return make_settings(
        workers={"retry_seconds": 0.001, "attempts": 3, "count": 2}, limits={"free_mib": 0}
    )


@pytest.fixture
def spool(settings: Settings) -> Iterator[Spool]:
    opened = Spool(settings.folders).open()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two waits that no setting changes."""
    monkeypatch.setattr(stall, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(room, "RECHECK_SECONDS", 0.001)


@pytest.fixture
def no_step_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed step of the spool is tried again at once; the real wait starts with a second."""
    monkeypatch.setattr(steps, "LONGER_AND_LONGER", wait_none())


def supervise(
    spool: Spool,
    workers: Scripted,
    settings: Settings,
    held: list[Hold] | None = None,
    disks: Room | None = None,
) -> Supervisor:
    """A supervisor; what it holds in the inbox is appended to `held`."""
    folders = [spool.folders.work, spool.folders.outbox]
    holding: list[Hold] = [] if held is None else held

    async def hold(waiting: Hold) -> None:
        holding.append(waiting)

    threads = SpoolThreads()
    return Supervisor(
        spool,
        threads,
        workers,
        disks or Room(folders, lambda: settings),
        lambda: settings,
        Endings(spool, threads, hold),
    )


def claimed(spool: Spool, name: str = "the-fox") -> Job:
    folder = spool.folders.inbox / name
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    job = spool.claim(name, fingerprint(entries_of(folder)))
    assert isinstance(job, Job)
    return job


def recovered(spool: Spool) -> Job:
    """The only job that an earlier run left."""
    (folder,) = unfinished(spool)
    found = recover_job(spool, folder)
    assert found
    return found.job


def attempts_on_disk(job: Job) -> int:
    found = read_job(job.folder)
    assert found
    return found.attempts


# ---- outcomes ------------------------------------------------------------------------------------


async def test_a_film_is_delivered(spool: Spool, settings: Settings, log_lines: LogCapture) -> None:
    workers = Scripted(film)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    await supervised.see_through(job)
    assert (spool.folders.outbox / "the-fox/the-fox.mp4").read_text() == "attempt 1"
    assert names(spool.folders.done) == ["the-fox"]
    assert names(spool.folders.work) == [".lock"]
    assert (supervised.endings.delivered, supervised.endings.failed, supervised.running) == (
        1,
        0,
        0,
    )
    assert [line["event"] for line in log_lines.entries] == [
        "render.started",
        "render.finished",
        "story.delivered",
    ]
    (line,) = events(log_lines, "story.delivered")
    assert (line["story"], line["job"], line["attempt"], line["film_seconds"]) == (
        "the-fox",
        job.id,
        1,
        1.5,
    )
    assert line["film"] == str(spool.folders.outbox / "the-fox")
    (order,) = workers.orders
    assert (order.job, order.name, order.number, order.source, order.settings) == (
        job.id,
        "the-fox",
        1,
        job.source,
        settings,
    )


@pytest.mark.parametrize("kind", FINAL)
async def test_a_failure_that_cannot_pass_is_not_tried_again(
    spool: Spool, settings: Settings, log_lines: LogCapture, kind: Kind
) -> None:
    workers = Scripted(failing(kind), film)
    supervised = supervise(spool, workers, settings)
    await supervised.see_through(claimed(spool))
    assert len(workers.orders) == 1
    assert [problem.what for problem in reasons.read(spool.folders.failed / "the-fox")] == [
        f"{kind} 1"
    ]
    assert names(spool.folders.work) == [".lock"]
    assert names(spool.folders.outbox) == []
    assert (supervised.endings.delivered, supervised.endings.failed) == (0, 1)
    (line,) = events(log_lines, "story.failed")
    assert (line["kind"], line["folder"]) == (str(kind), str(spool.folders.failed / "the-fox"))
    assert line["problems"] == [f"page 1: {kind} 1. Mend it."]


@pytest.mark.parametrize("kind", MAY_PASS)
async def test_a_failure_that_may_pass_is_tried_again_in_a_fresh_folder(
    spool: Spool, settings: Settings, log_lines: LogCapture, kind: Kind
) -> None:
    workers = Scripted(failing(kind), failing(kind), film)
    await supervise(spool, workers, settings).see_through(claimed(spool))
    assert [order.attempt.name for order in workers.orders] == [
        "attempt-1",
        "attempt-2",
        "attempt-3",
    ]
    assert names(spool.folders.outbox / "the-fox") == ["report.json", "the-fox.mp4"]
    assert [line["attempt"] for line in events(log_lines, "render.retrying")] == [1, 2]
    assert events(log_lines, "render.retrying")[0]["reason"] == f"page 1: {kind} 1. Mend it."


@pytest.mark.parametrize("kind", MAY_PASS)
async def test_a_story_whose_attempts_are_used_up_fails_with_the_last_reason(
    spool: Spool, settings: Settings, kind: Kind
) -> None:
    workers = Scripted(failing(kind))
    supervised = supervise(spool, workers, settings)
    await supervised.see_through(claimed(spool))
    assert len(workers.orders) == 3
    assert [problem.what for problem in reasons.read(spool.folders.failed / "the-fox")] == [
        f"{kind} 3"
    ]
    assert supervised.endings.failed == 1


async def test_the_files_of_a_failed_attempt_are_removed_before_the_next_one_begins(
    spool: Spool, settings: Settings
) -> None:
    seen: list[list[str]] = []

    async def look(order: Order) -> Outcome:
        seen.append(names(order.attempt.parent))
        return await film(order)

    await supervise(spool, Scripted(failing(Kind.DIED), look), settings).see_through(claimed(spool))
    assert seen == [["attempt-2", "job.json", "source"]]


async def test_each_attempt_is_charged_on_disk_before_it_starts(
    spool: Spool, settings: Settings
) -> None:
    workers = Scripted(failing(Kind.DIED))
    await supervise(spool, workers, settings).see_through(claimed(spool))
    assert workers.charged == [1, 2, 3]


async def test_the_waits_between_attempts_double_up_to_a_limit(
    spool: Spool,
    make_settings: SettingsMaker,
    log_lines: LogCapture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = make_settings(
        workers={"retry_seconds": 2.0, "attempts": 10, "count": 1}, limits={"free_mib": 0}
    )
    real_sleep = asyncio.sleep

    async def no_time(_: float) -> None:
        await real_sleep(0)

    # Only the length of each wait matters here, and the log has it.
    monkeypatch.setattr(asyncio, "sleep", no_time)
    await supervise(spool, Scripted(failing(Kind.DIED)), settings).see_through(claimed(spool))
    waits = [line["wait_seconds"] for line in events(log_lines, "render.retrying")]
    assert len(waits) == 9
    for number, wait in enumerate(waits):
        assert min(60, 2 * 2**number) <= wait <= min(60, 2 * 2**number + 2)


async def test_a_story_that_waits_for_its_next_attempt_occupies_no_worker(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    settings = make_settings(workers={"retry_seconds": 3600, "count": 1}, limits={"free_mib": 0})
    supervised = supervise(spool, Scripted(failing(Kind.MACHINE), film), settings)
    job = claimed(spool, "bad")
    bad = asyncio.create_task(supervised.see_through(job))

    def is_waiting() -> bool:
        is_charged = attempts_on_disk(job) == 1
        return is_charged and not supervised.running and not (job.folder / "attempt-1").exists()

    await until(is_waiting)
    await asyncio.wait_for(supervised.see_through(claimed(spool, "good")), 20)
    assert names(spool.folders.outbox) == ["good"]
    assert not bad.done()
    assert not supervised.is_busy(job.id)
    bad.cancel()
    await asyncio.wait([bad])
    assert attempts_on_disk(job) == 1


async def test_as_many_stories_as_there_are_workers_are_compiled_at_once(
    spool: Spool, settings: Settings
) -> None:
    async def slow(order: Order) -> Outcome:
        await asyncio.sleep(0.02)
        return await film(order)

    workers = Scripted(slow)
    supervised = supervise(spool, workers, settings)
    await asyncio.gather(
        *(supervised.see_through(claimed(spool, f"story {number}")) for number in range(6))
    )
    assert workers.most_at_once == 2
    assert supervised.endings.delivered == len(names(spool.folders.outbox)) == 6


async def test_progress_is_logged_when_it_has_changed(
    spool: Spool, settings: Settings, log_lines: LogCapture
) -> None:
    def is_logged(stage: str) -> bool:
        return stage in [line["stage"] for line in events(log_lines, "render.progress")]

    async def report(order: Order) -> Outcome:
        (order.attempt / progress.SCRATCH).mkdir()
        for stage in ("sound", "film"):
            progress.reporter(order.attempt)(stage, 0.5)
            await until(partial(is_logged, stage))
        shutil.rmtree(order.attempt / progress.SCRATCH)
        return await film(order)

    await supervise(spool, Scripted(report), settings).see_through(claimed(spool))
    lines = events(log_lines, "render.progress")
    steps = [(line["attempt"], line["stage"], line["done"]) for line in lines]
    assert steps == [(1, "sound", 0.5), (1, "film", 0.5)]


# ---- restarts ------------------------------------------------------------------------------------


def test_a_story_that_kills_the_service_is_tried_as_often_as_allowed_over_all_restarts(
    settings: Settings,
) -> None:
    """Each run is a real process that ends by SIGKILL as soon as a worker gets the story.

    Nobody knows whether the story or the machine is at fault, so three times as often.
    """

    async def kill(order: Order) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    def run() -> str:
        opened = Spool(settings.folders).open()
        job = recovered(opened) if unfinished(opened) else claimed(opened)

        async def live() -> int:
            supervised = supervise(opened, Scripted(kill), settings)
            await supervised.see_through(job)
            return supervised.endings.failed

        return f"{asyncio.run(live())} failed"

    ends = [in_child(run) for _ in range(10)]
    assert [ended.was_killed for ended in ends] == 9 * [True] + [False], ends
    assert ends[9].said == "1 failed"
    (problem,) = reasons.read(settings.folders.failed / "the-fox")
    assert problem.where == "exhausted"
    assert "begun 9 times" in problem.what
    assert names(settings.folders.work) == [".lock"]


@pytest.mark.parametrize(("interruptions", "orders"), [(0, 3), (8, 3), (9, 0)])
async def test_interruptions_cost_a_story_none_of_its_own_attempts(
    spool: Spool, settings: Settings, interruptions: int, orders: int
) -> None:
    """H9: three power cuts, or three stories that ran next to it, failed an innocent story."""
    workers = Scripted(failing(Kind.DIED))
    job = replace(claimed(spool), interruptions=interruptions)
    await supervise(spool, workers, settings).see_through(job)
    assert len(workers.orders) == orders


@pytest.mark.parametrize(("charged", "orders"), [(0, 3), (1, 2), (2, 1), (3, 0), (7, 0)])
async def test_attempts_of_earlier_runs_are_counted(
    spool: Spool, settings: Settings, charged: int, orders: int
) -> None:
    workers = Scripted(failing(Kind.DIED))
    job = claimed(spool)
    for _ in range(charged):
        job = spool.begin_attempt(job)
    await supervise(spool, workers, settings).see_through(job)
    assert len(workers.orders) == orders
    assert names(spool.folders.failed) == ["the-fox"]


@pytest.mark.parametrize("was_published", [True, False])
async def test_a_film_that_an_earlier_run_began_to_publish_is_delivered_and_counted(
    spool: Spool, settings: Settings, log_lines: LogCapture, was_published: bool
) -> None:
    """M13: the story was finished without a word, and no count had it."""
    workers = Scripted(film)
    job = spool.begin_attempt(claimed(spool))
    await film(Order(job.id, job.name, 1, job.source, job.attempt_folder, settings))
    text = f'{{"job": "{job.id}", "film": {{"seconds": 78.5}}}}'
    (job.attempt_folder / "report.json").write_text(text)
    if was_published:
        spool.publish(job)
    else:
        record(replace(job, target="the-fox"))
    supervised = supervise(spool, workers, settings)
    await supervised.deliver_again(recovered(spool))
    assert workers.orders == []
    assert names(spool.folders.done) == names(spool.folders.outbox) == ["the-fox"]
    assert names(spool.folders.work) == [".lock"]
    (line,) = events(log_lines, "story.delivered")
    assert (line["story"], line["job"], line["film_seconds"]) == ("the-fox", job.id, 78.5)
    assert line["film"] == str(spool.folders.outbox / "the-fox")
    assert (supervised.endings.delivered, len(supervised.endings)) == (1, 0)


@pytest.mark.parametrize("report", ["", "{}", '{"film": {"seconds": "long"}}'])
def test_a_report_without_a_length_gives_none(tmp_path: Path, report: str) -> None:
    (tmp_path / "report.json").write_text(report)
    assert reported_seconds(tmp_path) == 0.0


async def test_a_cancelled_attempt_is_not_charged_and_the_story_continues_at_the_next_start(
    spool: Spool, settings: Settings
) -> None:
    workers = Scripted(failing(Kind.DIED), forever)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: len(workers.orders) == 2)
    assert supervised.is_busy(job.id)
    assert attempts_on_disk(job) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attempts_on_disk(job) == 1, "the first attempt had failed and stays charged"
    assert names(job.folder) == ["job.json", "source"]
    assert (supervised.running, supervised.is_busy(job.id)) == (0, False)
    again = Scripted(film)
    await supervise(spool, again, settings).see_through(recovered(spool))
    assert again.orders[0].number == 2


async def test_no_story_is_charged_when_no_worker_starts(spool: Spool, settings: Settings) -> None:
    workers = Scripted(broken)
    job = claimed(spool)
    with pytest.raises(WorkersBroken):
        await supervise(spool, workers, settings).see_through(job)
    assert len(workers.orders) == 1
    assert attempts_on_disk(job) == 0
    assert names(job.folder) == ["job.json", "source"]


# ---- draining, stuck attempts, full disks --------------------------------------------------------


async def test_draining_lets_running_attempts_finish_and_begins_no_others(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    settings = make_settings(workers={"count": 1}, limits={"free_mib": 0})
    gate = asyncio.Event()

    async def gated(order: Order) -> Outcome:
        await gate.wait()
        return await film(order)

    workers = Scripted(gated)
    supervised = supervise(spool, workers, settings)
    running = asyncio.create_task(supervised.see_through(claimed(spool, "running")))
    await until(lambda: supervised.running)
    waiting_job = claimed(spool, "waiting")
    waiting = asyncio.create_task(supervised.see_through(waiting_job))
    await asyncio.sleep(0)
    supervised.drain()
    gate.set()
    await running
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert names(spool.folders.outbox) == ["running"]
    assert attempts_on_disk(waiting_job) == 0
    assert len(workers.orders) == 1


async def test_while_draining_a_failed_attempt_is_not_tried_again(
    spool: Spool, settings: Settings
) -> None:
    supervised: Supervisor

    async def fail_while_draining(order: Order) -> Outcome:
        supervised.drain()
        return await failing(Kind.MACHINE)(order)

    workers = Scripted(fail_while_draining)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    with pytest.raises(asyncio.CancelledError):
        await supervised.see_through(job)
    assert (len(workers.orders), attempts_on_disk(job)) == (1, 1)


async def test_an_attempt_past_its_time_limit_counts_as_stuck(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    """H9: that is one that was ended for standing still, and still runs."""
    settings = make_settings(workers={"stall_seconds": 0.02}, limits={"free_mib": 0})
    let_go = asyncio.Event()
    was_stopped = asyncio.Event()

    async def never_ending(order: Order) -> Outcome:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_stopped.set()
            await let_go.wait()
        return await film(order)

    supervised = supervise(spool, Scripted(never_ending), settings)
    task = asyncio.create_task(supervised.see_through(claimed(spool)))
    await asyncio.wait_for(was_stopped.wait(), 20)
    now = time.monotonic()
    assert not supervised.is_stuck(now)
    assert supervised.is_stuck(now + supervisor.STUCK_SECONDS + 1)
    let_go.set()
    await asyncio.wait_for(task, 20)
    assert not supervised.is_stuck(now + 1e6)
    assert supervised.endings.delivered == 1, "it ended with a film after all"


async def test_an_attempt_that_stands_still_is_ended_and_tried_once_more(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    """H6: three times an hour for a story that never ends, and no film of more than an hour."""
    settings = make_settings(
        workers={"stall_seconds": 0.02, "retry_seconds": 0.001, "attempts": 10},
        limits={"free_mib": 0},
    )
    workers = Scripted(forever)
    await supervise(spool, workers, settings).see_through(claimed(spool))
    assert len(workers.orders) == 2
    assert workers.at_once == 0
    (problem,) = reasons.read(spool.folders.failed / "the-fox")
    assert (problem.where, problem.what) == ("timeout", "no progress for 0.02 s")


async def test_a_story_that_stood_still_once_may_still_become_a_film(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    settings = make_settings(
        workers={"stall_seconds": 0.02, "retry_seconds": 0.001}, limits={"free_mib": 0}
    )
    supervised = supervise(spool, Scripted(forever, film), settings)
    await supervised.see_through(claimed(spool))
    assert supervised.endings.delivered == 1


async def test_no_attempt_begins_on_a_full_disk(spool: Spool, make_settings: SettingsMaker) -> None:
    settings = make_settings(limits={"free_mib": 10})
    free = 0
    checks = 0

    def measure(_: Path) -> Space:
        nonlocal checks
        checks += 1
        return Space(1, free)

    workers = Scripted(film)
    full = Room([spool.folders.work], lambda: settings, measure)
    supervised = supervise(spool, workers, settings, disks=full)
    job = claimed(spool)
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: checks > 10)
    assert (workers.orders, attempts_on_disk(job)) == ([], 0)
    assert not supervised.is_busy(job.id)

    free = 10 * 2**20
    await asyncio.wait_for(task, 20)
    assert names(spool.folders.outbox) == ["the-fox"]


# ---- a source that changes -----------------------------------------------------------------------


def writing(name: str, outcome: Act) -> Act:
    """An attempt during which somebody writes a file into the story."""

    async def write(order: Order) -> Outcome:
        (order.source / name).write_text("more")
        return await outcome(order)

    return write


@pytest.mark.parametrize("first", [film, failing(Kind.STORY), failing(Kind.ARRIVING)])
async def test_an_attempt_during_which_somebody_wrote_on_is_void_and_uncharged(
    spool: Spool, make_settings: SettingsMaker, log_lines: LogCapture, first: Act
) -> None:
    """H8: a copy that stalled became a film with half a narration, or failed for it."""
    settings = make_settings(
        watch={"settle_seconds": 0.01}, workers={"attempts": 1}, limits={"free_mib": 0}
    )
    workers = Scripted(writing("late.mp3", first), film)
    job = claimed(spool)
    supervised = supervise(spool, workers, settings)
    await supervised.see_through(job)
    assert [order.number for order in workers.orders] == [1, 1]
    assert (supervised.endings.delivered, supervised.endings.failed) == (1, 0)
    assert names(spool.folders.done / "the-fox") == ["late.mp3", "manifest.json"]
    (line,) = events(log_lines, "render.retrying")
    assert "somebody wrote into the folder" in line["reason"]


@pytest.mark.parametrize("name", ["Thumbs.db", "notes.bak"])
async def test_litter_that_appears_during_an_attempt_does_not_void_it(
    spool: Spool, make_settings: SettingsMaker, name: str
) -> None:
    """A NAS indexes a folder while it is compiled."""
    settings = make_settings(watch={"ignore": ["*.bak"]}, limits={"free_mib": 0})
    workers = Scripted(writing(name, film))
    supervised = supervise(spool, workers, settings)
    await supervised.see_through(claimed(spool))
    assert (len(workers.orders), supervised.endings.delivered) == (1, 1)


async def test_a_story_is_compiled_again_only_when_nobody_writes_into_it_any_more(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    """H8: the new fingerprint is on disk before the next attempt starts."""
    settings = make_settings(watch={"settle_seconds": 0.01}, limits={"free_mib": 0})
    recorded: list[str] = []

    async def look(order: Order) -> Outcome:
        found = read_job(order.attempt.parent)
        assert found
        recorded.append(found.fingerprint)
        return await film(order)

    workers = Scripted(writing("late.mp3", film), look)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    looks = 0
    real = supervised.source_now

    async def source_now(job: Job) -> str:
        nonlocal looks
        looks += 1
        if looks < 5:
            (job.source / "late.mp3").write_text(looks * "more ")
        return await real(job)

    supervised.source_now = source_now  # type: ignore[method-assign]
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: supervised.resting)
    assert not supervised.is_busy(job.id)
    await asyncio.wait_for(task, 20)
    assert looks == 6, "one after the void attempt, four until it is quiet, one after the film"
    assert recorded == [fingerprint(entries_of(spool.folders.done / "the-fox"))]
    assert (supervised.resting, supervised.endings.delivered) == (0, 1)


async def test_a_source_that_changes_during_every_attempt_is_charged_in_the_end(
    spool: Spool, make_settings: SettingsMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H8: a filesystem whose files never look the same twice must not occupy a worker for ever."""
    monkeypatch.setattr(supervisor, "MOST_VOID_ATTEMPTS", 2)
    settings = make_settings(
        watch={"settle_seconds": 0.001},
        workers={"attempts": 1, "retry_seconds": 0.001},
        limits={"free_mib": 0},
    )

    async def write(order: Order) -> Outcome:
        (order.source / f"{time.monotonic_ns()}").touch()
        return await film(order)

    workers = Scripted(write)
    supervised = supervise(spool, workers, settings)
    await supervised.see_through(claimed(spool))
    assert [order.number for order in workers.orders] == [1, 1, 1]
    (problem,) = reasons.read(spool.folders.failed / "the-fox")
    assert "changed during each attempt" in problem.what
    assert names(spool.folders.outbox) == []


async def test_a_job_of_an_older_version_has_no_fingerprint_and_is_not_compared(
    spool: Spool, settings: Settings
) -> None:
    workers = Scripted(writing("late.mp3", film))
    job = replace(claimed(spool), fingerprint="")
    await supervise(spool, workers, settings).see_through(job)
    assert len(workers.orders) == 1
    assert names(spool.folders.outbox) == ["the-fox"]


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
async def test_a_source_that_cannot_be_looked_at_counts_as_unchanged(
    spool: Spool, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def fail(_spool: Spool, _job: Job, _ignore: tuple[str, ...]) -> str:
        raise error

    monkeypatch.setattr(originals, "origin_fingerprint", fail)
    supervised = supervise(spool, Scripted(film), settings)
    await supervised.see_through(claimed(spool))
    assert supervised.endings.delivered == 1


async def test_a_worker_that_says_it_made_a_film_and_left_none_fails_its_story(
    spool: Spool, settings: Settings
) -> None:
    """M4: what a worker leaves is not trusted, and neither is what it says."""

    async def nothing(order: Order) -> Outcome:
        return Film(order.job, order.attempt, 1.5)

    supervised = supervise(spool, Scripted(nothing), settings)
    await supervised.see_through(claimed(spool))
    assert (supervised.endings.delivered, supervised.endings.failed) == (0, 1)
    assert names(spool.folders.outbox) == []
    (problem,) = reasons.read(spool.folders.failed / "the-fox")
    assert "has no film in it" in problem.what


# ---- stories that have not arrived ---------------------------------------------------------------


async def not_arrived(order: Order) -> Outcome:
    what = "its SHA-256 differs from the declared one"
    return Failure(order.job, Kind.ARRIVING, (Problem("page 1", what, "Wait.", "01.mp3"),))


async def test_a_story_whose_files_differ_from_its_manifest_goes_back_to_the_inbox(
    spool: Spool, settings: Settings, log_lines: LogCapture
) -> None:
    held: list[Hold] = []
    workers = Scripted(not_arrived)
    supervised = supervise(spool, workers, settings, held)
    job = claimed(spool)
    await supervised.see_through(job)
    assert len(workers.orders) == 1
    assert names(spool.folders.inbox / "the-fox") == ["manifest.json"]
    assert names(spool.folders.work) == [".lock"]
    lacking = ("01.mp3 (its SHA-256 differs from the declared one)",)
    assert held == [Hold("the-fox", job.fingerprint, lacking)]
    (line,) = events(log_lines, "story.waiting")
    assert (line["story"], line["lacking"]) == ("the-fox", list(lacking))
    assert (supervised.endings.delivered, supervised.endings.failed, len(supervised.endings)) == (
        0,
        0,
        0,
    )


async def test_a_story_that_was_given_up_fails_when_it_has_still_not_arrived(
    spool: Spool, settings: Settings
) -> None:
    """C2: it would be claimed and given back once a day, for ever."""
    held: list[Hold] = []
    supervised = supervise(spool, Scripted(not_arrived), settings, held)
    await supervised.see_through(claimed(spool), is_given_up=True)
    assert held == []
    assert names(spool.folders.inbox) == []
    (problem,) = reasons.read(spool.folders.failed / "the-fox")
    assert problem.file == "01.mp3"


async def test_a_story_whose_name_is_taken_in_the_inbox_fails_instead(
    spool: Spool, settings: Settings
) -> None:
    """The folder in the inbox is the newer one."""
    held: list[Hold] = []
    supervised = supervise(spool, Scripted(not_arrived), settings, held)
    job = claimed(spool)
    (spool.folders.inbox / "the-fox").mkdir()
    await supervised.see_through(job)
    assert held == []
    (problem,) = reasons.read(spool.folders.failed / "the-fox")
    assert problem.file == "01.mp3"


@pytest.mark.usefixtures("no_step_waits")
async def test_a_story_that_cannot_be_given_back_yet_is_given_back_later(
    spool: Spool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Spool.give_back
    tries = 0

    def give_back(spool: Spool, job: Job) -> bool:
        nonlocal tries
        tries += 1
        return tries == 3 and real(spool, job)

    monkeypatch.setattr(Spool, "give_back", give_back)
    held: list[Hold] = []
    await supervise(spool, Scripted(not_arrived), settings, held).see_through(claimed(spool))
    assert tries == 3
    assert [hold.name for hold in held] == ["the-fox"]


# ---- steps of the spool --------------------------------------------------------------------------


@pytest.mark.usefixtures("no_step_waits")
@pytest.mark.parametrize("gone", ["outbox", "done"])
async def test_a_folder_that_is_gone_for_a_while_is_waited_for(
    spool: Spool, settings: Settings, log_lines: LogCapture, gone: str
) -> None:
    """A lost network share: when it is back, the film is delivered once, from the same attempt."""
    place: Path = getattr(spool.folders, gone)
    away = spool.folders.root / "away"

    async def film_of_a_lost_share(order: Order) -> Outcome:
        place.rename(away)
        return await film(order)

    workers = Scripted(film_of_a_lost_share)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: len(events(log_lines, "service.degraded")) > 2)
    assert supervised.is_busy(job.id)
    away.rename(place)
    await asyncio.wait_for(task, 20)
    assert "No such file" in events(log_lines, "service.degraded")[0]["reason"]
    assert len(workers.orders) == 1
    assert names(spool.folders.outbox) == names(spool.folders.done) == ["the-fox"]
    assert not supervised.is_busy(job.id)


@pytest.mark.usefixtures("no_step_waits")
async def test_a_failed_story_waits_for_its_folder_in_the_same_way(
    spool: Spool, settings: Settings, log_lines: LogCapture
) -> None:
    spool.folders.failed.rmdir()
    task = asyncio.create_task(
        supervise(spool, Scripted(failing(Kind.STORY)), settings).see_through(claimed(spool))
    )
    await until(lambda: events(log_lines, "service.degraded"))
    spool.folders.failed.mkdir()
    await asyncio.wait_for(task, 20)
    assert names(spool.folders.failed) == ["the-fox"]


async def test_a_shutdown_while_an_attempt_is_being_charged_does_not_charge_it(
    spool: Spool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is slow to write the record, as a busy one is."""
    began = threading.Event()
    go_on = threading.Event()
    ended = threading.Event()
    real = Spool.begin_attempt

    def slow(self: Spool, job: Job) -> Job:
        began.set()
        go_on.wait(20)
        try:
            return real(self, job)
        finally:
            ended.set()

    monkeypatch.setattr(Spool, "begin_attempt", slow)
    workers = Scripted(film)
    job = claimed(spool)
    task = asyncio.create_task(supervise(spool, workers, settings).see_through(job))
    await until(began.is_set)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait([task])
    await until(ended.is_set)
    assert workers.orders == []
    assert attempts_on_disk(job) == 0


async def test_a_shutdown_while_a_full_disk_keeps_an_attempt_from_being_charged_is_quick(
    spool: Spool, settings: Settings, log_lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L7: it waited for room on the disk, until systemd killed the service."""
    began = threading.Event()
    go_on = threading.Event()

    def full(_: Spool, __: Job) -> Job:
        began.set()
        go_on.wait(20)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Spool, "begin_attempt", full)
    job = claimed(spool)
    task = asyncio.create_task(supervise(spool, Scripted(film), settings).see_through(job))
    await until(began.is_set)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait_for(asyncio.wait([task]), 20)
    assert task.cancelled()
    assert attempts_on_disk(job) == 0
    assert events(log_lines, "service.degraded") == []


async def test_each_order_asks_for_other_music_than_the_previous_film_had(
    spool: Spool, settings: Settings
) -> None:
    """Also after a restart: the outbox has the reports."""

    def playing(music: str) -> Act:
        async def play(order: Order) -> Outcome:
            await film(order)
            (order.attempt / "report.json").write_text(
                json.dumps({"job": order.job, "music": music or None})
            )
            return Film(order.job, order.attempt, 1.5, music)

        return play

    workers = Scripted(
        playing("calm/a.ogg"), playing(""), playing("calm/b.ogg"), playing("calm/c.ogg")
    )
    supervised = supervise(spool, workers, settings)
    for number in range(3):
        await supervised.see_through(claimed(spool, f"story-{number}"))
    restarted = supervise(spool, workers, settings)
    restarted.remember_music()
    await restarted.see_through(claimed(spool, "after the restart"))
    assert [order.not_again for order in workers.orders] == [
        "",
        "calm/a.ogg",
        "calm/a.ogg",
        "calm/b.ogg",
    ]


# ---- stories that stay in the inbox -------------------------------------------------------------


@pytest.fixture
def set_aside(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A story that may be read, and renamed, but not moved out of the inbox."""
    inbox_keeps_folders(monkeypatch)
    return claimed(spool)


async def test_a_story_that_may_not_be_moved_is_compiled_from_a_copy(
    spool: Spool, settings: Settings, set_aside: Job, log_lines: LogCapture
) -> None:
    supervised = supervise(spool, Scripted(film), settings)
    await supervised.see_through(set_aside)
    assert names(spool.folders.outbox) == ["the-fox"]
    assert names(spool.folders.done / "the-fox") == ["manifest.json"]
    assert names(spool.folders.inbox) == [set_aside.original]
    (line,) = [line for line in log_lines.entries if line["event"] == "story.copied"]
    assert (line["story"], line["original"]) == ("the-fox", "the-fox (taken, may be deleted)")


async def test_a_copy_is_made_again_when_somebody_writes_on_into_the_original(
    spool: Spool, make_settings: SettingsMaker, set_aside: Job
) -> None:
    settings = make_settings(watch={"settle_seconds": 0.01}, limits={"free_mib": 0})
    late = spool.origin(set_aside) / "late.mp3"

    async def write(order: Order) -> Outcome:
        late.write_text("the rest")
        return await film(order)

    workers = Scripted(write, film)
    await supervise(spool, workers, settings).see_through(set_aside)
    assert [order.number for order in workers.orders] == [1, 1], "the first one was void"
    assert names(spool.folders.done / "the-fox") == ["late.mp3", "manifest.json"]


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_story_that_cannot_be_copied_any_more_is_given_back(
    spool: Spool,
    settings: Settings,
    set_aside: Job,
    monkeypatch: pytest.MonkeyPatch,
    is_deleted: bool,
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    if is_deleted:
        shutil.rmtree(spool.origin(set_aside))
    else:
        monkeypatch.setattr(originals, "opened", forbidden)
    workers = Scripted(film)
    await asyncio.wait_for(supervise(spool, workers, settings).see_through(set_aside), 20)
    assert workers.orders == []
    assert names(spool.folders.inbox) == ([] if is_deleted else ["the-fox"])
    assert names(spool.folders.work) == [".lock"]


async def test_a_story_that_cannot_be_copied_or_given_back_fails_with_its_reason(
    spool: Spool, settings: Settings, set_aside: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(originals, "opened", forbidden)
    (spool.folders.inbox / "the-fox").mkdir()
    await asyncio.wait_for(supervise(spool, Scripted(film), settings).see_through(set_aside), 20)
    (problem,) = reasons.read(spool.folders.failed / "the-fox")
    assert set_aside.original in problem.what
    assert "chmod -R a+rX" in problem.mend


async def test_a_claim_that_was_cut_off_before_the_copy_continues_with_it(
    spool: Spool, settings: Settings, set_aside: Job
) -> None:
    supervised = supervise(spool, Scripted(film), settings)
    await supervised.see_through(recovered(spool))
    assert names(spool.folders.done / "the-fox") == ["manifest.json"]

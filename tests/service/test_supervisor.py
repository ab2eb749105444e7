"""The life of one story. Workers are scripted here: which outcome follows which must be chosen. The spool is real."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture
from tenacity import wait_none

from daemon import progress
from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import Problem, WorkersBroken
from daemon.service import supervisor
from daemon.service.room import Room
from daemon.service.supervisor import Supervisor
from daemon.spool import Left as State
from daemon.spool import Spool, reasons, recover
from daemon.spool.job import Job, read_job
from tests.conftest import SettingsMaker
from tests.helpers.children import in_child

Act = Callable[[Order], Awaitable[Outcome]]
MAY_PASS = [Kind.MACHINE, Kind.FILM, Kind.DIED, Kind.TIMEOUT]
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
    """Workers that do with one order after the other what the script says; the last line goes on for ever."""

    def __init__(self, *script: Act) -> None:
        self.script = script
        self.orders: list[Order] = []
        self.charged: list[int] = []
        self.at_once = self.most_at_once = 0

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
        """Nothing runs on when a test ends."""


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    """Rests between attempts that take no time, and no room that must be free."""
    return make_settings(
        workers={"retry_seconds": 0.001, "attempts": 3, "count": 2}, limits={"free_mib": 0}
    )


@pytest.fixture
def spool(settings: Settings) -> Iterator[Spool]:
    opened = Spool(settings.folders).open()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two waits that no setting reaches."""
    monkeypatch.setattr(supervisor, "PROGRESS_SECONDS", 0.01)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the spool is done again without a rest: tenacity's policy is replaced, since it starts with a second."""
    monkeypatch.setattr(supervisor, "wait_exponential_jitter", lambda **_: wait_none())


def supervise(spool: Spool, workers: Scripted, settings: Settings) -> Supervisor:
    return Supervisor(spool, workers, Room(spool.free_bytes, lambda: settings), lambda: settings)


def claimed(spool: Spool, name: str = "the-fox") -> Job:
    folder = spool.folders.inbox / name
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    job = spool.claim(name)
    assert isinstance(job, Job)
    return job


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def attempts_on_disk(job: Job) -> int:
    found = read_job(job.folder)
    assert found
    return found.attempts


def said(log_lines: LogCapture, event: str) -> list[dict[str, Any]]:
    return [dict(line) for line in log_lines.entries if line["event"] == event]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


# ---- outcomes ---------------------------------------------------------------------------------------------------------------


async def test_a_film_is_delivered(spool: Spool, settings: Settings, log_lines: LogCapture) -> None:
    workers = Scripted(film)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    await supervised.see_through(job)
    assert (spool.folders.outbox / "the-fox/the-fox.mp4").read_text() == "attempt 1"
    assert names(spool.folders.done) == ["the-fox"]
    assert names(spool.folders.work) == [".lock"]
    assert (supervised.delivered, supervised.failed, supervised.running) == (1, 0, 0)
    assert [line["event"] for line in log_lines.entries] == [
        "render.started",
        "render.finished",
        "story.delivered",
    ]
    (line,) = said(log_lines, "story.delivered")
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
async def test_a_failure_that_will_not_pass_is_not_tried_again(
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
    assert (supervised.delivered, supervised.failed) == (0, 1)
    (line,) = said(log_lines, "story.failed")
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
    assert [line["attempt"] for line in said(log_lines, "render.retrying")] == [1, 2]
    assert said(log_lines, "render.retrying")[0]["reason"] == f"page 1: {kind} 1. Mend it."


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
    assert supervised.failed == 1


async def test_what_a_failed_attempt_wrote_is_gone_before_the_next_one_begins(
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


async def test_the_rests_between_attempts_grow_and_are_bounded(
    spool: Spool,
    make_settings: SettingsMaker,
    log_lines: LogCapture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = make_settings(
        workers={"retry_seconds": 2.0, "attempts": 10, "count": 1}, limits={"free_mib": 0}
    )
    real = asyncio.sleep

    async def no_time(_: float) -> None:
        await real(0)

    monkeypatch.setattr(
        asyncio, "sleep", no_time
    )  # only the length of each rest matters here, and the log tells it
    await supervise(spool, Scripted(failing(Kind.DIED)), settings).see_through(claimed(spool))
    waits = [line["wait_seconds"] for line in said(log_lines, "render.retrying")]
    assert len(waits) == 9
    for number, wait in enumerate(waits):
        assert min(60, 2 * 2**number) <= wait <= min(60, 2 * 2**number + 2)


async def test_a_story_that_rests_holds_no_worker(
    spool: Spool, make_settings: SettingsMaker
) -> None:
    settings = make_settings(workers={"retry_seconds": 3600, "count": 1}, limits={"free_mib": 0})
    supervised = supervise(spool, Scripted(failing(Kind.MACHINE), film), settings)
    bad = asyncio.create_task(supervised.see_through(job := claimed(spool, "bad")))
    await until(
        lambda: (
            supervised.running == 0
            and attempts_on_disk(job) == 1
            and not job.folder.joinpath("attempt-1").exists()
        )
    )
    await asyncio.wait_for(supervised.see_through(claimed(spool, "good")), 20)
    assert names(spool.folders.outbox) == ["good"]
    assert not bad.done()
    assert not supervised.is_busy(job)
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
    assert supervised.delivered == len(names(spool.folders.outbox)) == 6


async def test_progress_is_told_when_it_has_changed(
    spool: Spool, settings: Settings, log_lines: LogCapture
) -> None:
    def is_told(stage: str) -> bool:
        return stage in [line["stage"] for line in said(log_lines, "render.progress")]

    async def telling(order: Order) -> Outcome:
        (order.attempt / progress.SCRATCH).mkdir()
        for stage in ("sound", "film"):
            progress.reporter(order.attempt)(stage, 0.5)
            await until(partial(is_told, stage))
        shutil.rmtree(order.attempt / progress.SCRATCH)
        return await film(order)

    await supervise(spool, Scripted(telling), settings).see_through(claimed(spool))
    told = [
        (line["attempt"], line["stage"], line["done"])
        for line in said(log_lines, "render.progress")
    ]
    assert told == [(1, "sound", 0.5), (1, "film", 0.5)]


# ---- restarts ---------------------------------------------------------------------------------------------------------------


def test_a_story_that_takes_the_whole_service_with_it_is_tried_n_times_over_all_restarts(
    settings: Settings,
) -> None:
    """Each life is a real process that ends by SIGKILL as soon as a worker gets the story."""

    async def kill(order: Order) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    def life() -> str:
        opened = Spool(settings.folders).open()
        found = [
            recovered.job for recovered in recover(opened) if recovered.state is State.UNFINISHED
        ]
        supervised = supervise(opened, Scripted(kill), settings)
        asyncio.run(supervised.see_through(found[0] if found else claimed(opened)))
        return f"{supervised.failed} failed"

    ends = [in_child(life) for _ in range(4)]
    assert [ended.was_killed for ended in ends] == [True, True, True, False], ends
    assert ends[3].said == "1 failed"
    (problem,) = reasons.read(settings.folders.failed / "the-fox")
    assert problem.where == "exhausted"
    assert "begun 3 times" in problem.what
    assert names(settings.folders.work) == [".lock"]


@pytest.mark.parametrize(("charged", "orders"), [(0, 3), (1, 2), (2, 1), (3, 0), (7, 0)])
async def test_attempts_of_earlier_runs_count(
    spool: Spool, settings: Settings, charged: int, orders: int
) -> None:
    workers = Scripted(failing(Kind.DIED))
    job = claimed(spool)
    for _ in range(charged):
        job = spool.begin_attempt(job)
    await supervise(spool, workers, settings).see_through(job)
    assert len(workers.orders) == orders
    assert names(spool.folders.failed) == ["the-fox"]


async def test_a_film_that_an_earlier_run_published_is_only_finished(
    spool: Spool, settings: Settings
) -> None:
    workers = Scripted(film)
    job = spool.begin_attempt(claimed(spool))
    await film(Order(job.id, job.name, 1, job.source, job.attempt_folder, settings))
    spool.publish(job)
    (found,) = recover(spool)
    await supervise(spool, workers, settings).finish(found.job)
    assert workers.orders == []
    assert names(spool.folders.done) == names(spool.folders.outbox) == ["the-fox"]
    assert names(spool.folders.work) == [".lock"]


async def test_a_cancelled_attempt_is_not_charged_and_goes_on_at_the_next_start(
    spool: Spool, settings: Settings
) -> None:
    workers = Scripted(failing(Kind.DIED), forever)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: len(workers.orders) == 2)
    assert supervised.is_busy(job)
    assert attempts_on_disk(job) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attempts_on_disk(job) == 1, "the first one had failed and stays charged"
    assert names(job.folder) == ["job.json", "source"]
    assert (supervised.running, supervised.is_busy(job)) == (0, False)
    again = Scripted(film)
    await supervise(spool, again, settings).see_through(recover(spool)[0].job)
    assert again.orders[0].number == 2


async def test_workers_that_do_not_start_charge_no_story(spool: Spool, settings: Settings) -> None:
    workers = Scripted(broken)
    job = claimed(spool)
    with pytest.raises(WorkersBroken):
        await supervise(spool, workers, settings).see_through(job)
    assert len(workers.orders) == 1
    assert attempts_on_disk(job) == 0
    assert names(job.folder) == ["job.json", "source"]


# ---- draining, stuck attempts, room -----------------------------------------------------------------------------------------


async def test_draining_lets_the_running_finish_and_begins_nothing(
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


async def test_draining_does_not_try_again(spool: Spool, settings: Settings) -> None:
    supervised: Supervisor

    async def fail_while_draining(order: Order) -> Outcome:
        supervised.drain()
        return await failing(Kind.MACHINE)(order)

    supervised = supervise(spool, workers := Scripted(fail_while_draining), settings)
    job = claimed(spool)
    with pytest.raises(asyncio.CancelledError):
        await supervised.see_through(job)
    assert (len(workers.orders), attempts_on_disk(job)) == (1, 1)


async def test_an_attempt_past_its_time_limit_counts_as_stuck(
    spool: Spool, settings: Settings
) -> None:
    supervised = supervise(spool, Scripted(forever), settings)
    task = asyncio.create_task(supervised.see_through(claimed(spool)))
    await until(lambda: supervised.running)
    now, limit = time.monotonic(), settings.workers.timeout_seconds
    assert not supervised.is_stuck(now + limit)
    assert supervised.is_stuck(now + limit + supervisor.LONGEST_WAIT_SECONDS + 1)
    task.cancel()
    await asyncio.wait([task])
    assert not supervised.is_stuck(now + 10 * limit)


async def test_no_attempt_begins_on_a_full_disk(
    spool: Spool, make_settings: SettingsMaker, log_lines: LogCapture
) -> None:
    settings = make_settings(limits={"free_mib": 10})
    free = [0]
    looks = itertools.count()

    def free_bytes() -> int:
        next(looks)
        return free[0]

    workers = Scripted(film)
    supervised = Supervisor(spool, workers, Room(free_bytes, lambda: settings), lambda: settings)
    job = claimed(spool)
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: next(looks) > 10)
    free[0] = 10 * 2**20 - 1
    await until(lambda: next(looks) > 30)
    assert (workers.orders, attempts_on_disk(job)) == ([], 0)
    assert not supervised.is_busy(job)
    assert [(line["free_mib"], line["needed_mib"]) for line in said(log_lines, "disk.low")] == [
        (0, 10)
    ]
    free[0] = 10 * 2**20
    await asyncio.wait_for(task, 20)
    assert [line["free_mib"] for line in said(log_lines, "disk.ok")] == [10]
    assert names(spool.folders.outbox) == ["the-fox"]


# ---- steps that must work ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("gone", ["outbox", "done"])
async def test_a_folder_that_is_gone_for_a_while_is_waited_for(
    spool: Spool, settings: Settings, log_lines: LogCapture, gone: str
) -> None:
    """As a network share that is lost: the film is delivered when it is back, from the same attempt, once."""
    place, away = getattr(spool.folders, gone), spool.folders.root / "away"
    os.rename(place, away)  # noqa: PTH104 - a plain path of the spool, moved between two steps of the loop
    workers = Scripted(film)
    supervised = supervise(spool, workers, settings)
    job = claimed(spool)
    task = asyncio.create_task(supervised.see_through(job))
    await until(lambda: len(said(log_lines, "service.degraded")) > 2)
    assert supervised.is_busy(job)
    os.rename(away, place)  # noqa: PTH104 - as above
    await asyncio.wait_for(task, 20)
    assert "No such file" in said(log_lines, "service.degraded")[0]["reason"]
    assert len(workers.orders) == 1
    assert names(spool.folders.outbox) == names(spool.folders.done) == ["the-fox"]
    assert not supervised.is_busy(job)


@pytest.mark.usefixtures("at_once")
async def test_a_failed_story_waits_for_its_folder_too(
    spool: Spool, settings: Settings, log_lines: LogCapture
) -> None:
    spool.folders.failed.rmdir()
    task = asyncio.create_task(
        supervise(spool, Scripted(failing(Kind.STORY)), settings).see_through(claimed(spool))
    )
    await until(lambda: said(log_lines, "service.degraded"))
    spool.folders.failed.mkdir()
    await asyncio.wait_for(task, 20)
    assert names(spool.folders.failed) == ["the-fox"]


async def test_a_shutdown_while_an_attempt_is_being_charged_does_not_charge_it(
    spool: Spool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted: the disk takes its time over the record, as a busy one does."""
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()
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


async def test_each_story_is_asked_not_to_have_the_music_of_the_film_before_it(
    spool: Spool, settings: Settings
) -> None:
    """Also across a restart: the outbox remembers."""

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

"""Tasks of claimed stories: each job on disk gets one, and only so many stories are claimed."""

import asyncio
import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from structlog.testing import LogCapture
from tenacity import wait_none

from daemon.config import Settings
from daemon.errors import WorkersBroken
from daemon.inbox import entries_of, fingerprint
from daemon.inbox.watcher import Settled, Watcher
from daemon.service import jobs, originals, steps
from daemon.service.claims import Claims
from daemon.service.jobs import Jobs
from daemon.service.room import Room
from daemon.service.supervisor import Supervisor
from daemon.service.threads import SpoolThreads
from daemon.spool import Job, Recovered, RecoveredState, Spool, Unclaimable, recover_job
from daemon.spool.job import read_job
from tests.conftest import SettingsMaker
from tests.helpers.folders import names
from tests.helpers.logs import events
from tests.helpers.waiting import until


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    return make_settings(workers={"count": 2}, limits={"free_mib": 0})


@pytest.fixture
def spool(settings: Settings) -> Iterator[Spool]:
    opened = Spool(settings.folders).open()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed step of the spool is tried again at once."""
    monkeypatch.setattr(steps, "LONGER_AND_LONGER", wait_none())


class Lives:
    """A supervisor whose stories live until they are let go; it records them."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.seen: list[Job] = []
        self.given_up: list[str] = []
        self.delivered: list[Job] = []
        self.let_go = asyncio.Event()
        self.drained = False
        self.busy: set[str] = set()
        self.resting = 0
        self.endings: set[str] = set()
        self.moved = asyncio.Event()
        self.error: BaseException | None = None

    async def see_through(self, job: Job, *, is_given_up: bool = False) -> None:
        self.seen.append(job)
        if is_given_up:
            self.given_up.append(job.name)
        if self.error:
            raise self.error
        await self.let_go.wait()

    async def deliver_again(self, job: Job) -> None:
        self.delivered.append(job)

    async def source_now(self, job: Job) -> str:
        return originals.origin_fingerprint(self.spool, job, ())

    def is_busy(self, job_id: str) -> bool:
        return job_id in self.busy

    def drain(self) -> None:
        self.drained = True


class Parts:
    """The jobs, and the claims, of one service."""

    def __init__(self, spool: Spool, settings: Settings) -> None:
        self.spool = spool
        self.lives = Lives(spool)
        self.faults: list[WorkersBroken] = []
        self.watcher = create_autospec(Watcher, instance=True)
        threads = SpoolThreads()
        lives: Supervisor = self.lives  # type: ignore[assignment]
        self.jobs = Jobs(spool, threads, lives, lambda: settings, self.faults.append)
        room = Room([spool.folders.work], lambda: settings)
        self.claims = Claims(spool, threads, self.watcher, room, lives, self.jobs, lambda: settings)

    def drop(self, name: str = "the-fox") -> Settled:
        """Put a story into the inbox; what the watcher offers."""
        folder = self.spool.folders.inbox / name
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
        return Settled(name, entries_of(folder), 2.0)

    def left(self, name: str = "the-fox") -> Job:
        """A story that an earlier run has claimed."""
        settled = self.drop(name)
        job = self.spool.claim(name, fingerprint(settled.entries))
        assert isinstance(job, Job)
        return job

    async def end(self) -> None:
        """Let all stories end."""
        self.lives.let_go.set()
        await until(lambda: not len(self.jobs))


@pytest.fixture
async def parts(spool: Spool, settings: Settings) -> Parts:
    return Parts(spool, settings)


def fail_with(code: int) -> OSError:
    return OSError(code, os.strerror(code))


# ---- sweeps --------------------------------------------------------------------------------------


async def test_what_an_earlier_run_left_continues(parts: Parts, log_lines: LogCapture) -> None:
    job = parts.left()
    await parts.jobs.sweep()
    await until(lambda: parts.lives.seen)
    assert [seen.id for seen in parts.lives.seen] == [job.id]
    (line,) = events(log_lines, "story.recovered")
    assert (line["story"], line["job"], line["attempts"]) == ("the-fox", job.id, 0)
    assert (line["interruptions"], line["state"]) == (0, "unfinished")
    await parts.end()


async def test_a_film_that_was_being_published_is_delivered_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = parts.left()
    found = Recovered(job, RecoveredState.PUBLISHING)
    monkeypatch.setattr(jobs, "recover_job", lambda *_: found)
    await parts.jobs.sweep()
    await until(lambda: parts.lives.delivered)
    assert (parts.lives.seen, parts.lives.delivered) == ([], [job])


@pytest.mark.parametrize("state", [RecoveredState.DROPPED, None])
async def test_a_folder_without_a_story_ends_at_once(
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: LogCapture,
    state: RecoveredState | None,
) -> None:
    job = parts.left()
    found = state and Recovered(job, state)
    monkeypatch.setattr(jobs, "recover_job", lambda *_: found)
    await parts.jobs.sweep()
    assert len(parts.jobs) == 1
    await until(lambda: not len(parts.jobs))
    assert (parts.lives.seen, parts.lives.delivered) == ([], [])
    assert len(events(log_lines, "story.recovered")) == (1 if state else 0)


async def test_a_job_that_cannot_be_recovered_yet_holds_up_no_other(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    """H2: one error of one job ended the start, and ten starts ended the service for good."""
    bad = parts.left("bad")
    parts.left("good")
    real = recover_job
    is_broken = True

    def recover(spool: Spool, folder: Path) -> Recovered | None:
        if folder == bad.folder and is_broken:
            raise fail_with(errno.ENOSPC)
        return real(spool, folder)

    monkeypatch.setattr(jobs, "recover_job", recover)
    await parts.jobs.sweep()
    await until(lambda: parts.lives.seen)
    await until(lambda: events(log_lines, "service.degraded"))
    assert [seen.name for seen in parts.lives.seen] == ["good"]
    assert "Make room" in events(log_lines, "service.degraded")[0]["mend"]
    is_broken = False
    await until(lambda: len(parts.lives.seen) == 2)
    await parts.end()


async def test_a_job_that_has_a_task_is_left_alone(parts: Parts) -> None:
    await parts.claims.claim(parts.drop())
    await parts.jobs.sweep()
    await parts.jobs.sweep()
    await until(lambda: parts.lives.seen)
    assert len(parts.jobs) == 1
    await parts.end()


async def test_a_sweep_waits_for_a_claim_that_is_under_way(parts: Parts) -> None:
    """Between its folder in work/ and its task, a claim looks like a job that was left."""
    parts.left()
    async with parts.jobs.moving:
        sweep = asyncio.create_task(parts.jobs.sweep())
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert not sweep.done()
        assert len(parts.jobs) == 0
    await sweep
    assert len(parts.jobs) == 1
    await parts.end()


async def test_sweeps_go_on_until_they_are_cancelled(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SWEEP_SECONDS", 0.001)
    sweeping = asyncio.create_task(parts.jobs.keep_sweeping())
    await asyncio.wait_for(parts.jobs.first_sweep.wait(), 20)
    parts.left()
    await until(lambda: parts.lives.seen)
    sweeping.cancel()
    await parts.end()


async def test_a_job_that_a_bug_has_stopped_rests_before_it_is_tried_again(
    parts: Parts, log_lines: LogCapture
) -> None:
    """H5: it lay in work/, and nobody went on with it until the service was restarted."""
    job = parts.left()
    parts.lives.error = ZeroDivisionError("a bug")
    await parts.jobs.sweep()
    await until(lambda: events(log_lines, "service.degraded"))
    (line,) = events(log_lines, "service.degraded")
    assert job.id in line["reason"]
    assert "ZeroDivisionError" in line["reason"]
    await parts.jobs.sweep()
    assert len(parts.jobs) == 0


async def test_a_job_that_has_rested_is_tried_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "REST_SECONDS", 0)
    parts.left()
    parts.lives.error = ZeroDivisionError("a bug")
    await parts.jobs.sweep()
    await until(lambda: parts.lives.seen and not len(parts.jobs))
    parts.lives.error = None
    await parts.jobs.sweep()
    await until(lambda: len(parts.lives.seen) == 2)
    await parts.end()


async def test_workers_that_do_not_start_are_reported_and_the_job_stays(parts: Parts) -> None:
    job = parts.left()
    parts.lives.error = WorkersBroken("no worker starts")
    await parts.jobs.sweep()
    await until(lambda: parts.faults)
    assert parts.faults == [parts.lives.error]
    assert read_job(job.folder)


# ---- places --------------------------------------------------------------------------------------


async def test_a_story_is_claimed_when_a_worker_is_free_or_has_none_ahead(parts: Parts) -> None:
    """H4: everything was claimed at once, 1500 stories for two workers.

    L12: a second attempt then came after all of them.
    """
    for number in range(4):
        await asyncio.wait_for(parts.jobs.free_place(), 20)
        await parts.claims.claim(parts.drop(f"story {number}"))
    place = asyncio.create_task(parts.jobs.free_place())
    await until(lambda: len(parts.lives.seen) == 4)
    assert not place.done()
    parts.lives.let_go.set()
    await asyncio.wait_for(place, 20)
    await parts.end()


@pytest.mark.parametrize(("kind", "one"), [("resting", 1), ("endings", {"a job"})])
async def test_stories_that_want_no_worker_occupy_no_place(
    parts: Parts, kind: str, one: object
) -> None:
    for number in range(4):
        await parts.claims.claim(parts.drop(f"story {number}"))
    place = asyncio.create_task(parts.jobs.free_place())
    await asyncio.sleep(0.01)
    assert not place.done()
    setattr(parts.lives, kind, one)
    parts.lives.moved.set()
    await asyncio.wait_for(place, 20)
    await parts.end()


async def test_not_all_stories_of_an_inbox_may_rest_at_once(parts: Parts) -> None:
    """On a disk that fails for all of them, each would be tried once and then wait in work/."""
    parts.lives.resting = jobs.RESTING_PER_WORKER * 2
    assert not parts.jobs.has_place()
    parts.lives.resting -= 1
    assert parts.jobs.has_place()


async def test_on_a_stop_busy_jobs_get_their_time_and_the_others_end_at_once(parts: Parts) -> None:
    busy = parts.left("busy")
    parts.left("waiting")
    parts.lives.busy = {busy.id}
    await parts.jobs.sweep()
    await until(lambda: len(parts.lives.seen) == 2)
    draining = asyncio.create_task(parts.jobs.drain(1000.0))
    await until(lambda: len(parts.jobs) == 1)
    assert parts.lives.drained
    parts.lives.let_go.set()
    await asyncio.wait_for(draining, 20)
    assert len(parts.jobs) == 0


async def test_on_a_stop_a_job_that_takes_too_long_is_cancelled(parts: Parts) -> None:
    busy = parts.left()
    parts.lives.busy = {busy.id}
    await parts.jobs.sweep()
    await until(lambda: parts.lives.seen)
    await asyncio.wait_for(parts.jobs.drain(0.01), 20)
    assert len(parts.jobs) == 0
    assert read_job(busy.folder)


# ---- claims --------------------------------------------------------------------------------------


async def test_a_folder_that_is_ready_is_claimed_with_its_fingerprint(
    parts: Parts, log_lines: LogCapture
) -> None:
    settled = parts.drop()
    await parts.claims.claim(settled)
    await until(lambda: parts.lives.seen)
    (job,) = parts.lives.seen
    assert job.fingerprint == fingerprint(settled.entries)
    assert names(parts.spool.folders.inbox) == []
    (line,) = events(log_lines, "story.claimed")
    assert (line["story"], line["job"]) == ("the-fox", job.id)
    await parts.end()


async def test_a_folder_that_changed_at_the_last_moment_goes_back(
    parts: Parts, log_lines: LogCapture
) -> None:
    settled = parts.drop()
    (parts.spool.folders.inbox / "the-fox/late.mp3").touch()
    await parts.claims.claim(settled)
    await until(lambda: not len(parts.jobs))
    assert names(parts.spool.folders.inbox / "the-fox") == ["late.mp3", "manifest.json"]
    assert (parts.lives.seen, log_lines.entries) == ([], [])


async def test_a_folder_that_changed_and_cannot_go_back_is_seen_through(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = parts.drop()
    (parts.spool.folders.inbox / "the-fox/late.mp3").touch()
    monkeypatch.setattr(Spool, "give_back", lambda *_: False)
    await parts.claims.claim(settled)
    await until(lambda: parts.lives.seen)
    await parts.end()


async def test_an_error_while_giving_back_leaves_no_job_without_a_task(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H5: the folder may be in the inbox or in work/; recovery looks, and goes on from there."""
    settled = parts.drop()
    (parts.spool.folders.inbox / "the-fox/late.mp3").touch()

    def fail(*_: object) -> bool:
        raise fail_with(errno.ESTALE)

    monkeypatch.setattr(Spool, "give_back", fail)
    await parts.claims.claim(settled)
    await until(lambda: parts.lives.seen)
    await parts.end()


async def test_a_claimed_story_has_a_task_although_it_cannot_be_looked_at(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H5: an error of the look after the claim left the story in work/, and nobody went on."""
    looks = 0

    async def source_now(job: Job) -> str:
        nonlocal looks
        looks += 1
        raise fail_with(errno.ESTALE)

    monkeypatch.setattr(parts.lives, "source_now", source_now)
    await parts.claims.claim(parts.drop())
    assert len(parts.jobs) == 1
    await until(lambda: looks)
    await until(lambda: not len(parts.jobs))


@pytest.mark.parametrize("lacking", [(), ("02.png",)])
async def test_a_folder_that_lacks_files_is_claimed_as_given_up(
    parts: Parts, lacking: tuple[str, ...]
) -> None:
    await parts.claims.claim(replace(parts.drop(), lacking=lacking))
    await until(lambda: parts.lives.seen)
    assert parts.lives.given_up == (["the-fox"] if lacking else [])
    parts.watcher.notify.assert_called_once_with("the-fox")
    parts.lives.let_go.set()
    await until(lambda: not len(parts.jobs))


async def test_a_folder_that_is_gone_is_no_fault_of_anybody(
    parts: Parts, log_lines: LogCapture
) -> None:
    settled = parts.drop()
    (parts.spool.folders.inbox / "the-fox").rename(parts.spool.folders.root / "away")
    await parts.claims.claim(settled)
    assert len(parts.jobs) == 0
    assert log_lines.entries == []
    parts.watcher.refuse.assert_not_called()


async def test_a_folder_that_may_not_be_moved_is_refused_and_reported(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    """M2: it counted as pending for ever, and `run --once` never ended."""
    monkeypatch.setattr(Spool, "claim", lambda *_: Unclaimable("a mount point", "Move it."))
    await parts.claims.claim(parts.drop())
    (line,) = events(log_lines, "story.unclaimable")
    assert (line["story"], line["reason"], line["mend"]) == ("the-fox", "a mount point", "Move it.")
    parts.watcher.refuse.assert_called_once_with("the-fox")
    assert len(parts.jobs) == 0


async def test_an_error_of_the_disk_leaves_the_folder_for_another_try(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    def fail(*_: object) -> Job:
        raise fail_with(errno.EIO)

    monkeypatch.setattr(Spool, "claim", fail)
    await parts.claims.claim(parts.drop())
    assert "the-fox cannot be claimed" in events(log_lines, "service.degraded")[0]["reason"]
    parts.watcher.refuse.assert_called_once_with("the-fox")


async def test_nothing_is_taken_from_the_inbox_before_there_is_a_place_for_it(parts: Parts) -> None:
    """H4: what waits in the inbox can still be mended, or withdrawn."""
    offers = [parts.drop(f"story {number}") for number in range(6)]
    taken = 0

    async def take() -> Settled:
        nonlocal taken
        taken += 1
        if taken > len(offers):
            await asyncio.Event().wait()
        return offers[taken - 1]

    parts.watcher.take = take
    claiming = asyncio.create_task(parts.claims.keep_claiming())
    await until(lambda: len(parts.lives.seen) == 4)
    assert taken == 4
    assert names(parts.spool.folders.inbox) == ["story 4", "story 5"]
    assert not parts.claims.is_claiming
    parts.lives.let_go.set()
    await until(lambda: len(parts.lives.seen) == 6)
    claiming.cancel()
    await parts.end()


# ---- files that are still open ------------------------------------------------------------------


async def until_taken(parts: Parts, *offers: Settled) -> None:
    """Let the watcher offer these, and wait until all of them have been dealt with."""
    left = [*offers]

    async def take() -> Settled:
        if left:
            return left.pop(0)
        parts.watcher.all_taken.set()
        await asyncio.Event().wait()
        raise AssertionError

    parts.watcher.all_taken = asyncio.Event()
    parts.watcher.take = take
    claiming = asyncio.create_task(parts.claims.keep_claiming())
    await asyncio.wait_for(parts.watcher.all_taken.wait(), 20)
    claiming.cancel()


async def test_a_folder_with_a_file_open_for_writing_waits_and_holds_up_no_other(
    parts: Parts,
) -> None:
    """H8"""
    fox = parts.drop("fox")
    owl = parts.drop("owl")
    with (parts.spool.folders.inbox / "fox/manifest.json").open("a"):
        await until_taken(parts, fox, owl)
        assert [job.name for job in parts.spool.jobs()] == ["owl"]
    ((name, lacking),) = [called.args for called in parts.watcher.postpone.call_args_list]
    assert name == "fox"
    assert [*lacking] == ["manifest.json (somebody is still writing it)"]
    await until_taken(parts, fox)
    assert len(parts.spool.jobs()) == 2
    await parts.end()


async def test_a_folder_that_is_given_up_is_taken_although_a_file_is_open(parts: Parts) -> None:
    fox = replace(parts.drop("fox"), seconds=10.0**6)
    with (parts.spool.folders.inbox / "fox/manifest.json").open("a"):
        await until_taken(parts, fox)
    assert [job.name for job in parts.spool.jobs()] == ["fox"]
    await parts.end()

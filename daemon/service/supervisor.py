"""The life of one claimed story: attempts with rests between them, then the outbox, or failed/ with the reasons.

Retries are tenacity's and live here, outside the workers: a worker may die of its story. Whether to try again is the outcome's
to say; how often was written to disk before.
"""

import asyncio
import errno
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
)
from tenacity.wait import wait_exponential_jitter

from daemon import progress
from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.delivery.report import last_music
from daemon.errors import Problem, WorkersBroken
from daemon.log import Event, logger
from daemon.service.room import Room
from daemon.spool.job import Job
from daemon.spool.spool import Spool
from daemon.workers import Workers

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

PROGRESS_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0


class Supervisor:
    """Sees stories through, as many at a time as there are workers. `settings` gives those that are in force now."""

    def __init__(
        self, spool: Spool, workers: Workers, room: Room, settings: Callable[[], Settings]
    ) -> None:
        self._spool = spool
        self._workers = workers
        self._room = room
        self._settings = settings
        self._slots = asyncio.Semaphore(settings().workers.count)
        self._deadlines: dict[str, float] = {}
        self._settling: set[str] = set()
        self._draining = False
        self._last_music = ""
        self.delivered = 0
        self.failed = 0

    @property
    def running(self) -> int:
        """Attempts that are at work now."""
        return len(self._deadlines)

    def is_busy(self, job: Job) -> bool:
        """Whether an attempt at a job is at work, or its end is being settled; else it only waits."""
        return job.id in self._deadlines or job.id in self._settling

    def remember_music(self) -> None:
        """Find out the music of the last film, which the next one should not have as well."""
        self._last_music = last_music(self._spool.folders.outbox)

    def drain(self) -> None:
        """Begin no further attempt: whoever would, is cancelled, and goes on at the next start."""
        self._draining = True

    def is_stuck(self, now: float) -> bool:
        """Whether an attempt should have been ended by its time limit and was not (monotonic seconds)."""
        return any(now > deadline for deadline in self._deadlines.values())

    async def see_through(self, job: Job) -> None:
        """Compile a claimed story and settle where it ends. Cancelled midway, it leaves the job as it is: recovery goes on."""
        began = time.monotonic()
        life = _Life(job)
        outcome = await self._attempts(life)
        self._settling.add(job.id)
        try:
            await self._settle(life.job, outcome, began)
        finally:
            self._settling.discard(job.id)

    async def finish(self, job: Job) -> None:
        """Settle a job whose film an earlier run had published."""
        await _until_it_works(self._spool.finish, job)

    # ---- attempts ---------------------------------------------------------------------------------------------------------

    async def _attempts(self, life: "_Life") -> Outcome:
        workers = self._settings().workers
        left = workers.attempts - life.job.attempts
        if left < 1:
            return _exhausted(life.job)
        retrying = AsyncRetrying(
            stop=stop_after_attempt(left),
            wait=wait_exponential_jitter(
                multiplier=workers.retry_seconds,
                max=LONGEST_WAIT_SECONDS,
                jitter=workers.retry_seconds,
            ),
            retry=retry_if_result(
                lambda outcome: isinstance(outcome, Failure) and outcome.retryable
            ),
            before_sleep=lambda state: _say_retrying(life.job, state),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        outcome: Outcome = await retrying(self._attempt, life)
        return outcome

    async def _attempt(self, life: "_Life") -> Outcome:
        async with self._slots:
            await self._room.wait()
            if self._draining:
                raise asyncio.CancelledError
            life.job = job = await self._charged(life.job)
            logger().info(Event.RENDER_STARTED, **_named(job))
            began = time.monotonic()
            outcome = await self._watched(job)
            said = "film" if isinstance(outcome, Film) else str(outcome.kind)
            logger().info(Event.RENDER_FINISHED, **_named(job), outcome=said, seconds=_since(began))
            if isinstance(outcome, Failure):
                await asyncio.to_thread(self._spool.drop_attempt, job)
            return outcome

    async def _charged(self, job: Job) -> Job:
        """Begin an attempt; a call that is cancelled over the disk's slowness takes the charge back."""
        charging = asyncio.ensure_future(_until_it_works(self._spool.begin_attempt, job))
        try:
            return await asyncio.shield(charging)
        except asyncio.CancelledError:
            await asyncio.to_thread(self._spool.uncharge, await charging)
            raise

    async def _watched(self, job: Job) -> Outcome:
        """The attempt in a worker, its progress told every few seconds."""
        settings = self._settings()
        order = Order(
            job.id,
            job.name,
            job.attempts,
            job.source,
            job.attempt_folder,
            settings,
            self._last_music,
        )
        self._deadlines[job.id] = (
            time.monotonic() + settings.workers.timeout_seconds + LONGEST_WAIT_SECONDS
        )
        teller = asyncio.create_task(_tell_progress(job))
        try:
            return await self._workers.submit(order)
        except (asyncio.CancelledError, WorkersBroken):
            await asyncio.shield(asyncio.to_thread(self._spool.uncharge, job))
            raise
        finally:
            teller.cancel()
            del self._deadlines[job.id]

    # ---- the end ----------------------------------------------------------------------------------------------------------

    async def _settle(self, job: Job, outcome: Outcome, began: float) -> None:
        if isinstance(outcome, Film):
            self._last_music = outcome.music or self._last_music
            job = await _until_it_works(self._spool.publish, job)
            await _until_it_works(self._spool.finish, job)
            self.delivered += 1
            film = str(self._spool.folders.outbox / job.target)
            facts = {
                "film": film,
                "film_seconds": round(outcome.seconds, 3),
                "seconds": _since(began),
            }
            logger().info(Event.STORY_DELIVERED, **_named(job), **facts)
        else:
            folder = await _until_it_works(self._spool.fail, job, outcome)
            self.failed += 1
            problems = [str(problem) for problem in outcome.problems]
            told = {
                "kind": str(outcome.kind),
                "folder": str(folder),
                "problems": problems,
                "seconds": _since(began),
            }
            logger().error(Event.STORY_FAILED, **_named(job), **told)


class _Life:
    """A job as its attempts go by."""

    def __init__(self, job: Job) -> None:
        self.job = job


def _named(job: Job) -> dict[str, str | int]:
    return {"story": job.name, "job": job.id, "attempt": job.attempts}


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


def _exhausted(job: Job) -> Failure:
    what = f"it was begun {job.attempts} times and never ended: it stops its worker, or the machine"
    mend = (
        "Look for a picture or sound that is out of the ordinary; raise workers.attempts to try on."
    )
    return Failure(job.id, Kind.EXHAUSTED, (Problem(str(Kind.EXHAUSTED), what, mend),))


def _say_retrying(job: Job, state: RetryCallState) -> None:
    failure = state.outcome.result() if state.outcome else None
    reason = (
        "; ".join(str(problem) for problem in failure.problems)
        if isinstance(failure, Failure)
        else ""
    )
    logger().warning(
        Event.RENDER_RETRYING,
        **_named(job),
        reason=reason,
        wait_seconds=round(state.upcoming_sleep, 3),
    )


async def _tell_progress(job: Job) -> None:
    said = None
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        now = await asyncio.to_thread(progress.read, job.attempt_folder)
        if now and now != said:
            logger().info(Event.RENDER_PROGRESS, **_named(job), stage=now.stage, done=now.done)
            said = now


async def _until_it_works(
    step: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """A step of the spool, on a thread. It only moves folders, so a full disk or a lost share is waited for, never given up."""
    waiting = AsyncRetrying(
        wait=wait_exponential_jitter(multiplier=1, max=LONGEST_WAIT_SECONDS),
        retry=retry_if_exception_type(OSError),
        before_sleep=_say_stuck,
    )
    result: Result = await waiting(asyncio.to_thread, step, *args, **kwargs)
    return result


def _say_stuck(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    mend = (
        "Make room on the disk."
        if is_full
        else "Look at the folders and their rights; it is tried until it works."
    )
    logger().error(
        Event.SERVICE_DEGRADED, reason=f"a story cannot be moved on: {reason}", mend=mend
    )

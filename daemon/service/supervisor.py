"""The life of one claimed story: attempts with waits in between, then the outbox or failed/.

Retries (tenacity) live here and not in the workers, because a story may kill its worker. The
outcome of an attempt says whether to try again; the job's record on disk says how often it was
tried.
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
from daemon.errors import WorkersBroken
from daemon.log import Event, logger, seconds_since
from daemon.service.disk import DiskSpace
from daemon.spool import Job, Spool
from daemon.workers import Workers

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

LONGEST_ATTEMPT_WAIT_SECONDS = 60.0
"""The longest wait between two attempts at a story."""
LONGEST_STEP_WAIT_SECONDS = 60.0
"""The longest wait before a step of the spool is tried again."""
MOST_INTERRUPTIONS = 3
"""How often a story may be interrupted by the machine, for each attempt that it is allowed."""
STUCK_SECONDS = 60.0
"""How long after its time limit an attempt that still runs counts as stuck."""
PROGRESS_LOG_SECONDS = 5.0
"""How often the progress of an attempt is logged, if it has changed."""


class Supervisor:
    """Sees stories through, as many at a time as there are workers.

    `settings` gives the settings in force now. `delivered` and `failed` count stories.
    """

    def __init__(
        self, spool: Spool, workers: Workers, disk: DiskSpace, settings: Callable[[], Settings]
    ) -> None:
        self.delivered = 0
        self.failed = 0
        self._spool = spool
        self._workers = workers
        self._disk = disk
        self._settings = settings
        self._slots = asyncio.Semaphore(settings().workers.count)
        self._deadlines: dict[str, float] = {}
        self._concluding: set[str] = set()
        self._is_draining = False
        self._last_music = ""

    @property
    def running(self) -> int:
        """How many attempts are running now."""
        return len(self._deadlines)

    def is_busy(self, job: Job) -> bool:
        """Whether a job is being compiled, delivered or failed now; if not, it waits."""
        return job.id in self._deadlines or job.id in self._concluding

    def is_stuck(self, now: float) -> bool:
        """Whether an attempt should have been ended by its time limit and still runs.

        `now`: seconds of the monotonic clock.
        """
        return any(now > deadline for deadline in self._deadlines.values())

    def remember_music(self) -> None:
        """Find out the music of the latest film, which the next film should avoid."""
        self._last_music = self._spool.last_music()

    def drain(self) -> None:
        """Begin no further attempt. A job that would begin one is cancelled instead."""
        self._is_draining = True

    # ---- one story, from claim to end ------------------------------------------------------------

    async def see_through(self, job: Job) -> None:
        """Compile a claimed story, then deliver or fail it.

        When cancelled, it leaves the job as it is on disk; the next start recovers it.
        """
        began = time.monotonic()
        job, outcome = await self.compile(job)
        self._concluding.add(job.id)
        try:
            if isinstance(outcome, Film):
                await self.deliver(job, outcome, began)
            else:
                await self.give_up(job, outcome, began)
        finally:
            self._concluding.discard(job.id)

    async def compile(self, job: Job) -> tuple[Job, Outcome]:
        """Make attempts until a film is done or another attempt is useless; the job as charged."""
        workers = self._settings().workers
        left = workers.attempts - job.attempts
        if left < 1 or job.interruptions >= MOST_INTERRUPTIONS * workers.attempts:
            return job, exhausted(job)

        async def next_attempt() -> Outcome:
            nonlocal job
            job, outcome = await self.attempt(job)
            return outcome

        retrying = AsyncRetrying(
            stop=stop_after_attempt(left),
            wait=wait_exponential_jitter(
                multiplier=workers.retry_seconds,
                max=LONGEST_ATTEMPT_WAIT_SECONDS,
                jitter=workers.retry_seconds,
            ),
            retry=retry_if_result(
                lambda outcome: isinstance(outcome, Failure) and outcome.retryable
            ),
            before_sleep=lambda state: log_retry(job, state),
            retry_error_callback=last_outcome,
        )
        outcome: Outcome = await retrying(next_attempt)
        return job, outcome

    async def attempt(self, job: Job) -> tuple[Job, Outcome]:
        """Make one attempt, once a worker and space on the disk are free; the job as charged."""
        async with self._slots:
            await self._disk.wait()
            if self._is_draining:
                raise asyncio.CancelledError

            job = await self.charge(job)
            logger().info(Event.RENDER_STARTED, **job_fields(job))
            began = time.monotonic()
            outcome = await self.run_in_worker(job)
            logger().info(
                Event.RENDER_FINISHED,
                **job_fields(job),
                outcome="film" if isinstance(outcome, Film) else str(outcome.kind),
                seconds=seconds_since(began),
            )
            if isinstance(outcome, Failure):
                await asyncio.to_thread(self._spool.drop_attempt, job)
            return job, outcome

    async def charge(self, job: Job) -> Job:
        """Charge an attempt on disk, before it starts.

        A call that is cancelled while the disk is slow waits for the charge and takes it back.
        """
        charging = asyncio.ensure_future(until_it_works(self._spool.begin_attempt, job))
        try:
            return await asyncio.shield(charging)
        except asyncio.CancelledError:
            charged = await charging
            await asyncio.to_thread(self._spool.uncharge, charged)
            raise

    async def run_in_worker(self, job: Job) -> Outcome:
        """Run the charged attempt in a worker, and log its progress.

        An attempt that is cancelled, or that no worker could start, is not charged.
        """
        settings = self._settings()
        order = Order(
            job=job.id,
            name=job.name,
            number=job.attempts,
            source=job.source,
            attempt=job.attempt_folder,
            settings=settings,
            not_again=self._last_music,
        )
        limit = settings.workers.timeout_seconds + STUCK_SECONDS
        self._deadlines[job.id] = time.monotonic() + limit
        progress_log = asyncio.create_task(log_progress(job))
        try:
            return await self._workers.submit(order)
        except (asyncio.CancelledError, WorkersBroken):
            await asyncio.shield(asyncio.to_thread(self._spool.uncharge, job))
            raise
        finally:
            progress_log.cancel()
            del self._deadlines[job.id]

    async def deliver(self, job: Job, film: Film, began: float) -> None:
        """Publish a film and keep its source. `began`: the monotonic time when the job began."""
        if film.music:
            self._last_music = film.music
            await asyncio.to_thread(self._spool.remember_music, film.music)
        job = await until_it_works(self._spool.publish, job)
        await until_it_works(self._spool.finish, job)
        self.delivered += 1
        logger().info(
            Event.STORY_DELIVERED,
            **job_fields(job),
            film=str(self._spool.folders.outbox / job.target),
            film_seconds=round(film.seconds, 3),
            seconds=seconds_since(began),
        )

    async def give_up(self, job: Job, failure: Failure, began: float) -> None:
        """Move a story to failed/, with the reasons. `began`: as for `deliver`."""
        folder = await until_it_works(self._spool.fail, job, failure)
        self.failed += 1
        logger().error(
            Event.STORY_FAILED,
            **job_fields(job),
            kind=str(failure.kind),
            folder=str(folder),
            problems=[str(problem) for problem in failure.problems],
            seconds=seconds_since(began),
        )

    async def finish(self, job: Job) -> None:
        """Publish and finish a job whose film is whole, where an earlier run was cut off."""
        job = await until_it_works(self._spool.publish, job)
        await until_it_works(self._spool.finish, job)


# ---- attempts ------------------------------------------------------------------------------------


def exhausted(job: Job) -> Failure:
    """The failure of a recovered job that has no attempts left."""
    begun = job.attempts + job.interruptions
    what = f"it was begun {begun} times and never ended: it stops its worker, or the machine"
    mend = "Look for an unusual picture or sound; raise workers.attempts to try again."
    return Failure.of(job.id, Kind.EXHAUSTED, what, mend)


def last_outcome(state: RetryCallState) -> Outcome:
    """The outcome of the latest attempt. Raises what the attempt raised."""
    assert state.outcome, "tenacity asks after an attempt"
    outcome: Outcome = state.outcome.result()
    return outcome


def job_fields(job: Job) -> dict[str, str | int]:
    """The fields of every log line about an attempt (`log.JOB`)."""
    return {"story": job.name, "job": job.id, "attempt": job.attempts}


def log_retry(job: Job, state: RetryCallState) -> None:
    """Log why an attempt failed, and how long it is until the next one."""
    failure = last_outcome(state)
    assert isinstance(failure, Failure), "only failures are tried again"
    logger().warning(
        Event.RENDER_RETRYING,
        **job_fields(job),
        reason="; ".join(map(str, failure.problems)),
        wait_seconds=round(state.upcoming_sleep, 3),
    )


async def log_progress(job: Job) -> None:
    """Log the progress of a running attempt when it has changed, until cancelled."""
    logged = None
    while True:
        await asyncio.sleep(PROGRESS_LOG_SECONDS)
        now = await asyncio.to_thread(progress.read, job.attempt_folder)
        if now and now != logged:
            fields = job_fields(job)
            logger().info(Event.RENDER_PROGRESS, **fields, stage=now.stage, done=now.done)
            logged = now


# ---- steps of the spool --------------------------------------------------------------------------


async def until_it_works(
    step: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Take a step of the spool on a thread, again and again until it raises no OSError.

    Such a step only moves folders. So the service waits until a full disk or a lost share works
    again, and never gives the story up.
    """
    retrying = AsyncRetrying(
        wait=wait_exponential_jitter(multiplier=1, max=LONGEST_STEP_WAIT_SECONDS),
        retry=retry_if_exception_type(OSError),
        before_sleep=log_failed_step,
    )
    result: Result = await retrying(asyncio.to_thread, step, *args, **kwargs)
    return result


def log_failed_step(state: RetryCallState) -> None:
    """Log that a step of the spool has failed and will be tried again."""
    error = state.outcome and state.outcome.exception()
    assert isinstance(error, OSError), "only OSErrors are tried again"
    mend = "Look at the folders and their permissions; the service keeps trying."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        mend = "Make room on the disk."
    reason = f"a story cannot be moved on: {error.strerror or error}"
    logger().error(Event.SERVICE_DEGRADED, reason=reason, mend=mend)

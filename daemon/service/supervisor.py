"""The life of one claimed story: attempts with waits in between, then one of its `endings`.

Retries (tenacity) live here and not in the workers, because a story may kill its worker. The
outcome of an attempt says whether to try again; the job's record on disk says how often it was
tried.

An attempt counts only if the source stayed as it was: when somebody wrote into it meanwhile, the
story is compiled again.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import WorkersBroken
from daemon.log import Event, logger, seconds_since
from daemon.service import originals
from daemon.service.endings import Endings, give_back, job_fields
from daemon.service.room import Room
from daemon.service.stall import until_stalled
from daemon.service.steps import in_turns, until_it_works
from daemon.service.threads import SpoolThreads
from daemon.spool import Job, Spool
from daemon.spool.looks import exists
from daemon.workers import Workers

LONGEST_ATTEMPT_WAIT_SECONDS = 60.0
"""The longest wait between two attempts at a story."""
STUCK_SECONDS = 60.0
"""How long an attempt that was stopped may take to end before it counts as stuck."""
INTERRUPTIONS_PER_ATTEMPT = 3
"""A story may be interrupted by the machine this many times as often as it may be tried."""
MOST_STALLS = 2
"""Attempts that may stand still: the second one was the retry."""
MOST_VOID_ATTEMPTS = 10
"""Attempts that are void because the source changed, before such an attempt is charged."""


class Supervisor:
    """Sees stories through, as many at a time as there are workers.

    `settings` gives the settings in force now. `moved` is set whenever a job stops to want a
    worker.
    """

    def __init__(
        self,
        spool: Spool,
        threads: SpoolThreads,
        workers: Workers,
        room: Room,
        settings: Callable[[], Settings],
        endings: Endings,
    ) -> None:
        self.endings = endings
        self.moved = asyncio.Event()
        self._spool = spool
        self._threads = threads
        self._workers = workers
        self._room = room
        self._settings = settings
        self._slots = asyncio.Semaphore(settings().workers.count)
        self._running: set[str] = set()
        self._resting: set[str] = set()
        self._end_by: dict[str, float] = {}
        self._is_draining = False
        self._last_music = ""

    @property
    def running(self) -> int:
        """How many attempts are running now."""
        return len(self._running)

    @property
    def resting(self) -> int:
        """How many jobs wait before their next attempt, and want no worker yet."""
        return len(self._resting)

    def is_busy(self, job_id: str) -> bool:
        """Whether a job is being compiled, delivered or failed now; if not, it waits."""
        return job_id in self._running or job_id in self.endings

    def is_stuck(self, now: float) -> bool:
        """Whether an attempt was stopped and still runs. `now`: of the monotonic clock."""
        return any(now > end for end in self._end_by.values())

    def remember_music(self) -> None:
        """Find out the music of the last film, which the next film should avoid."""
        self._last_music = self._last_music or self._spool.memory.last_music()

    def drain(self) -> None:
        """Begin no further attempt. A job that would begin one is cancelled instead."""
        self._is_draining = True

    # ---- one story, from claim to end ------------------------------------------------------------

    async def see_through(self, job: Job, *, is_given_up: bool = False) -> None:
        """Compile a claimed story, then deliver or fail it, or give it back to the inbox.

        `is_given_up`: it has been waited for long enough, so that it fails if it has still not
        arrived. When cancelled, it leaves the job as it is on disk; the next start recovers it.
        """
        began = time.monotonic()
        if job.original and not await self.has_copy(job, began):
            return
        job, outcome = await self.compile(job)
        with self.ending(job):
            if isinstance(outcome, Film):
                if outcome.music:
                    self._last_music = outcome.music
                    await self._threads.publications.run(
                        self._spool.memory.remember_music, outcome.music
                    )
                await self.endings.deliver(job, began, outcome.seconds)
                return
            may_wait = outcome.kind is Kind.ARRIVING and not is_given_up
            if may_wait and await self.endings.gave_back(job, outcome, began):
                return
            await self.endings.give_up(job, outcome, began)

    @contextlib.contextmanager
    def ending(self, job: Job) -> Iterator[None]:
        """The end of a job's life: it wants no worker any more."""
        with self.endings.ending(job):
            self.moved.set()
            yield

    async def has_copy(self, job: Job, began: float) -> bool:
        """Copy a story that stays in the inbox, unless that has been done.

        False when it is gone or may not be read any more: then its claim has been undone.
        """
        steps = self._threads.steps
        if await until_it_works(steps.run, exists, job.source):
            return True
        if await self.copy(job):
            logger().warning(
                Event.STORY_COPIED,
                story=job.name,
                job=job.id,
                original=job.original,
                mend=originals.MEND,
                seconds=seconds_since(began),
            )
            return True
        with self.ending(job):
            if not await until_it_works(steps.run, give_back, self._spool, job):
                await self.endings.give_up(job, originals.unreadable(job), began)
        return False

    async def copy(self, job: Job) -> bool:
        """Copy a story that stays in the inbox; False when that is not possible any more.

        It wants no worker meanwhile.
        """
        copies = self._threads.copies
        self._resting.add(job.id)
        self.moved.set()
        try:
            return await until_it_works(
                copies.run, originals.copy_original, self._spool, job, self._settings()
            )
        finally:
            self._resting.discard(job.id)

    async def deliver_again(self, job: Job) -> None:
        """Deliver a job whose target an earlier run has recorded, and perhaps published."""
        began = time.monotonic()
        with self.ending(job):
            await self.endings.deliver(job, began)

    async def compile(self, job: Job) -> tuple[Job, Outcome]:
        """Make attempts until a film is done or another attempt is useless; the job as charged."""
        workers = self._settings().workers
        left = workers.attempts - job.attempts
        if left < 1 or job.interruptions >= INTERRUPTIONS_PER_ATTEMPT * workers.attempts:
            return job, exhausted(job)

        stalls = 0

        async def next_attempt() -> Outcome:
            nonlocal job, stalls
            self._resting.discard(job.id)
            job, outcome = await self.valid_attempt(job)
            if isinstance(outcome, Failure) and outcome.kind is Kind.TIMEOUT:
                stalls += 1
            return outcome

        def may_pass(outcome: Outcome) -> bool:
            return isinstance(outcome, Failure) and outcome.retryable and stalls < MOST_STALLS

        retrying = AsyncRetrying(
            stop=stop_after_attempt(left),
            wait=wait_exponential_jitter(
                multiplier=workers.retry_seconds,
                max=LONGEST_ATTEMPT_WAIT_SECONDS,
                jitter=workers.retry_seconds,
            ),
            retry=retry_if_result(may_pass),
            before_sleep=lambda state: self.rest(job, state),
            retry_error_callback=last_outcome,
        )
        try:
            outcome = await in_turns(retrying, next_attempt)
        finally:
            self._resting.discard(job.id)
        return job, outcome

    def rest(self, job: Job, state: RetryCallState) -> None:
        """Log why an attempt failed, and how long it is until the next one."""
        failure = last_outcome(state)
        assert isinstance(failure, Failure), "only failures are tried again"
        reason = "; ".join(map(str, failure.problems))
        self.log_retry(job, reason, state.upcoming_sleep)

    def log_retry(self, job: Job, reason: str, wait_seconds: float) -> None:
        """Log that a story is compiled again after a wait, in which it wants no worker."""
        self._resting.add(job.id)
        self.moved.set()
        wait_seconds = round(wait_seconds, 3)
        fields = job_fields(job)
        logger().warning(Event.RENDER_RETRYING, **fields, reason=reason, wait_seconds=wait_seconds)

    # ---- attempts --------------------------------------------------------------------------------

    async def valid_attempt(self, job: Job) -> tuple[Job, Outcome]:
        """Make attempts until the source has stayed as it was during one; the job as charged.

        The others are void, and not charged. A source that never stays as it was is a failure.
        """
        voids = 0
        while True:
            job, outcome = await self.attempt(job)
            found = await self.source_now(job)
            if not job.fingerprint or found == job.fingerprint:
                return job, outcome
            voids += 1
            if voids > MOST_VOID_ATTEMPTS:
                await self._threads.steps.run(self._spool.drop_attempt, job)
                return job, unsteady(job)
            job = await self.begin_again(job, found)

    async def source_now(self, job: Job) -> str:
        """The fingerprint that the story's own folder has now.

        One that is gone or may not be read counts as unchanged: intake reports it.
        """

        async def look() -> str:
            try:
                ignore = self._settings().watch.ignore
                return await self._threads.looks.run(
                    originals.origin_fingerprint, self._spool, job, ignore
                )
            except (FileNotFoundError, PermissionError):
                return job.fingerprint

        return await until_it_works(look)

    async def begin_again(self, job: Job, found: str) -> Job:
        """Undo an attempt whose source changed, and wait until nobody writes into it any more.

        `found`: the fingerprint that the source has now. Returns the job with the new fingerprint.
        """
        settle_seconds = self._settings().watch.settle_seconds
        self.log_retry(job, "somebody wrote into the folder meanwhile", settle_seconds)
        job = replace(job, fingerprint=found)
        job = await until_it_works(self._threads.steps.run, self._spool.uncharge, job)
        while True:
            await asyncio.sleep(settle_seconds)
            found = await self.source_now(job)
            if found == job.fingerprint:
                self._resting.discard(job.id)
                if job.original:
                    await self.copy(job)
                return job
            job = replace(job, fingerprint=found)

    async def attempt(self, job: Job) -> tuple[Job, Outcome]:
        """Make one attempt, once a worker and space on the disk are free; the job as charged."""
        async with self._slots:
            await self._room.wait()
            if self._is_draining:
                raise asyncio.CancelledError

            job = await until_it_works(self.charge, job)
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
                await self._threads.steps.run(self._spool.drop_attempt, job)
            return job, outcome

    async def charge(self, job: Job) -> Job:
        """Charge an attempt on disk, before it starts. Raises OSError.

        A call that is cancelled while the disk is slow waits for the charge and takes it back.
        """
        charging = asyncio.ensure_future(self._threads.steps.run(self._spool.begin_attempt, job))
        try:
            return await asyncio.shield(charging)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):  # the disk is full: nothing was charged
                await self._threads.steps.run(self._spool.uncharge, await charging)
            raise

    async def run_in_worker(self, job: Job) -> Outcome:
        """Run the charged attempt in a worker, until it ends or stands still.

        An attempt that is cancelled, or that no worker could start, is not charged.
        """
        order = self.order_for(job)
        self._running.add(job.id)
        attempt = asyncio.create_task(self._workers.submit(order))
        watch = asyncio.create_task(until_stalled(job, self.stall_seconds, self._threads.looks))
        try:
            await asyncio.wait([attempt, watch], return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                watch.result()
                await self.end(attempt, job)
            return stalled(job, order) if attempt.cancelled() else attempt.result()
        except (asyncio.CancelledError, WorkersBroken):
            await self.end(attempt, job)
            await asyncio.shield(self._threads.steps.run(self._spool.uncharge, job))
            raise
        finally:
            watch.cancel()
            attempt.cancel()
            self._running.discard(job.id)

    def stall_seconds(self) -> float:
        """Seconds without progress after which an attempt is ended."""
        return self._settings().workers.stall_seconds

    def order_for(self, job: Job) -> Order:
        """The order for the charged attempt."""
        return Order(
            job=job.id,
            name=job.name,
            number=job.attempts,
            source=job.source,
            attempt=job.attempt_folder,
            settings=self._settings(),
            not_again=self._last_music,
        )

    async def end(self, attempt: "asyncio.Task[Outcome]", job: Job) -> None:
        """Cancel an attempt, and wait until it has ended."""
        attempt.cancel()
        self._end_by[job.id] = time.monotonic() + STUCK_SECONDS
        try:
            await asyncio.wait([attempt])
        finally:
            del self._end_by[job.id]


# ---- attempts ------------------------------------------------------------------------------------


def exhausted(job: Job) -> Failure:
    """The failure of a job that has no attempts left, or was interrupted too often."""
    times = job.attempts + job.interruptions
    what = f"it was begun {times} times and never ended: it stops its worker, or the machine"
    mend = "Look for an unusual picture or sound; raise workers.attempts to try again."
    return Failure.of(job.id, Kind.EXHAUSTED, what, mend)


def unsteady(job: Job) -> Failure:
    """The failure of an attempt at a story that changes whenever it is compiled."""
    what = "its files changed during each attempt"
    mend = "Copy the folder into the inbox when nothing writes into it any more."
    return Failure.of(job.id, Kind.MACHINE, what, mend)


def stalled(job: Job, order: Order) -> Failure:
    """The failure of an attempt that stood still."""
    what = f"no progress for {order.settings.workers.stall_seconds:g} s"
    mend = "Look for an unusual picture or sound; raise workers.stall_seconds on a slow machine."
    return Failure.of(job.id, Kind.TIMEOUT, what, mend)


def last_outcome(state: RetryCallState) -> Outcome:
    """The outcome of the latest attempt. Raises what the attempt raised."""
    assert state.outcome, "tenacity asks after an attempt"
    outcome: Outcome = state.outcome.result()
    return outcome

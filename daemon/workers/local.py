"""Workers on this machine: a pool of processes.

They are started from a fork server that has the codecs loaded, so a new worker is ready at once.
Each makes one attempt and ends: so it can be confined to that story, and its memory is given back.
A story that kills its worker, or is cancelled, costs that one worker; the pool goes on.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from concurrent.futures.process import BrokenProcessPool

from pebble import ProcessExpired, ProcessPool

from daemon.attempt import Failure, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import WorkersBroken
from daemon.workers import worker

MOST_POOLS = 4
"""Pools that may be broken for one order. Then it is not chance: no worker can be started."""
LOOK_SECONDS = 1.0
"""How often an order is looked after: a pool that breaks can lose one without a word."""


class LocalWorkers:
    """A pool of confined processes on this machine. They start with the first order."""

    def __init__(self, settings: Settings) -> None:
        self._count = settings.workers.count
        self._library = settings.music.library
        self._conditions = worker.conditions_of(settings)
        self._pool = self._new_pool(self._count)
        self._replacing = asyncio.Lock()

    def _new_pool(self, count: int) -> ProcessPool:
        for name, value in worker.ENVIRONMENT.items():
            os.environ.setdefault(name, value)  # the fork server takes it over
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(worker.PRELOADED)
        return ProcessPool(
            max_workers=count,
            max_tasks=1,
            initializer=worker.set_up,
            initargs=(self._conditions,),
            context=context,
        )

    async def submit(self, order: Order) -> Outcome:
        """Run one attempt in a worker. Cancelling the call ends the worker.

        pebble shuts its pool down when a worker ends that has no order. An order that none had
        begun is then given to a new pool. Raises WorkersBroken when no worker process starts.
        """
        why = ""
        for _ in range(MOST_POOLS):
            pool = self._pool
            try:
                return await outcome_of(pool, self._conditions, order)
            except BrokenProcessPool as error:
                why = str(error)
                await self._replace(pool)
                if await asyncio.to_thread(is_begun, order):
                    return died(order, "the worker was ended together with its pool")
            except ProcessExpired as error:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(error.pid, signal.SIGKILL)  # the encoder that it left behind
                code = error.exitcode
                return died(order, f"the worker ended before the film was done (exit code {code})")
        what = f"worker processes do not start ({why}); standard error, above, may say more"
        raise WorkersBroken(what)

    async def _replace(self, pool: ProcessPool) -> None:
        """Put a new pool in the place of a broken one, whose workers end first."""
        async with self._replacing:
            if self._pool is pool:
                await asyncio.to_thread(end, pool)
                self._pool = self._new_pool(self._count)

    async def unusable_tracks(self) -> list[tuple[str, str]]:
        """The names of the music library's tracks that cannot be used, and why.

        They are decoded in a worker beside the others. Raises WorkersBroken when it ends over it,
        or cannot read the library at all.
        """
        pool = self._new_pool(1)
        try:
            given = pool.schedule(worker.unusable_tracks, args=(self._library,))
            found: list[tuple[str, str]] = await asyncio.wrap_future(given)
            return found
        except (ProcessExpired, RuntimeError, OSError, MemoryError) as error:
            raise WorkersBroken(str(error) or type(error).__name__) from None
        finally:
            await asyncio.to_thread(end, pool)

    def stop(self) -> None:
        """End all workers at once, and wait until they are gone."""
        end(self._pool)


async def outcome_of(pool: ProcessPool, conditions: worker.Conditions, order: Order) -> Outcome:
    """What a pool's worker makes of an order.

    Raises ProcessExpired when that worker ends, and BrokenProcessPool when the pool is broken: also
    when it cannot start, and when it breaks just as the order is given, which is then lost.
    """
    try:
        # No time limit: pebble's is of the wall clock, which may be set.
        given = pool.schedule(worker.work, args=(conditions, order))
    except RuntimeError as error:
        raise BrokenProcessPool("the pool took no order") from error
    outcome = asyncio.wrap_future(given)
    try:
        while not outcome.done():
            was_active = pool.active
            await asyncio.wait([outcome], timeout=LOOK_SECONDS)
            if not was_active and not outcome.done():
                raise BrokenProcessPool("the pool lost the order")
        return outcome.result()
    finally:
        outcome.cancel()


def end(pool: ProcessPool) -> None:
    """End a pool's workers, and wait until they are gone."""
    pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return untyped
    pool.join()


def is_begun(order: Order) -> bool:
    """Whether a worker has written anything for this order."""
    return any(order.attempt.iterdir())


def died(order: Order, what: str) -> Failure:
    """The failure of an attempt whose worker ended."""
    mend = "Make the pictures smaller; check whether the kernel ran out of memory."
    return Failure.of(order.job, Kind.DIED, what, mend)

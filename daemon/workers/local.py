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

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from daemon.attempt import Failure, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import WorkersBroken
from daemon.workers import worker

POOLS = 2
"""Pools that an order is given to before no worker starts at all: pebble shuts a pool down when an
idle worker is killed, and that may happen at any moment."""


class LocalWorkers:
    """A pool of confined processes on this machine. They start with the first order."""

    def __init__(self, settings: Settings) -> None:
        self._count = settings.workers.count
        self._conditions = worker.conditions_of(settings)
        self._pool = self._new_pool()
        self._replacing = asyncio.Lock()

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(worker.PRELOADED)
        return ProcessPool(
            max_workers=self._count,
            max_tasks=1,
            initializer=worker.set_up,
            initargs=(self._conditions,),
            context=context,
        )

    async def submit(self, order: Order) -> Outcome:
        """Run one attempt in a worker. Cancelling the call ends the worker.

        Raises WorkersBroken when no worker process starts.
        """
        for _ in range(POOLS):
            pool = self._pool
            try:
                return await asyncio.wrap_future(self._schedule(pool, order))
            except BrokenProcessPool as error:
                cause = error
                await self._replace(pool)
            except ProcessExpired as error:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(error.pid, signal.SIGKILL)  # the encoder that it left behind
                what = f"the worker ended before the film was done (exit code {error.exitcode})"
                mend = "Make the pictures smaller; check whether the kernel ran out of memory."
                return Failure.of(order.job, Kind.DIED, what, mend)
        what = "worker processes do not start; standard error, above, says why"
        raise WorkersBroken(what) from cause

    def _schedule(self, pool: ProcessPool, order: Order) -> ProcessFuture[Outcome]:
        """Give an order to a pool. Raises BrokenProcessPool, also when the pool is shut down."""
        try:
            # No time limit: pebble's is of the wall clock, which may be set.
            return pool.schedule(worker.work, args=(self._conditions, order))
        except BrokenProcessPool:
            raise
        except RuntimeError as error:
            raise BrokenProcessPool(str(error)) from error

    async def _replace(self, broken: ProcessPool) -> None:
        """Put a new pool in the place of a broken one, whose workers then have all ended."""
        async with self._replacing:
            if self._pool is broken:
                self._pool = self._new_pool()
                await asyncio.to_thread(end, broken)

    def stop(self) -> None:
        """End all workers at once, and wait until they are gone."""
        end(self._pool)


def end(pool: ProcessPool) -> None:
    """End all workers of a pool at once, and wait until they are gone."""
    pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return untyped
    pool.join()

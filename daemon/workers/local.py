"""Workers on this machine: a pool of processes.

They are started from a fork server that has the codecs loaded, so a new worker is ready at once. A
story that kills its worker, or is cancelled, costs that one worker; the pool goes on.
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


class LocalWorkers:
    """A pool of confined processes on this machine. They start with the first order."""

    def __init__(self, settings: Settings) -> None:
        self._count = settings.workers.count
        self._conditions = worker.conditions_of(settings)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        for name, value in worker.ENVIRONMENT.items():
            os.environ.setdefault(name, value)  # the fork server takes it over
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(worker.PRELOADED)
        return ProcessPool(
            max_workers=self._count,
            initializer=worker.set_up,
            initargs=(self._conditions,),
            context=context,
        )

    async def submit(self, order: Order) -> Outcome:
        """Run one attempt in a worker. Cancelling the call ends the worker.

        Raises WorkersBroken when no worker process starts.
        """
        if not self._pool.active:  # pebble shuts its pool down when an idle worker ends
            self._pool = self._new_pool()
        try:
            # No time limit: pebble's is of the wall clock, which may be set.
            future = self._pool.schedule(worker.work, args=(order,))
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as error:
            what = "worker processes do not start; standard error, above, says why"
            raise WorkersBroken(what) from error
        except ProcessExpired as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(error.pid, signal.SIGKILL)  # the encoder that it left behind
            what = f"the worker ended before the film was done (exit code {error.exitcode})"
            mend = "Make the pictures smaller; check whether the kernel ran out of memory."
            return Failure.of(order.job, Kind.DIED, what, mend)

    def stop(self) -> None:
        """End all workers at once, and wait until they are gone."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return untyped
        self._pool.join()

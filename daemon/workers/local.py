"""Workers on this machine: processes of a pool, started from a fork server that has the codecs loaded.

A story that kills its worker or outstays its time costs that worker; the pool goes on.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from concurrent.futures import TimeoutError as PoolTimeout
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from daemon.attempt import Failure, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import Problem, WorkersBroken
from daemon.workers import worker
from daemon.workers.worker import Conditions


class LocalWorkers:
    """A pool of confined processes on this machine. Processes start with the first order."""

    def __init__(self, settings: Settings) -> None:
        self._count = settings.workers.count
        self._conditions = _conditions(settings)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(worker.PRELOADED)
        return ProcessPool(
            max_workers=self._count,
            initializer=worker.set_up,
            initargs=(self._conditions,),
            context=context,
        )

    async def submit(self, order: Order) -> Outcome:
        """Compile a story in a worker. A cancelled call ends the worker's attempt."""
        timeout = order.settings.workers.timeout_seconds
        if not self._pool.active:  # pebble gives up when a worker ends that has no task
            self._pool = self._new_pool()
        future = self._pool.schedule(worker.work, args=(order,), timeout=timeout)
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as error:
            what = "worker processes do not start; what they said is above, on standard error"
            raise WorkersBroken(what) from error
        except PoolTimeout:
            what = f"not finished after {timeout:g} s"
            return _failure(order.job, Kind.TIMEOUT, what, "Make two stories of it.")
        except ProcessExpired as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(error.pid, signal.SIGKILL)  # the encoder that it left behind
            what = f"the worker ended before the film was done (exit code {error.exitcode})"
            mend = "Make its pictures smaller; look for the kernel's out-of-memory killer."
            return _failure(order.job, Kind.DIED, what, mend)

    def stop(self) -> None:
        """End all workers now, whatever they do."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return untyped
        self._pool.join()


def _conditions(settings: Settings) -> Conditions:
    readable = [settings.music.library]
    if settings.film.font:
        readable.append(Path(settings.film.font))
    return Conditions(
        service=os.getpid(),
        log=settings.log,
        memory_mib=settings.workers.memory_mib,
        writable=settings.folders.work,
        readable=tuple(readable),
    )


def _failure(job: str, kind: Kind, what: str, mend: str) -> Failure:
    return Failure(job, kind, (Problem(str(kind), what, mend),))

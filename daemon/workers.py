"""Where jobs run: `submit` takes an order and gives an Outcome, whatever happens to the process in between.

Processes of a pool, started from a fork server that has the codecs loaded. A story that kills its worker or outstays its time
costs that worker; the pool goes on.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import TimeoutError as PoolTimeout
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Protocol

from pebble import ProcessExpired, ProcessPool

from daemon import log, sandbox
from daemon.config import Log, Settings
from daemon.errors import Problem, WorkersBroken
from daemon.order import Order
from daemon.outcome import Failure, Kind, Outcome
from daemon.progress import reporter


class Workers(Protocol):
    """Where attempts run."""

    async def submit(self, order: Order) -> Outcome:
        """Run one attempt to its end, whatever that end is.

        A cancelled call ends the attempt.

        Raises WorkersBroken when no attempt can be run at all.
        """


class LocalWorkers:
    """A pool of confined processes on this machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        settings = self._settings
        readable = [settings.music.library, *([Path(settings.film.font)] if settings.film.font else [])]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["daemon.compiler"])
        return ProcessPool(
            max_workers=settings.workers.count,
            initializer=_set_up,
            initargs=(os.getpid(), settings.log, settings.workers.memory_mib, settings.folders.work, readable),
            context=context,
        )

    async def submit(self, order: Order) -> Outcome:
        """Compile a story in a worker. A cancelled call ends the worker's attempt."""
        timeout = order.settings.workers.timeout_seconds
        if not self._pool.active:  # pebble gives up when a worker ends that has no task
            self._pool = self._new_pool()
        future = self._pool.schedule(_compile, args=(order,), timeout=timeout)
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as error:
            raise WorkersBroken("worker processes do not start; what they said is above, on standard error") from error
        except PoolTimeout:
            return _failure(order.job, Kind.TIMEOUT, f"not finished after {timeout:g} s", "Make two stories of it.")
        except ProcessExpired as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(error.pid, signal.SIGKILL)  # the encoder that it left behind
            what = f"the worker ended in the midst of it (exit code {error.exitcode})"
            return _failure(
                order.job, Kind.DIED, what, "Make its pictures smaller; look for the kernel's out-of-memory killer."
            )

    def stop(self) -> None:
        """End all workers now, whatever they do."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return untyped
        self._pool.join()


def _failure(job: str, kind: Kind, what: str, mend: str) -> Failure:
    return Failure(job, kind, (Problem(str(kind), what, mend),))


def _set_up(service: int, log_settings: Log, memory_mib: int, work: Path, readable: Sequence[Path]) -> None:
    """What each worker does first, before it sees any story."""
    log.setup(log_settings)
    sandbox.die_with(service)
    sandbox.limit_memory(memory_mib)
    if sandbox.is_supported():
        sandbox.confine(writable=work, readable=readable)


def _compile(order: Order) -> Outcome:
    from daemon.compiler import compile_order  # noqa: PLC0415, RUF100 - only workers load the codecs, never the service

    return compile_order(order, reporter(order.attempt))

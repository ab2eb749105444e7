"""The child's side, the same for every engine: a worker prepares itself, then works on orders.

The codecs are imported only when there is something to compile: the service never loads them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from daemon import log
from daemon.attempt import Order, Outcome
from daemon.config import Log, Settings
from daemon.progress import reporter
from daemon.workers import sandbox

PRELOADED = ["daemon.compiler"]
"""Modules that a fork server imports once for all workers."""
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""What must be set before they are imported. The OpenBLAS of numpy and that of OpenCV would each
set aside 90 MB for every further core (measured), of the memory that a worker may use."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a worker may use, and when it ends.

    `service`: the process id of the service; the worker ends with it. `memory_mib`: how much the
    worker may allocate, in MiB. `writable`: the only folder that it may write to. `readable`: what
    it may read in addition to the system's libraries and its own program.
    """

    service: int
    log: Log
    memory_mib: int
    writable: Path
    readable: tuple[Path, ...]


def conditions_of(settings: Settings) -> Conditions:
    """The conditions for the workers of the calling process."""
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


def set_up(conditions: Conditions) -> None:
    """Prepare this process: what each worker does before its first story. Cannot be undone.

    It is confined before it starts a thread, so that all its threads are.
    """
    log.setup(conditions.log)
    sandbox.offer_to_out_of_memory_killer()
    sandbox.limit_memory(conditions.memory_mib)
    if sandbox.is_supported():
        sandbox.confine(writable=conditions.writable, readable=conditions.readable)
    sandbox.die_with(conditions.service)


def work(order: Order) -> Outcome:
    """Make one attempt, and report its progress in the attempt's folder."""
    from daemon.compiler import compile_order  # noqa: PLC0415, RUF100 - see above

    return compile_order(order, reporter(order.attempt))

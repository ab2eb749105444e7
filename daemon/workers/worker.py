"""The child's side: what a worker does before it sees a story, and then with one order.

It is the same for every engine, and imports the codecs only when there is something to compile: the
service itself never loads them.
"""

from dataclasses import dataclass
from pathlib import Path

from daemon import log
from daemon.attempt import Order, Outcome
from daemon.config import Log
from daemon.progress import reporter
from daemon.workers import sandbox

PRELOADED = ["daemon.compiler"]
"""What a fork server loads once for all workers."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what conditions a worker works.

    `service`: the process that it does not outlive. `memory_mib`: what it may allocate, in MiB.
    `writable`: the one folder that it may write to; `readable`: what it may read besides the system's
    libraries and its own program.
    """

    service: int
    log: Log
    memory_mib: int
    writable: Path
    readable: tuple[Path, ...]


def set_up(conditions: Conditions) -> None:
    """What each worker does first, before it sees any story."""
    log.setup(conditions.log)
    sandbox.die_with(conditions.service)
    sandbox.limit_memory(conditions.memory_mib)
    if sandbox.is_supported():
        sandbox.confine(writable=conditions.writable, readable=conditions.readable)


def work(order: Order) -> Outcome:
    """Make one attempt."""
    from daemon.compiler import compile_order  # noqa: PLC0415, RUF100 - see above

    return compile_order(order, reporter(order.attempt))

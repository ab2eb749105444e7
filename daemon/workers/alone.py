"""One thing to do in a confined child of this process, for commands that need no pool.

As in a fork server, the codecs are loaded first: some start programs while they are imported. Then
the child is confined, and only then is a byte of the story read.
"""

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from daemon import progress
from daemon.attempt import Failure, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import ChildDied
from daemon.workers.worker import (
    ENVIRONMENT,
    PRELOADED,
    Conditions,
    conditions_of,
    set_up,
    work,
)

Result = TypeVar("Result")

LOOK_SECONDS = 0.1
"""How often the child's progress is looked at."""
STANDARD_OUTPUT = 1
STANDARD_ERROR = 2


def compile_alone(order: Order, report: Callable[[str, float], object]) -> Outcome:
    """Make one attempt in a child; `report` is called with its stage and how much is done.

    The child ends with this call, also when that is interrupted.
    """

    def look() -> None:
        if now := progress.read(order.attempt):
            report(now.stage, now.done)

    conditions = conditions_for(order.settings, order.source, order.attempt)
    try:
        return alone(conditions, PRELOADED, lambda: work(conditions, order, LOOK_SECONDS), look)
    except ChildDied as died:
        mend = "Make the pictures smaller; check whether the kernel ran out of memory."
        return Failure.of(order.job, Kind.DIED, f"{died} before the film was done", mend)


def alone(
    conditions: Conditions,
    modules: Iterable[str],
    body: Callable[[], Result],
    look: Callable[[], object] = lambda: None,
) -> Result:
    """What `body` returns in a confined child that has imported some modules before.

    `look` is called every tenth of a second meanwhile. The child ends with this call, also when
    that is interrupted. Raises ChildDied when it ends before that.
    """
    context = multiprocessing.get_context("fork")
    reading, writing = context.Pipe(duplex=False)
    child = context.Process(target=live, args=(conditions, modules, body, writing))
    child.start()
    writing.close()
    try:
        while not reading.poll(LOOK_SECONDS):
            look()
        result: Result = reading.recv()
    except EOFError:
        child.join()
        raise ChildDied(f"the worker ended (exit code {child.exitcode})") from None
    finally:
        child.terminate()  # the leader of a session: its encoder ends with it
        child.join()
    return result


def conditions_for(settings: Settings, source: Path, writable: Path | None = None) -> Conditions:
    """The conditions for the child: as for the service's workers, or with nothing to write to."""
    usual = conditions_of(settings)
    return Conditions(
        service=os.getpid(),
        log=usual.log,
        memory_mib=usual.memory_mib,
        writable=writable,
        readable=(*usual.readable, source),
    )


def live(
    conditions: Conditions, modules: Iterable[str], body: Callable[[], object], result: Connection
) -> None:
    """The child's life. What libraries say goes to standard error: the command has the other."""
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for module in modules:
        importlib.import_module(module)
    set_up(conditions)
    result.send(body())

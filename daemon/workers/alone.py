"""One attempt in a confined child of this process, for commands that need no pool.

As in a fork server, the codecs are loaded first: some start programs while they are imported. Then
the child is confined, and only then is a byte of the story read.
"""

import importlib
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection

from daemon import progress
from daemon.attempt import Failure, Kind, Order, Outcome
from daemon.workers.worker import (
    ENVIRONMENT,
    PRELOADED,
    Conditions,
    conditions_of,
    set_up,
    work,
)

LOOK_SECONDS = 0.1
"""How often the child's progress is looked at."""
STANDARD_OUTPUT = 1
STANDARD_ERROR = 2


def compile_alone(order: Order, report: Callable[[str, float], object]) -> Outcome:
    """Make one attempt in a child; `report` is called with its stage and how much is done.

    The child ends with this call, also when that is interrupted.
    """
    context = multiprocessing.get_context("fork")
    reading, writing = context.Pipe(duplex=False)
    child = context.Process(target=attempt, args=(conditions_for(order), order, writing))
    child.start()
    writing.close()
    try:
        while not reading.poll(LOOK_SECONDS):
            if now := progress.read(order.attempt):
                report(now.stage, now.done)
        outcome: Outcome = reading.recv()
    except EOFError:
        child.join()
        what = f"the worker ended before the film was done (exit code {child.exitcode})"
        mend = "Make the pictures smaller; check whether the kernel ran out of memory."
        return Failure.of(order.job, Kind.DIED, what, mend)
    finally:
        child.terminate()  # the leader of a session: its encoder ends with it
        child.join()
    return outcome


def conditions_for(order: Order) -> Conditions:
    """The conditions for the child: as for the service's workers, but in the attempt's folder."""
    usual = conditions_of(order.settings)
    return Conditions(
        service=os.getpid(),
        log=usual.log,
        memory_mib=usual.memory_mib,
        writable=order.attempt,
        readable=(*usual.readable, order.source),
    )


def attempt(conditions: Conditions, order: Order, outcome: Connection) -> None:
    """The child's life. What libraries say goes to standard error: the command has the other."""
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for module in PRELOADED:
        importlib.import_module(module)
    set_up(conditions)
    outcome.send(work(conditions, order, LOOK_SECONDS))

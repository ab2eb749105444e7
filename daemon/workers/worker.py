"""The child's side, the same for every engine: a worker prepares itself, then works on one order.

It is confined twice: before it is given anything, to the work folder; then, before it reads a byte
of its story, to that story's own folders. That cannot be undone, so each order gets a new process.

The codecs are imported only when there is something to compile: the service never loads them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from daemon import log
from daemon.attempt import Failure, Kind, Order, Outcome
from daemon.config import Log, Settings
from daemon.progress import reporter
from daemon.workers import sandbox, seccomp

PRELOADED = ["daemon.compiler"]
"""Modules that a fork server imports once for all workers."""
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""What must be set before they are imported. The OpenBLAS of numpy and that of OpenCV would each
set aside 90 MB for every further core (measured), of the memory that a worker may use."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a worker may use, and when it ends.

    `service`: the process id of the service; the worker ends with it. `memory_mib`: how much the
    worker may allocate, in MiB. `writable`: the only folder that it may write to, if any.
    `readable`: what it may read in addition to the system's libraries and its own program.
    """

    service: int
    log: Log
    memory_mib: int
    writable: Path | None
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
    """Prepare this process: what each worker does before it is given a story. Cannot be undone.

    No thread is started here: `work` confines this process once more, and that binds one thread.
    """
    log.setup(conditions.log)
    sandbox.offer_to_out_of_memory_killer()
    sandbox.limit_resources(conditions.memory_mib)
    sandbox.drop_privileges()
    if sandbox.is_supported():
        sandbox.confine(writable=conditions.writable, readable=conditions.readable)
    if seccomp.is_supported():
        seccomp.refuse(seccomp.NEVER_NEEDED)
    sandbox.lead_session()


def unusable_tracks(library: Path) -> list[tuple[str, str]]:
    """The names of the library's tracks that cannot be used, and why."""
    from daemon.media.library import library as tracks_in  # noqa: PLC0415, RUF100 - see above
    from daemon.story.builder import unusable  # noqa: PLC0415, RUF100

    forgo_programs()
    return [*unusable(tracks_in(library))]


def forgo_programs() -> None:
    """Start no program and no process from now on. Cannot be undone. Raises OSError."""
    if seccomp.is_supported():
        seccomp.refuse(seccomp.PROGRAMS)


def work(conditions: Conditions, order: Order, report_seconds: float = 1.0) -> Outcome:
    """Make one attempt, and report its progress in the attempt's folder. Once in each process.

    Within a stage it is reported at most once in `report_seconds`.

    It is confined to the story's source and the attempt's folder: not even a worker that a story
    has taken over reaches another story, or the record of its own.
    """
    try:
        if sandbox.is_supported():
            readable = [*conditions.readable, order.source]
            sandbox.confine(writable=order.attempt, readable=readable)
        if order.settings.film.writer != "moviepy":  # that writer starts ffmpeg
            forgo_programs()
        sandbox.die_with(conditions.service)
    except OSError as error:
        mend = "It is tried again. Look at the disk and the folders."
        return Failure.of(order.job, Kind.MACHINE, error.strerror or str(error), mend)

    from daemon.compiler import compile_order  # noqa: PLC0415, RUF100 - see above

    return compile_order(order, reporter(order.attempt, report_seconds))

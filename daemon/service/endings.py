"""The end of a claimed story: its film in the outbox and its source in done/, or failed/, or back.

Each ending is taken step by step until it works, so that a full disk or a lost share only delays
it. A story that ends wants no worker.
"""

import contextlib
import errno
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from daemon.attempt import Failure, Kind
from daemon.delivery import files, report
from daemon.errors import FilmError
from daemon.log import Event, logger, seconds_since
from daemon.service.steps import until_it_works
from daemon.service.threads import SpoolThreads
from daemon.spool import Job, Spool
from daemon.spool.looks import exists
from daemon.spool.memory import Hold

Holding = Callable[[Hold], Awaitable[None]]
"""Lets a folder of the inbox wait until it changes."""

LACKING_SHOWN = 10
"""Files that a log line lists at most: it is not a list of a thousand files."""


class Endings:
    """The endings of one service's stories. `delivered` and `failed` count them.

    `hold` lets a story wait that goes back to the inbox.
    """

    def __init__(self, spool: Spool, threads: SpoolThreads, hold: Holding) -> None:
        self.delivered = 0
        self.failed = 0
        self._spool = spool
        self._threads = threads
        self._hold = hold
        self._ending: set[str] = set()

    def __len__(self) -> int:
        """How many stories are coming to their end now."""
        return len(self._ending)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._ending

    @contextlib.contextmanager
    def ending(self, job: Job) -> Iterator[None]:
        """For as long as the block lasts, a story is coming to its end."""
        self._ending.add(job.id)
        try:
            yield
        finally:
            self._ending.discard(job.id)

    async def deliver(self, job: Job, began: float, film_seconds: float | None = None) -> None:
        """Publish a film and keep its source. `began`: the monotonic time when the job began.

        `film_seconds` None: the film's report says how long it is. A worker that said it made a
        film and left none fails its story.
        """
        try:
            job = await until_it_works(self._threads.publications.run, self._spool.publish, job)
        except FilmError as error:
            mend = "Move the folder back into the inbox; if that goes on, please report it."
            await self.give_up(job, Failure.of(job.id, Kind.FILM, str(error), mend), began)
            return
        folder = self._spool.folders.outbox / job.target
        if film_seconds is None:
            film_seconds = await self._threads.publications.run(reported_seconds, folder)
        await until_it_works(self._threads.steps.run, self._spool.finish, job)
        self.delivered += 1
        logger().info(
            Event.STORY_DELIVERED,
            **job_fields(job),
            film=str(folder),
            film_seconds=round(film_seconds, 3),
            seconds=seconds_since(began),
        )

    async def give_up(self, job: Job, failure: Failure, began: float) -> None:
        """Move a story to failed/, with the reasons. `began`: as for `deliver`."""
        folder = await until_it_works(self._threads.steps.run, self._spool.fail, job, failure)
        self.failed += 1
        logger().error(
            Event.STORY_FAILED,
            **job_fields(job),
            kind=str(failure.kind),
            folder=str(folder),
            problems=[str(problem) for problem in failure.problems],
            seconds=seconds_since(began),
        )

    async def gave_back(self, job: Job, failure: Failure, began: float) -> bool:
        """Give a story whose files have not all arrived back to the inbox, uncharged.

        It waits there until something in it changes. False when a folder in the inbox has its name:
        then that one is the newer, and this one fails.
        """
        steps = self._threads.steps
        job = await until_it_works(steps.run, self._spool.uncharge, job)
        if not await until_it_works(steps.run, give_back, self._spool, job):
            return False

        lacking = tuple(
            f"{problem.file or problem.where} ({problem.what})" for problem in failure.problems
        )
        await self._hold(Hold(job.name, job.fingerprint, lacking))
        logger().warning(
            Event.STORY_WAITING,
            story=job.name,
            lacking=list(lacking[:LACKING_SHOWN]),
            seconds=seconds_since(began),
        )
        return True


def give_back(spool: Spool, job: Job) -> bool:
    """Give a source back to the inbox; False when its name is taken there. Raises OSError."""
    if spool.give_back(job):
        return True
    if exists(spool.folders.inbox / job.name):
        return False
    raise OSError(errno.EIO, "the folder cannot be moved back to the inbox")


def reported_seconds(folder: Path) -> float:
    """How long a published film is, as its report says; 0 when that cannot be read."""
    published = report.read(folder / files.REPORT)
    seconds = published.film.get("seconds") if published else None
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def job_fields(job: Job) -> dict[str, str | int]:
    """The fields of every log line about an attempt (`log.JOB`)."""
    return {"story": job.name, "job": job.id, "attempt": job.attempts}

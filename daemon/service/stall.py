"""Watching a running attempt: its progress is logged, and its standing still is noticed.

Anything that changes in the attempt's folder is progress: the reported progress, a copy of the
story's files that grows, the film itself.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

from daemon import progress
from daemon.inbox import entries_of, fingerprint
from daemon.log import Event, logger
from daemon.service.threads import Threads
from daemon.spool import Job

LOOK_SECONDS = 5.0
"""How often the progress of an attempt is looked at, and logged if it has changed."""
LOOKS = 4
"""Times that an attempt is looked at, at least, before it counts as standing still.

The time since the look before counts for no more than its share of this."""


async def until_stalled(
    job: Job,
    stall_seconds: Callable[[], float],
    threads: Threads,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Log the progress of a running attempt; return when there has been none for `stall_seconds`.

    `clock` gives monotonic seconds, so that setting the machine's clock ends no attempt. Nor does
    stopping the service and its workers for a while: only what looks have seen counts.
    """
    state = ""
    still = 0.0
    looked_at = clock()
    logged = None
    while still < stall_seconds():
        longest = stall_seconds() / LOOKS
        await asyncio.sleep(min(LOOK_SECONDS, longest))
        still += min(clock() - looked_at, longest)
        looked_at = clock()
        with contextlib.suppress(OSError):  # the folder cannot be read: that is no progress
            state_now, now = await threads.run(look, job)
            if state_now != state:
                state = state_now
                still = 0.0
            if now and now != logged:
                log_progress(job, now)
                logged = now


def look(job: Job) -> tuple[str, progress.Progress | None]:
    """The state of the attempt's files, and the reported progress. Raises OSError."""
    return fingerprint(entries_of(job.attempt_folder)), progress.read(job.attempt_folder)


def log_progress(job: Job, now: progress.Progress) -> None:
    """Log how far an attempt is."""
    logger().info(
        Event.RENDER_PROGRESS,
        story=job.name,
        job=job.id,
        attempt=job.attempts,
        stage=now.stage,
        done=now.done,
    )

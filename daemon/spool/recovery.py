"""What an earlier run left in work/, read from the disk and nothing else.

Each job is recovered for itself: one that cannot be read now keeps no other one waiting. Nothing is
published here, and nothing outside work/ is looked at. What is not a job is left alone.
"""

from dataclasses import dataclass, replace
from enum import StrEnum, auto
from pathlib import Path

from daemon.spool.durable import remove_tree
from daemon.spool.job import (
    ID,
    Job,
    attempt_folders,
    job_folders,
    read_job,
    rebuilt,
    record,
)
from daemon.spool.looks import exists, is_folder
from daemon.spool.spool import Spool


class RecoveredState(StrEnum):
    """The state of a job after recovery."""

    UNFINISHED = auto()  # to be tried again
    PUBLISHING = auto()  # its film is whole, with a target: `publish` it, then `finish` it
    DROPPED = auto()  # it had no story in it, and is gone


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job that an earlier run left, and its state."""

    job: Job
    state: RecoveredState


def unfinished(spool: Spool) -> list[Path]:
    """The folders of the jobs in work/, oldest first. None of them is opened.

    Jobs that are at work now are among them. Raises OSError when work/ cannot be listed.
    """
    return job_folders(spool.folders.work)


def recover_job(spool: Spool, folder: Path) -> Recovered | None:
    """Finish or undo the step that was cut off in one job's folder; None when it is not a job.

    Can be done again; raises OSError when it must be. Not for a job that is at work now.
    """
    if not ID.fullmatch(folder.name) or not is_folder(folder):
        return None

    found = read_job(folder)
    job = found or rebuilt(folder)
    if job.target:
        return Recovered(job, RecoveredState.PUBLISHING)
    if not is_folder(spool.origin(job)) and not is_folder(job.source):
        return without_story(spool, job, found)

    if found and job.attempts and exists(job.attempt_folder):
        # The attempt was open: the machine ended it, or the service was killed, not the story.
        job = replace(job, attempts=job.attempts - 1, interruptions=job.interruptions + 1)
    left = attempt_folders(folder)
    for attempt in left:
        empty(attempt)  # the record needs room, and the folder shows that the attempt was open
    if job != found:
        record(job)
    for attempt in left:
        remove_tree(attempt)
    return Recovered(job, RecoveredState.UNFINISHED)


def without_story(spool: Spool, job: Job, found: Job | None) -> Recovered | None:
    """Remove a job that has no story in it; None when there is nothing to say about it.

    What is in place of the story is a file or a link. It goes back to the inbox, or stays.
    """
    if exists(job.source) and not spool.give_back(job):
        return None
    spool.forget(job)
    return Recovered(job, RecoveredState.DROPPED) if found else None


def empty(folder: Path) -> None:
    """Remove all that is in an attempt's folder."""
    if is_folder(folder):
        for path in folder.iterdir():
            remove_tree(path)

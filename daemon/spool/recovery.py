"""What an earlier run left in work/, read from the disk and nothing else."""

import os
import shutil
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path

from daemon.spool.durable import is_folder
from daemon.spool.job import Job, read_job, rebuilt, record
from daemon.spool.spool import Spool


class RecoveredState(StrEnum):
    """The state of a job after recovery."""

    UNFINISHED = auto()  # to be tried again
    PUBLISHED = auto()  # its film is in the outbox; the job is still to be finished
    DROPPED = auto()  # it had no story in it, and is gone


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job that an earlier run left, and its state."""

    job: Job
    state: RecoveredState


def recover(spool: Spool) -> list[Recovered]:
    """Recover every job that an earlier run left, oldest first. Safe to repeat after a crash."""
    work = spool.folders.work
    folders = [path for path in work.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [recover_job(spool, folder) for folder in sorted(folders)]


def recover_job(spool: Spool, folder: Path) -> Recovered:
    """Finish or undo the step that was interrupted in one job's folder."""
    job = read_job(folder) or rebuilt(folder)
    shutil.rmtree(spool.hidden_copy(job), ignore_errors=True)  # a copy that was interrupted

    if job.target:
        # The film was on disk before the target was recorded: it can be published as it is.
        return Recovered(spool.publish(job), RecoveredState.PUBLISHED)

    if not is_folder(job.source):
        if os.path.lexists(job.source):
            spool.give_back(job)  # a file or a link, which is never a story
        else:
            shutil.rmtree(folder)
        return Recovered(job, RecoveredState.DROPPED)

    for attempt in folder.glob("attempt-*"):
        shutil.rmtree(attempt, ignore_errors=True)
    record(job)
    return Recovered(job, RecoveredState.UNFINISHED)

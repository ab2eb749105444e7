"""What an earlier run left at work, read from the disk and nothing else."""

import os
import shutil
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path

from daemon.spool.durable import is_folder
from daemon.spool.job import Job, read_job, rebuilt, record
from daemon.spool.spool import Spool


class Left(StrEnum):
    """What recovery found a job to be."""

    UNFINISHED = auto()
    PUBLISHED = auto()
    DROPPED = auto()


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job that an earlier run left, and in what state.

    DROPPED ones are gone already: they had no story in them.
    """

    job: Job
    state: Left


def recover(spool: Spool) -> list[Recovered]:
    """What an earlier run left, oldest first. Can be done again."""
    work = spool.folders.work
    folders = [path for path in work.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [_recovered(spool, folder) for folder in sorted(folders)]


def _recovered(spool: Spool, folder: Path) -> Recovered:
    job = read_job(folder) or rebuilt(folder)
    shutil.rmtree(spool.hidden_copy(job), ignore_errors=True)  # of a copy that was cut off
    if job.target:
        published = spool.publish(job)  # its files were on disk before the target was recorded
        return Recovered(published, Left.PUBLISHED)
    if not is_folder(job.source):
        if os.path.lexists(job.source):
            spool.give_back(job)
        else:
            shutil.rmtree(folder)
        return Recovered(job, Left.DROPPED)
    for attempt in folder.glob("attempt-*"):
        shutil.rmtree(attempt, ignore_errors=True)
    record(job)
    return Recovered(job, Left.UNFINISHED)

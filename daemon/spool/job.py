"""A claimed story and its record, `job.json`: what it is called, how often it was tried, where it is going.

The record is the only memory of a job, and is on disk before anything happens that it tells of.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon.spool import durable

RECORD = "job.json"


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed story, as `job.json` tells it.

    `attempts`: how many were begun. `target`: the folder's name in the outbox, recorded before `publish` moves anything there.
    """

    id: str
    name: str
    folder: Path
    attempts: int = 0
    target: str = ""
    claimed_at: str = ""

    @property
    def source(self) -> Path:
        """The story's own folder while the job is at work."""
        return self.folder / "source"

    @property
    def attempt_folder(self) -> Path:
        """Where the latest attempt writes, or wrote."""
        return self.folder / f"attempt-{self.attempts}"


def read_job(folder: Path) -> Job | None:
    """The job that a folder in work/ records; None when its record is torn or missing."""
    try:
        told = json.loads((folder / RECORD).read_bytes())
        return Job(
            id=_file_name(told["id"]),
            name=_file_name(told["name"]),
            folder=folder,
            attempts=_count(told["attempts"]),
            target=_file_name(told["target"]) if told["target"] else "",
            claimed_at=str(told["claimed_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _file_name(name: Any) -> str:
    """A record is ours, but a name from it becomes part of a path: anything else than one plain name counts as torn."""
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name:
        raise ValueError(name)
    return name


def _count(number: Any) -> int:
    if not isinstance(number, int) or number < 0:
        raise ValueError(number)
    return number


def rebuilt(folder: Path) -> Job:
    """A job whose record is torn: its id for a name, and charged with the attempts whose folders are there, or with one."""
    begun = [
        int(path.name.removeprefix("attempt-"))
        for path in folder.glob("attempt-*")
        if path.name[8:].isdecimal()
    ]
    return Job(folder.name, folder.name, folder, attempts=max([1, *begun]), claimed_at=now())


def record(job: Job) -> None:
    """Put a job's record on disk, whole or not at all."""
    told = {key: value for key, value in asdict(job).items() if key != "folder"}
    durable.write_file(job.folder / RECORD, json.dumps(told))


def now() -> str:
    """The time as records tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds")

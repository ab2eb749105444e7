"""A claimed story and its record, `job.json`: its name, its attempts, and where it is published.

The record is the only memory of a job. Each step is recorded on disk before it happens.
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
    """A claimed story, as `job.json` records it.

    `folder` is the job's own folder in work/, `attempts` how many were begun. `target` is the name
    in the outbox, recorded before `publish` moves anything there; "" until then.
    """

    id: str
    name: str
    folder: Path
    attempts: int = 0
    target: str = ""
    claimed_at: str = ""

    @property
    def source(self) -> Path:
        """The story's own folder while the job is in work/."""
        return self.folder / "source"

    @property
    def attempt_folder(self) -> Path:
        """The folder that the latest attempt writes to."""
        return self.folder / f"attempt-{self.attempts}"


def read_job(folder: Path) -> Job | None:
    """The job that a folder in work/ records; None when its record is torn or missing."""
    try:
        fields = json.loads((folder / RECORD).read_bytes())
        return Job(
            id=plain_name(fields["id"]),
            name=plain_name(fields["name"]),
            folder=folder,
            attempts=attempt_count(fields["attempts"]),
            target=plain_name(fields["target"]) if fields["target"] else "",
            claimed_at=str(fields["claimed_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def plain_name(value: Any) -> str:
    """A recorded name, which becomes part of a path. Raises ValueError unless it is plain."""
    if not durable.is_plain_name(value):
        raise ValueError(value)
    return str(value)


def attempt_count(value: Any) -> int:
    """A recorded number of attempts. Raises ValueError unless it is a whole number from 0."""
    if not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def rebuilt(folder: Path) -> Job:
    """A job whose record is torn. Its id is its name.

    It is charged with the attempts whose folders are there, and with one at least.
    """
    suffixes = [path.name.removeprefix("attempt-") for path in folder.glob("attempt-*")]
    begun = [int(suffix) for suffix in suffixes if suffix.isdecimal()]
    return Job(folder.name, folder.name, folder, attempts=max([1, *begun]), claimed_at=now())


def record(job: Job) -> None:
    """Put a job's record on disk, whole or not at all."""
    fields = asdict(job)
    del fields["folder"]
    durable.write_file(job.folder / RECORD, json.dumps(fields))


def now() -> str:
    """The time as it is written into records: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")

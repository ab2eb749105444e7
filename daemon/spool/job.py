"""A claimed story and its record, `job.json`: its name, its attempts, and where it is published.

The record is the only memory of a job. Each step is recorded on disk before it happens.
"""

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon.delivery.files import NO_FILE, read_plain
from daemon.spool import durable, looks

RECORD = "job.json"
LARGEST = 2**20
"""Bytes that are read of a record."""
ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
"""The time of the claim, to the second, and chance. Anything else in work/ is not a job."""
ATTEMPT = "attempt-"


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed story, as `job.json` records it.

    `folder` is the job's own folder in work/. `attempts` is how many were begun and are charged;
    `interruptions` how many the machine cut off, which are not. `target` is the name in the outbox,
    recorded before `publish` moves anything there; "" until then. `fingerprint` is what the source
    looked like when it was claimed.

    `original` is the name that the story's own folder got in the inbox, where it may not be moved
    out of it: then the source is a copy, and `fingerprint` is the original's. Else "".
    """

    id: str
    name: str
    folder: Path
    attempts: int = 0
    target: str = ""
    claimed_at: str = ""
    fingerprint: str = ""
    interruptions: int = 0
    original: str = ""

    @property
    def source(self) -> Path:
        """The story's own folder, or the copy of it, while the job is in work/."""
        return self.folder / "source"

    @property
    def draft(self) -> Path:
        """A copy of the story that is not whole, or no longer wanted: it is never the only one."""
        return self.folder / "draft"

    @property
    def attempt_folder(self) -> Path:
        """The folder that the latest attempt writes to."""
        return self.folder / f"{ATTEMPT}{self.attempts}"


def new_id() -> str:
    """An id that no other job has. Later ids sort later, to the second."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def job_folders(work: Path) -> list[Path]:
    """The folders of jobs in work/, oldest first. What somebody else put there is not listed."""
    with os.scandir(work) as entries:
        names = [
            entry.name
            for entry in entries
            if ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        ]
    return [work / name for name in sorted(names)]


def attempt_folders(folder: Path) -> list[Path]:
    """What attempts have left in a job's folder, and have not cleared away."""
    return sorted(path for path in folder.iterdir() if path.name.startswith(ATTEMPT))


def read_job(folder: Path) -> Job | None:
    """The job that a folder in work/ records; None when its record is torn or missing.

    Raises OSError when it cannot be read now.
    """
    try:
        fields = json.loads(read_plain(folder / RECORD, LARGEST))
        return Job(
            id=plain_name(fields["id"]),
            name=plain_name(fields["name"]),
            folder=folder,
            attempts=attempt_count(fields["attempts"]),
            target=plain_name(fields["target"]) if fields["target"] else "",
            claimed_at=str(fields["claimed_at"]),
            fingerprint=str(fields.get("fingerprint", "")),
            interruptions=attempt_count(fields.get("interruptions", 0)),
            original=plain_name(fields["original"]) if fields.get("original") else "",
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    except OSError as error:
        if error.errno in NO_FILE:
            return None
        raise


def plain_name(value: Any) -> str:
    """A recorded name, which becomes part of a path. Raises ValueError unless it is plain."""
    if not looks.is_plain_name(value):
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
    suffixes = [path.name.removeprefix(ATTEMPT) for path in attempt_folders(folder)]
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

"""The spool: folders, renames and fsyncs. The directory is the status; what a crash leaves on disk says how to go on.

    inbox/<name>            → work/<job>/source      claim: one rename, after work/<job>/job.json is safely on disk
    work/<job>/attempt-<n>/ → outbox/<target>        publish: one rename, after the target is recorded in job.json
    work/<job>/source       → done/<name>            finish; or → failed/<name>, with the reason in it

Every step may be cut off at any instant and is simply done again: `recover` reads the disk and nothing else. Nothing is ever
overwritten: a name that is taken gets -2, -3, and so on. No step deletes a source.
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import stat
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum, auto
from pathlib import Path
from typing import Self

from daemon import reasons
from daemon.config import Folders
from daemon.durable import TAKEN, free_names, move_folder, sync_files, sync_folder
from daemon.errors import AlreadyRunning, SpoolError
from daemon.job import Job, now, read_job, rebuilt, record
from daemon.outcome import Failure

REPORT = "report.json"
LATEST = 10
"""Films that are looked at for the music that was played last."""
DELIVERABLES = (".chapters.txt", ".mp4", ".jpg", ".srt", ".vtt")
"""The endings of an attempt's files; what stands before the ending becomes the published name. `report.json` keeps its name."""


@dataclass(frozen=True, slots=True)
class Unclaimable:
    """A folder that may not be moved out of the inbox, and what would help."""

    reason: str
    mend: str


class State(StrEnum):
    """What `recover` found a job to be."""

    UNFINISHED = auto()
    PUBLISHED = auto()
    DROPPED = auto()


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job that an earlier run left, and in what state; DROPPED ones are gone already, they had no story in them."""

    job: Job
    state: State


@dataclass(slots=True)
class Spool:
    """The folders of one root. Opened by `Spool.open`, which makes sure that they can be used."""

    folders: Folders
    _lock: int | None = field(default=None, repr=False)

    @classmethod
    def open(cls, folders: Folders, patience_seconds: float = 0.5) -> Self:
        """Make the folders, check them, and take the lock that makes this the only service on them.

        Raises AlreadyRunning, after `patience_seconds` of trying (`status` looks at the lock for an instant), or SpoolError.
        """
        _make_folders(folders)
        return cls(folders, _locked(folders.work / ".lock", patience_seconds))

    def close(self) -> None:
        """Give the lock up."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # ---- claim ------------------------------------------------------------------------------------------------------------

    def claim(self, name: str) -> Job | Unclaimable | None:
        """Take a folder out of the inbox; None when it is gone, which is no fault of anybody's."""
        job_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        job = Job(job_id, name, self.folders.work / job_id, claimed_at=now())
        job.folder.mkdir()
        try:
            record(job)
            sync_folder(self.folders.work)
            (self.folders.inbox / name).rename(job.source)
        except OSError as error:
            shutil.rmtree(job.folder)
            return _not_claimed(error)
        if not _is_folder(job.source):  # put there after the look: nothing that we would follow
            self.give_back(job)
            return None
        with contextlib.suppress(OSError):  # it is moved; a disk that does not sync is reported by the attempt's own record
            sync_folder(job.folder)
            sync_folder(self.folders.inbox)
        return job

    def give_back(self, job: Job) -> bool:
        """Undo a claim: the folder changed while it was taken. False when its name in the inbox is taken again."""
        if os.path.lexists(self.folders.inbox / job.name):
            return False
        try:
            job.source.rename(self.folders.inbox / job.name)
        except OSError:
            return False
        shutil.rmtree(job.folder)
        sync_folder(self.folders.inbox)
        return True

    # ---- attempts ---------------------------------------------------------------------------------------------------------

    def begin_attempt(self, job: Job) -> Job:
        """Charge an attempt, on disk, and make its folder; nothing of it has started yet."""
        begun = replace(job, attempts=job.attempts + 1)
        record(begun)
        begun.attempt_folder.mkdir(exist_ok=True)
        return begun

    def uncharge(self, job: Job) -> Job:
        """Take back an attempt that was ended through no fault of its own, and what it wrote."""
        shutil.rmtree(job.attempt_folder, ignore_errors=True)
        before = replace(job, attempts=job.attempts - 1)
        record(before)
        return before

    def drop_attempt(self, job: Job) -> None:
        """Remove what a failed attempt wrote; it stays charged."""
        shutil.rmtree(job.attempt_folder, ignore_errors=True)

    # ---- publish and finish -----------------------------------------------------------------------------------------------

    def publish(self, job: Job) -> Job:
        """Move the latest attempt's finished files to the outbox, all at once; the job with its target there.

        Can be done again after any of its steps failed.
        """
        job = read_job(job.folder) or job
        if job.target and self._is_published(job):
            return job
        sync_files(job.attempt_folder)
        for target in free_names(self.folders.outbox, job.name):
            job = replace(job, target=target)
            _name_files(job.attempt_folder, target)
            record(job)
            if self._moved_to_outbox(job):
                break
        sync_folder(self.folders.outbox)
        sync_folder(job.folder)
        return job

    def _moved_to_outbox(self, job: Job) -> bool:
        """The rename that publishes; False when the name has been taken in the meantime."""
        target = self.folders.outbox / job.target
        try:
            job.attempt_folder.rename(target)
        except OSError as error:
            if error.errno in TAKEN and os.path.lexists(target):
                return False
            if error.errno != errno.EXDEV:
                raise
            return self._copied_to_outbox(job, target)
        return True

    def _copied_to_outbox(self, job: Job, target: Path) -> bool:
        """Publish to an outbox on another filesystem: copied under a hidden name first, then renamed there."""
        hidden = self.folders.outbox / f".{job.id}"
        shutil.rmtree(hidden, ignore_errors=True)
        shutil.copytree(job.attempt_folder, hidden)
        sync_files(hidden)
        try:
            hidden.rename(target)
        except OSError as error:
            shutil.rmtree(hidden)
            if error.errno in TAKEN:
                return False
            raise
        sync_folder(self.folders.outbox)
        shutil.rmtree(job.attempt_folder)
        return True

    def finish(self, job: Job) -> Path | None:
        """Keep the source of a published film in done/ and forget the job; None when that was done before."""
        reasons.remove(job.source)
        kept = move_folder(job.source, self.folders.done, job.target or job.name)
        self._forget(job)
        return kept

    def fail(self, job: Job, failure: Failure) -> Path:
        """Move the source to failed/ with every reason in it; the folder there. Can be done again."""
        if job.source.is_dir():
            reasons.write(job, failure)
        kept = move_folder(job.source, self.folders.failed, job.name)
        self._forget(job)
        return kept or self.folders.failed / job.name

    def _forget(self, job: Job) -> None:
        if job.folder.exists():
            shutil.rmtree(job.folder)
        sync_folder(self.folders.work)

    def retry(self, name: str) -> Path | None:
        """Move a failed story back into the inbox; None when there is none of this name."""
        source = self.folders.failed / name
        if name in ("", ".", "..") or "/" in name or not _is_folder(source):
            return None
        reasons.remove(source)
        return move_folder(source, self.folders.inbox, name)

    # ---- recovery ---------------------------------------------------------------------------------------------------------

    def recover(self) -> list[Recovered]:
        """What an earlier run left at work, oldest first. Everything is read from the disk; can be done again."""
        folders = sorted(path for path in self.folders.work.iterdir() if path.is_dir() and not path.name.startswith("."))
        return [self._recovered(folder) for folder in folders]

    def _recovered(self, folder: Path) -> Recovered:
        job = read_job(folder) or rebuilt(folder)
        shutil.rmtree(self.folders.outbox / f".{job.id}", ignore_errors=True)  # a copy to elsewhere that was cut off
        if job.target:
            published = self.publish(job)  # its files were safe on disk before the target was recorded
            return Recovered(published, State.PUBLISHED)
        if not _is_folder(job.source):
            if os.path.lexists(job.source):
                self.give_back(job)
                return Recovered(job, State.DROPPED)
            shutil.rmtree(folder)
            return Recovered(job, State.DROPPED)
        for attempt in folder.glob("attempt-*"):
            shutil.rmtree(attempt, ignore_errors=True)
        record(job)
        return Recovered(job, State.UNFINISHED)

    def _is_published(self, job: Job) -> bool:
        """Whether a job with a recorded target has reached the outbox.

        Its attempt's folder is gone then. Where the outbox is elsewhere, the copy may be there while the folder still is: the
        report in it carries the job's id.
        """
        if not job.attempt_folder.is_dir():
            return True
        if _told(self.folders.outbox / job.target, "job") == job.id:
            shutil.rmtree(job.attempt_folder)
            return True
        return False

    # ---- looking ----------------------------------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """The jobs at work, oldest first. Looking changes nothing."""
        with contextlib.suppress(FileNotFoundError):
            return [job for path in sorted(self.folders.work.iterdir()) if path.is_dir() and (job := read_job(path))]
        return []

    def is_locked(self) -> bool:
        """Whether a service is running on these folders."""
        try:
            descriptor = os.open(self.folders.work / ".lock", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def last_music(self) -> str:
        """The name of the track in the latest film of the outbox that has one; nothing where that cannot be told."""
        with contextlib.suppress(OSError):
            reports = sorted(self.folders.outbox.glob(f"*/{REPORT}"), key=lambda path: path.stat().st_mtime, reverse=True)
            return next((music for report in reports[:LATEST] if (music := _told(report.parent, "music"))), "")
        return ""

    def free_bytes(self) -> int:
        """Room that is left for this user where the work is done."""
        return shutil.disk_usage(self.folders.work).free


def _name_files(folder: Path, target: str) -> None:
    """Give an attempt's files the published name, whatever they are called by now."""
    for path in folder.iterdir():
        for ending in DELIVERABLES:
            if path.name.endswith(ending):
                path.rename(folder / f"{target}{ending}")
                break
    sync_folder(folder)


def _told(published: Path, key: str) -> str | None:
    """What a film's report says, or None where it says nothing."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((published / REPORT).read_bytes())[key]
        return None if told is None else str(told)
    return None


def _is_folder(path: Path) -> bool:
    """A folder itself, no link to one. A name that is none is not there."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def _not_claimed(error: OSError) -> Unclaimable | None:
    if error.errno == errno.ENOENT:
        return None
    if error.errno in (errno.EACCES, errno.EPERM):
        mend = "Give the service's user the right to write to the folder (chmod g+w), or make it the folder's owner."
        return Unclaimable("the service may not move it", mend)
    if error.errno in (errno.EXDEV, errno.EBUSY):
        return Unclaimable("it is on another filesystem", "Move the files themselves into the inbox, no mount point.")
    raise error


def _make_folders(folders: Folders) -> None:
    places = [folders.inbox, folders.work, folders.outbox, folders.done, folders.failed]
    try:
        for place in places:
            place.mkdir(0o750 if place == folders.work else 0o777, parents=True, exist_ok=True)
    except OSError as error:
        raise SpoolError(
            f"{error.filename or folders.root}: {error.strerror}. Make it writable, or set folders.root."
        ) from error
    for place in places:
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise SpoolError(f"{place}: not writable for this user. Change its owner or its mode.")
    devices = {place: place.stat().st_dev for place in places if place != folders.outbox}
    if len(set(devices.values())) > 1:
        raise SpoolError("inbox, work, done and failed must be on one filesystem (the outbox alone may be elsewhere).")


def _locked(path: Path, patience_seconds: float) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SpoolError(f"{path}: {error.strerror}. Remove it, or give it to this user.") from error
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise AlreadyRunning(f"another storyreel works on {path.parent.parent}") from None
            time.sleep(0.02)
        else:
            return descriptor

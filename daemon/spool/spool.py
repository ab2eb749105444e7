"""The spool: folders, renames and fsyncs. Where a story's folder is, is its status.

    inbox/<name>            → work/<job>/source  claim: job.json is written, then one rename
    work/<job>/attempt-<n>/ → outbox/<target>    publish: job.json names the target, then one rename
    work/<job>/source       → done/<name>        finish; or → failed/<name>, with the reasons in it

Every step may be interrupted at any instant, and is then done again: what a crash leaves on disk
says how to continue (`recovery`). Nothing is ever overwritten: a name that is taken gets -2, -3,
and so on. No step deletes a source.
"""

import contextlib
import errno
import os
import secrets
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from daemon.attempt import Failure
from daemon.config import Folders
from daemon.delivery import files, report
from daemon.spool import reasons
from daemon.spool.durable import (
    TAKEN,
    free_names,
    is_folder,
    is_plain_name,
    move_folder,
    sync_files,
    sync_folder,
)
from daemon.spool.job import Job, now, read_job, record
from daemon.spool.lock import Lock, make_folders


@dataclass(frozen=True, slots=True)
class Unclaimable:
    """Why a folder cannot be moved out of the inbox, and what would help."""

    reason: str
    mend: str


class Spool:
    """The folders of one root."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._lock = Lock(folders.work)

    def open(self) -> Self:
        """Make the folders, check them, and take the lock: one service for these folders.

        Raises AlreadyRunning or SpoolError.
        """
        make_folders(self.folders)
        self._lock.take()
        return self

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    # ---- claim -----------------------------------------------------------------------------------

    def claim(self, name: str) -> Job | Unclaimable | None:
        """Take a folder out of the inbox; None when it is gone, or is no longer a folder.

        Raises OSError when the disk fails; the folder is then still in the inbox.
        """
        job_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        job = Job(job_id, name, self.folders.work / job_id, claimed_at=now())
        job.folder.mkdir()
        try:
            record(job)
            sync_folder(self.folders.work)
            (self.folders.inbox / name).rename(job.source)
        except OSError as error:
            shutil.rmtree(job.folder)
            return not_claimed(error)

        if not is_folder(job.source):  # somebody put a file or a link there after the last look
            self.give_back(job)
            return None

        # The story has been moved. If the disk is broken, the next record will fail and say so.
        with contextlib.suppress(OSError):
            sync_folder(job.folder)
            sync_folder(self.folders.inbox)
        return job

    def give_back(self, job: Job) -> bool:
        """Undo a claim; False when a new folder has its name in the inbox, or the move fails."""
        if os.path.lexists(self.folders.inbox / job.name):
            return False
        try:
            job.source.rename(self.folders.inbox / job.name)
        except OSError:
            return False
        shutil.rmtree(job.folder)
        sync_folder(self.folders.inbox)
        return True

    # ---- attempts --------------------------------------------------------------------------------

    def begin_attempt(self, job: Job) -> Job:
        """Charge an attempt, on disk, and make its folder. The attempt has not started yet."""
        begun = replace(job, attempts=job.attempts + 1)
        record(begun)
        begun.attempt_folder.mkdir(exist_ok=True)
        return begun

    def uncharge(self, job: Job) -> Job:
        """Undo the charge of an attempt that was stopped from outside; remove what it wrote."""
        self.drop_attempt(job)
        before = replace(job, attempts=job.attempts - 1)
        record(before)
        return before

    def drop_attempt(self, job: Job) -> None:
        """Remove what an attempt wrote; it stays charged."""
        shutil.rmtree(job.attempt_folder, ignore_errors=True)

    # ---- publish and finish ----------------------------------------------------------------------

    def publish(self, job: Job) -> Job:
        """Move the latest attempt's files to the outbox, all at once. The job then has its target.

        Can be done again after any of its steps failed.
        """
        job = read_job(job.folder) or job
        if job.target and self._is_published(job):
            return job

        sync_files(job.attempt_folder)
        for target in free_names(self.folders.outbox, job.name):
            job = replace(job, target=target)
            files.name_all(job.attempt_folder, target)
            sync_folder(job.attempt_folder)
            record(job)
            if self._moved_to_outbox(job):
                break

        sync_folder(self.folders.outbox)
        sync_folder(job.folder)
        return job

    def _is_published(self, job: Job) -> bool:
        """Whether a job with a recorded target has reached the outbox.

        After a rename, the attempt's folder is gone. After a copy to another filesystem it may
        still be there; then the report in the outbox has the job's id.
        """
        if not job.attempt_folder.is_dir():
            return True
        published = report.read(self.folders.outbox / job.target / files.REPORT)
        if published and published.job == job.id:
            shutil.rmtree(job.attempt_folder)
            return True
        return False

    def _moved_to_outbox(self, job: Job) -> bool:
        """Publish by a rename; False when somebody has taken the name in the meantime."""
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
        """Publish on another filesystem: copy under a hidden name, then rename there.

        False when somebody has taken the name in the meantime.
        """
        hidden = self.hidden_copy(job)
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

    def hidden_copy(self, job: Job) -> Path:
        """Where a film is copied to in an outbox on another filesystem, before it gets its name."""
        return self.folders.outbox / f".{job.id}"

    def finish(self, job: Job) -> Path | None:
        """Move the source of a published film to done/, and remove the job.

        Returns the folder in done/; None when it had been moved before.
        """
        reasons.remove(job.source)
        kept = move_folder(job.source, self.folders.done, job.target or job.name)
        self._forget(job)
        return kept

    def fail(self, job: Job, failure: Failure) -> Path:
        """Move the source, with the reasons in it, to failed/, and remove the job.

        Returns the folder in failed/. Can be done again.
        """
        if job.source.is_dir():
            reasons.write(job, failure)
        kept = move_folder(job.source, self.folders.failed, job.name)
        self._forget(job)
        return kept or self.folders.failed / job.name

    def _forget(self, job: Job) -> None:
        """Remove a job's folder, whose source has been moved away."""
        if job.folder.exists():
            shutil.rmtree(job.folder)
        sync_folder(self.folders.work)

    def retry(self, name: str) -> Path | None:
        """Move a failed story back into the inbox; None when no failed story has this name."""
        source = self.folders.failed / name
        if not is_plain_name(name) or not is_folder(source):
            return None
        reasons.remove(source)
        return move_folder(source, self.folders.inbox, name)

    # ---- looking ---------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """The jobs in work/, oldest first. Changes nothing."""
        try:
            folders = sorted(path for path in self.folders.work.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []
        jobs = [read_job(folder) for folder in folders]
        return [job for job in jobs if job]

    def is_locked(self) -> bool:
        """Whether a service is running on these folders."""
        return self._lock.is_taken()

    def free_bytes(self) -> int:
        """Bytes that are free for this user on the filesystem of work/."""
        return shutil.disk_usage(self.folders.work).free


def not_claimed(error: OSError) -> Unclaimable | None:
    """What the error of a claim means: None when the folder is gone. Raises every other error."""
    if error.errno == errno.ENOENT:
        return None
    if error.errno in (errno.EACCES, errno.EPERM):
        mend = (
            "Give the service's user permission to write to the folder (chmod g+w), "
            "or make it the folder's owner."
        )
        return Unclaimable("the service may not move it", mend)
    if error.errno in (errno.EXDEV, errno.EBUSY):
        mend = "Move the files themselves into the inbox, not a mount point."
        return Unclaimable("it is on another filesystem", mend)
    raise error

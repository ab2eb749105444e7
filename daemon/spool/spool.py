"""The spool: folders, renames and fsyncs. Where a story's folder is, is its status.

    inbox/<name>            → work/<job>/source  claim: job.json is written, then one rename
    inbox/<name> → <name> (taken, may be deleted), and a copy → work/<job>/source
                                                 claim of a folder that may be read, but not moved
    work/<job>/attempt-<n>/ → outbox/<target>    publish: job.json names the target, then one rename
    work/<job>/source       → done/<name>        finish; or → failed/<name>, with the reasons in it

Every step may be cut off at any instant, and is then done again: what a crash leaves on disk says
how to go on (`recovery`). Nothing is ever overwritten: a name that is taken gets -2, -3, and so on.
No step deletes a source, and no folder that may hold one is removed with what is in it.
"""

import contextlib
import errno
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from daemon.attempt import Failure
from daemon.config import Folders
from daemon.delivery import files, report
from daemon.errors import FilmError
from daemon.ignored import TAKEN_ENDING
from daemon.spool import reasons
from daemon.spool.copies import Wanted, copy_story
from daemon.spool.durable import (
    TAKEN,
    move_folder,
    remove_tree,
    rename,
    rename_with_right,
    sync_files,
    sync_folder,
)
from daemon.spool.free_names import free_for_everyone, free_names
from daemon.spool.job import (
    RECORD,
    Job,
    attempt_folders,
    job_folders,
    new_id,
    now,
    read_job,
    record,
)
from daemon.spool.lock import Lock
from daemon.spool.looks import exists, is_folder, is_plain_name
from daemon.spool.memory import Memory
from daemon.spool.places import make_folders, try_folders
from daemon.story.untrusted import UntrustedFolder

WRITTEN = tuple(
    name + draft for name in (RECORD, reasons.ERROR, reasons.WHY) for draft in ("", ".new")
)
"""The names of all files that are ever written into a job's folder."""
FORBIDDEN = (errno.EACCES, errno.EPERM)
"""The errors of a step that this user may not take."""


@dataclass(frozen=True, slots=True)
class Unclaimable:
    """Why a folder cannot be moved out of the inbox, and what would help."""

    reason: str
    mend: str


class Spool:
    """The folders of one root, and what is remembered in them."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.memory = Memory(folders.work)
        self._lock = Lock(folders.work)

    def open(self) -> Self:
        """Make the folders, check them, and take the lock: one service for these folders.

        Raises AlreadyRunning or SpoolError.
        """
        make_folders(self.folders)
        self._lock.take()
        try:
            try_folders(self.folders)
        except BaseException:
            self._lock.release()
            raise
        return self

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    # ---- claim -----------------------------------------------------------------------------------

    def claim(self, name: str, fingerprint: str = "") -> Job | Unclaimable | None:
        """Take a folder out of the inbox; None when it is gone, or is no longer a folder.

        One that may not be moved out of it stays there under another name, and has no source yet:
        `take_copy` makes it.

        Raises OSError when the disk fails. The folder is then still in the inbox; where that could
        not be seen, it may be in work/, and `unfinished` lists its job.
        """
        job_id = new_id()
        folder = self.folders.work / job_id
        job = Job(job_id, name, folder, claimed_at=now(), fingerprint=fingerprint)
        try:
            job.folder.mkdir(0o700)  # what is copied and made in it is nobody else's
            record(job)
            sync_folder(self.folders.work)
            rename_with_right(self.folders.inbox / name, job.source)
        except OSError as error:
            if not exists(job.source):
                if error.errno in FORBIDDEN and (set_aside := self._set_aside(job)):
                    return set_aside
                with contextlib.suppress(OSError):  # `recover_job` then removes it
                    self.forget(job)
                if error.errno == errno.ENOENT and not exists(self.folders.inbox / name):
                    return None
                return not_claimed(error)

        # The story has been moved. If the disk is broken, the next step will fail and say so.
        with contextlib.suppress(OSError):
            if not is_folder(job.source):  # put there after the inbox was looked at
                self.give_back(job)
                return None
            sync_folder(job.folder)
            sync_folder(self.folders.inbox)
        return job

    def _set_aside(self, job: Job) -> Job | None:
        """Claim a folder that may not leave the inbox, by a name that is never taken again.

        Renaming it there needs rights on the inbox only. None when these are missing too.
        """
        inbox = self.folders.inbox
        if not is_folder(inbox / job.name):
            return None
        original = next(free_names(inbox, job.name, TAKEN_ENDING))
        job = replace(job, original=original)
        record(job)
        try:
            (inbox / job.name).rename(inbox / original)
        except OSError:
            if not exists(inbox / original):
                return None
        with contextlib.suppress(OSError):  # the next step will say so
            sync_folder(inbox)
        return job

    def origin(self, job: Job) -> Path:
        """The story's own folder: in work/, or in the inbox if it may not be moved out of it."""
        return self.folders.inbox / job.original if job.original else job.source

    def take_copy(self, job: Job, folder: UntrustedFolder, files: Iterable[Wanted]) -> None:
        """Make a copy of the story's own folder, which stays in the inbox, the job's source.

        Can be done again, also to replace an earlier copy. Raises OSError.
        """
        remove_tree(job.draft)
        copy_story(folder, files, job.draft)
        remove_tree(job.source)  # only an earlier copy: the original is open
        rename(job.draft, job.source)
        sync_folder(job.folder)

    def give_back(self, job: Job) -> bool:
        """Undo a claim; False when its name in the inbox is taken again, or the move fails.

        Can be done again. Raises OSError when it cannot be seen whether the story has moved.
        """
        origin = self.origin(job)
        place = self.folders.inbox / job.name
        if exists(origin):
            if exists(place):
                return False
            if job.original and exists(job.source):
                remove_tree(job.draft)
                rename(job.source, job.draft)  # from now on the original is the story, and no copy
                sync_folder(job.folder)
            try:
                rename_with_right(origin, place)
            except OSError:
                if exists(origin):
                    return False
        elif job.original and exists(job.source):  # its owner has deleted the original
            return False
        sync_folder(self.folders.inbox)
        self.forget(job)
        return True

    # ---- attempts --------------------------------------------------------------------------------

    def begin_attempt(self, job: Job) -> Job:
        """Charge an attempt, on disk, and make its folder. The attempt has not started yet.

        The folder is there first: an attempt that is charged and whose folder is there is open.
        """
        begun = replace(job, attempts=job.attempts + 1)
        for left in attempt_folders(job.folder):
            remove_tree(left)
        begun.attempt_folder.mkdir()
        record(begun)
        return begun

    def uncharge(self, job: Job) -> Job:
        """Undo the charge of an attempt that was stopped from outside; remove what it wrote."""
        before = replace(job, attempts=job.attempts - 1)
        record(before)
        self.drop_attempt(job)
        return before

    def drop_attempt(self, job: Job) -> None:
        """Remove what an attempt wrote; it stays charged."""
        with contextlib.suppress(OSError):  # the next attempt removes it
            remove_tree(job.attempt_folder)

    # ---- publish and finish ----------------------------------------------------------------------

    def publish(self, job: Job) -> Job:
        """Move the latest attempt's files to the outbox, all at once. The job then has its target.

        Can be done again after any of its steps failed. Raises FilmError when there is no film in
        the attempt's folder: the job is then as before its publication.
        """
        job = read_job(job.folder) or job
        if not (job.target and self._is_published(job)):
            job = self._move_to_outbox(job)
        sync_folder(self.folders.outbox)
        sync_folder(job.folder)
        return job

    def _is_published(self, job: Job) -> bool:
        """Whether a job with a recorded target has reached the outbox.

        After a rename, the attempt's folder is gone. After a copy to another filesystem it may
        still be there; then the report in the outbox has the job's id.
        """
        if not is_folder(job.attempt_folder):
            return True
        published = report.load(self.folders.outbox / job.target / files.REPORT)
        if published and published.job == job.id:
            shutil.rmtree(job.attempt_folder)
            return True
        return False

    def _move_to_outbox(self, job: Job) -> Job:
        self._keep_publishable(job)
        sync_files(job.attempt_folder)
        for target in free_for_everyone(self.folders.outbox, job.name):
            job = replace(job, target=target)
            files.name_all(job.attempt_folder, target)
            sync_folder(job.attempt_folder)
            record(job)
            if self._moved_to_outbox(job):
                break
        return job

    def _keep_publishable(self, job: Job) -> None:
        """Remove all but the regular files that have a place in the outbox.

        A worker handles what strangers sent. What it leaves is not trusted: a link would publish a
        file that is not in the story, and a pipe would block whoever opens it.
        """
        kept = files.publishable(job.attempt_folder)
        if files.FILM not in kept:
            if job.target:
                record(replace(job, target=""))
            raise FilmError(f"{job.attempt_folder} has no film in it")
        for path in job.attempt_folder.iterdir():
            if path not in kept.values():
                remove_tree(path)

    def _moved_to_outbox(self, job: Job) -> bool:
        """Publish by a rename; False when somebody has taken the name in the meantime."""
        target = self.folders.outbox / job.target
        try:
            rename(job.attempt_folder, target)
        except OSError as error:
            if error.errno in TAKEN and exists(target):
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
        remove_tree(hidden)  # of a copy that was cut off
        try:
            copy_files(job.attempt_folder, hidden)
            rename(hidden, target)
        except OSError as error:
            with contextlib.suppress(OSError):  # it may fill the disk
                remove_tree(hidden)
            if error.errno in TAKEN and exists(target):
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
        return self._move_source(job, self.folders.done, job.target or job.name)

    def fail(self, job: Job, failure: Failure) -> Path:
        """Move the source, with the reasons in it, to failed/, and remove the job.

        Returns the folder in failed/. Can be done again.
        """
        job = read_job(job.folder) or replace(job, original="")  # without a record it is over
        if job.original:
            job = self._without_original(job)
        if is_folder(job.source):
            reasons.write(job, failure)
        kept = self._move_source(job, self.folders.failed, job.name)
        return kept or self.folders.failed / job.name

    def _without_original(self, job: Job) -> Job:
        """The same job, whose copy is the story from now on; it is empty where none could be made.

        Without this record, a crash after the next move would let the original be copied again.
        """
        if not exists(job.source):
            job.source.mkdir()
        job = replace(job, original="")
        record(job)
        return job

    def _move_source(self, job: Job, parent: Path, name: str) -> Path | None:
        """Move a job's source to its last place, and remove the job. None when it has moved."""
        kept = move_folder(job.source, parent, name)
        if kept is None:
            # Moved by an earlier call, which may have failed to sync it. Or the disk is gone: then
            # this fails, and the story is not forgotten.
            sync_folder(parent)
            if is_folder(job.folder):
                sync_folder(job.folder)
        self.forget(job)
        return kept

    def forget(self, job: Job) -> None:
        """Remove a job's folder when its source has been moved away.

        Only what is known by its name is removed, and then the folder, if it is empty. So even a
        source that a look did not show is never removed.
        """
        if not exists(job.folder) or exists(job.source):
            return
        for attempt in attempt_folders(job.folder):
            remove_tree(attempt)
        remove_tree(job.draft)
        for name in WRITTEN:
            remove_tree(job.folder / name)
        try:
            job.folder.rmdir()
        except OSError as error:
            if exists(job.source):  # a share's cache had hidden it
                record(job)
                raise
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise
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
        """The jobs in work/ whose records can be read, oldest first. Changes nothing."""
        jobs = []
        with contextlib.suppress(FileNotFoundError):
            for folder in job_folders(self.folders.work):
                with contextlib.suppress(OSError):
                    jobs.append(read_job(folder))
        return [job for job in jobs if job]

    def is_locked(self) -> bool:
        """Whether a service is running on these folders."""
        return self._lock.is_taken()

    def free_bytes(self) -> int:
        """Bytes that are free for this user on the filesystem of work/."""
        return shutil.disk_usage(self.folders.work).free


def copy_files(source: Path, target: Path) -> None:
    """Copy the files in a folder into a new one, and put them on disk. No link is followed."""
    target.mkdir()
    for path in source.iterdir():
        with files.open_regular(path) as read, (target / path.name).open("xb") as written:
            shutil.copyfileobj(read, written, 2**20)
    sync_files(target)


def not_claimed(error: OSError) -> Unclaimable:
    """What the error of a claim says about the folder. Raises an error that says nothing of it."""
    if error.errno in FORBIDDEN:
        mend = "Let the service's user write to the inbox, without its sticky bit (chmod -t)."
        return Unclaimable("the service may not rename it", mend)
    if error.errno in (errno.EXDEV, errno.EBUSY):
        mend = "Move the files themselves into the inbox, not a mount point."
        return Unclaimable("it is on another filesystem", mend)
    raise error

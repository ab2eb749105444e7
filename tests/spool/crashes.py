"""A service whose process is killed, or whose disk fails, at a chosen change of the disk."""

import contextlib
import errno
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from daemon.config import Folders
from daemon.errors import SpoolError
from daemon.ignored import TAKEN_ENDING, is_ignored
from daemon.spool import Job, RecoveredState, Spool, recover_job, unfinished
from daemon.spool.copies import Wanted
from daemon.story.untrusted import UntrustedFolder
from tests.helpers.children import Ended, die_before, fail_before, in_child
from tests.spool.stories import FAILURE, STORY, assert_published, contents, names, write_film


def once(step: Callable[..., Any], *args: Any) -> Any:
    """Take a step."""
    return step(*args)


def until_it_works(step: Callable[..., Any], *args: Any) -> Any:
    """Take a step as the supervisor does: again and again, until it raises no OSError."""
    while True:
        try:
            return step(*args)
        except OSError:
            continue


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a service on these folders. It delivers the story that it finds, or fails it.

    `marks` is a file that gets one byte for each attempt that really began. The service does not
    know of it. `take` takes each step. `copies`: the story may not be moved out of the inbox.
    """

    folders: Folders
    marks: Path
    delivers: bool = True
    take: Callable[..., Any] = once
    copies: bool = False

    def run(self) -> None:
        """Recover what is in work/, then claim what is in the inbox; take each story to its end."""
        with contextlib.ExitStack() as stack:
            mark = os.open(self.marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            stack.callback(os.close, mark)
            opened = stack.enter_context(contextlib.closing(Spool(self.folders).open()))
            for folder in unfinished(opened):
                self._recover(opened, folder, mark)
            for folder in list(self.folders.inbox.iterdir()):
                if is_ignored(folder.name):
                    continue
                job = opened.claim(folder.name)
                assert isinstance(job, Job)
                self._attempt(opened, job, mark)

    def _recover(self, opened: Spool, folder: Path, mark: int) -> None:
        found = self.take(recover_job, opened, folder)
        if found and found.state is RecoveredState.PUBLISHING:
            self.take(opened.finish, self.take(opened.publish, found.job))
        elif found and found.state is RecoveredState.UNFINISHED:
            self._attempt(opened, found.job, mark)

    def _attempt(self, opened: Spool, job: Job, mark: int) -> None:
        if job.original and not job.source.exists():
            self.take(copy, opened, job)
        job = self.take(opened.begin_attempt, job)
        os.write(mark, b".")
        if self.delivers:
            self.take(write_film, job)
            published = self.take(opened.publish, job)
            self.take(opened.finish, published)
        else:
            self.take(opened.fail, job, FAILURE)

    def killed_before(self, change: int) -> Ended:
        """Run in a process that is killed before this change of the disk, as by a loss of power."""

        def body() -> None:
            die_before(change, self.folders.root, self.folders.outbox)
            self.run()

        return without_fault(in_child(body))

    def with_an_error_at(self, change: int) -> Ended:
        """Run in a process for which this change of the disk fails; it says whether that came."""

        def body() -> str:
            has_come = fail_before(change)
            # A start, a claim or a recovery may raise. The next run then goes on.
            with contextlib.suppress(OSError, SpoolError):
                replace(self, take=until_it_works).run()
            return "it came" if has_come() else ""

        return without_fault(in_child(body))

    def assert_ended_well(self, taken: bool = False) -> None:
        """The story is delivered once, or has failed once; nothing else is left.

        `taken`: the outbox had a folder of the story's name before.
        """
        self._assert_inbox()
        assert names(self.folders.work) == [".lock"]
        earlier = ["the-fox"] if taken else []
        if self.delivers:
            attempts = self._assert_delivered(earlier)
        else:
            attempts = self._assert_failed(earlier)
        assert attempts >= self.marks.stat().st_size, "an attempt began that was not charged"

    def _assert_inbox(self) -> None:
        if not self.copies:
            assert names(self.folders.inbox) == []
            return
        assert names(self.folders.inbox) == [f"the-fox{TAKEN_ENDING}"]
        assert contents(self.folders.inbox / f"the-fox{TAKEN_ENDING}") == STORY

    def _assert_delivered(self, earlier: list[str]) -> int:
        ours = "the-fox-2" if earlier else "the-fox"
        assert names(self.folders.outbox) == [*earlier, ours]
        assert names(self.folders.failed) == []
        assert names(self.folders.done) == [ours]
        assert contents(self.folders.done / ours) == STORY
        return begun(assert_published(self.folders.outbox / ours))

    def _assert_failed(self, earlier: list[str]) -> int:
        assert names(self.folders.outbox) == earlier
        assert names(self.folders.done) == []
        assert names(self.folders.failed) == ["the-fox"]
        kept = contents(self.folders.failed / "the-fox")
        attempts = begun(json.loads(kept.pop("error.json")))
        assert b"picture missing" in kept.pop("WHY.txt")
        assert kept == STORY
        return attempts


def copy(opened: Spool, job: Job) -> None:
    """Make the source of a story that stays in the inbox."""
    with UntrustedFolder(opened.origin(job), limit=2**20) as folder:
        wanted = [Wanted(name, stat.S_IFREG | 0o644, len(STORY[name])) for name in STORY]
        opened.take_copy(job, folder, wanted)


def inbox_keeps_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder may be moved out of an inbox, as when it is somebody else's."""
    if os.rename.__name__ == "in_the_inbox_only":
        return
    rename = os.rename

    def in_the_inbox_only(source: Path, target: Path) -> None:
        if Path(source).parent.name == "inbox" and Path(target).parent.name != "inbox":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rename(source, target)

    monkeypatch.setattr(os, "rename", in_the_inbox_only)
    monkeypatch.setattr("daemon.spool.durable.grant", lambda _: False)


def begun(fields: dict[str, Any]) -> int:
    """How many attempts were begun, by a report or an `error.json`."""
    attempts: int = fields["attempts"] + fields["interruptions"]
    return attempts


def without_fault(ended: Ended) -> Ended:
    """The same, if the process was killed or came to its end; fails when its body raised."""
    assert ended.was_killed or ended.code == 0, ended.said
    return ended

"""A service whose process is killed, or whose disk fails, at a chosen change of the disk."""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from daemon.config import Folders
from daemon.errors import SpoolError
from daemon.spool import Job, RecoveredState, Spool, recover_job, unfinished
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
    know of it. `take` takes each step.
    """

    folders: Folders
    marks: Path
    delivers: bool = True
    take: Callable[..., Any] = once

    def run(self) -> None:
        """Recover what is in work/, then claim what is in the inbox; take each story to its end."""
        with contextlib.ExitStack() as stack:
            mark = os.open(self.marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            stack.callback(os.close, mark)
            opened = stack.enter_context(contextlib.closing(Spool(self.folders).open()))
            for folder in unfinished(opened):
                self._recover(opened, folder, mark)
            for folder in list(self.folders.inbox.iterdir()):
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
        assert names(self.folders.inbox) == []
        assert names(self.folders.work) == [".lock"]
        earlier = ["the-fox"] if taken else []
        if self.delivers:
            attempts = self._assert_delivered(earlier)
        else:
            attempts = self._assert_failed(earlier)
        assert attempts >= self.marks.stat().st_size, "an attempt began that was not charged"

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


def begun(fields: dict[str, Any]) -> int:
    """How many attempts were begun, by a report or an `error.json`."""
    attempts: int = fields["attempts"] + fields["interruptions"]
    return attempts


def without_fault(ended: Ended) -> Ended:
    """The same, if the process was killed or came to its end; fails when its body raised."""
    assert ended.was_killed or ended.code == 0, ended.said
    return ended

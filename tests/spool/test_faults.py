"""One call to the disk fails, at every place of every path: no story is lost or made twice.

A network filesystem reports errors of what it has done: the server's answer was lost, and the
request that was sent again found nothing (rename(2), BUGS). And it may fail while one only looks.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from daemon.delivery import report
from daemon.errors import SpoolError
from daemon.spool import Job, RecoveredState, Spool, Unclaimable, spool
from tests.spool import disk
from tests.spool.crashes import Life, until_it_works
from tests.spool.disk import Fault, meddled, pass_on
from tests.spool.stories import (
    FAILURE,
    STORY,
    attempted,
    claimed,
    contents,
    names,
    put_story,
    recovered,
)

LIVES = {
    "deliver": {},
    "deliver elsewhere": {"far": True},
    "deliver elsewhere under another name": {"far": True, "taken": True},
    "fail": {"delivers": False},
    "deliver a copy": {"copies": True},
    "fail a copy": {"copies": True, "delivers": False},
}
ERRORS = [errno.ENOENT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT]


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here ends with a loss of power, so nothing must really be synced."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def ids(error: int) -> str:
    return errno.errorcode[error]


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS, ids=ids)
@pytest.mark.parametrize("kind", LIVES)
def test_a_change_that_is_done_although_it_failed_loses_and_doubles_nothing(
    fresh_life: Callable[..., Life], kind: str, error: int
) -> None:
    """C1: the third fate of a call, next to "not done, and an error" and "done, and killed"."""
    for change in count(1):
        life = fresh_life(**LIVES[kind])
        fault = Fault(change, error, is_done=True)
        live(life, fault, pass_on)
        life.run()
        life.assert_ended_well("another name" in kind)
        if not fault.has_come:
            break
    assert change > 40, "fewer changes of the disk than there must be: are they counted?"


@pytest.mark.slow
@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE], ids=ids)
@pytest.mark.parametrize("kind", LIVES)
def test_a_look_that_fails_is_not_taken_for_nothing_there(
    fresh_life: Callable[..., Life], kind: str, error: int
) -> None:
    """C1: in Python 3.14, `Path.is_dir` says no where it cannot look. A source was deleted."""
    for look in count(1):
        life = fresh_life(**LIVES[kind])
        fault = Fault(look, error, is_done=False)
        live(life, pass_on, fault)
        life.run()
        life.assert_ended_well("another name" in kind)
        if not fault.has_come:
            break
    assert look > 40


def live(life: Life, change: disk.Meddle, look: disk.Meddle) -> None:
    """One run, in which each step is taken until it works. A start or a claim may raise."""
    with meddled(change, look), contextlib.suppress(OSError, SpoolError):
        replace(life, take=until_it_works).run()


# ---- single steps -------------------------------------------------------------------------------


@pytest.fixture(params=ERRORS, ids=ids)
def lost_answers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rename is done, and raises."""
    rename = os.rename

    def renamed(source: Path, target: Path) -> None:
        rename(source, target)
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "rename", renamed)


def test_a_claim_that_happened_gives_the_job_whatever_its_error_says(
    opened: Spool, lost_answers: None
) -> None:
    """C1 and H5: on ENOENT the only copy of the story was deleted, without a line in the log."""
    put_story(opened.folders)
    job = opened.claim("the-fox")
    assert isinstance(job, Job)
    assert contents(job.source) == STORY
    assert opened.jobs() == [job]


def test_a_story_that_is_given_back_is_given_back_whatever_the_error_says(
    opened: Spool, lost_answers: None
) -> None:
    """C1"""
    assert opened.give_back(claimed(opened))
    assert contents(opened.folders.inbox / "the-fox") == STORY
    assert names(opened.folders.work) == [".lock"]


def test_a_story_that_is_tried_again_is_in_the_inbox_whatever_the_error_says(
    opened: Spool, lost_answers: None
) -> None:
    """C1"""
    opened.fail(claimed(opened), FAILURE)
    assert opened.retry("the-fox") == opened.folders.inbox / "the-fox"
    assert contents(opened.folders.inbox / "the-fox") == STORY


def test_a_claim_that_cannot_see_what_happened_leaves_the_job_to_recovery(
    opened: Spool, lost_answers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C1 and H5: the service finds it among the unfinished jobs, also without a new start."""
    put_story(opened.folders)

    def stale(path: Path) -> bool:
        raise OSError(errno.ESTALE, "stale", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(spool, "exists", stale)
        with pytest.raises(OSError, match="stale"):
            opened.claim("the-fox")
    (found,) = recovered(opened)
    assert (found.state, found.job.name) == (RecoveredState.UNFINISHED, "the-fox")
    assert contents(found.job.source) == STORY


def test_a_story_can_be_given_back_again_when_its_job_could_not_be_removed(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C1"""
    job = claimed(opened)
    with monkeypatch.context() as patched:
        patched.setattr(opened, "forget", partial(fail_with, errno.EIO))
        with pytest.raises(OSError, match="error"):
            opened.give_back(job)
    assert opened.give_back(job)
    assert contents(opened.folders.inbox / "the-fox") == STORY
    assert names(opened.folders.work) == [".lock"]


def fail_with(error: int, *_: object) -> None:
    raise OSError(error, os.strerror(error))


def test_a_film_elsewhere_whose_report_cannot_be_read_now_is_not_published_again(
    fresh_life: Callable[..., Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C1: an error of a look at the outbox does not say that the film is not there."""
    folders = fresh_life(far=True).folders
    opened = Spool(folders).open()
    job = opened.claim("the-fox")
    assert isinstance(job, Job)
    job = attempted(opened, job)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", partial(fail_with, errno.EIO))
        with pytest.raises(OSError, match="error"):
            opened.publish(job)
    with monkeypatch.context() as patched:
        patched.setattr(report, "read_plain", partial(fail_with, errno.ESTALE))
        with pytest.raises(OSError, match="Stale"):
            opened.publish(job)
    assert opened.publish(job).target == "the-fox"
    assert names(folders.outbox) == ["the-fox"]
    opened.close()


def test_a_story_that_cannot_be_given_back_stays_claimed(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = claimed(opened)
    monkeypatch.setattr(os, "rename", partial(fail_with, errno.EIO))
    assert not opened.give_back(job)
    assert opened.jobs() == [job]
    assert contents(job.source) == STORY


@pytest.mark.parametrize("error", [errno.EACCES, errno.EPERM, errno.EXDEV, errno.EBUSY], ids=ids)
def test_an_error_that_the_folder_itself_gives_is_said_of_the_folder(
    opened: Spool, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    put_story(opened.folders)
    monkeypatch.setattr(os, "rename", partial(fail_if_from_inbox, error, os.rename))
    assert isinstance(opened.claim("the-fox"), Unclaimable)
    assert contents(opened.folders.inbox / "the-fox") == STORY
    assert names(opened.folders.work) == [".lock"]


def fail_if_from_inbox(error: int, rename: Callable[..., None], source: Path, target: Path) -> None:
    if Path(source).parent.name == "inbox":
        fail_with(error)
    rename(source, target)


def test_a_work_folder_that_is_gone_does_not_make_a_story_look_gone(opened: Spool) -> None:
    """C1: only a folder that is not in the inbox is nobody's fault."""
    put_story(opened.folders)
    shutil.rmtree(opened.folders.work)
    with pytest.raises(FileNotFoundError):
        opened.claim("the-fox")
    assert contents(opened.folders.inbox / "the-fox") == STORY


# ---- removing -----------------------------------------------------------------------------------


def test_a_source_that_no_look_has_shown_is_never_removed(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C1: a share's cache may hide it. A removal of names and of an empty folder leaves it."""
    job = claimed(opened)
    looks = iter([False])

    def blind(path: Path) -> bool:
        return path == job.folder or (path == job.source and next(looks, True))

    monkeypatch.setattr(spool, "exists", blind)
    with pytest.raises(OSError, match="not empty"):
        opened.forget(job)
    assert contents(job.source) == STORY
    assert opened.jobs() == [job]


def test_what_somebody_put_into_a_jobs_folder_stays_and_stops_nothing(opened: Spool) -> None:
    """C1 and H2: as a NAS does, with its @eaDir in every folder."""
    job = opened.publish(attempted(opened, claimed(opened)))
    theirs = job.folder / "@eaDir"
    theirs.mkdir()
    (theirs / "thumbnail").write_text("theirs")
    assert opened.finish(job) == opened.folders.done / "the-fox"
    for _ in range(2):
        assert recovered(opened) == []
    assert names(job.folder) == ["@eaDir"]
    assert (theirs / "thumbnail").read_text() == "theirs"

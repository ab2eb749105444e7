"""Recovery: after a crash at any instant no story is lost, published twice, or half published."""

import errno
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from daemon.config import Folders
from daemon.spool import Job, Recovered, RecoveredState, Spool, recover_job, recovery, unfinished
from daemon.spool.job import RECORD, read_job, record
from tests.helpers.children import die_before, in_child
from tests.spool.crashes import Life, without_fault
from tests.spool.stories import (
    FAILURE,
    STORY,
    assert_published,
    attempted,
    claimed,
    contents,
    folders_in,
    names,
    put_story,
    recovered,
)

SEED = 4
LIVES = {
    "deliver": {},
    "deliver elsewhere": {"far": True},
    "fail": {"delivers": False},
}
TAKEN = {"deliver elsewhere under another name": {"far": True, "taken": True}}

# ---- a life that is cut off anywhere ------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*LIVES, *TAKEN])
def test_a_crash_before_any_change_of_the_disk_loses_and_doubles_nothing(
    fresh_life: Callable[..., Life], kind: str
) -> None:
    chosen = (LIVES | TAKEN)[kind]
    for change in count(1):
        life = fresh_life(**chosen)
        ended = life.killed_before(change)
        life.run()
        life.assert_ended_well(kind in TAKEN)
        if not ended.was_killed:
            break
    assert change > 25, "fewer changes of the disk than there must be: are they counted?"


@pytest.mark.slow
@pytest.mark.parametrize("kind", LIVES)
def test_a_second_crash_during_recovery_loses_and_doubles_nothing(
    fresh_life: Callable[..., Life], kind: str
) -> None:
    """A seeded sample of all pairs of instants: all of them would take minutes."""
    chance = random.Random(SEED)
    second_crashes = 0
    for first in count(1, 3):
        life = fresh_life(**LIVES[kind])
        if not life.killed_before(first).was_killed:
            break
        second_crashes += life.killed_before(chance.randint(1, 40)).was_killed
        life.run()
        life.assert_ended_well()
    assert second_crashes > first / 6, "most second runs must be cut off too"


@pytest.mark.slow
@pytest.mark.parametrize("kind", LIVES)
def test_after_an_error_of_the_disk_at_any_change_the_same_step_works(
    fresh_life: Callable[..., Life], kind: str
) -> None:
    """A step that raised OSError is taken again until it works.

    Where a claim or a recovery raised, the next start goes on.
    """
    for change in count(1):
        life = fresh_life(**LIVES[kind])
        ended = life.with_an_error_at(change)
        life.run()
        life.assert_ended_well()
        if not ended.said:
            break
    assert change > 25


@pytest.mark.parametrize("undo", ["give_back", "uncharge", "retry"])
def test_a_crash_while_a_step_is_undone_loses_nothing(undo: str, tmp_path: Path) -> None:
    def body(folders: Folders, change: int) -> None:
        opened = Spool(folders).open()
        job = opened.claim("the-fox")
        assert isinstance(job, Job)
        if undo == "give_back":
            die_before(change, folders.root)
            assert opened.give_back(job)
        elif undo == "uncharge":
            job = attempted(opened, job)
            die_before(change, folders.root)
            opened.uncharge(job)
        else:
            opened.fail(job, FAILURE)
            die_before(change, folders.root)
            assert opened.retry("the-fox")

    for change in count(1):
        place = tmp_path / str(change)
        life = Life(folders_in(place / "root"), place / "marks")
        put_story(life.folders)
        life.marks.touch()
        ended = without_fault(in_child(partial(body, life.folders, change)))

        life.folders.failed.mkdir(parents=True, exist_ok=True)
        if names(life.folders.failed):
            with_reasons = contents(life.folders.failed / "the-fox")
            assert {file: data for file, data in with_reasons.items() if file in STORY} == STORY
            assert Spool(life.folders).retry("the-fox")
        life.run()
        life.assert_ended_well()
        if not ended.was_killed:
            break
    assert change > 2


# ---- what recovery finds ------------------------------------------------------------------------


def test_recovery_returns_the_state_of_each_job_oldest_first(opened: Spool) -> None:
    jobs = []
    for number, name in enumerate(("a", "b", "c")):
        job = replace(claimed(opened, name), attempts=number)
        # Ids are times, to the second. Here each is older than the one before.
        older = f"20260101T00000{9 - number}-00000000"
        moved = replace(job, id=older, folder=job.folder.with_name(older))
        job.folder.rename(moved.folder)
        record(moved)
        jobs.append(moved)
    published = opened.publish(attempted(opened, jobs[0]))
    assert recovered(opened) == [
        Recovered(jobs[2], RecoveredState.UNFINISHED),
        Recovered(jobs[1], RecoveredState.UNFINISHED),
        Recovered(published, RecoveredState.PUBLISHING),
    ]


def test_recovery_can_be_done_again(opened: Spool) -> None:
    attempted(opened, claimed(opened))
    assert recovered(opened) == recovered(opened)
    assert names(opened.folders.work / opened.jobs()[0].id) == [RECORD, "source"]


def test_a_job_without_a_story_is_dropped(opened: Spool) -> None:
    job = claimed(opened)
    shutil.rmtree(job.source)
    assert recovered(opened) == [Recovered(job, RecoveredState.DROPPED)]
    assert names(opened.folders.work) == [".lock"]


@pytest.mark.parametrize("torn", ["", "{", "null", "[]", '{"id": "x"}', "\x00" * 64, None])
def test_a_torn_record_is_rebuilt_with_one_attempt_charged(opened: Spool, torn: str | None) -> None:
    job = claimed(opened)
    (job.folder / RECORD).unlink()
    if torn is not None:
        (job.folder / RECORD).write_text(torn)
    (found,) = recovered(opened)
    assert found.state is RecoveredState.UNFINISHED
    assert (found.job.name, found.job.attempts) == (job.id, 1)
    assert read_job(job.folder) == found.job
    assert contents(found.job.source) == STORY


def test_a_rebuilt_record_counts_the_attempts_whose_folders_are_there(opened: Spool) -> None:
    job = attempted(opened, attempted(opened, claimed(opened)))
    (job.folder / RECORD).write_text("")
    (found,) = recovered(opened)
    assert found.job.attempts == 2


def test_a_film_whose_name_was_taken_after_the_crash_gets_the_next_name(opened: Spool) -> None:
    job = attempted(opened, claimed(opened))
    record(replace(job, target="the-fox"))  # the crash was between the record and the rename
    (opened.folders.outbox / "the-fox").mkdir()
    (found,) = recovered(opened)
    assert found.state is RecoveredState.PUBLISHING
    assert names(opened.folders.outbox) == ["the-fox"], "recovery publishes nothing"
    assert opened.publish(found.job).target == "the-fox-2"
    assert_published(opened.folders.outbox / "the-fox-2")


# ---- attempts that were open --------------------------------------------------------------------


def test_an_attempt_that_the_machine_ended_is_not_charged(opened: Spool) -> None:
    job = opened.begin_attempt(attempted(opened, claimed(opened)))
    for _ in range(2):
        (found,) = recovered(opened)
        assert found.state is RecoveredState.UNFINISHED
        assert (found.job.attempts, found.job.interruptions) == (1, 1)
        assert read_job(job.folder) == found.job
    again = opened.begin_attempt(found.job)
    assert (again.attempts, again.interruptions) == (2, 1)


def test_an_attempt_that_had_ended_stays_charged(opened: Spool) -> None:
    job = attempted(opened, claimed(opened))
    opened.drop_attempt(job)
    assert recovered(opened) == [Recovered(job, RecoveredState.UNFINISHED)]


@pytest.mark.parametrize("kind", ["file", "link", "pipe"])
def test_what_is_in_the_place_of_an_attempt_is_removed_and_not_followed(
    opened: Spool, tmp_path: Path, kind: str
) -> None:
    """M4"""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").touch()
    job = opened.begin_attempt(claimed(opened))
    job.attempt_folder.rmdir()
    if kind == "file":
        job.attempt_folder.touch()
    elif kind == "link":
        job.attempt_folder.symlink_to(outside)
    else:
        os.mkfifo(job.attempt_folder)
    (found,) = recovered(opened)
    assert (found.state, found.job.interruptions) == (RecoveredState.UNFINISHED, 1)
    assert names(job.folder) == [RECORD, "source"]
    assert names(outside) == ["theirs"]


def test_an_attempt_begins_in_an_empty_folder(opened: Spool) -> None:
    """What an earlier attempt left, and could not be removed then, would be published with it."""
    job = claimed(opened)
    for number in (1, 2, 7):
        left = job.folder / f"attempt-{number}"
        left.mkdir()
        (left / "film.srt").write_text("of another film")
    (job.folder / "attempt-3").symlink_to(opened.folders.root)
    begun = opened.begin_attempt(job)
    assert names(job.folder) == ["attempt-1", RECORD, "source"]
    assert names(begun.attempt_folder) == []


# ---- each job alone -----------------------------------------------------------------------------


def test_a_job_that_needs_no_change_is_not_written_again(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H2: on a full disk, one unfinished job kept the service from starting."""
    jobs = [claimed(opened, "a"), opened.publish(attempted(opened, claimed(opened, "b")))]

    def full(job: Job) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(recovery, "record", full)
    assert {found.job.id for found in recovered(opened)} == {job.id for job in jobs}


def test_a_full_disk_gets_the_room_of_an_open_attempt_before_its_record_is_written(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H2: what the attempt wrote may be what fills the disk."""
    job = attempted(opened, claimed(opened))
    (job.attempt_folder / ".scratch").mkdir()

    def full(_: Job) -> None:
        assert names(job.attempt_folder) == []
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(recovery, "record", full)
        with pytest.raises(OSError, match="full"):
            recovered(opened)
    (found,) = recovered(opened)
    assert (found.job.attempts, found.job.interruptions) == (0, 1)


def test_a_job_that_cannot_be_read_now_keeps_no_other_one_waiting(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H2"""
    bad = claimed(opened, "bad")
    good = claimed(opened, "good")

    def sometimes(folder: Path) -> Job | None:
        if folder == bad.folder:
            raise OSError(errno.EIO, "bad sector")
        return read_job(folder)

    monkeypatch.setattr(recovery, "read_job", sometimes)
    assert {*unfinished(opened)} == {bad.folder, good.folder}
    with pytest.raises(OSError, match="bad sector"):
        recover_job(opened, bad.folder)
    assert recover_job(opened, good.folder) == Recovered(good, RecoveredState.UNFINISHED)


# ---- what recovery leaves alone -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["@eaDir", "lost+found", "x", "20260101T000000-0123abcd"])
@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_foreign_things_in_work_are_never_removed(
    opened: Spool, tmp_path: Path, kind: str, name: str
) -> None:
    """H2: a link stopped the start, and a folder was deleted with all in it."""
    place = opened.folders.work / name
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").touch()
    if kind == "folder":
        shutil.copytree(outside, place)
    elif kind == "link":
        place.symlink_to(outside)
    else:
        place.touch()
    is_listed = kind == "folder" and name.startswith("2026")
    assert unfinished(opened) == ([place] if is_listed else [])
    assert recover_job(opened, place) is None
    assert opened.jobs() == []
    assert names(opened.folders.work) == sorted([".lock", name])
    assert names(outside) == ["theirs"]
    if kind == "folder":
        assert names(place) == ["theirs"]


def test_an_empty_job_of_a_claim_that_was_cut_off_is_removed_without_a_word(opened: Spool) -> None:
    """H2"""
    (opened.folders.work / "20260101T000000-0123abcd").mkdir()
    assert recovered(opened) == []
    assert names(opened.folders.work) == [".lock"]


def test_a_file_whose_name_in_the_inbox_is_taken_stays_in_its_job(opened: Spool) -> None:
    job = claimed(opened)
    shutil.rmtree(job.source)
    job.source.write_text("theirs")
    put_story(opened.folders)
    assert recovered(opened) == []
    assert job.source.read_text() == "theirs"


def test_foreign_things_in_work_are_left_alone(opened: Spool) -> None:
    (opened.folders.work / "lost+found.txt").write_text("theirs")
    (opened.folders.work / ".hidden").mkdir()
    assert recovered(opened) == []
    assert names(opened.folders.work) == [".hidden", ".lock", "lost+found.txt"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_link_or_a_file_in_place_of_the_story_is_neither_followed_nor_deleted(
    opened: Spool, tmp_path: Path, kind: str
) -> None:
    """As after a crash between the claim's rename and the look at what was renamed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    job = claimed(opened)
    shutil.rmtree(job.source)
    if kind == "file":
        job.source.write_text("theirs")
    else:
        job.source.symlink_to(outside)
    for found in recovered(opened):
        if found.state is RecoveredState.UNFINISHED:
            opened.fail(found.job, FAILURE)
    assert names(outside) == [], "reasons were written through the link"
    if kind == "file":
        kept = [path.read_text() for path in opened.folders.root.rglob("*") if path.is_file()]
        assert "theirs" in kept, "what somebody had put into the inbox was deleted"


def test_only_our_own_hidden_copies_are_removed_from_the_outbox(opened: Spool) -> None:
    theirs = opened.folders.outbox / ".2026-The-photos"
    theirs.mkdir()
    (theirs / "photo").touch()
    # A service on another root copies a film into the same outbox just now.
    other_service = opened.folders.outbox / ".20260101T000000-0123abcd"
    other_service.mkdir()
    recovered(opened)
    assert theirs.exists()
    assert other_service.exists()

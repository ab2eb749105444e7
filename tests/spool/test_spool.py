"""The steps of a story: claimed, attempted, published and finished, or failed and tried again."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, product
from pathlib import Path

import pytest

from daemon.config import Folders
from daemon.errors import FilmError
from daemon.spool import Job, RecoveredState, Spool, Unclaimable, reasons, spool
from daemon.spool.free_names import for_everyone
from daemon.spool.job import read_job, record
from tests.helpers.children import fail_before, in_child, unprivileged
from tests.spool.crashes import Life, copy, inbox_keeps_folders, without_fault
from tests.spool.stories import (
    FAILURE,
    FILM,
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

NAMES = [
    "the-fox",
    "-rf",
    "--",
    "two\nlines\r",
    "film.mp4",
    "a.chapters.txt",
    "report.json",
    "source",
    "job.json",
    "*?[a]",
    " ",
    os.fsdecode(b"\xff\xfe-latin"),
    "é" * 127,
    "🦊" * 63,
    "x" * 255,
]

# ---- claim --------------------------------------------------------------------------------------


def test_a_claim_takes_the_folder_out_of_the_inbox_and_leaves_a_record(opened: Spool) -> None:
    job = claimed(opened)
    assert names(opened.folders.inbox) == []
    assert contents(job.source) == STORY
    assert read_job(job.folder) == job
    assert (job.name, job.attempts, job.target) == ("the-fox", 0, "")
    assert opened.jobs() == [job]


def test_claiming_a_folder_that_is_gone_is_not_an_error_and_leaves_nothing(opened: Spool) -> None:
    assert opened.claim("the-fox") is None
    assert names(opened.folders.work) == [".lock"]


def test_a_folder_of_one_s_own_that_is_read_only_is_moved_all_the_same(open_root: Path) -> None:
    """A move changes "..", so not even its owner moves a folder that is read-only (rename(2))."""
    folders = folders_in(open_root / "root")

    def body() -> str:
        opened = Spool(folders).open()
        put_story(folders).chmod(0o555)
        job = opened.claim("the-fox")
        assert isinstance(job, Job)
        assert contents(job.source) == STORY
        return job.original

    ended = in_child(unprivileged(body))
    assert (ended.code, ended.said) == (0, "")


def test_a_folder_that_may_not_even_be_renamed_stays_and_is_reported(open_root: Path) -> None:
    """In an inbox with the sticky bit, only its owner may rename a folder (rename(2), EPERM)."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make a folder of another user")
    folders = folders_in(open_root / "root")
    put_story(folders)
    for path in (open_root / "root", folders.inbox):
        path.chmod(0o1777)

    def body() -> str:
        opened = Spool(folders).open()
        found = opened.claim("the-fox")
        assert isinstance(found, Unclaimable), found
        assert names(folders.work) == [".lock"]
        assert contents(folders.inbox / "the-fox") == STORY
        return found.mend

    ended = in_child(unprivileged(body))
    assert ended.code == 0, ended.said
    assert "sticky" in ended.said


# ---- claim by a copy -----------------------------------------------------------------------------


def set_aside(opened: Spool, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The job of a story that could not be moved out of the inbox, and has no source yet."""
    inbox_keeps_folders(monkeypatch)
    return claimed(opened)


def test_a_folder_that_may_not_be_moved_is_renamed_in_the_inbox_and_copied(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = set_aside(opened, monkeypatch)
    assert names(opened.folders.inbox) == ["the-fox (taken, may be deleted)"]
    assert read_job(job.folder) == job
    copy(opened, job)
    assert contents(job.source) == STORY
    assert contents(opened.origin(job)) == STORY
    assert names(job.folder) == ["job.json", "source"]


def test_a_second_folder_of_the_same_name_is_set_aside_under_a_name_of_its_own(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside(opened, monkeypatch)
    claimed(opened)
    assert names(opened.folders.inbox) == [
        "the-fox (taken, may be deleted)",
        "the-fox-2 (taken, may be deleted)",
    ]


def test_a_claim_by_a_copy_can_be_undone_before_and_after_the_copy(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox_keeps_folders(monkeypatch)
    put_story(opened.folders)
    for is_copied in (False, True):
        job = opened.claim("the-fox")
        assert isinstance(job, Job)
        if is_copied:
            copy(opened, job)
        assert opened.give_back(job)
        assert names(opened.folders.inbox) == ["the-fox"]
        assert names(opened.folders.work) == [".lock"]


def test_a_copy_that_was_made_again_replaces_the_first_one(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = set_aside(opened, monkeypatch)
    copy(opened, job)
    (job.source / "01.mp3").write_bytes(b"a torn voice")
    copy(opened, job)
    assert contents(job.source) == STORY


def test_a_story_that_could_not_be_copied_fails_with_its_reasons(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = set_aside(opened, monkeypatch)
    for _ in range(2):  # it can be done again
        opened.fail(job, FAILURE)
    assert names(opened.folders.failed) == ["the-fox"]
    assert names(opened.folders.failed / "the-fox") == ["WHY.txt", "error.json"]
    assert names(opened.folders.work) == [".lock"]


@pytest.mark.parametrize("target", ["folder", "file", "nothing"])
def test_a_link_swapped_in_for_the_folder_is_not_claimed_and_not_followed(
    opened: Spool, tmp_path: Path, target: str
) -> None:
    outside = tmp_path / "outside"
    if target == "folder":
        outside.mkdir()
        (outside / "manifest.json").write_text("private")
    elif target == "file":
        outside.write_text("private")
    (opened.folders.inbox / "the-fox").symlink_to(outside)
    assert opened.claim("the-fox") is None
    assert (opened.folders.inbox / "the-fox").is_symlink()
    assert names(opened.folders.work) == [".lock"]
    if target == "folder":
        assert names(outside) == ["manifest.json"]


def test_a_file_swapped_in_for_the_folder_is_given_back(opened: Spool) -> None:
    (opened.folders.inbox / "the-fox").write_text("no folder")
    assert opened.claim("the-fox") is None
    assert contents(opened.folders.inbox) == {"the-fox": b"no folder"}
    assert names(opened.folders.work) == [".lock"]


def test_a_story_that_is_given_back_is_in_the_inbox_as_before(opened: Spool) -> None:
    job = claimed(opened)
    assert opened.give_back(job)
    assert contents(opened.folders.inbox / "the-fox") == STORY
    assert names(opened.folders.work) == [".lock"]


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_nothing_is_given_back_over_a_name_that_is_taken_again(opened: Spool, kind: str) -> None:
    job = claimed(opened)
    place = opened.folders.inbox / "the-fox"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("new")
    else:
        place.symlink_to("nowhere")
    assert not opened.give_back(job)
    assert contents(job.source) == STORY
    assert place.is_symlink() or place.is_dir() or place.read_text() == "new"
    assert opened.jobs() == [job]


def test_a_full_disk_at_the_claim_is_an_error_and_the_story_stays_in_the_inbox(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted: a real full disk would need a filesystem of our own."""

    def full(job: Job) -> None:
        raise OSError(errno.ENOSPC, "full", str(job.folder))

    put_story(opened.folders)
    monkeypatch.setattr(spool, "record", full)
    with pytest.raises(OSError, match="full"):
        opened.claim("the-fox")
    assert contents(opened.folders.inbox / "the-fox") == STORY
    assert names(opened.folders.work) == [".lock"]


def test_a_claim_that_fails_leaves_the_story_in_the_inbox(tmp_path: Path) -> None:
    """As the service logs. From work/, the story would be tried again only after a restart."""

    def body(folders: Folders, change: int) -> str:
        opened = Spool(folders).open()
        fail_before(change)
        try:
            opened.claim("the-fox")
        except OSError:
            return "failed"
        return "claimed"

    for change in count(1):
        folders = folders_in(tmp_path / str(change))
        put_story(folders)
        ended = without_fault(in_child(partial(body, folders, change)))
        if ended.said == "claimed":
            break
        assert names(folders.inbox) == ["the-fox"], f"not after an error at change {change}"
    assert change > 5


# ---- attempts -----------------------------------------------------------------------------------


def test_attempts_are_charged_on_disk_and_uncharging_removes_what_they_wrote(opened: Spool) -> None:
    job = claimed(opened)
    first = attempted(opened, job)
    second = attempted(opened, first)
    assert (first.attempts, second.attempts) == (1, 2)
    assert read_job(job.folder) == second
    opened.drop_attempt(first)
    assert not first.attempt_folder.exists()
    assert read_job(job.folder) == second
    assert opened.uncharge(second) == first
    assert read_job(job.folder) == first
    assert not second.attempt_folder.exists()


# ---- publish, finish, fail ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_delivered_as_everyone_can_see_it_or_shortened_to_what_files_can_have(
    opened: Spool, name: str
) -> None:
    job = opened.publish(attempted(opened, claimed(opened, name)))
    kept = opened.finish(job)
    assert kept == opened.folders.done / job.target
    assert contents(kept) == STORY
    shown = for_everyone(name)
    assert shown.startswith(job.target)
    assert job.target == shown or len(os.fsencode(shown)) > 235
    assert_published(opened.folders.outbox / job.target)
    assert names(opened.folders.work) == [".lock"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_fails_with_its_reason_and_can_be_tried_again(opened: Spool, name: str) -> None:
    failed = opened.fail(claimed(opened, name), FAILURE)
    assert failed.parent == opened.folders.failed
    assert set(contents(failed)) == {*STORY, "error.json", "WHY.txt"}
    assert reasons.read(failed) == FAILURE.problems
    back = opened.retry(failed.name)
    assert back == opened.folders.inbox / failed.name
    assert contents(back) == STORY
    assert names(opened.folders.failed) == []


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "dangling link"])
@pytest.mark.parametrize("name", ["the-fox", "x" * 255])
def test_nothing_in_the_outbox_done_or_failed_is_overwritten(
    opened: Spool, kind: str, name: str
) -> None:
    shown = name[:235]
    folders = opened.folders
    places = [folders.outbox / shown, folders.done / shown, folders.failed / shown]
    for place in places:
        if kind == "file":
            place.write_text("theirs")
        elif kind == "dangling link":
            place.symlink_to("nowhere")
        else:
            place.mkdir()
        if kind == "folder":
            (place / "theirs").touch()
    before = [(path.lstat().st_ino, path.lstat().st_mtime_ns) for path in places]

    job = opened.publish(attempted(opened, claimed(opened, name)))
    kept = opened.finish(job)
    failed = opened.fail(claimed(opened, name), FAILURE)

    assert job.target == f"{shown}-2"
    assert kept
    assert (kept.name, failed.name) == (f"{shown}-2", f"{shown}-2")
    assert_published(opened.folders.outbox / job.target)
    assert [(path.lstat().st_ino, path.lstat().st_mtime_ns) for path in places] == before


@pytest.mark.parametrize("far", [False, True], ids=["here", "elsewhere"])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_name_that_is_taken_at_the_last_instant_is_passed_over(
    fresh_life: Callable[..., Life], monkeypatch: pytest.MonkeyPatch, kind: str, far: bool
) -> None:
    """The race is scripted: names are given out as if they had been free a moment ago."""
    folders = fresh_life(far=far).folders
    opened = Spool(folders).open()
    taken = folders.outbox / "the-fox"
    if kind == "folder":
        (taken / "theirs").mkdir(parents=True)
    else:
        taken.write_text("theirs")
    job = opened.claim("the-fox")
    assert isinstance(job, Job)

    monkeypatch.setattr(spool, "free_for_everyone", lambda _, name: iter([name, f"{name}-2"]))
    job = opened.publish(attempted(opened, job))
    opened.close()
    assert job.target == "the-fox-2"
    assert_published(folders.outbox / "the-fox-2")
    assert names(folders.outbox) == ["the-fox", "the-fox-2"]
    if kind == "folder":
        assert (taken / "theirs").is_dir()
    else:
        assert taken.read_text() == "theirs"


def test_ten_stories_of_one_name_are_all_delivered(opened: Spool) -> None:
    for _ in range(10):
        opened.finish(opened.publish(attempted(opened, claimed(opened))))
    expected = sorted(["the-fox", *(f"the-fox-{number}" for number in range(2, 11))])
    assert names(opened.folders.outbox) == expected
    assert names(opened.folders.done) == expected
    for name in expected:
        assert_published(opened.folders.outbox / name)


def test_publishing_and_finishing_again_change_nothing(opened: Spool) -> None:
    job = opened.publish(attempted(opened, claimed(opened)))
    assert opened.publish(job) == job
    assert opened.finish(job) == opened.folders.done / "the-fox"
    assert opened.finish(job) is None
    assert names(opened.folders.outbox) == names(opened.folders.done) == ["the-fox"]


def test_failing_again_changes_nothing(opened: Spool) -> None:
    job = claimed(opened)
    for _ in range(2):
        assert opened.fail(job, FAILURE) == opened.folders.failed / "the-fox"
    assert names(opened.folders.failed) == ["the-fox"]


def test_a_story_whose_disk_is_gone_counts_as_neither_failed_nor_finished(opened: Spool) -> None:
    """N15: It was forgotten until the next sweep, and the log said that it was in failed/."""
    folders = opened.folders
    job = claimed(opened)
    folders.root.rename(folders.root.with_name("away"))
    with pytest.raises(FileNotFoundError):
        opened.fail(job, FAILURE)
    with pytest.raises(FileNotFoundError):
        opened.finish(job)
    folders.root.with_name("away").rename(folders.root)
    assert opened.fail(job, FAILURE) == folders.failed / "the-fox"
    assert names(folders.failed) == ["the-fox"]


def test_an_outbox_elsewhere_gets_whole_films_too(folders: Folders, elsewhere: Path) -> None:
    opened = Spool(folders.model_copy(update={"outbox": elsewhere})).open()
    for target in ("the-fox", "the-fox-2"):
        job = opened.publish(attempted(opened, claimed(opened)))
        opened.finish(job)
        assert job.target == target
        assert assert_published(elsewhere / target) == {
            "job": job.id,
            "attempts": 1,
            "interruptions": 0,
        }
    assert names(elsewhere) == ["the-fox", "the-fox-2"]
    opened.close()


def test_the_files_and_their_names_are_synced_before_the_film_appears(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a record of the calls: only a real loss of power would show it on the disk."""
    calls: list[str] = []
    fsync = os.fsync
    rename = os.rename

    def synced(descriptor: int) -> None:
        calls.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        calls.append(f"rename {Path(source).name} to {Path(target).parent.name}")
        rename(source, target)

    job = attempted(opened, claimed(opened))
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    opened.finish(opened.publish(job))

    published = calls.index("rename attempt-1 to outbox")
    finished = calls.index("rename source to done")
    named = [number for number, call in enumerate(calls) if call.endswith(" to attempt-1")]
    assert {f"sync {file}" for file in FILM} | {"sync report.json"} <= set(calls[:published])
    assert "sync attempt-1" in calls[max(named) : published]
    assert {"sync outbox", f"sync {job.id}"} <= set(calls[published:finished])
    assert {"sync done", f"sync {job.id}"} <= set(calls[finished:])


# ---- what a worker leaves -----------------------------------------------------------------------

STRANGERS = ["evil.mp4", "notes.txt", "film", ".hidden.jpg", "film.mp4.part"]
LEFT = [
    *product(["link", "pipe", "folder"], ["film.jpg", *STRANGERS]),
    *product(["file"], STRANGERS),
]


@pytest.mark.parametrize("far", [False, True], ids=["here", "elsewhere"])
@pytest.mark.parametrize(("kind", "name"), LEFT)
def test_only_the_files_of_a_film_are_published(
    fresh_life: Callable[..., Life], tmp_path: Path, far: bool, kind: str, name: str
) -> None:
    """M4: a link was copied with its content, a pipe or a folder stopped the story for ever."""
    secret = tmp_path / "secret"
    secret.write_text("private")
    folders = fresh_life(far=far).folders
    opened = Spool(folders).open()
    job = opened.claim("the-fox")
    assert isinstance(job, Job)
    job = attempted(opened, job)
    place = job.attempt_folder / name
    place.unlink(missing_ok=True)
    if kind == "link":
        place.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        (place / "below").mkdir(parents=True)
    else:
        place.write_text("theirs")

    opened.finish(opened.publish(job))
    opened.close()
    expected = {f"the-fox{file.removeprefix('film')}": data for file, data in FILM.items()}
    if name == "film.jpg":
        del expected["the-fox.jpg"]
    found = contents(folders.outbox / "the-fox")
    found.pop("report.json")
    assert found == expected
    assert secret.read_text() == "private"


@pytest.mark.parametrize("recorded", ["", "the-fox"], ids=["first", "again"])
@pytest.mark.parametrize("kind", ["nothing", "link", "pipe"])
def test_an_attempt_without_a_film_is_not_published_and_can_be_made_again(
    opened: Spool, tmp_path: Path, kind: str, recorded: str
) -> None:
    """M4"""
    job = attempted(opened, claimed(opened))
    record(replace(job, target=recorded))
    film = job.attempt_folder / "film.mp4"
    film.unlink()
    if kind == "link":
        film.symlink_to(tmp_path)
    elif kind == "pipe":
        os.mkfifo(film)
    with pytest.raises(FilmError, match="no film"):
        opened.publish(job)
    assert names(opened.folders.outbox) == []
    assert read_job(job.folder) == job
    (found,) = recovered(opened)
    opened.finish(opened.publish(attempted(opened, found.job)))
    assert_published(opened.folders.outbox / "the-fox")


def test_a_copy_that_fails_gives_its_room_back(
    fresh_life: Callable[..., Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    """M6: an outbox elsewhere that is full."""
    folders = fresh_life(far=True).folders
    opened = Spool(folders).open()
    job = opened.claim("the-fox")
    assert isinstance(job, Job)
    job = attempted(opened, job)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        with pytest.raises(OSError, match="full") as caught:
            opened.publish(job)
    assert caught.value.errno == errno.ENOSPC, "from it the remedy is chosen"
    assert names(folders.outbox) == []
    opened.finish(opened.publish(job))
    opened.close()
    assert_published(folders.outbox / "the-fox")


# ---- private ------------------------------------------------------------------------------------


def test_nobody_else_enters_the_folder_of_a_job_and_films_are_for_everybody(opened: Spool) -> None:
    """M5: the group could change checked copies, records, and verified films."""
    with_umask = os.umask(0o002)
    try:
        job = attempted(opened, claimed(opened))
        assert stat.S_IMODE(job.folder.stat().st_mode) == 0o700
        job = opened.publish(job)
    finally:
        os.umask(with_umask)
    assert stat.S_IMODE((opened.folders.outbox / job.target).stat().st_mode) == 0o775


# ---- retry --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../done/the-fox", "the-fox/", "/", ".", "..", "", "no-such-story", "a\0b", "a/b"]
)
def test_only_the_name_of_a_failed_story_is_tried_again(opened: Spool, name: str) -> None:
    opened.fail(claimed(opened), FAILURE)
    assert opened.retry(name) is None
    assert names(opened.folders.failed) == ["the-fox"]
    assert names(opened.folders.inbox) == []


def test_a_story_is_tried_again_under_another_name_where_its_own_is_taken(opened: Spool) -> None:
    opened.fail(claimed(opened), FAILURE)
    put_story(opened.folders)
    assert opened.retry("the-fox") == opened.folders.inbox / "the-fox-2"
    assert contents(opened.folders.inbox / "the-fox-2") == STORY


def test_a_failed_story_whose_owner_took_the_rights_away_still_fails(open_root: Path) -> None:
    """L4: the folder could not be opened to sync it, and that was tried for ever."""
    folders = folders_in(open_root / "root")

    def body() -> str:
        opened = Spool(folders).open()
        job = claimed(opened)
        job.source.chmod(0o300)
        failed = opened.fail(job, FAILURE)
        failed.chmod(0o700)
        return " ".join(names(failed))

    ended = in_child(unprivileged(body))
    assert ended.code == 0, ended.said
    assert {"WHY.txt", "error.json"} <= {*ended.said.split()}


# ---- the start ----------------------------------------------------------------------------------


def test_a_start_does_not_need_the_outbox(opened: Spool) -> None:
    """H2 and H3: a full outbox, or one report that was no report, kept the service from starting.

    Here the outbox is a file: whatever looks into it fails.
    """
    first = opened.begin_attempt(claimed(opened))
    second = attempted(opened, claimed(opened, "the-cat"))
    record(replace(second, target="the-cat"))
    opened.folders.outbox.rmdir()
    opened.folders.outbox.touch()
    assert opened.memory.last_music() == ""
    assert {(found.job.id, found.state) for found in recovered(opened)} == {
        (first.id, RecoveredState.UNFINISHED),
        (second.id, RecoveredState.PUBLISHING),
    }


# ---- free room ----------------------------------------------------------------------------------


def test_the_free_bytes_are_those_of_the_disk_that_work_is_on(opened: Spool) -> None:
    free = shutil.disk_usage(opened.folders.root).free
    assert opened.free_bytes() == pytest.approx(free, rel=0.1)

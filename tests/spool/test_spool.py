"""The spool: no story lost, none published twice, none half published, whatever happens between two system calls."""

import contextlib
import errno
import fcntl
import json
import os
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from daemon import config
from daemon.attempt import Failure, Kind
from daemon.config import Folders
from daemon.delivery.report import last_music
from daemon.errors import AlreadyRunning, Problem, SpoolError
from daemon.spool import Left as State
from daemon.spool import Recovered, Spool, Unclaimable, reasons, recover, spool
from daemon.spool.job import RECORD, Job, read_job, record
from tests.helpers.children import NOBODY, Ended, die_before, fail_before, in_child, unprivileged

STORY = {"manifest.json": b'{"title": "The fox"}', "01.png": b"a picture", "01.mp3": b"a voice"}
FILM = {
    "film.mp4": b"a film",
    "film.jpg": b"a poster",
    "film.srt": b"1",
    "film.vtt": b"WEBVTT",
    "film.chapters.txt": b"0:00",
}
FAILURE = Failure("", Kind.STORY, (Problem("page 1", "picture missing", "Add it.", "01.png"),))
SHARED_MEMORY = Path("/dev/shm")
SEED = 4
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


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return _folders(tmp_path / "root")


@pytest.fixture
def opened(folders: Folders) -> Iterator[Spool]:
    opened = Spool(folders).open()
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem."""
    if (
        not os.access(SHARED_MEMORY, os.W_OK)
        or SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev
    ):
        pytest.skip("no second filesystem that this user may write to")
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A folder that an unprivileged child reaches and owns; pytest's own are closed to all but their user."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


def _folders(root: Path) -> Folders:
    return config.load(root=root).folders


def put_story(folders: Folders, name: str = "the-fox") -> Path:
    folder = folders.inbox / name
    folder.mkdir(parents=True)
    for file, data in STORY.items():
        (folder / file).write_bytes(data)
    return folder


def claimed(opened: Spool, name: str = "the-fox") -> Job:
    put_story(opened.folders, name)
    job = opened.claim(name)
    assert isinstance(job, Job)
    return job


def attempted(opened: Spool, job: Job) -> Job:
    """A job with the finished files of a further attempt."""
    job = opened.begin_attempt(job)
    write_film(job)
    return job


def write_film(job: Job) -> None:
    for file, data in FILM.items():
        (job.attempt_folder / file).write_bytes(data)
    (job.attempt_folder / "report.json").write_text(
        json.dumps({"job": job.id, "attempt": job.attempts})
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def film_named(target: str) -> dict[str, bytes]:
    """The files of a published film, but for its report."""
    return {target + file.removeprefix("film"): data for file, data in FILM.items()}


def assert_published(folder: Path) -> dict[str, Any]:
    """All files of the film are there and whole; what its report says."""
    found = contents(folder)
    report: dict[str, Any] = json.loads(found.pop("report.json"))
    assert found == film_named(folder.name)
    return report


# ---- a life, cut off anywhere -----------------------------------------------------------------------------------------------

Step = Callable[..., Any]


def once(step: Step, *args: Any) -> Any:
    return step(*args)


def until_it_works(step: Step, *args: Any) -> Any:
    """As the supervisor does it: the same step with the same arguments, until it raises no OSError."""
    while True:
        try:
            return step(*args)
        except OSError:
            continue


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a service on these folders, with what it does to the story that it finds: deliver it, or fail it.

    `marks` gets one byte for each attempt that really began, outside of what the service knows.
    """

    folders: Folders
    marks: Path
    delivers: bool = True
    do: Callable[..., Any] = once

    def run(self) -> None:
        mark = os.open(self.marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        opened = Spool(self.folders).open()
        for found in recover(opened):
            if found.state is State.PUBLISHED:
                self.do(opened.finish, found.job)
            elif found.state is State.UNFINISHED:
                self._see_through(opened, found.job, mark)
        for folder in [*self.folders.inbox.iterdir()]:
            job = opened.claim(folder.name)
            assert isinstance(job, Job)
            self._see_through(opened, job, mark)
        opened.close()

    def _see_through(self, opened: Spool, job: Job, mark: int) -> None:
        job = self.do(opened.begin_attempt, job)
        os.write(mark, b".")
        if self.delivers:
            self.do(write_film, job)
            self.do(opened.finish, self.do(opened.publish, job))
        else:
            self.do(opened.fail, job, FAILURE)

    def cut_off_before(self, step: int) -> Ended:
        def body() -> None:
            die_before(step, self.folders.root, self.folders.outbox)
            self.run()

        return sound(in_child(body))

    def with_an_error_at(self, step: int) -> Ended:
        def body() -> str:
            has_come = fail_before(step)
            with contextlib.suppress(
                OSError, SpoolError
            ):  # of a start, a claim or a recovery: the next life goes on
                replace(self, do=until_it_works).run()
            return "it came" if has_come() else ""

        return sound(in_child(body))

    def assert_ended_well(self, taken: bool = False) -> None:
        folders = self.folders
        assert names(folders.inbox) == []
        assert names(folders.work) == [".lock"]
        ours = "the-fox-2" if taken and self.delivers else "the-fox"
        if self.delivers:
            assert names(folders.outbox) == (["the-fox", ours] if taken else [ours])
            assert names(folders.failed) == []
            attempts = assert_published(folders.outbox / ours)["attempt"]
            assert names(folders.done) == [ours]
            assert contents(folders.done / ours) == STORY
        else:
            assert names(folders.outbox) == (["the-fox"] if taken else [])
            assert names(folders.done) == []
            assert names(folders.failed) == ["the-fox"]
            kept = contents(folders.failed / "the-fox")
            attempts = json.loads(kept.pop("error.json"))["attempts"]
            assert b"picture missing" in kept.pop("WHY.txt")
            assert kept == STORY
        assert attempts >= self.marks.stat().st_size, "an attempt began that was not charged"


def sound(ended: Ended) -> Ended:
    assert ended.was_killed or ended.code == 0, ended.said
    return ended


@pytest.fixture
def fresh_life(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Life]:
    """Makes the folders of a life that has not begun; the outbox is on another filesystem, or holds the name already."""

    def make(delivers: bool = True, far: bool = False, taken: bool = False) -> Life:
        outboxes = request.getfixturevalue("elsewhere") if far else None
        place = Path(tempfile.mkdtemp(dir=tmp_path))
        folders = _folders(place / "root")
        if outboxes:
            folders = folders.model_copy(update={"outbox": outboxes / place.name})
        put_story(folders)
        if taken:
            (folders.outbox / "the-fox").mkdir(parents=True)
        (place / "marks").touch()
        return Life(folders, place / "marks", delivers)

    return make


LIVES = {
    "deliver": {},
    "deliver elsewhere": {"far": True},
    "fail": {"delivers": False},
}
TAKEN = {"deliver elsewhere beside": {"far": True, "taken": True}}


@pytest.mark.parametrize("kind", [*LIVES, *TAKEN])
def test_a_crash_before_any_change_of_the_disk_loses_and_doubles_nothing(
    fresh_life: Callable[..., Life], kind: str
) -> None:
    chosen = (LIVES | TAKEN)[kind]
    for step in count(1):
        life = fresh_life(**chosen)
        ended = life.cut_off_before(step)
        life.run()
        life.assert_ended_well(kind in TAKEN)
        if not ended.was_killed:
            break
    assert step > 25, "the life did not change the disk as often as it should; is anything counted?"


@pytest.mark.parametrize("kind", LIVES)
def test_a_second_crash_during_recovery_loses_and_doubles_nothing(
    fresh_life: Callable[..., Life], kind: str
) -> None:
    """A seeded sample of all pairs of instants: all of them would take minutes."""
    chance = random.Random(SEED)
    cut_off = 0
    for first in count(1, 3):
        life = fresh_life(**LIVES[kind])
        if not life.cut_off_before(first).was_killed:
            break
        cut_off += life.cut_off_before(chance.randint(1, 40)).was_killed
        life.run()
        life.assert_ended_well()
    assert cut_off > first / 6, "most second lives must be cut off too"


@pytest.mark.parametrize("kind", LIVES)
def test_an_error_of_the_disk_at_any_change_is_mended_by_doing_the_step_again(
    fresh_life: Callable[..., Life], kind: str
) -> None:
    """A step that raised OSError is done again until it works; where claim or recovery raised, the next start goes on."""
    for step in count(1):
        life = fresh_life(**LIVES[kind])
        ended = life.with_an_error_at(step)
        life.run()
        life.assert_ended_well()
        if not ended.said:
            break
    assert step > 25


@pytest.mark.parametrize("undo", ["give_back", "uncharge", "retry"])
def test_a_crash_while_a_step_is_undone_loses_nothing(undo: str, tmp_path: Path) -> None:
    def body(folders: Folders, step: int) -> None:
        opened = Spool(folders).open()
        job = opened.claim("the-fox")
        assert isinstance(job, Job)
        if undo == "give_back":
            die_before(step, folders.root)
            assert opened.give_back(job)
        elif undo == "uncharge":
            job = attempted(opened, job)
            die_before(step, folders.root)
            opened.uncharge(job)
        else:
            opened.fail(job, FAILURE)
            die_before(step, folders.root)
            assert opened.retry("the-fox")

    for step in count(1):
        place = tmp_path / str(step)
        life = Life(_folders(place / "root"), place / "marks")
        put_story(life.folders)
        life.marks.touch()
        ended = sound(in_child(partial(body, life.folders, step)))
        if names(_made(life.folders.failed)):
            with_reasons = contents(life.folders.failed / "the-fox")
            assert {file: data for file, data in with_reasons.items() if file in STORY} == STORY
            assert Spool(life.folders).retry("the-fox")
        life.run()
        life.assert_ended_well()
        if not ended.was_killed:
            break
    assert step > 2


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# ---- open -------------------------------------------------------------------------------------------------------------------


def test_a_second_service_on_the_same_folders_is_refused(opened: Spool) -> None:
    with pytest.raises(AlreadyRunning, match=str(opened.folders.root)):
        Spool(opened.folders).open()
    assert opened.is_locked()


def test_the_lock_ends_with_close_and_with_the_process(folders: Folders) -> None:
    Spool(folders).open().close()
    assert not Spool(folders).is_locked()

    def body() -> None:
        Spool(folders).open()
        die_before(1)
        (folders.work / "x").mkdir()

    assert in_child(body).was_killed
    assert not Spool(folders).is_locked()
    Spool(folders).open().close()


def test_nothing_is_locked_where_no_service_has_ever_run(folders: Folders) -> None:
    assert not Spool(folders).is_locked()
    assert Spool(folders).jobs() == []
    assert not folders.root.exists()


def test_a_look_at_the_lock_does_not_keep_the_service_from_starting(folders: Folders) -> None:
    """`status` holds the lock for an instant: the service tries again for a while."""
    Spool(folders).open().close()
    descriptor = os.open(folders.work / ".lock", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    timer = threading.Timer(0.1, os.close, (descriptor,))
    timer.start()
    Spool(folders).open().close()
    timer.join()


@pytest.mark.parametrize("place", ["inbox", "work", "outbox", "done", "failed"])
def test_a_file_in_the_place_of_a_folder_is_told(folders: Folders, place: str) -> None:
    folders.root.mkdir()
    getattr(folders, place).write_text("")
    with pytest.raises(SpoolError, match=place):
        Spool(folders).open()


def test_folders_on_two_filesystems_are_refused_but_for_the_outbox(
    folders: Folders, elsewhere: Path
) -> None:
    Spool(folders.model_copy(update={"outbox": elsewhere / "outbox"})).open().close()
    for place in ("inbox", "work", "done", "failed"):
        with pytest.raises(SpoolError, match="one filesystem"):
            Spool(folders.model_copy(update={place: elsewhere / place})).open()


@pytest.mark.parametrize("place", ["inbox", "work", "outbox", "done", "failed"])
def test_a_folder_that_this_user_may_not_write_to_is_told(open_root: Path, place: str) -> None:
    folders = _folders(open_root / "root")

    def body() -> str:
        Spool(folders).open().close()
        getattr(folders, place).chmod(0o555)
        try:
            Spool(folders).open()
        except SpoolError as error:
            return str(error)
        return "opened"

    ended = in_child(unprivileged(body))
    assert f"{getattr(folders, place)}: not writable" in ended.said


# ---- claim ------------------------------------------------------------------------------------------------------------------


def test_a_claim_takes_the_folder_out_of_the_inbox_and_leaves_a_record(opened: Spool) -> None:
    job = claimed(opened)
    assert names(opened.folders.inbox) == []
    assert contents(job.source) == STORY
    assert read_job(job.folder) == job
    assert (job.name, job.attempts, job.target) == ("the-fox", 0, "")
    assert opened.jobs() == [job]


def test_a_folder_that_is_gone_is_no_fault_and_leaves_nothing(opened: Spool) -> None:
    assert opened.claim("the-fox") is None
    assert names(opened.folders.work) == [".lock"]


def test_a_folder_that_may_not_be_moved_stays_and_is_reported(open_root: Path) -> None:
    """A folder without the right to write cannot change its parent, not even for its owner (rename(2), EACCES)."""
    folders = _folders(open_root / "root")

    def body() -> str:
        opened = Spool(folders).open()
        put_story(folders).chmod(0o555)
        found = opened.claim("the-fox")
        assert isinstance(found, Unclaimable), found
        assert names(folders.work) == [".lock"]
        assert contents(folders.inbox / "the-fox") == STORY
        return found.mend

    ended = in_child(unprivileged(body))
    assert ended.code == 0, ended.said
    assert "chmod g+w" in ended.said


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


def test_what_is_given_back_lies_in_the_inbox_as_before(opened: Spool) -> None:
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


def test_a_full_disk_at_the_claim_is_an_error_and_the_story_stays(
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


# ---- attempts ---------------------------------------------------------------------------------------------------------------


def test_attempts_are_charged_on_disk_and_uncharged_with_all_they_wrote(opened: Spool) -> None:
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


# ---- publish, finish, fail --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_delivered_under_itself_or_as_much_of_it_as_files_can_have(
    opened: Spool, name: str
) -> None:
    job = opened.publish(attempted(opened, claimed(opened, name)))
    kept = opened.finish(job)
    assert kept == opened.folders.done / job.target
    assert contents(kept) == STORY
    assert name.startswith(job.target)
    assert job.target == name or len(os.fsencode(name)) > 235
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
    places = [
        opened.folders.outbox / shown,
        opened.folders.done / shown,
        opened.folders.failed / shown,
    ]
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
    monkeypatch.setattr(spool, "free_names", lambda _, name: iter([name, f"{name}-2"]))
    job = opened.publish(attempted(opened, job))
    opened.close()
    assert job.target == "the-fox-2"
    assert_published(folders.outbox / "the-fox-2")
    assert names(folders.outbox) == ["the-fox", "the-fox-2"]
    assert (taken / "theirs").is_dir() if kind == "folder" else taken.read_text() == "theirs"


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
    assert (
        opened.fail(job, FAILURE) == opened.fail(job, FAILURE) == opened.folders.failed / "the-fox"
    )
    assert names(opened.folders.failed) == ["the-fox"]


def test_an_outbox_elsewhere_gets_whole_films_too(folders: Folders, elsewhere: Path) -> None:
    opened = Spool(folders.model_copy(update={"outbox": elsewhere})).open()
    for target in ("the-fox", "the-fox-2"):
        job = opened.publish(attempted(opened, claimed(opened)))
        opened.finish(job)
        assert job.target == target
        assert assert_published(elsewhere / target) == {"job": job.id, "attempt": 1}
    assert names(elsewhere) == ["the-fox", "the-fox-2"]
    opened.close()


def test_the_files_and_their_names_are_synced_before_the_film_appears(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by a record of the calls: only a real loss of power would show it on the disk."""
    said: list[str] = []
    fsync, rename = os.fsync, os.rename

    def synced(descriptor: int) -> None:
        said.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        said.append(f"rename {Path(source).name} to {Path(target).parent.name}")
        rename(source, target)

    job = attempted(opened, claimed(opened))
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    opened.finish(opened.publish(job))
    published, finished = (
        said.index("rename attempt-1 to outbox"),
        said.index("rename source to done"),
    )
    renamed_last = max(number for number, line in enumerate(said) if line.endswith(" to attempt-1"))
    assert {f"sync {file}" for file in FILM} | {"sync report.json"} <= set(said[:published])
    assert "sync attempt-1" in said[renamed_last:published]
    assert {"sync outbox", f"sync {job.id}"} <= set(said[published:finished])
    assert {"sync done", f"sync {job.id}"} <= set(said[finished:])


# ---- recovery ---------------------------------------------------------------------------------------------------------------


def test_recovery_tells_each_job_s_state_oldest_first(opened: Spool) -> None:
    jobs = [
        replace(claimed(opened, name), attempts=number)
        for number, name in enumerate(("a", "b", "c"))
    ]
    for number, job in enumerate(
        jobs
    ):  # ids are times, to the second: here they are told apart by hand
        moved = replace(
            job,
            id=f"20260101T00000{9 - number}-00000000",
            folder=job.folder.with_name(f"20260101T00000{9 - number}-00000000"),
        )
        job.folder.rename(moved.folder)
        record(moved)
        jobs[number] = moved
    published = opened.publish(attempted(opened, jobs[0]))
    assert recover(opened) == [
        Recovered(jobs[2], State.UNFINISHED),
        Recovered(jobs[1], State.UNFINISHED),
        Recovered(published, State.PUBLISHED),
    ]


def test_recovery_can_be_done_again(opened: Spool) -> None:
    attempted(opened, claimed(opened))
    assert recover(opened) == recover(opened)
    assert names(opened.folders.work / opened.jobs()[0].id) == [RECORD, "source"]


def test_a_job_without_a_story_is_dropped(opened: Spool) -> None:
    job = claimed(opened)
    shutil.rmtree(job.source)
    assert recover(opened) == [Recovered(job, State.DROPPED)]
    assert names(opened.folders.work) == [".lock"]


@pytest.mark.parametrize("torn", ["", "{", "null", "[]", '{"id": "x"}', "\x00" * 64, None])
def test_a_torn_record_is_rebuilt_with_one_attempt_charged(opened: Spool, torn: str | None) -> None:
    job = claimed(opened)
    (job.folder / RECORD).unlink()
    if torn is not None:
        (job.folder / RECORD).write_text(torn)
    (found,) = recover(opened)
    assert found.state is State.UNFINISHED
    assert (found.job.name, found.job.attempts) == (job.id, 1)
    assert read_job(job.folder) == found.job
    assert contents(found.job.source) == STORY


def test_foreign_things_among_the_jobs_are_left_alone(opened: Spool) -> None:
    (opened.folders.work / "lost+found.txt").write_text("theirs")
    (opened.folders.work / ".hidden").mkdir()
    assert recover(opened) == []
    assert names(opened.folders.work) == [".hidden", ".lock", "lost+found.txt"]


# ---- retry ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../done/the-fox", "the-fox/", "/", ".", "no-such-story", "a\0b", "a/b"]
)
def test_only_a_failed_story_s_own_name_is_tried_again(opened: Spool, name: str) -> None:
    opened.fail(claimed(opened), FAILURE)
    assert opened.retry(name) is None
    assert names(opened.folders.failed) == ["the-fox"]
    assert names(opened.folders.inbox) == []


def test_a_story_is_tried_again_under_another_name_where_its_own_is_taken(opened: Spool) -> None:
    opened.fail(claimed(opened), FAILURE)
    put_story(opened.folders)
    assert opened.retry("the-fox") == opened.folders.inbox / "the-fox-2"
    assert contents(opened.folders.inbox / "the-fox-2") == STORY


def test_the_room_is_that_of_the_disk_where_the_work_is_done(opened: Spool) -> None:
    assert opened.free_bytes() == pytest.approx(
        shutil.disk_usage(opened.folders.root).free, rel=0.1
    )


@pytest.mark.parametrize("name", ["", ".."])
def test_a_name_that_is_no_name_is_not_tried_again(opened: Spool, name: str) -> None:
    opened.fail(claimed(opened), FAILURE)
    assert opened.retry(name) is None
    assert names(opened.folders.failed) == ["the-fox"]


def test_a_film_whose_name_was_taken_during_the_crash_is_kept_under_its_new_name(
    opened: Spool,
) -> None:
    job = attempted(opened, claimed(opened))
    record(replace(job, target="the-fox"))  # the crash was between the record and the rename
    (opened.folders.outbox / "the-fox").mkdir()
    (found,) = recover(opened)
    assert found.state is State.PUBLISHED
    assert found.job.target == "the-fox-2"
    assert_published(opened.folders.outbox / "the-fox-2")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_recovery_does_not_follow_and_does_not_delete_what_was_swapped_in_for_the_folder(
    opened: Spool, tmp_path: Path, kind: str
) -> None:
    """A crash between the claim's rename and the look at what was renamed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    job = claimed(opened)
    shutil.rmtree(job.source)
    if kind == "file":
        job.source.write_text("theirs")
    else:
        job.source.symlink_to(outside)
    for found in recover(opened):
        if found.state is State.UNFINISHED:
            opened.fail(found.job, FAILURE)
    assert names(outside) == [], "reasons were written through the link"
    if kind == "file":
        kept = [path.read_text() for path in opened.folders.root.rglob("*") if path.is_file()]
        assert "theirs" in kept, "what somebody had put into the inbox was deleted"


def test_only_our_own_hidden_copies_are_removed_from_the_outbox(opened: Spool) -> None:
    theirs = opened.folders.outbox / ".2026-The-photos"
    theirs.mkdir()
    (theirs / "photo").touch()
    other_service = (
        opened.folders.outbox / ".20260101T000000-0123abcd"
    )  # of a service on another root, copying just now
    other_service.mkdir()
    recover(opened)
    assert theirs.exists()
    assert other_service.exists()


def test_a_claim_that_fails_leaves_the_story_in_the_inbox(tmp_path: Path) -> None:
    """The service says that it stays there and is tried again; in work/ it would lie until the next start."""

    def body(folders: Folders, step: int) -> str:
        opened = Spool(folders).open()
        fail_before(step)
        try:
            opened.claim("the-fox")
        except OSError:
            return "failed"
        return "claimed"

    for step in count(1):
        folders = _folders(tmp_path / str(step))
        put_story(folders)
        ended = sound(in_child(partial(body, folders, step)))
        if ended.said == "claimed":
            break
        assert names(folders.inbox) == ["the-fox"], f"not after an error at change {step}"
    assert step > 5


def test_a_lock_that_another_user_made_is_told(open_root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make a file of another user")
    folders = _folders(open_root / "root")
    assert in_child(unprivileged(lambda: Spool(folders).open().close())).code == 0
    os.chown(
        folders.work / ".lock", 0, 0
    )  # as after `sudo storyreel run` in folders of the service's user

    def body() -> str:
        try:
            Spool(folders).open()
        except SpoolError as error:
            return str(error)
        return "opened"

    ended = in_child(unprivileged(body))
    assert ended.code == 0, ended.said
    assert ".lock" in ended.said


def test_a_rebuilt_record_counts_the_attempts_whose_folders_are_there(opened: Spool) -> None:
    job = attempted(opened, attempted(opened, claimed(opened)))
    (job.folder / RECORD).write_text("")
    (found,) = recover(opened)
    assert found.job.attempts == 2


@pytest.mark.parametrize("report", ["", "no JSON", "[]", '{"job": "x"}', '{"music": null}'])
def test_a_film_that_tells_of_no_music_does_not_hide_the_one_before_it(
    report: str, opened: Spool
) -> None:
    for number, content in enumerate(['{"music": "calm/a.ogg"}', report]):
        film = opened.folders.outbox / f"film-{number}"
        film.mkdir(parents=True)
        (film / "report.json").write_text(content)
        os.utime(film / "report.json", (number, number))
    assert last_music(opened.folders.outbox) == "calm/a.ogg"


def test_an_empty_outbox_tells_of_no_music(opened: Spool) -> None:
    assert last_music(opened.folders.outbox) == ""

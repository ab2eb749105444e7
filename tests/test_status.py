"""The status as data: what the folders say, with and without a running service."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.attempt import Failure, Kind
from daemon.config import Settings
from daemon.errors import Problem
from daemon.inbox import FolderView, entries_of, fingerprint
from daemon.media.library import Track
from daemon.progress import SCRATCH
from daemon.spool import Job, Spool
from daemon.spool.job import record
from daemon.spool.memory import Hold
from daemon.status import Arriving, FailedStory, Status, collect
from tests.helpers.stories import story

PROBLEM = Problem("page 1", "wrong", "Mend it.")


@pytest.fixture
def opened(settings: Settings) -> Iterator[Spool]:
    """The spool of a running service."""
    opened = Spool(settings.folders).open()
    yield opened
    opened.close()


def claimed(opened: Spool, name: str = "the-fox") -> Job:
    story(opened.folders.inbox / name, (0.2,))
    job = opened.claim(name)
    assert isinstance(job, Job)
    return job


def test_it_says_what_is_in_each_folder(settings: Settings, opened: Spool) -> None:
    folders = settings.folders
    failed = claimed(opened, "wrong")
    opened.fail(failed, Failure(failed.id, Kind.STORY, (PROBLEM,)))
    waiting_job = claimed(opened, "claimed")
    story(folders.inbox / "complete", (0.2,))
    (folders.inbox / "incomplete").mkdir()
    (folders.inbox / "stray.mp3").touch()
    (folders.outbox / "old").mkdir()

    status = collect(settings)
    assert status.running
    assert status.root == str(folders.root)
    assert status.inbox == [
        Arriving("complete", "complete", []),
        Arriving("incomplete", "waiting", ["manifest.json"]),
    ]
    assert status.strays == ["stray.mp3"]
    (at_work,) = status.work
    assert (at_work.story, at_work.job) == ("claimed", waiting_job.id)
    assert (at_work.state, at_work.attempt) == ("queued", 0)
    assert at_work.claimed_at == waiting_job.claimed_at
    assert status.failed == [FailedStory("wrong", ["page 1: wrong. Mend it."])]
    assert (status.outbox, status.done) == (1, 0)
    assert status.free_mib == pytest.approx(opened.free_bytes() / 2**20, rel=0.1)


def test_folders_that_do_not_exist_count_as_empty_and_are_not_made(settings: Settings) -> None:
    root = settings.folders.root
    assert collect(settings) == Status(
        running=False,
        root=str(root),
        inbox=[],
        strays=[],
        work=[],
        failed=[],
        outbox=0,
        done=0,
        free_mib=0,
    )
    assert not root.exists()


def test_a_look_changes_nothing(settings: Settings, opened: Spool) -> None:
    claimed(opened)
    before = sorted(path for path in settings.folders.root.rglob("*"))
    assert collect(settings) == collect(settings)
    assert sorted(path for path in settings.folders.root.rglob("*")) == before


# ---- arriving -----------------------------------------------------------------------------------


def test_a_story_says_what_it_lacks(settings: Settings, opened: Spool) -> None:
    folder = story(settings.folders.inbox / "the-fox", (0.2, 0.2))
    (folder / "02.wav").unlink()
    assert collect(settings).inbox == [Arriving("the-fox", "waiting", ["02.wav"])]


def test_the_music_library_is_read_once_and_only_where_a_track_is_named(
    settings: Settings, opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L1: it was read for each folder, each second with --watch."""
    reads = []

    def counting(folder: Path) -> tuple[Track, ...]:
        reads.append(folder)
        return (Track("calm/harbour.ogg", folder / "calm/harbour.ogg"),)

    monkeypatch.setattr("daemon.status.library", counting)
    story(settings.folders.inbox / "silent", (0.2,))
    assert collect(settings).inbox == [Arriving("silent", "complete", [])]
    assert reads == []
    for name in ("one", "two"):
        story(settings.folders.inbox / name, (0.2,), music="calm/harbour.ogg")
    assert {folder.state for folder in collect(settings).inbox} == {"complete"}
    assert len(reads) == 1


def test_a_folder_that_cannot_be_read_says_why(
    settings: Settings, opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted, because root can read every folder."""

    def refuse(_view: FolderView) -> None:
        raise PermissionError(13, "Permission denied")

    (settings.folders.inbox / "the-fox").mkdir()
    monkeypatch.setattr(FolderView, "look", refuse)
    assert collect(settings).inbox == [Arriving("the-fox", "unreadable", ["Permission denied"])]


def test_a_folder_that_is_claimed_just_now_is_left_out(
    settings: Settings, opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L1: it was called complete. The folder is listed, and gone when it is looked at."""
    (settings.folders.inbox / "the-fox").mkdir()
    monkeypatch.setattr(FolderView, "look", lambda _view: None)
    assert collect(settings).inbox == []


def test_hidden_and_temporary_names_are_not_shown(settings: Settings, opened: Spool) -> None:
    for place in (opened.folders.inbox, opened.folders.outbox, opened.folders.failed):
        (place / ".hidden").mkdir()
    (opened.folders.inbox / "the-fox.part").mkdir()
    status = collect(settings)
    assert (status.inbox, status.strays, status.failed, status.outbox) == ([], [], [], 0)


# ---- at work ------------------------------------------------------------------------------------


def test_a_story_at_work_is_queued_then_rendering_then_publishing(
    settings: Settings, opened: Spool
) -> None:
    job = claimed(opened)
    states = [collect(settings).work[0].state]
    job = opened.begin_attempt(job)
    states.append(collect(settings).work[0].state)
    record(replace(job, target="the-fox"))
    states.append(collect(settings).work[0].state)
    assert states == ["queued", "rendering", "publishing"]


def test_without_a_service_a_story_at_work_is_interrupted(
    settings: Settings, opened: Spool
) -> None:
    opened.begin_attempt(claimed(opened))
    opened.close()
    status = collect(settings)
    assert not status.running
    assert [(job.state, job.attempt) for job in status.work] == [("interrupted", 1)]


def test_a_resting_story_is_queued_again(settings: Settings, opened: Spool) -> None:
    """Between two attempts, the folder of the first one is gone."""
    opened.drop_attempt(opened.begin_attempt(claimed(opened)))
    (job,) = collect(settings).work
    assert (job.state, job.attempt) == ("queued", 1)


def test_the_progress_of_an_attempt_is_shown(settings: Settings, opened: Spool) -> None:
    job = opened.begin_attempt(claimed(opened))
    (before,) = collect(settings).work
    assert (before.stage, before.done) == ("", 0.0)

    scratch = job.attempt_folder / SCRATCH
    scratch.mkdir()
    (scratch / "progress.json").write_text(json.dumps({"stage": "film", "done": 0.25}))
    (after,) = collect(settings).work
    assert (after.stage, after.done) == ("film", 0.25)


# ---- failed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [None, "", "[]", '{"problems": 7}'])
def test_a_failed_story_whose_reasons_cannot_be_read_has_no_problems(
    settings: Settings, opened: Spool, error: str | None
) -> None:
    folder = settings.folders.failed / "the-fox"
    folder.mkdir()
    if error is not None:
        (folder / "error.json").write_text(error)
    assert collect(settings).failed == [FailedStory("the-fox", [])]


def test_a_pipe_for_reasons_does_not_block(settings: Settings, opened: Spool) -> None:
    folder = settings.folders.failed / "the-fox"
    folder.mkdir()
    os.mkfifo(folder / "error.json")
    assert collect(settings).failed == [FailedStory("the-fox", [])]


@pytest.mark.parametrize("count", [0, 3])
def test_only_folders_are_counted(settings: Settings, opened: Spool, count: int) -> None:
    for place in (settings.folders.outbox, settings.folders.done):
        (place / "a file").touch()
        for number in range(count):
            Path(place, f"film-{number}").mkdir()
    status = collect(settings)
    assert (status.outbox, status.done) == (count, count)


def test_a_story_that_the_service_lets_wait_is_not_called_complete(
    settings: Settings, opened: Spool
) -> None:
    fox = story(settings.folders.inbox / "fox", (0.2,))
    lacking = ("01.png (not as declared)",)
    opened.memory.remember_holds([Hold("fox", fingerprint(entries_of(fox)), lacking)])
    assert collect(settings).inbox == [Arriving("fox", "waiting", [*lacking])]
    (fox / "01.png").write_bytes(b"another picture")
    assert collect(settings).inbox == [Arriving("fox", "complete", [])]

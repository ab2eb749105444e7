"""Real events from a real folder, and the proof that they arrive."""

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.inbox.notifications import CANARY, Notifications

PATIENCE = 10.0


class Heard:
    """The names that were told, from watchdog's thread."""

    def __init__(self) -> None:
        self._names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __call__(self, name: str) -> None:
        self._names.put(name)

    def wait_for(self, name: str) -> set[str]:
        """Every name told until this one is, which has to come soon."""
        names: set[str] = set()
        while name not in names:
            names.add(self._names.get(timeout=PATIENCE))
        return names


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An inbox with one folder in it."""
    (tmp_path / "inbox" / "fox" / "sub").mkdir(parents=True)
    (tmp_path / "inbox" / "fox" / "01.png").touch()
    return tmp_path / "inbox"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def events(inbox: Path, heard: Heard) -> Iterator[Notifications]:
    """Events of the inbox, being watched."""
    watching = Notifications(inbox, heard)
    assert watching.start() == ""
    yield watching
    watching.stop()


def wait_for_canary(events: Notifications) -> None:
    deadline = time.monotonic() + PATIENCE
    while not events._canary_back:
        assert time.monotonic() < deadline, "the canary's event did not come"
        time.sleep(0.01)


def write_and_keep_open(inbox: Path) -> None:
    with (inbox / "fox" / "01.png").open("ab", buffering=0) as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda inbox: (inbox / "owl").mkdir(), "owl"),
        (lambda inbox: (inbox / "fox" / "02.png").touch(), "fox"),
        (write_and_keep_open, "fox"),
        (lambda inbox: (inbox / "fox" / "sub" / "02.png").touch(), "fox"),
        (lambda inbox: (inbox / "fox" / "01.png").rename(inbox / "fox" / "1.png"), "fox"),
        (lambda inbox: (inbox / "fox" / "01.png").unlink(), "fox"),
        (lambda inbox: (inbox / "fox").rename(inbox / "owl"), "fox"),
        (lambda inbox: (inbox / "fox").rename(inbox / "owl"), "owl"),
        (lambda inbox: (inbox / "fox").rename(inbox.parent / "owl"), "fox"),
        (
            lambda inbox: (
                (inbox.parent / "owl" / "sub").mkdir(parents=True)
                or (inbox.parent / "owl").rename(inbox / "owl")
            ),
            "owl",
        ),
        (lambda inbox: shutil.rmtree(inbox / "fox"), "fox"),
        (lambda inbox: (inbox / "a file").touch(), "a file"),
        (lambda inbox: (inbox / "new\nline \x1b[31m ü").mkdir(), "new\nline \x1b[31m ü"),
        (lambda inbox: (inbox / os.fsdecode(b"f\xfcchse")).mkdir(), "f\udcfcchse"),
    ],
)
def test_a_change_tells_the_name_of_the_top_level_folder(
    change: Callable[[Path], object], name: str, events: Notifications, inbox: Path, heard: Heard
) -> None:
    change(inbox)
    assert heard.wait_for(name) <= {"fox", name}


def test_a_file_in_a_folder_made_a_moment_ago_is_told_of(
    events: Notifications, inbox: Path, heard: Heard
) -> None:
    (inbox / "owl").mkdir()
    heard.wait_for("owl")
    (inbox / "owl" / "01.png").write_bytes(b"x")
    heard.wait_for("owl")


def test_looking_and_reading_wake_nobody(events: Notifications, inbox: Path, heard: Heard) -> None:
    (inbox / "fox" / "01.png").read_bytes()
    list((inbox / "fox").iterdir())
    (inbox / "last").mkdir()
    assert heard.wait_for("last") == {"last"}


def test_the_canary_comes_back_and_is_told_to_nobody(
    events: Notifications, inbox: Path, heard: Heard
) -> None:
    for _ in range(3):
        wait_for_canary(events)
        assert events.check() == ""
    (inbox / "last").mkdir()
    assert heard.wait_for("last") == {"last"}


def test_a_canary_that_does_not_come_back_is_a_fault(events: Notifications, heard: Heard) -> None:
    wait_for_canary(events)
    assert events._observer is not None
    events._observer.unschedule_all()  # the observer lives and watches nothing, as at the limit of watches
    assert events.check() == ""
    assert events.check() == "the canary file's event did not come back"
    assert events.start() == ""
    wait_for_canary(events)
    assert events.check() == ""


def test_an_inbox_that_was_deleted_and_made_anew_is_noticed_and_watched_again(
    events: Notifications, inbox: Path, heard: Heard
) -> None:
    old = inbox.rename(inbox.with_name("old"))
    assert events.check() == "the inbox cannot be read: No such file or directory"
    inbox.mkdir()
    assert events.check() == "the inbox is another folder than before"
    shutil.rmtree(old)
    assert events.start() == ""
    (inbox / "after").mkdir()
    heard.wait_for("after")
    wait_for_canary(events)
    assert events.check() == ""


def test_an_observer_that_ended_is_a_fault_and_can_be_begun_anew(
    events: Notifications, inbox: Path, heard: Heard
) -> None:
    assert events._observer is not None
    events._observer.stop()
    events._observer.join()
    assert events.check() == "watchdog's observer has ended"
    assert events.start() == ""
    (inbox / "after").mkdir()
    heard.wait_for("after")


def test_an_inbox_that_is_not_there_is_a_reason_and_no_error(tmp_path: Path, heard: Heard) -> None:
    events = Notifications(tmp_path / "inbox", heard)
    assert events.start() == "the inbox cannot be watched: No such file or directory"
    assert events.check() == "watchdog's observer has ended"
    (tmp_path / "inbox").mkdir()
    assert events.start() == ""
    events.stop()


def test_an_inbox_that_cannot_be_written_to_is_a_reason(inbox: Path, heard: Heard) -> None:
    (inbox / CANARY).mkdir()
    events = Notifications(inbox, heard)
    assert events.start() == "the inbox cannot be written to: Is a directory"
    assert events.check() == "the inbox cannot be written to: Is a directory"
    (inbox / CANARY).rmdir()
    assert events.check() == ""
    wait_for_canary(events)
    events.stop()


def test_a_listener_whose_loop_is_closed_does_not_end_the_events(inbox: Path, heard: Heard) -> None:
    def closed(name: str) -> None:
        heard(name)
        raise RuntimeError("Event loop is closed")

    events = Notifications(inbox, closed)
    events.start()
    for name in ("one", "two"):
        (inbox / name).mkdir()
        heard.wait_for(name)
    wait_for_canary(events)
    assert events.check() == ""
    events.stop()


def test_after_the_end_nothing_is_left_behind(events: Notifications, inbox: Path) -> None:
    wait_for_canary(events)
    events.stop()
    events.stop()
    assert [path.name for path in inbox.iterdir()] == ["fox"]
    assert [
        thread.name
        for thread in threading.enumerate()
        if "inotify" in type(thread).__name__.lower()
    ] == []


def test_beginning_twice_leaves_one_observer(events: Notifications) -> None:
    first = events._observer
    assert events.start() == ""
    assert first is not None
    assert not first.is_alive()


def test_a_link_in_the_canary_s_place_is_not_written_through(
    inbox: Path, tmp_path: Path, heard: Heard
) -> None:
    """Whoever may write to the inbox could empty any file that the service may write, such as a job's record."""
    victim = tmp_path / "job.json"
    victim.write_text("precious")
    (inbox / CANARY).symlink_to(victim)
    events = Notifications(inbox, heard)
    events.start()
    events.check()
    events.stop()
    assert victim.read_text() == "precious"


def test_a_pipe_in_the_canary_s_place_does_not_stop_the_watcher(inbox: Path, heard: Heard) -> None:
    """Opening a pipe for writing waits for a reader, for ever."""
    os.mkfifo(inbox / CANARY)
    events = Notifications(inbox, heard)
    starting = threading.Thread(target=events.start, daemon=True)
    starting.start()
    starting.join(3)
    hangs = starting.is_alive()
    if hangs:  # let the thread go on, so that the test can end
        os.close(os.open(inbox / CANARY, os.O_RDONLY | os.O_NONBLOCK))
        starting.join()
    events.stop()
    assert not hangs

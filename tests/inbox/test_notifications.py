"""Real notifications from a real folder, and the proof that they arrive."""

import os
import queue
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from daemon.inbox import notifications as module
from daemon.inbox.notifications import CANARY, CANARY_SECONDS, Notifications
from tests.helpers.folders import names
from tests.helpers.waiting import Clock

PATIENCE_SECONDS = 10.0


class Heard:
    """The names that were heard, from watchdog's thread."""

    def __init__(self) -> None:
        self._names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __call__(self, name: str) -> None:
        self._names.put(name)

    def wait_for(self, name: str) -> set[str]:
        """Every name up to this one, which must come soon."""
        names: set[str] = set()
        while name not in names:
            names.add(self._names.get(timeout=PATIENCE_SECONDS))
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
def observers(monkeypatch: pytest.MonkeyPatch) -> list[BaseObserver]:
    """Every observer that is made from now on: watchdog's own, with all that it may suffer."""
    made: list[BaseObserver] = []

    def make() -> BaseObserver:
        made.append(Observer())
        return made[-1]

    monkeypatch.setattr(module, "Observer", make)
    return made


@pytest.fixture
def notifications(
    inbox: Path, heard: Heard, observers: list[BaseObserver]
) -> Iterator[Notifications]:
    """Notifications of the inbox, which is being watched by the first of the observers."""
    watching = Notifications(inbox, heard)
    assert watching.start() == ""
    yield watching
    watching.stop()


def wait_for_canary(notifications: Notifications) -> None:
    assert notifications.canary_is_back.wait(PATIENCE_SECONDS), "the canary's event did not come"


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
def test_a_change_gives_the_name_at_the_top_of_the_inbox(
    change: Callable[[Path], object],
    name: str,
    notifications: Notifications,
    inbox: Path,
    heard: Heard,
) -> None:
    change(inbox)
    assert heard.wait_for(name) <= {"fox", name}


def test_a_file_in_a_folder_that_was_made_a_moment_ago_is_noticed(
    notifications: Notifications, inbox: Path, heard: Heard
) -> None:
    (inbox / "owl").mkdir()
    heard.wait_for("owl")
    (inbox / "owl" / "01.png").write_bytes(b"x")
    heard.wait_for("owl")


def test_looking_and_reading_cause_no_notification(
    notifications: Notifications, inbox: Path, heard: Heard
) -> None:
    (inbox / "fox" / "01.png").read_bytes()
    list((inbox / "fox").iterdir())
    (inbox / "last").mkdir()
    assert heard.wait_for("last") == {"last"}


def test_the_canary_comes_back_and_is_not_passed_on(
    notifications: Notifications, inbox: Path, heard: Heard
) -> None:
    for _ in range(3):
        wait_for_canary(notifications)
        assert notifications.check(in_doubt=True) == ""
    (inbox / "last").mkdir()
    assert heard.wait_for("last") == {"last"}


def test_a_canary_is_made_when_in_doubt_and_once_an_hour_and_else_nothing_is_written(
    inbox: Path, heard: Heard
) -> None:
    """L10: a canary every ten seconds kept the disks of a NAS awake, and Syncthing at work."""
    clock = Clock()
    notifications = Notifications(inbox, heard, clock)
    assert notifications.start() == ""
    wait_for_canary(notifications)

    def is_made(*, in_doubt: bool = False) -> bool:
        before = (inbox / CANARY).stat().st_ctime_ns
        assert notifications.check(in_doubt=in_doubt) == ""
        return (inbox / CANARY).stat().st_ctime_ns != before

    assert not is_made()
    clock.now += CANARY_SECONDS - 1
    assert not is_made()
    assert is_made(in_doubt=True)
    wait_for_canary(notifications)
    assert not is_made()
    clock.now += CANARY_SECONDS
    assert is_made()
    wait_for_canary(notifications)

    (inbox / "fox" / "02.png").touch()
    heard.wait_for("fox")
    assert not is_made(in_doubt=True)  # a notification has just arrived: there is no doubt
    notifications.stop()


def test_a_canary_that_does_not_come_back_is_a_fault(
    notifications: Notifications, observers: list[BaseObserver]
) -> None:
    wait_for_canary(notifications)
    observers[0].unschedule_all()  # it lives and watches nothing, as at the limit of watches
    assert notifications.check(in_doubt=True) == ""
    assert notifications.check() == "the canary file's event did not come back"
    assert notifications.start() == ""
    wait_for_canary(notifications)
    assert notifications.check() == ""


def test_an_inbox_that_was_deleted_and_made_again_is_a_fault_and_can_be_watched_again(
    notifications: Notifications, inbox: Path, heard: Heard
) -> None:
    old = inbox.rename(inbox.with_name("old"))
    assert notifications.check() == "the inbox cannot be read: No such file or directory"
    inbox.mkdir()
    assert notifications.check() == "the inbox is another folder than before"
    shutil.rmtree(old)
    assert notifications.start() == ""
    (inbox / "after").mkdir()
    heard.wait_for("after")
    wait_for_canary(notifications)
    assert notifications.check() == ""


def test_an_observer_that_ended_is_a_fault_and_can_be_started_again(
    notifications: Notifications, observers: list[BaseObserver], inbox: Path, heard: Heard
) -> None:
    observers[0].stop()
    observers[0].join()
    assert notifications.check() == "watchdog's observer has ended"
    assert notifications.start() == ""
    (inbox / "after").mkdir()
    heard.wait_for("after")


def test_a_missing_inbox_is_a_fault_and_raises_nothing(tmp_path: Path, heard: Heard) -> None:
    notifications = Notifications(tmp_path / "inbox", heard)
    assert notifications.start() == "the inbox cannot be watched: No such file or directory"
    assert notifications.check() == "watchdog's observer has ended"
    (tmp_path / "inbox").mkdir()
    assert notifications.start() == ""
    notifications.stop()


def test_an_inbox_that_cannot_be_written_to_is_a_fault(inbox: Path, heard: Heard) -> None:
    (inbox / CANARY).mkdir()
    notifications = Notifications(inbox, heard)
    assert notifications.start() == "the inbox cannot be written to: Is a directory"
    assert notifications.check() == "the inbox cannot be written to: Is a directory"
    (inbox / CANARY).rmdir()
    assert notifications.check() == ""
    wait_for_canary(notifications)
    notifications.stop()


def test_a_listener_whose_loop_is_closed_does_not_end_the_notifications(
    inbox: Path, heard: Heard
) -> None:
    def closed(name: str) -> None:
        heard(name)
        raise RuntimeError("Event loop is closed")

    notifications = Notifications(inbox, closed)
    notifications.start()
    for name in ("one", "two"):
        (inbox / name).mkdir()
        heard.wait_for(name)
    wait_for_canary(notifications)
    assert notifications.check() == ""
    notifications.stop()


def test_stopping_leaves_no_file_and_no_thread(notifications: Notifications, inbox: Path) -> None:
    wait_for_canary(notifications)
    notifications.stop()
    notifications.stop()
    assert names(inbox) == ["fox"]
    threads = [type(thread).__name__.lower() for thread in threading.enumerate()]
    assert [name for name in threads if "inotify" in name] == []


def test_starting_twice_leaves_one_observer(
    notifications: Notifications, observers: list[BaseObserver]
) -> None:
    assert notifications.start() == ""
    assert [observer.is_alive() for observer in observers] == [False, True]


def test_a_link_in_place_of_the_canary_is_not_written_through(
    inbox: Path, tmp_path: Path, heard: Heard
) -> None:
    """Else whoever may write to the inbox could empty a job's record, or any file of ours."""
    victim = tmp_path / "job.json"
    victim.write_text("precious")
    (inbox / CANARY).symlink_to(victim)
    notifications = Notifications(inbox, heard)
    notifications.start()
    notifications.check()
    notifications.stop()
    assert victim.read_text() == "precious"


def test_a_pipe_in_place_of_the_canary_does_not_stop_the_watcher(inbox: Path, heard: Heard) -> None:
    """Opening a pipe for writing would wait for a reader, for ever."""
    os.mkfifo(inbox / CANARY)
    notifications = Notifications(inbox, heard)
    starting = threading.Thread(target=notifications.start, daemon=True)
    starting.start()
    starting.join(3)
    hangs = starting.is_alive()
    if hangs:  # let the thread go on, so that the test can end
        os.close(os.open(inbox / CANARY, os.O_RDONLY | os.O_NONBLOCK))
        starting.join()
    notifications.stop()
    assert not hangs


def test_a_folder_that_leaves_and_comes_back_causes_no_warning(inbox: Path, heard: Heard) -> None:
    """Python remembers the text of each, and watchdog's are all different."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watching = Notifications(inbox, heard)
        assert watching.start() == ""
        for name in ("owl", "elk"):
            (inbox / "fox").rename(inbox.parent / "fox")
            (inbox.parent / "fox").rename(inbox / "fox")
            (inbox / name).mkdir()
            heard.wait_for(name)
        watching.stop()
    assert [str(warning.message) for warning in caught] == []

"""Looks on threads: what comes back, what hangs, and how many threads there are."""

import asyncio
import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.inbox import looks as module
from daemon.inbox.entries import Entries, entries_of
from daemon.inbox.looks import Look, Looks
from daemon.inbox.readiness import ManifestState, Sighting
from daemon.inbox.view import FolderView
from tests.helpers.stories import story
from tests.helpers.waiting import until


class Asked:
    """Looks, and what came of them."""

    def __init__(self) -> None:
        self.back: list[Look] = []
        self.late: list[str] = []
        self.looks = Looks(self.back.append, self._is_late, time.monotonic)

    def _is_late(self, name: str, seconds: float) -> None:
        assert seconds > module.LATE_SECONDS
        self.late.append(name)

    @property
    def names(self) -> list[str]:
        """The folders whose looks came back, in that order."""
        return [look.name for look in self.back]


@pytest.fixture
def asked() -> Iterator[Asked]:
    made = Asked()
    yield made
    made.looks.stop()


class Folder(FolderView):
    """A view whose looks come back when the test says so, or with an error."""

    def __init__(self, path: Path, error: Exception | None = None, *, waits: bool = False) -> None:
        super().__init__(path, "manifest.json", tuple)
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.count = 0
        self._error = error
        if not waits:
            self.go_on.set()

    def entries(self) -> Entries | None:
        self.count += 1
        self.begun.set()
        self.go_on.wait()
        if self._error:
            raise self._error
        return super().entries()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are slow, and late, after a moment."""
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.01)
    monkeypatch.setattr(module, "LATE_SECONDS", 0.05)


async def test_each_look_comes_back_with_what_it_found(asked: Asked, tmp_path: Path) -> None:
    fox = story(tmp_path / "fox")
    lost = OSError(errno.ESTALE, "Stale file handle")
    views = {
        "fox": Folder(fox),
        "gone": Folder(tmp_path / "gone"),
        "lost": Folder(tmp_path / "lost", lost),
    }
    began = time.monotonic()
    await asked.looks.ask_and_wait(views)
    found = {look.name: look.sighting for look in asked.back}
    assert found == {
        "fox": Sighting(entries_of(fox), ManifestState.SOUND),
        "gone": None,
        "lost": lost,
    }
    assert [look.view for look in asked.back] == list(views.values())
    for look in asked.back:
        assert began <= look.began <= look.ended <= look.finished <= time.monotonic()
    assert not asked.looks.is_busy()


async def test_a_bug_that_one_folder_brings_out_does_not_stop_the_looks(
    asked: Asked, tmp_path: Path
) -> None:
    views = {"fox": Folder(tmp_path, ValueError("what a name")), "owl": Folder(tmp_path / "owl")}
    await asked.looks.ask_and_wait(views)
    assert asked.names == ["fox", "owl"]
    assert isinstance(asked.back[0].sighting, OSError)
    assert "a bug in the program: ValueError('what a name')" in str(asked.back[0].sighting)


@pytest.mark.usefixtures("quick")
async def test_looks_that_hang_hold_up_no_other_and_are_reported_once(
    asked: Asked, tmp_path: Path
) -> None:
    """C2: one thread looked at everybody's folders, one after the other."""
    hanging = {name: Folder(tmp_path / name, waits=True) for name in ("fox", "owl")}
    await asked.looks.ask_and_wait({**hanging, "yak": Folder(tmp_path / "yak")})
    assert asked.names == ["yak"]
    assert sorted(asked.late) == ["fox", "owl"]
    assert not asked.looks.is_busy()

    await asked.looks.ask_and_wait({**hanging, "yak": Folder(tmp_path / "yak")})
    assert asked.names == ["yak", "yak"]
    assert len(asked.late) == 2
    assert [view.count for view in hanging.values()] == [1, 1]

    for view in hanging.values():
        view.go_on.set()
    await until(lambda: len(asked.back) == 6)  # and the second time, which was asked for meanwhile
    assert [view.count for view in hanging.values()] == [2, 2]


@pytest.mark.usefixtures("quick")
async def test_there_are_no_more_threads_than_looks_that_hang_need(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_THREADS", 3)
    hanging = {name: Folder(tmp_path / name, waits=True) for name in "abcde"}
    asked.looks.ask(hanging)
    await until(lambda: len(asked.late) == 3)
    assert asked.looks._threads == 3
    assert asked.looks.is_busy()  # two are not even begun
    for view in hanging.values():
        view.go_on.set()
    await until(lambda: len(asked.back) == 5)
    await until(lambda: asked.looks._threads == 1)
    asked.looks.stop()
    await until(lambda: asked.looks._threads == 0)


async def test_a_folder_is_not_looked_at_twice_at_the_same_time(
    asked: Asked, tmp_path: Path
) -> None:
    fox = Folder(tmp_path, waits=True)
    for _ in range(3):
        asked.looks.ask({"fox": fox})
    await asyncio.to_thread(fox.begun.wait)
    for _ in range(3):
        asked.looks.ask({"fox": fox})
    assert fox.count == 1
    fox.go_on.set()
    await until(lambda: len(asked.back) == 2)  # what came meanwhile may have changed the folder
    assert not asked.looks.is_busy()


async def test_looks_that_come_back_after_the_loop_is_closed_are_dropped(tmp_path: Path) -> None:
    fox = Folder(tmp_path, waits=True)

    async def ask_and_leave() -> Asked:
        asked = Asked()
        asked.looks.ask({"fox": fox})
        await asyncio.to_thread(fox.begun.wait)
        asked.looks.stop()
        return asked

    asked = await asyncio.to_thread(asyncio.run, ask_and_leave())
    fox.go_on.set()
    await until(lambda: asked.looks._threads == 0)
    assert asked.back == []


async def test_a_bug_in_what_takes_note_of_a_look_does_not_pass_in_silence(tmp_path: Path) -> None:
    def fail(_: Look) -> None:
        raise ValueError("a bug")

    looks = Looks(fail, lambda _name, _seconds: None, time.monotonic)
    with pytest.raises(ValueError, match="a bug"):
        await looks.ask_and_wait({name: Folder(tmp_path / name) for name in ("fox", "owl")})
    looks.stop()

"""Room on the disks: stories wait until there is enough, and each change is logged once."""

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from daemon.config import Settings
from daemon.service import room
from daemon.service.room import Room, Space, space_of
from tests.conftest import SettingsMaker
from tests.helpers.logs import events
from tests.helpers.waiting import until

MIB = 2**20
WORK = Path("/work")
OUTBOX = Path("/outbox")


class Disks:
    """Disks with as much room as a test wants, each of another device; counts the checks."""

    def __init__(self, **free: int | OSError) -> None:
        self.free = free
        self.devices = {"work": 1, "outbox": 2}
        self.checks = 0

    def measure(self, folder: Path) -> Space:
        self.checks += 1
        free = self.free[folder.name]
        if isinstance(free, OSError):
            raise free
        return Space(self.devices[folder.name], free)

    async def are_checked(self, times: int) -> None:
        """Wait until a disk has been checked that many times more."""
        wanted = self.checks + times
        await until(lambda: self.checks >= wanted)


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.service.room.RECHECK_SECONDS", 0)


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    return make_settings(limits={"free_mib": 10})


def logged(log_lines: LogCapture) -> list[str]:
    return [line["event"] for line in log_lines.entries]


async def test_with_enough_room_nobody_waits(settings: Settings, log_lines: LogCapture) -> None:
    disks = Disks(work=10 * MIB)
    await asyncio.wait_for(Room([WORK], lambda: settings, disks.measure).wait(), 20)
    assert disks.checks == 1
    assert logged(log_lines) == []


async def test_a_full_disk_is_checked_again_until_there_is_enough_room(
    settings: Settings, log_lines: LogCapture
) -> None:
    disks = Disks(work=0)
    waiting = asyncio.create_task(Room([WORK], lambda: settings, disks.measure).wait())
    await disks.are_checked(10)
    disks.free["work"] = 10 * MIB - 1
    await disks.are_checked(10)
    assert not waiting.done()
    [low] = log_lines.entries
    assert (low["event"], low["folder"]) == ("disk.low", "/work")
    assert (low["free_mib"], low["needed_mib"]) == (0, 10)

    disks.free["work"] = 10 * MIB
    await asyncio.wait_for(waiting, 20)
    assert logged(log_lines) == ["disk.low", "disk.ok"]
    assert log_lines.entries[-1]["free_mib"] == 10


async def test_two_stories_that_wait_for_the_same_disk_log_it_once(
    settings: Settings, log_lines: LogCapture
) -> None:
    disks = Disks(work=0)
    shared = Room([WORK], lambda: settings, disks.measure)
    waiting = [asyncio.create_task(shared.wait()) for _ in range(2)]
    await disks.are_checked(10)
    disks.free["work"] = 10 * MIB
    await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert logged(log_lines) == ["disk.low", "disk.ok"]


async def test_a_new_limit_holds_at_once(make_settings: SettingsMaker) -> None:
    in_force = [make_settings(limits={"free_mib": 10})]
    checked = Room([WORK], lambda: in_force[0], Disks(work=20 * MIB).measure)
    assert await checked.is_enough()
    in_force[0] = make_settings(limits={"free_mib": 30})
    assert not await checked.is_enough()


async def test_an_outbox_on_a_full_disk_of_its_own_is_waited_for(
    settings: Settings, log_lines: LogCapture
) -> None:
    """M6: each film was compiled, and copied again and again to a disk without room for it."""
    disks = Disks(work=50 * MIB, outbox=0)
    waiting = asyncio.create_task(Room([WORK, OUTBOX], lambda: settings, disks.measure).wait())
    await disks.are_checked(10)
    assert not waiting.done()
    [low] = log_lines.entries
    assert (low["event"], low["folder"]) == ("disk.low", "/outbox")
    disks.free["outbox"] = 10 * MIB
    await asyncio.wait_for(waiting, 20)


async def test_two_folders_on_one_full_disk_are_logged_once(
    settings: Settings, log_lines: LogCapture
) -> None:
    disks = Disks(work=0, outbox=0)
    disks.devices["outbox"] = 1
    assert not await Room([WORK, OUTBOX], lambda: settings, disks.measure).is_enough()
    assert logged(log_lines) == ["disk.low"]


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.ENOENT])
async def test_a_disk_that_gives_an_error_is_asked_again_and_logged_once(
    settings: Settings, log_lines: LogCapture, code: int
) -> None:
    """H10: the error ended the service, or left a story without anybody to go on with it."""
    disks = Disks(work=OSError(code, os.strerror(code)))
    waiting = asyncio.create_task(Room([WORK], lambda: settings, disks.measure).wait())
    await disks.are_checked(10)
    assert not waiting.done()
    [line] = events(log_lines, "service.degraded")
    assert os.strerror(code) in line["reason"]
    assert "/work" in line["reason"]

    disks.free["work"] = 10 * MIB
    await asyncio.wait_for(waiting, 20)
    assert logged(log_lines) == ["service.degraded"]


async def test_a_disk_that_does_not_answer_holds_up_nothing_but_those_who_wait_for_it(
    settings: Settings, log_lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H10: the loop itself asked, so a lost share stopped everything; now it is asked once."""
    monkeypatch.setattr(room, "ANSWER_SECONDS", 0.01)
    answers = threading.Event()
    asked = 0

    def measure(_: Path) -> Space:
        nonlocal asked
        asked += 1
        answers.wait(20)
        return Space(1, 10 * MIB)

    waiting = asyncio.create_task(Room([WORK], lambda: settings, measure).wait())
    await until(lambda: events(log_lines, "service.degraded"))
    await asyncio.sleep(0.05)  # several checks
    assert (asked, len(log_lines.entries)) == (1, 1)
    assert "does not answer" in log_lines.entries[0]["reason"]
    answers.set()
    await asyncio.wait_for(waiting, 20)


def test_an_answer_that_comes_after_the_end_is_dropped(settings: Settings) -> None:
    answers = threading.Event()

    def measure(_: Path) -> Space:
        answers.wait(20)
        return Space(1, 10 * MIB)

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Room([WORK], lambda: settings, measure).wait(), 0.01)

    asyncio.run(ask())
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "room":
            thread.join(20)


def test_the_space_of_a_folder_is_what_its_user_may_still_write(tmp_path: Path) -> None:
    space = space_of(tmp_path)
    assert space.device == tmp_path.stat().st_dev
    facts = os.statvfs(tmp_path)
    assert 0 < space.free <= facts.f_bfree * facts.f_frsize
    with pytest.raises(FileNotFoundError):
        space_of(tmp_path / "gone")

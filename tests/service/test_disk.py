"""Room on the disk: stories wait until there is enough, and each change is logged once."""

import asyncio

import pytest
from structlog.testing import LogCapture

from daemon.config import Settings
from daemon.service.disk import DiskSpace
from tests.conftest import SettingsMaker

MIB = 2**20


class Disk:
    """A disk with as much room as a test wants; it counts how often it was checked."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.checks = 0

    def free_bytes(self) -> int:
        self.checks += 1
        return self.free

    async def is_checked(self, times: int) -> None:
        """Wait until the disk has been checked that many times more."""
        wanted = self.checks + times
        async with asyncio.timeout(20):
            while self.checks < wanted:
                await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.service.disk.RECHECK_SECONDS", 0)


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    return make_settings(limits={"free_mib": 10})


def events(log_lines: LogCapture) -> list[str]:
    return [line["event"] for line in log_lines.entries]


async def test_with_enough_room_nobody_waits(settings: Settings, log_lines: LogCapture) -> None:
    disk = Disk(10 * MIB)
    await asyncio.wait_for(DiskSpace(disk.free_bytes, lambda: settings).wait(), 20)
    assert disk.checks == 1
    assert events(log_lines) == []


async def test_a_full_disk_is_checked_again_until_there_is_enough_room(
    settings: Settings, log_lines: LogCapture
) -> None:
    disk = Disk(0)
    waiting = asyncio.create_task(DiskSpace(disk.free_bytes, lambda: settings).wait())
    await disk.is_checked(10)
    disk.free = 10 * MIB - 1
    await disk.is_checked(10)
    assert not waiting.done()
    [low] = log_lines.entries
    assert (low["event"], low["free_mib"], low["needed_mib"]) == ("disk.low", 0, 10)

    disk.free = 10 * MIB
    await asyncio.wait_for(waiting, 20)
    assert events(log_lines) == ["disk.low", "disk.ok"]
    assert log_lines.entries[-1]["free_mib"] == 10


async def test_two_stories_that_wait_for_the_same_disk_log_it_once(
    settings: Settings, log_lines: LogCapture
) -> None:
    disk = Disk(0)
    shared = DiskSpace(disk.free_bytes, lambda: settings)
    waiting = [asyncio.create_task(shared.wait()) for _ in range(2)]
    await disk.is_checked(10)
    disk.free = 10 * MIB
    await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert events(log_lines) == ["disk.low", "disk.ok"]


def test_a_new_limit_holds_at_once(make_settings: SettingsMaker) -> None:
    in_force = [make_settings(limits={"free_mib": 10})]
    checked = DiskSpace(Disk(20 * MIB).free_bytes, lambda: in_force[0])
    assert checked.is_enough()
    in_force[0] = make_settings(limits={"free_mib": 30})
    assert not checked.is_enough()

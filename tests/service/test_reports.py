"""What the service says of itself, and how it starts: in this process, without workers."""

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.cli import run as command
from daemon.cli.console import BAD_CONFIG, TRY_AGAIN
from daemon.config import Settings
from daemon.errors import FoldersAway, SpoolError
from daemon.inbox.watcher import Watcher
from daemon.service import service, systemd
from daemon.service.service import Service, opened
from daemon.spool import Spool
from tests.helpers.waiting import until


@pytest.fixture
def messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Gives the first lines of the messages to systemd so far, which waits 0.6 s for a sign."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as server:
        server.bind(str(tmp_path / "notify"))

        def read() -> list[str]:
            try:
                while True:
                    heard.append(server.recv(4096).decode().split("\n")[0])
            except BlockingIOError:
                return heard

        yield read


async def test_a_start_asks_for_more_time_until_the_first_scan_is_done(
    settings: Settings, messages: Callable[[], list[str]]
) -> None:
    """H4: a start that takes longer than systemd waits was ended and begun again, without end."""
    starting = Service(settings, lambda: settings)
    reporting = asyncio.create_task(starting.report_to_systemd())
    await until(lambda: len(messages()) >= 3)
    assert {message.split("=")[0] for message in messages()} == {"EXTEND_TIMEOUT_USEC"}
    asked = int(messages()[0].split("=")[1]) / 1_000_000
    assert asked > 2 * (systemd.watchdog_seconds() or 0)

    starting._watcher.first_scan.set()
    await until(lambda: "WATCHDOG=1" in messages())
    assert messages().index("READY=1") < messages().index("WATCHDOG=1")
    reporting.cancel()
    await asyncio.wait([reporting])


async def test_one_unhealthy_moment_costs_one_sign_of_life(
    settings: Settings, messages: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H9: health was looked at when a sign was due, in half of the time that systemd waits."""
    states = iter([True, False, True])
    running = Service(settings, lambda: settings)
    monkeypatch.setattr(running, "is_healthy", lambda: next(states, True))
    running._watcher.first_scan.set()
    reporting = asyncio.create_task(running.report_to_systemd())
    await until(lambda: len([each for each in messages() if each == "WATCHDOG=1"]) >= 2)
    ready = messages().index("READY=1")
    assert messages()[ready + 1] == "WATCHDOG=1"
    assert messages()[ready + 2].startswith("STATUS=")
    assert messages()[ready + 3] == "WATCHDOG=1"
    reporting.cancel()
    await asyncio.wait([reporting])


async def test_a_late_look_a_stuck_attempt_and_a_stuck_call_are_unhealthy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H9: a claim or a publication that hung was not noticed."""
    running = Service(settings, lambda: settings)
    assert running.is_healthy()
    for part in (running._supervisor, running._threads):
        monkeypatch.setattr(part, "is_stuck", lambda _: True)
        assert not running.is_healthy()
        monkeypatch.undo()
    late = service.LATE_LOOK_SECONDS + settings.watch.rescan_seconds
    running._watcher.last_look = time.monotonic() - late - 1
    assert not running.is_healthy()


async def test_a_stop_asks_for_the_time_that_running_stories_get(
    settings: Settings, messages: Callable[[], list[str]], tmp_path: Path
) -> None:
    """L7: a drain that is longer than the unit's TimeoutStopSec was cut off by systemd."""
    sent: list[tuple[str, ...]] = []
    stopping = Service(settings, lambda: settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(systemd, "notify", lambda *each: sent.append(each))
        await stopping.shut_down([])
    needed = settings.workers.drain_seconds + service.STOP_SECONDS
    assert sent == [("STOPPING=1", systemd.more_time(needed))]


async def test_a_reload_is_announced_only_while_the_service_serves(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L8: its READY ended a start before the first scan, and came in the middle of a stop."""
    sent: list[str] = []
    monkeypatch.setattr(systemd, "notify", lambda *each: sent.append(each[0].split("=")[0]))
    serving = Service(settings, lambda: settings)

    serving.reload()
    assert sent == []

    serving._watcher.first_scan.set()
    reporting = asyncio.create_task(serving.report_to_systemd())
    await until(lambda: "READY" in sent)
    sent.clear()
    serving.reload()
    assert sent == ["RELOADING", "READY"]
    reporting.cancel()
    await asyncio.wait([reporting])

    await serving.shut_down([])
    sent.clear()
    serving.reload()
    assert sent == []


# ---- folders -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [errno.EIO, errno.ESTALE, errno.EROFS, errno.ENOSPC, errno.ENOMEM, errno.EHOSTDOWN],
    ids=errno.errorcode.get,
)
def test_folders_that_are_away_for_now_are_tried_again(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
) -> None:
    """M7: they counted as wrong settings, and the service was never started again."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), "/srv/storyreel")

    monkeypatch.setattr(Path, "mkdir", fail)
    assert command.serve(settings, None, None, once=True) == TRY_AGAIN
    said = capsys.readouterr().err
    assert os.strerror(code) in said
    assert "/srv/storyreel" in said


def test_folders_that_this_user_may_not_use_need_somebody_to_mend_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/srv/storyreel")

    monkeypatch.setattr(Path, "mkdir", fail)
    assert command.serve(settings, None, None, once=True) == BAD_CONFIG


def test_folders_on_several_filesystems_need_somebody_to_mend_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Spool) -> Spool:
        raise SpoolError("must be on one filesystem")

    monkeypatch.setattr(Spool, "open", fail)
    with pytest.raises(SpoolError) as raised:
        opened(Spool(settings.folders))
    assert not isinstance(raised.value, FoldersAway)


def test_an_error_that_nobody_translated_is_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Spool) -> Spool:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(Spool, "open", fail)
    with pytest.raises(FoldersAway, match=str(settings.folders.root)):
        opened(Spool(settings.folders))


async def test_stories_that_are_left_are_counted_unless_work_cannot_be_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = Service(settings, lambda: settings)
    assert await stopping.count_left() == 0

    def fail(_: Spool) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Spool, "jobs", fail)
    assert await stopping.count_left() == -1


async def test_a_watcher_that_breaks_stops_the_service_with_its_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Watcher) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Watcher, "run", broken)
    with pytest.raises(ZeroDivisionError):
        await Service(settings, lambda: settings).run()
    with_lock = Spool(settings.folders).open()
    with_lock.close()

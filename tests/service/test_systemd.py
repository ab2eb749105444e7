"""Messages to systemd, over a real datagram socket."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.service import systemd


@pytest.fixture(params=["path", "abstract"])
def listener(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """A socket like the one that systemd listens on; `NOTIFY_SOCKET` names it."""
    name = str(tmp_path / "notify")
    if request.param == "abstract":
        name = f"@storyreel-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(name.replace("@", "\0", 1))
        server.settimeout(5)
        yield server


def test_assignments_arrive_in_one_datagram_one_per_line(listener: socket.socket) -> None:
    systemd.notify("READY=1", "STATUS=3 rendering")
    assert listener.recv(1000) == b"READY=1\nSTATUS=3 rendering"


def test_a_line_break_in_a_value_cannot_forge_an_assignment(listener: socket.socket) -> None:
    systemd.notify("STATUS=the fox\nREADY=1", "WATCHDOG=1")
    assert listener.recv(1000).split(b"\n") == [b"STATUS=the fox READY=1", b"WATCHDOG=1"]


def test_text_that_is_not_valid_unicode_can_be_sent(listener: socket.socket) -> None:
    systemd.notify("STATUS=\udcff \ud800 ü")
    assert listener.recv(1000) == "STATUS=? ? ü".encode()


def test_a_full_socket_is_ignored_without_waiting(listener: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as filler:
        filler.connect(listener.getsockname())
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.send(b"full")
    began = time.monotonic()
    systemd.notify("WATCHDOG=1")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "address",
    ["/nowhere/at/all", "@storyreel-nobody-listens", "relative", "vsock:2:1234", "/" + "x" * 200],
)
def test_a_socket_that_does_not_exist_is_ignored(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.notify("READY=1")


@pytest.mark.parametrize("address", [None, ""])
def test_outside_of_systemd_nothing_is_sent(
    address: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    # Nothing real can show that nothing was sent. That no socket is made shows it.
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a socket was made"))
    systemd.notify("READY=1")


def test_a_reload_carries_the_monotonic_time_in_microseconds() -> None:
    before = time.monotonic_ns() // 1000
    state, stamp = systemd.reloading()
    assert state == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_more_time_is_asked_for_in_microseconds() -> None:
    assert systemd.more_time(1.5) == "EXTEND_TIMEOUT_USEC=1500000"


@pytest.mark.parametrize(
    ("microseconds", "meant_for", "seconds"),
    [
        ("60000000", None, 10.0),
        ("60000000", "us", 10.0),
        ("60000000", "1", None),
        ("60000000", "", None),
        (None, None, None),
        ("", None, None),
        ("soon", None, None),
        ("-5", None, None),
    ],
)
def test_six_signs_of_life_are_due_in_the_time_that_systemd_waits_for_one(
    microseconds: str | None,
    meant_for: str | None,
    seconds: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """H9: with two of them, one lost message or one unhealthy moment ended a healthy service."""
    process = str(os.getpid()) if meant_for == "us" else meant_for
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", process)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert systemd.watchdog_seconds() == seconds

"""Messages to systemd: ready, reloading, stopping, and still alive.

A message is one datagram to the socket named by `NOTIFY_SOCKET` (sd_notify(3)). Without that
variable, which means outside of systemd, nothing is sent.
"""

import contextlib
import os
import socket
import time

SIGNS_OF_LIFE = 6
"""How many signs of life are due in the time that systemd waits for one."""


def notify(*assignments: str) -> None:
    """Send assignments such as "READY=1" and "STATUS=…" to systemd, if it listens.

    A socket that is gone or full is ignored, because a lost message must not end the service. When
    signs of life are lost, systemd's watchdog acts.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # sd_notify(3): a name in the abstract namespace
        address = "\0" + address[1:]
    message = "\n".join(assignment.replace("\n", " ") for assignment in assignments)
    kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as datagrams:
        datagrams.sendto(message.encode(errors="replace"), address)


def reloading() -> tuple[str, str]:
    """The assignments that announce a reload; Type=notify-reload requires `MONOTONIC_USEC`."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"


def more_time(seconds: float) -> str:
    """The assignment that keeps systemd waiting, while the service starts or stops.

    The start or stop may then take that long from now, or longer if the unit allows it.
    """
    return f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}"


def watchdog_seconds() -> float | None:
    """Seconds between two "WATCHDOG=1"; None when systemd wants none.

    A sixth of the time that systemd waits: a message may be lost, and a service may be unhealthy
    for a moment. sd_watchdog_enabled(3) recommends half of it or less.
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000 / SIGNS_OF_LIFE

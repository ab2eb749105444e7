"""Messages to systemd: ready, reloading, stopping, and still alive.

A message is one datagram to the socket named by `NOTIFY_SOCKET` (sd_notify(3)). Without that
variable, which means outside of systemd, nothing is sent.
"""

import contextlib
import os
import socket
import time


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


def watchdog_seconds() -> float | None:
    """Seconds between two "WATCHDOG=1"; None when systemd wants none.

    Half of the time that systemd waits, as sd_watchdog_enabled(3) recommends.
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000

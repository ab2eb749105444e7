"""What systemd is told: readiness, reloads, the end, and that the service is alive.

The protocol is one datagram to the socket that `NOTIFY_SOCKET` names, as sd_notify(3) describes it; without that variable
(outside of systemd) nothing is sent.
"""

import os
import socket
import time


def notify(*assignments: str) -> None:
    """Send assignments such as "READY=1" and "STATUS=…" to systemd, if it listens.

    A lost message must not end the service: a socket that is gone or full is passed over, and the watchdog tells.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # sd_notify(3): a name in the abstract namespace
        address = "\0" + address[1:]
    message = "\n".join(assignment.replace("\n", " ") for assignment in assignments)
    try:
        with socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        ) as datagrams:
            datagrams.sendto(message.encode(errors="replace"), address)
    except OSError:
        pass


def reloading() -> tuple[str, str]:
    """The assignments that announce a reload; `MONOTONIC_USEC` is what Type=notify-reload asks for."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"


def watchdog_seconds() -> float | None:
    """The interval at which to send "WATCHDOG=1": half of what systemd waits for (sd_watchdog_enabled(3)), None for never."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000

"""The daemon itself: it takes stories from the inbox and sees each one through.

`service` is its life from start to end, `supervisor` that of one story; `room` waits for space on the
disk, and `systemd` is who is kept informed.
"""

from daemon.service.service import Service

__all__ = ["Service"]

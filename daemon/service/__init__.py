"""The daemon itself: it takes stories from the inbox and sees each one through.

`service` is the whole run from start to end, `supervisor` the life of one story. `disk` waits for
free space, and `systemd` reports to the service manager.
"""

from daemon.service.service import Service

__all__ = ["Service"]

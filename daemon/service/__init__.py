"""The daemon itself: it takes stories from the inbox and sees each one through.

`service` is the whole run from start to end. `claims` takes stories from the inbox, `jobs` has a
task for each and finds those that have none, `supervisor` is the life of one story, and `endings`
its end; `originals` are stories that stay in the inbox, and are copied. `steps` are taken again and
again until they work, on `threads` of their own. `stall` notices attempts that stand still, `room`
waits for space on the disk, `pruning` removes old sources, `footprint` keeps the memory flat, and
`systemd` reports to the service manager.
"""

from daemon.service.service import Service

__all__ = ["Service"]

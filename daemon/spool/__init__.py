"""Where a claimed story is on disk, from the inbox to the outbox: folders, renames and fsyncs.

`spool` takes the steps, `recovery` continues after a crash, and `lock` keeps a second service away.
`places` are the folders themselves, and `memory` is what one run leaves to the next. `job` is the
record of a claimed story, and `reasons` is what a failed one says. `copies` are made of stories
that may not be moved, and `pruning` removes old sources. `durable` moves and writes so that a loss
of power cannot undo it, with `grants` of other owners' folders, under `free_names`; `looks` say
what is on the disk.

Others use the names below, `reasons.read` and `durable.move_folder`.
"""

from daemon.spool.job import Job
from daemon.spool.recovery import Recovered, RecoveredState, recover_job, unfinished
from daemon.spool.spool import Spool, Unclaimable

__all__ = [
    "Job",
    "Recovered",
    "RecoveredState",
    "Spool",
    "Unclaimable",
    "recover_job",
    "unfinished",
]

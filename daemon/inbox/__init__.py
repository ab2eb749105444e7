"""Folders that are not ours yet: watched until they are complete and quiet.

`watcher` is the loop, and `roster` what it knows of each folder. `view` looks at a folder, and
`readiness` is the rule that decides. `notifications` say where to look sooner, and `health` whether
they arrive.
"""

from daemon.inbox.readiness import Entry
from daemon.inbox.view import FolderView, entries_of, list_inbox
from daemon.inbox.watcher import Settled, Watcher

__all__ = ["Entry", "FolderView", "Settled", "Watcher", "entries_of", "list_inbox"]

"""Folders that are not ours yet: watched until they are complete and quiet.

`watcher` is the loop, and `roster` what it knows of each folder. `view` looks at a folder, and
`readiness` is the rule that decides. `notifications` say where to look sooner, and `health` whether
they arrive.

Others use the names below, and `watcher.Watcher`: `storyreel status`, which only looks, must not
wait for the import of the log and of watchdog.
"""

from daemon.inbox.readiness import Entry
from daemon.inbox.view import FolderView, entries_of, list_inbox

__all__ = ["Entry", "FolderView", "entries_of", "list_inbox"]

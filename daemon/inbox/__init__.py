"""Folders that are not ours yet: watched until they are complete and quiet, then on offer.

`watcher` is the loop, `roster` what it knows of each folder, and `agenda` whose time comes next.
`view` looks at a folder, `looks` does so on threads, `glance` tells where no look is needed,
`entries` are the files that are found, and `readiness` is the rule that decides. `writers` tells
who is still writing a file that has been quiet. `notifications` say where to look sooner, and
`health` whether they arrive. `quota` keeps the log short when thousands of folders come at once.

Others use the names below, and `watcher.Watcher`: `storyreel status`, which only looks, must not
wait for the import of the log and of watchdog.
"""

from daemon.inbox.entries import Entries, Entry, entries_of, fingerprint
from daemon.inbox.view import FolderView, list_inbox

__all__ = ["Entries", "Entry", "FolderView", "entries_of", "fingerprint", "list_inbox"]

"""Folders that are not ours yet: watched until they are complete and quiet, then on offer.

`watcher` is the loop, and `roster` what it knows of each folder. `view` looks at a folder, `looks`
does so on threads, `entries` are the files that it finds, and `readiness` is the rule that decides.
`notifications` say where to look sooner, and `health` whether they arrive.
"""

from daemon.inbox.entries import Entries, Entry, entries_of, fingerprint
from daemon.inbox.view import FolderView, list_inbox
from daemon.inbox.watcher import Settled, Watcher

__all__ = [
    "Entries",
    "Entry",
    "FolderView",
    "Settled",
    "Watcher",
    "entries_of",
    "fingerprint",
    "list_inbox",
]

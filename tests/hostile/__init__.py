"""A corpus of hostile story folders, each with what must come of it: a film, or a reason.

- `item`: an item, and the plain story that most items are made from
- `manifests`, `names`, `links`, `swaps`, `playlists`, `pictures`, `sounds`, `texts`: the items
- `corpus`: all of them, by group
- `attempts`: runs items through the real attempt, each in a process like a worker
- `table`: prints the table of `docs/security.md`
"""

"""Storyreel: story folders in, finished films out.

A story's way through the packages, with its folder on disk at each step:

    inbox/the-fox/        `inbox` waits until the folder is complete and quiet
    work/<job>/source/    `spool` claims it by one rename, and keeps a record of it
                          `service` gives it to `workers`, and tries again where that may help
                          `compiler`, in a confined worker, makes one attempt:
                              `story` makes checked, private copies of what the manifest names
                              `media` opens those bytes as pictures, samples and letters
                              `film` plans, draws, mixes, encodes and verifies
                              `delivery` names the files, and writes the report
    outbox/the-fox/       `spool` publishes by one rename, and keeps the source in done/
    failed/the-fox/       or puts it there with the reasons

`cli` starts all this and shows `status`. The other modules are `config` and `options` (what can be
set), `validation` (faults in settings and manifests, in words), `attempt` and `progress` (what a
worker is given and what it returns), `log` (every event), `ignored` (names to ignore), `printable`
(text from strangers, safe to show) and `errors`.

Start with `service/service.py`, `service/supervisor.py` and `compiler.py`, in this order.
"""

"""Storyreel: story folders in, finished films out.

A story's journey, and the folder of each station:

    inbox/the-fox/        `inbox` waits until the folder is complete and quiet
    work/<job>/source/    `spool` claims it by one rename, and keeps a record of it
                          `service` gives it to `workers`, and tries again where that may help
                          `compiler`, in a confined worker, makes one attempt:
                              `story` lets in what the manifest names: checked, private copies
                              `media` opens those bytes as pictures, samples and letters
                              `film` plans, draws, mixes, encodes and verifies
                              `delivery` names the files, and writes the report
    outbox/the-fox/       `spool` publishes by one rename, and keeps the source in done/
    failed/the-fox/       or puts it there with the reasons

`cli` starts all this and shows `status`. Next to these folders are `config` and `options` (what can
be set), `validation` (what was set wrong, in words), `attempt` and `progress` (what a worker is
given and gives back), `log` (every event), `litter` (names to ignore), `printable` (text from
strangers, safe to show) and `errors`.

Read `service/service.py`, `service/supervisor.py` and `compiler.py`, in this order; then whatever
you came for.
"""

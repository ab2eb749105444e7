"""Storyreel: story folders in, finished films out.

A story's journey, and the module of each station:

    inbox/the-fox/         `watcher` waits until the folder is complete and quiet, by the rule in `readiness`; `events` tell it
                           where to look sooner, `inbox` looks
    work/<job>/source/     `spool` claims it by one rename; `job` is its record
                           `supervisor` gives it to `workers`, again and again if that may help
                           `compiler`, in a worker that `sandbox` confines, makes one attempt:
                               `intake` lets in what the `manifest` names: checked, private copies out of the untrusted `folder`
                               `film` plans a timeline, draws, mixes, writes and verifies
    outbox/the-fox/        `spool` publishes by one rename, and keeps the source in done/
    failed/the-fox/        or puts it there with its `reasons`

`service` owns all of them and `cli` starts it. Read `service`, `supervisor`, `compiler`; then whatever you came for.
"""

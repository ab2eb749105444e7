"""The claimed stories at work: a task for each.

Sweeps look for folders in work/ that have no task: what an earlier run left, and what a failing
disk has cut off in this one. Each is then recovered alone, and as often as it takes.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from daemon.config import Settings
from daemon.errors import WorkersBroken
from daemon.log import Event, logger
from daemon.service.steps import log_degraded, until_it_works
from daemon.service.supervisor import Supervisor
from daemon.service.threads import SpoolThreads
from daemon.spool import RecoveredState, Spool, recover_job, unfinished

SWEEP_SECONDS = 60.0
"""How often work/ is searched for jobs without a task."""
REST_SECONDS = 3600.0
"""How long a job rests whose task was ended by a bug, before it is recovered."""
WANTING_PER_WORKER = 2
"""Jobs for each worker that want one: the one that it compiles, and one ahead."""
RESTING_PER_WORKER = 8
"""Jobs for each worker that may wait for their next attempt before no more stories are claimed."""


class Jobs:
    """The tasks of the claimed stories.

    `first_sweep` is set when all that an earlier run left has a task. `moving` is held while a
    folder of work/ gets its task, because a sweep must not see what is being claimed.
    `on_broken_workers` is called when no worker can be started.
    """

    def __init__(
        self,
        spool: Spool,
        threads: SpoolThreads,
        supervisor: Supervisor,
        settings: Callable[[], Settings],
        on_broken_workers: Callable[[WorkersBroken], None],
    ) -> None:
        self.first_sweep = asyncio.Event()
        self.moving = asyncio.Lock()
        self._spool = spool
        self._threads = threads
        self._supervisor = supervisor
        self._settings = settings
        self._on_broken_workers = on_broken_workers
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._rest_until: dict[str, float] = {}

    def __len__(self) -> int:
        """How many stories are at work."""
        return len(self._tasks)

    def begin(self, folder: Path, life: Coroutine[None, None, None]) -> None:
        """Run the rest of a job's life as a task. `folder` is the job's own, in work/."""
        task = asyncio.create_task(life)
        self._tasks[task] = folder.name
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        job_id = self._tasks.pop(task)
        self._supervisor.moved.set()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, WorkersBroken):
            self._on_broken_workers(error)
        elif error:
            self._rest_until[job_id] = time.monotonic() + REST_SECONDS
            reason = f"job {job_id} was stopped by a bug in the program: {error!r}"
            mend = "It is tried again in an hour, or at the next start. Please report this."
            log_degraded(reason, mend)

    # ---- places ----------------------------------------------------------------------------------

    async def free_place(self) -> None:
        """Return as soon as another story may be claimed.

        That is when a worker is free, or has no story ahead. All others stay in the inbox, where
        they can still be mended or withdrawn.
        """
        while not self.has_place():
            self._supervisor.moved.clear()
            await self._supervisor.moved.wait()

    def has_place(self) -> bool:
        """Whether another story may be claimed now."""
        workers = self._settings().workers.count
        resting = self._supervisor.resting
        wanting = len(self._tasks) - resting - len(self._supervisor.endings)
        return wanting < WANTING_PER_WORKER * workers and resting < RESTING_PER_WORKER * workers

    # ---- recovery --------------------------------------------------------------------------------

    async def keep_sweeping(self) -> None:
        """Sweep now, and then again and again, until cancelled."""
        while True:
            await self.sweep()
            self.first_sweep.set()
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Begin to recover every job on disk that has no task."""
        async with self.moving:
            folders = await until_it_works(self._threads.steps.run, unfinished, self._spool)
            at_work = set(self._tasks.values())
            now = time.monotonic()
            for folder in folders:
                is_resting = now < self._rest_until.get(folder.name, now)
                if folder.name not in at_work and not is_resting:
                    self.begin(folder, self.recover(folder))

    async def recover(self, folder: Path) -> None:
        """Continue a job where it was left."""
        steps = self._threads.steps
        found = await until_it_works(steps.run, recover_job, self._spool, folder)
        if found is None:
            return
        job = found.job
        logger().warning(
            Event.STORY_RECOVERED,
            story=job.name,
            job=job.id,
            attempts=job.attempts,
            interruptions=job.interruptions,
            state=str(found.state),
        )
        if found.state is RecoveredState.PUBLISHING:
            await self._supervisor.deliver_again(job)
        elif found.state is RecoveredState.UNFINISHED:
            await self._supervisor.see_through(job)

    # ---- shutdown --------------------------------------------------------------------------------

    async def drain(self, seconds: float) -> None:
        """Give busy jobs that time to end, and cancel the others. Then all tasks have ended."""
        self._supervisor.drain()
        busy = self._supervisor.is_busy
        await cancel_all([task for task, job_id in self._tasks.items() if not busy(job_id)])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        await cancel_all([*self._tasks])


async def cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""From the inbox to a job: folders that are ready are claimed, one at a time.

The inbox is the queue. A folder is claimed only when a worker will soon want it and the disk has
room.
"""

from collections.abc import Callable

from daemon.config import Settings
from daemon.inbox import fingerprint
from daemon.inbox.watcher import Settled, Watcher
from daemon.inbox.writers import files_being_written
from daemon.log import Event, logger
from daemon.service.jobs import Jobs
from daemon.service.room import Room
from daemon.service.steps import log_degraded
from daemon.service.supervisor import Supervisor
from daemon.service.threads import SpoolThreads
from daemon.spool import Job, Spool, Unclaimable


class Claims:
    """Takes what the watcher offers. `is_claiming`: whether a folder is on its way to its task."""

    def __init__(
        self,
        spool: Spool,
        threads: SpoolThreads,
        watcher: Watcher,
        room: Room,
        supervisor: Supervisor,
        jobs: Jobs,
        settings: Callable[[], Settings],
    ) -> None:
        self.is_claiming = False
        self._settings = settings
        self._spool = spool
        self._threads = threads
        self._watcher = watcher
        self._room = room
        self._supervisor = supervisor
        self._jobs = jobs

    async def keep_claiming(self) -> None:
        """Claim folders until cancelled."""
        while True:
            await self._jobs.free_place()
            await self._room.wait()
            settled = await self._watcher.take()
            self.is_claiming = True
            await self._room.wait()  # the folder may have come after hours
            if not await self.is_being_written(settled):
                await self.claim(settled)
            self.is_claiming = False

    async def is_being_written(self, settled: Settled) -> bool:
        """Whether somebody has a file of the folder open for writing: then it waits for them.

        A folder that has been quiet for long enough to be given up is taken all the same.
        """
        watch = self._settings().watch
        if watch.give_up_seconds and settled.seconds >= watch.give_up_seconds:
            return False
        folder = self._spool.folders.inbox / settled.name
        writing = await self._threads.claims.run(files_being_written, folder, settled.entries)
        if writing:
            still = (f"{name} (somebody is still writing it)" for name in writing)
            self._watcher.postpone(settled.name, still)
        return bool(writing)

    async def claim(self, settled: Settled) -> None:
        """Claim a folder and begin its job, unless it is gone or cannot be moved.

        Once the folder has been moved, nothing can come before its task.
        """
        name = settled.name
        async with self._jobs.moving:
            try:
                claimed = await self._threads.claims.run(
                    self._spool.claim, name, fingerprint(settled.entries)
                )
            except OSError as error:
                self._watcher.refuse(name)
                mend = "It stays in the inbox and is tried again; look at the disk and permissions."
                log_degraded(f"{name} cannot be claimed: {error.strerror}", mend)
                return
            if isinstance(claimed, Unclaimable):
                self._watcher.refuse(name)
                reason = claimed.reason
                mend = claimed.mend
                logger().warning(Event.STORY_UNCLAIMABLE, story=name, reason=reason, mend=mend)
            elif claimed:
                self._watcher.notify(name)  # it is no longer in the inbox
                is_given_up = bool(settled.lacking)
                self._jobs.begin(claimed.folder, self.see_through(claimed, is_given_up))

    async def see_through(self, job: Job, is_given_up: bool) -> None:
        """See a claimed story through. One that changed just before the claim is given back."""
        if await self._supervisor.source_now(job) != job.fingerprint:
            try:
                if await self._threads.steps.run(self._spool.give_back, job):
                    return  # somebody wrote into it at the last moment: it must settle again
            except OSError:  # it may be back in the inbox: the disk says how to go on
                await self._jobs.recover(job.folder)
                return
        logger().info(Event.STORY_CLAIMED, story=job.name, job=job.id)
        await self._supervisor.see_through(job, is_given_up=is_given_up)

"""The service: start-up, main loop, shutdown. It owns the spool, watcher, workers and signals."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version
from typing import Any

from daemon import log
from daemon.config import NEEDS_RESTART, Settings
from daemon.errors import ConfigError, WorkersBroken
from daemon.inbox import entries_of
from daemon.inbox.watcher import Settled, Watcher
from daemon.log import Event, logger, seconds_since
from daemon.media.library import library
from daemon.service import systemd
from daemon.service.disk import DiskSpace
from daemon.service.supervisor import Supervisor
from daemon.spool import Job, Recovered, RecoveredState, Spool, Unclaimable, recover_job, unfinished
from daemon.workers import sandbox
from daemon.workers.local import LocalWorkers

STATUS_SECONDS = 5.0
"""How often systemd gets a status where it wants no signs of life."""
LATE_LOOK_SECONDS = 60.0
"""How late the watcher's next look may be before the service counts as unhealthy."""
DONE_CHECK_SECONDS = 0.1
"""How often `run --once` checks whether everything is done."""


class Service:
    """One run of the service.

    `load` reads the settings again, for a reload. `once`: stop when all that is ready is done.
    """

    def __init__(
        self, settings: Settings, load: Callable[[], Settings], *, once: bool = False
    ) -> None:
        self._settings = settings
        self._load = load
        self._once = once
        self._began = time.monotonic()

        self._spool = Spool(settings.folders)
        self._workers = LocalWorkers(settings)
        self._disk = DiskSpace(self._spool.free_bytes, self.settings)
        self._supervisor = Supervisor(self._spool, self._workers, self._disk, self.settings)
        inbox = settings.folders.inbox
        self._watcher = Watcher(inbox, lambda: self._settings.watch, self.track_names)

        self._jobs: dict[asyncio.Task[None], Job] = {}
        self._is_claiming = False
        self._stopping = asyncio.Event()
        self._stop_reason = ""
        self._fault: BaseException | None = None

    def settings(self) -> Settings:
        """The settings in force now."""
        return self._settings

    def track_names(self) -> set[str]:
        """The names of the tracks in the music library."""
        return {track.name for track in library(self._settings.music.library)}

    async def run(self) -> int:
        """Serve until something stops the service; the exit code.

        Raises SpoolError when the folders cannot be used, WorkersBroken when no worker starts.
        """
        with contextlib.closing(self._spool.open()):
            try:
                self.start()
                await self.serve()
            finally:
                await asyncio.to_thread(self._workers.stop)
            left = len(self._spool.jobs())
        logger().info(
            Event.SERVICE_STOPPED,
            seconds=seconds_since(self._began),
            delivered=self._supervisor.delivered,
            failed=self._supervisor.failed,
            left=left,
        )
        return 1 if self._once and self._supervisor.failed else 0

    # ---- start-up --------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen to signals, and resume what an earlier run left."""
        recovered = [recover_job(self._spool, folder) for folder in unfinished(self._spool)]
        self._supervisor.remember_music()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self.reload)

        self.log_start()
        for found in recovered:
            if found:
                self.resume(found)

    def log_start(self) -> None:
        """Log the start, and what the service must do without."""
        tracks = len(self.track_names())
        logger().info(
            Event.SERVICE_STARTED,
            version=version("storyreel"),
            pid=os.getpid(),
            root=str(self._settings.folders.root),
            workers=self._settings.workers.count,
            tracks=tracks,
        )
        if not tracks:
            mend = "Put tracks into folders named after moods in music.folder."
            log_degraded("the music library is empty", mend)
        if not sandbox.is_supported():
            mend = "Run on Linux 5.13 or newer with Landlock enabled."
            log_degraded("this kernel cannot confine the workers", mend)

    def resume(self, found: Recovered) -> None:
        """Continue a job where an earlier run left it."""
        job = found.job
        logger().warning(
            Event.STORY_RECOVERED,
            story=job.name,
            job=job.id,
            attempts=job.attempts,
            state=str(found.state),
        )
        if found.state is RecoveredState.PUBLISHING:
            self.begin(job, self._supervisor.finish(job))
        elif found.state is RecoveredState.UNFINISHED:
            self.begin(job, self._supervisor.see_through(job))

    # ---- main loop -------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Run the parts until the service is stopped, or one of them breaks."""
        parts = [
            self._stopping.wait(),
            self._watcher.run(),
            self.claim_settled(),
            self.report_to_systemd(),
        ]
        if self._once:
            parts.append(self.stop_when_done())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self.shut_down(tasks)

    async def claim_settled(self) -> None:
        """Claim each folder that is ready, as soon as there is space on the disk."""
        while True:
            settled = await self._watcher.take()
            self._is_claiming = True
            await self._disk.wait()
            try:
                await self.claim(settled)
            except OSError as error:
                mend = "It stays in the inbox and is tried again; look at the disk and permissions."
                log_degraded(f"{settled.name} cannot be claimed: {error.strerror}", mend)
                self._watcher.refuse(settled.name)
            self._is_claiming = False

    async def claim(self, settled: Settled) -> None:
        """Claim a folder and begin its job, unless it has just changed or cannot be moved."""
        claimed = await asyncio.to_thread(self._spool.claim, settled.name)
        if claimed is None:
            return
        if isinstance(claimed, Unclaimable):
            logger().warning(
                Event.STORY_UNCLAIMABLE,
                story=settled.name,
                reason=claimed.reason,
                mend=claimed.mend,
            )
            self._watcher.refuse(settled.name)
            return
        ignore = self._settings.watch.ignore
        is_changed = await asyncio.to_thread(entries_of, claimed.source, ignore) != settled.entries
        if is_changed and await asyncio.to_thread(self._spool.give_back, claimed):
            return  # somebody wrote into it at the last moment: it must settle again
        logger().info(Event.STORY_CLAIMED, story=claimed.name, job=claimed.id)
        self.begin(claimed, self._supervisor.see_through(claimed))

    def begin(self, job: Job, life: Coroutine[None, None, None]) -> None:
        """Run the rest of a job's life as a task."""
        task = asyncio.create_task(life)
        self._jobs[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        job = self._jobs.pop(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, WorkersBroken):
            self._fault = error
            self.stop("no worker can be started")
        elif error:
            reason = f"{job.name} (job {job.id}) was stopped by a bug in the program: {error!r}"
            mend = "It continues when the service is restarted. Please report this."
            log_degraded(reason, mend)

    async def report_to_systemd(self) -> None:
        """Report READY after the first scan, then signs of life while the service is healthy."""
        await self._watcher.first_scan.wait()
        logger().info(Event.SERVICE_READY, seconds=seconds_since(self._began))
        systemd.notify("READY=1", self.status_line())
        while True:
            await asyncio.sleep(systemd.watchdog_seconds() or STATUS_SECONDS)
            if self.is_healthy():
                systemd.notify("WATCHDOG=1", self.status_line())
            else:
                systemd.notify(self.status_line())

    def is_healthy(self) -> bool:
        """Whether scans and attempts make progress."""
        now = time.monotonic()
        late = now - self._watcher.last_look - self._settings.watch.rescan_seconds
        return late < LATE_LOOK_SECONDS and not self._supervisor.is_stuck(now)

    def status_line(self) -> str:
        """What `systemctl status` shows."""
        done = f"{self._supervisor.delivered} delivered, {self._supervisor.failed} failed"
        return f"STATUS={self._supervisor.running} rendering, {len(self._jobs)} at work, {done}"

    async def stop_when_done(self) -> None:
        """For `run --once`: stop when nothing settles, waits to be claimed or is at work."""
        await self._watcher.first_scan.wait()
        while self._jobs or self._is_claiming or self._watcher.is_pending():
            await asyncio.sleep(DONE_CHECK_SECONDS)
        self.stop("everything is done")

    def reload(self) -> None:
        """SIGHUP: take over new settings, except those that need a restart."""
        systemd.notify(*systemd.reloading())
        try:
            new = self._load()
        except ConfigError as error:
            problems = [str(problem) for problem in error.problems]
            logger().error(Event.SERVICE_RELOADED, changed=[], needs_restart=[], problems=problems)
        else:
            changed = self._settings.changes(new)
            late = [key for key in changed if key in NEEDS_RESTART]
            self._settings = self._settings.reloaded(new)
            log.setup(new.log)
            self._watcher.reconsider()
            logger().info(Event.SERVICE_RELOADED, changed=changed, needs_restart=late, problems=[])
        systemd.notify("READY=1")

    # ---- shutdown --------------------------------------------------------------------------------

    def stop(self, reason: str) -> None:
        """Ask the main loop to end. The first reason counts."""
        self._stop_reason = self._stop_reason or reason
        self._stopping.set()

    async def shut_down(self, parts: Sequence[asyncio.Task[Any]]) -> None:
        """End the parts, give running stories time to finish, and leave the others uncharged.

        Raises the fault that stopped the service, if one did.
        """
        systemd.notify("STOPPING=1")
        for part in parts:
            if part.done() and not self._fault:
                self._fault = part.exception()
        reason = self._stop_reason or f"a bug in the program: {self._fault!r}"
        logger().info(Event.SERVICE_STOPPING, reason=reason, running=self._supervisor.running)
        await cancel_all(parts)

        self._supervisor.drain()
        waiting = [task for task, job in self._jobs.items() if not self._supervisor.is_busy(job)]
        await cancel_all(waiting)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=self._settings.workers.drain_seconds)
        await cancel_all(list(self._jobs))
        if self._fault:
            raise self._fault


async def cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def log_degraded(reason: str, mend: str) -> None:
    """Log that something is wrong without which the service can continue."""
    logger().error(Event.SERVICE_DEGRADED, reason=reason, mend=mend)

"""The service: start-up, main loop, shutdown. It owns the spool, watcher, workers and signals."""

import asyncio
import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from daemon import log
from daemon.config import NEEDS_RESTART, Settings
from daemon.errors import ConfigError, FoldersAway, SpoolError, WorkersBroken
from daemon.inbox.watcher import Watcher
from daemon.log import Event, logger, seconds_since
from daemon.media.library import library
from daemon.service import systemd
from daemon.service.claims import Claims
from daemon.service.endings import Endings
from daemon.service.jobs import Jobs, cancel_all
from daemon.service.pruning import keep_pruning
from daemon.service.room import Room
from daemon.service.steps import log_degraded
from daemon.service.supervisor import Supervisor
from daemon.service.threads import SpoolThreads
from daemon.spool import Spool
from daemon.spool.memory import Hold
from daemon.workers import sandbox
from daemon.workers.local import LocalWorkers

STATUS_SECONDS = 5.0
"""How often systemd gets a status where it wants no signs of life."""
LATE_LOOK_SECONDS = 60.0
"""How late the watcher's next look may be before the service counts as unhealthy."""
DONE_CHECK_SECONDS = 0.1
"""How often `run --once` checks whether everything is done."""
START_SECONDS = 60.0
"""How much more time a start asks systemd for, each time."""
STOP_SECONDS = 60.0
"""How much time a stop needs after the drain: for workers and threads to end."""
LASTING = (
    errno.EXDEV,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ELOOP,
    errno.ENAMETOOLONG,
)
"""Errors of the folders that do not pass by themselves."""


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

        folders = settings.folders
        self._spool = Spool(folders)
        self._threads = SpoolThreads()
        self._workers = LocalWorkers(settings)
        self._watcher = Watcher(folders.inbox, lambda: self._settings.watch, self.track_names)
        self._room = Room([folders.work, folders.outbox], self.settings)
        self._endings = Endings(self._spool, self._threads, self.hold)
        self._supervisor = Supervisor(
            self._spool,
            self._threads,
            self._workers,
            self._room,
            self.settings,
            self._endings,
        )
        self._jobs = Jobs(
            self._spool, self._threads, self._supervisor, self.settings, self.stop_for_workers
        )
        self._claims = Claims(
            self._spool,
            self._threads,
            self._watcher,
            self._room,
            self._supervisor,
            self._jobs,
            self.settings,
        )

        self._is_ready = False
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
        with contextlib.closing(opened(self._spool)):
            try:
                self.start()
                await self.serve()
                left = await self.count_left()
            finally:
                try:
                    await asyncio.to_thread(self._workers.stop)
                finally:
                    await asyncio.to_thread(self._threads.close)
        logger().info(
            Event.SERVICE_STOPPED,
            seconds=seconds_since(self._began),
            delivered=self._endings.delivered,
            failed=self._endings.failed,
            left=left,
        )
        return 1 if self._once and self._endings.failed else 0

    # ---- start-up --------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen to signals, and log the start. What an earlier run left is found by a sweep."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        self.log_start()

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
            confinement=sandbox.confinement(),
        )
        if not tracks:
            mend = "Put tracks into folders named after moods in music.folder."
            log_degraded("the music library is empty", mend)
        if not sandbox.is_supported():
            mend = "Run on Linux 5.13 or newer with Landlock enabled."
            log_degraded("this kernel cannot confine the workers", mend)

    # ---- main loop -------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Run the parts until the service is stopped, or one of them breaks."""
        await self.hold_again()
        parts = [
            self._stopping.wait(),
            self._watcher.run(),
            self._jobs.keep_sweeping(),
            self._claims.keep_claiming(),
            keep_pruning(self._spool.folders, self.settings, self._threads.pruning),
            self.report_to_systemd(),
        ]
        if self._once:
            parts.append(self.stop_when_done())
        tasks = [asyncio.create_task(part) for part in parts]
        asides = [
            asyncio.create_task(self.remember_music()),
            asyncio.create_task(self.check_music()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for aside in asides:  # not waited for: a disk that hangs must not hold up the stop
                aside.cancel()
            await self.shut_down(tasks)

    async def hold(self, hold: Hold) -> None:
        """Let a folder of the inbox wait until it changes, also if this run ends before that."""
        self._watcher.hold(hold.name, hold.fingerprint, hold.lacking)
        held = [Hold(*fields) for fields in self._watcher.held()]
        await self._threads.steps.run(self._spool.memory.remember_holds, held)

    async def hold_again(self) -> None:
        """Let the folders wait that an earlier run let wait."""
        for hold in await self._threads.steps.run(self._spool.memory.holds):
            self._watcher.hold(hold.name, hold.fingerprint, hold.lacking)

    async def remember_music(self) -> None:
        """Find out the music of the last film. A film may be made before that is known."""
        await self._threads.publications.run(self._supervisor.remember_music)

    async def check_music(self) -> None:
        """Log once which tracks of the library no film can have."""
        try:
            unusable = await self._workers.unusable_tracks()
        except WorkersBroken as error:
            mend = "Take out the tracks that were added last, and try again."
            log_degraded(f"the music library cannot be checked: {error}", mend)
            return
        for track, reason in unusable:
            logger().warning(Event.MUSIC_UNUSABLE, track=track, reason=reason)

    async def report_to_systemd(self) -> None:
        """Report READY after the first scan, then signs of life for as long as all is healthy.

        Until READY, it asks for more time: a full inbox on a slow disk takes long to scan.
        """
        every = systemd.watchdog_seconds() or STATUS_SECONDS
        first_scan = asyncio.create_task(self._watcher.first_scan.wait())
        try:
            while not first_scan.done():
                systemd.notify(systemd.more_time(START_SECONDS))
                await asyncio.wait([first_scan], timeout=min(every, START_SECONDS / 4))
        finally:
            first_scan.cancel()

        logger().info(Event.SERVICE_READY, seconds=seconds_since(self._began))
        self._is_ready = True
        systemd.notify("READY=1", self.status_line())
        while True:
            if self.is_healthy():
                systemd.notify("WATCHDOG=1", self.status_line())
            else:
                systemd.notify(self.status_line())
            await asyncio.sleep(every)

    def is_healthy(self) -> bool:
        """Whether scans, claims, attempts, publications and sweeps make progress."""
        now = time.monotonic()
        late = now - self._watcher.last_look - self._settings.watch.rescan_seconds
        is_stuck = self._supervisor.is_stuck(now) or self._threads.is_stuck(now)
        return late < LATE_LOOK_SECONDS and not is_stuck

    def status_line(self) -> str:
        """What `systemctl status` shows."""
        done = f"{self._endings.delivered} delivered, {self._endings.failed} failed"
        return f"STATUS={self._supervisor.running} rendering, {len(self._jobs)} at work, {done}"

    async def stop_when_done(self) -> None:
        """For `run --once`: stop when nothing settles, waits to be claimed or is at work."""
        await self._watcher.first_scan.wait()
        await self._jobs.first_sweep.wait()
        while len(self._jobs) or self._claims.is_claiming or self._watcher.is_pending():
            await asyncio.sleep(DONE_CHECK_SECONDS)
        self.stop("everything is done")

    def reload(self) -> None:
        """SIGHUP: take over new settings, except those that need a restart.

        While the service starts or stops, systemd hears nothing of it: READY would end the start
        before the first scan, or the stop.
        """
        is_serving = self._is_ready and not self._stopping.is_set()
        if is_serving:
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
        if is_serving:
            systemd.notify("READY=1")

    # ---- shutdown --------------------------------------------------------------------------------

    def stop(self, reason: str) -> None:
        """Ask the main loop to end. The first reason counts."""
        self._stop_reason = self._stop_reason or reason
        self._stopping.set()

    def stop_for_workers(self, error: WorkersBroken) -> None:
        """Stop because no worker can be started."""
        self._fault = error
        self.stop("no worker can be started")

    async def shut_down(self, parts: Sequence[asyncio.Task[Any]]) -> None:
        """End the parts, give running stories time to finish, and leave the others uncharged.

        Raises the fault that stopped the service, if one did.
        """
        self._stopping.set()
        drain_seconds = self._settings.workers.drain_seconds
        systemd.notify("STOPPING=1", systemd.more_time(drain_seconds + STOP_SECONDS))
        for part in parts:
            if part.done() and not self._fault:
                self._fault = part.exception()
        reason = self._stop_reason or f"a bug in the program: {self._fault!r}"
        logger().info(Event.SERVICE_STOPPING, reason=reason, running=self._supervisor.running)
        await cancel_all(parts)
        await self._jobs.drain(drain_seconds)
        if self._fault:
            raise self._fault

    async def count_left(self) -> int:
        """How many stories continue at the next start; -1 when work/ cannot be read."""
        try:
            return len(await self._threads.steps.run(self._spool.jobs))
        except OSError:
            return -1


def opened(spool: Spool) -> Spool:
    """The spool with its folders and its lock.

    Raises AlreadyRunning, SpoolError when the folders must be changed, and FoldersAway when they
    cannot be used now: then it may help to start again.
    """
    try:
        return spool.open()
    except OSError as error:
        what = f"{error.filename or spool.folders.root}: {error.strerror or error}"
        raise FoldersAway(f"{what}. Look at the disk, or wait for the share.") from error
    except SpoolError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno not in LASTING:
            raise FoldersAway(str(error)) from error
        raise

"""The service: start-up, main loop, shutdown. It owns spool, watcher, workers and signals."""

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
from daemon.inbox import Settled, Watcher, entries_of
from daemon.log import Event, logger
from daemon.media.library import library
from daemon.service import systemd
from daemon.service.room import Room
from daemon.service.supervisor import Supervisor
from daemon.spool import Job, Left, Spool, Unclaimable, recover
from daemon.workers import sandbox
from daemon.workers.local import LocalWorkers

HEARTBEAT_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
"""How much later than planned the watcher may look before the service counts as ill."""


class Service:
    """One run of the service.

    `load` reads the settings again; `once`: end when everything that is ready is done.
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
        self._room = Room(self._spool.free_bytes, self._current)
        self._supervisor = Supervisor(self._spool, self._workers, self._room, self._current)
        inbox = settings.folders.inbox
        self._watcher = Watcher(inbox, lambda: self._settings.watch, self._track_names)
        self._jobs: dict[asyncio.Task[None], Job] = {}
        self._is_claiming = False
        self._stopping = asyncio.Event()
        self._stop_reason = ""
        self._broken: BaseException | None = None

    def _current(self) -> Settings:
        return self._settings

    def _track_names(self) -> set[str]:
        return {track.name for track in library(self._settings.music.library)}

    # ---- start-up -----------------------------------------------------------------------------------

    async def run(self) -> int:
        """Serve until told to stop; the exit code. Raises SpoolError when the folders cannot be used."""
        self._spool.open()
        try:
            recovered = recover(self._spool)
            self._supervisor.remember_music()
            self._listen_to_signals()
            self._say_started()
            try:
                for found in recovered:
                    self._go_on(found.job, found.state)
                await self._serve()
            finally:
                await asyncio.to_thread(self._workers.stop)
        finally:
            left = len(self._spool.jobs())
            self._spool.close()
        counts = {
            "delivered": self._supervisor.delivered,
            "failed": self._supervisor.failed,
            "left": left,
        }
        logger().info(Event.SERVICE_STOPPED, seconds=self._uptime(), **counts)
        return 1 if self._once and self._supervisor.failed else 0

    def _say_started(self) -> None:
        tracks = len(self._track_names())
        logger().info(
            Event.SERVICE_STARTED,
            version=version("storyreel"),
            pid=os.getpid(),
            root=str(self._settings.folders.root),
            workers=self._settings.workers.count,
            tracks=tracks,
        )
        if not tracks:
            mend = "Put tracks into folders of moods in music.folder."
            self._degraded("the music library is empty", mend)
        if not sandbox.is_supported():
            mend = "Run on Linux 5.13 or newer with Landlock enabled."
            self._degraded("this kernel cannot confine the workers", mend)

    def _go_on(self, job: Job, state: Left) -> None:
        """Take up what an earlier run left."""
        told = {"story": job.name, "job": job.id, "attempts": job.attempts, "state": str(state)}
        logger().warning(Event.STORY_RECOVERED, **told)
        if state is Left.PUBLISHED:
            self._begin(job, self._supervisor.finish(job))
        elif state is Left.UNFINISHED:
            self._begin(job, self._supervisor.see_through(job))

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    # ---- main loop --------------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        """Run the parts until the end is asked for, or one of them breaks down."""
        parts = [
            self._stopping.wait(),
            self._watcher.run(),
            self._claim_settled(),
            self._tell_systemd(),
        ]
        if self._once:
            parts.append(self._stop_when_done())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._shut_down(tasks)

    async def _claim_settled(self) -> None:
        async for settled in self._watcher.settled():
            self._is_claiming = True
            await self._room.wait()
            try:
                await self._claim(settled)
            except OSError as error:
                mend = "It stays in the inbox and is tried again; look at the disk and at the folders' rights."
                self._degraded(f"{settled.name} cannot be claimed: {error.strerror}", mend)
            self._is_claiming = False

    async def _claim(self, settled: Settled) -> None:
        claimed = await asyncio.to_thread(self._spool.claim, settled.name)
        if isinstance(claimed, Unclaimable):
            told = {"story": settled.name, "reason": claimed.reason, "mend": claimed.mend}
            logger().warning(Event.STORY_UNCLAIMABLE, **told)
        elif claimed:
            changed = await asyncio.to_thread(entries_of, claimed.source) != settled.entries
            if changed and await asyncio.to_thread(self._spool.give_back, claimed):
                return  # somebody wrote into it at the last instant: it has to settle anew
            logger().info(Event.STORY_CLAIMED, story=claimed.name, job=claimed.id)
            self._begin(claimed, self._supervisor.see_through(claimed))

    def _begin(self, job: Job, life: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(life)
        self._jobs[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        job = self._jobs.pop(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, WorkersBroken):
            self._broken = error
            self._stop("no worker can be started")
        elif error:
            what = f"{job.name} (job {job.id}) stopped over a fault of the program: {error!r}"
            self._degraded(what, "It goes on when the service is started anew. Please report this.")

    async def _tell_systemd(self) -> None:
        """READY after the first scan; then a sign of life, as long as scans, claims and attempts make progress."""
        await self._watcher.first_scan.wait()
        logger().info(Event.SERVICE_READY, seconds=self._uptime())
        systemd.notify("READY=1", self._status_line())
        while True:
            await asyncio.sleep(systemd.watchdog_seconds() or HEARTBEAT_SECONDS)
            systemd.notify(*(["WATCHDOG=1"] if self._is_healthy() else []), self._status_line())

    def _is_healthy(self) -> bool:
        now = time.monotonic()
        overdue = now - self._watcher.last_look - self._settings.watch.rescan_seconds
        return overdue < PATIENCE_SECONDS and not self._supervisor.is_stuck(now)

    def _status_line(self) -> str:
        done = f"{self._supervisor.delivered} delivered, {self._supervisor.failed} failed"
        return f"STATUS={self._supervisor.running} rendering, {len(self._jobs)} at work, {done}"

    async def _stop_when_done(self) -> None:
        """For `run --once`: nothing settles, nothing waits to be claimed, no job is at work."""
        await self._watcher.first_scan.wait()
        while self._jobs or self._is_claiming or self._watcher.is_pending():
            await asyncio.sleep(0.1)
        self._stop("everything is done")

    def _reload(self) -> None:
        """SIGHUP: take over new settings, as far as that is possible while running."""
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

    # ---- shutdown ---------------------------------------------------------------------------------------------------------

    def _stop(self, reason: str) -> None:
        self._stop_reason = self._stop_reason or reason
        self._stopping.set()

    async def _shut_down(self, parts: Sequence[asyncio.Task[Any]]) -> None:
        """Take no more, let running stories finish for a while, put the rest back uncharged."""
        systemd.notify("STOPPING=1")
        self._broken = self._broken or next(
            (task.exception() for task in parts if task.done()), None
        )
        reason = self._stop_reason or f"a fault of the program: {self._broken!r}"
        logger().info(Event.SERVICE_STOPPING, reason=reason, running=self._supervisor.running)
        await _cancelled(parts)
        self._supervisor.drain()
        await _cancelled(
            [task for task, job in self._jobs.items() if not self._supervisor.is_busy(job)]
        )
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=self._settings.workers.drain_seconds)
        await _cancelled(list(self._jobs))
        if self._broken:
            raise self._broken

    def _degraded(self, reason: str, mend: str) -> None:
        logger().error(Event.SERVICE_DEGRADED, reason=reason, mend=mend)

    def _uptime(self) -> float:
        return round(time.monotonic() - self._began, 3)


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their ends."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task

"""From an inbox to a stream of settled folders: the loop.

Level-triggered: what a look finds on the disk decides, by the rule in `readiness`; notifications
only say where to look sooner. Every folder is looked at when the watcher starts and every
`rescan_seconds`, so stories are found even if no notification ever arrives.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from daemon.config import Watch
from daemon.ignored import is_ignored
from daemon.inbox.health import Health
from daemon.inbox.notifications import Notifications
from daemon.inbox.roster import Detected, Notice, Roster, Settled, Unreadable, Waiting
from daemon.inbox.view import FolderView, list_inbox, look_at
from daemon.log import Event, logger

__all__ = ["Settled", "Watcher"]

DEBOUNCE_SECONDS = 0.1
"""A copying program causes thousands of notifications; those of this time are answered together."""
NAMES_SHOWN = 10
"""Names that a log line lists at most, of possibly thousands."""


class Watcher:
    """Watches one inbox.

    `watch` gives the settings that are in force now, `known_tracks` the names in the music library,
    and `clock` monotonic seconds. `first_scan` is set when the whole inbox has been looked at once;
    `last_look` is the time of the last look.
    """

    def __init__(
        self,
        inbox: Path,
        watch: Callable[[], Watch],
        known_tracks: Callable[[], Iterable[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.first_scan = asyncio.Event()
        self.last_look = clock()
        self._inbox = inbox
        self._watch = watch
        self._known_tracks = known_tracks
        self._clock = clock
        self._roster = Roster()
        self._views: dict[str, FolderView] = {}
        self._generation = 0
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._settled: asyncio.Queue[Settled] = asyncio.Queue()
        self._health = Health(clock)

    async def settled(self) -> AsyncIterator[Settled]:
        """Yield each folder when it becomes ready.

        A folder that stays in the inbox is yielded again, less and less often.
        """
        while True:
            yield await self._settled.get()

    def is_pending(self) -> bool:
        """Whether a folder has changed and was not looked at, is settling, or is ready."""
        return bool(self._dirty) or self._roster.is_pending()

    def notify(self, name: str) -> None:
        """Take note that a folder of the inbox has changed. To be called on the loop's thread."""
        self._dirty.add(name)
        self._wake.set()

    def reconsider(self) -> None:
        """Look at every folder as if for the first time, since the settings have changed.

        A look that is under way does not count: it began with the old settings.
        """
        self._generation += 1
        self._dirty.update(self._roster.names)
        self._roster.clear()
        self._views.clear()
        self._wake.set()

    # ---- the loop -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        notifications = Notifications(
            self._inbox, lambda name: loop.call_soon_threadsafe(self.notify, name)
        )
        try:
            self._health.note(await asyncio.to_thread(notifications.start))
            seconds = self._watch().rescan_seconds
            logger().info(Event.WATCHER_STARTED, inbox=str(self._inbox), rescan_seconds=seconds)

            await self.scan()
            self.first_scan.set()
            await self._look_and_scan(notifications)
        finally:
            await asyncio.to_thread(notifications.stop)

    async def _look_and_scan(self, notifications: Notifications) -> None:
        next_scan = self._clock() + self._watch().rescan_seconds
        while True:
            await self._wait_until(min(next_scan, self._roster.next_look()))
            now = self._clock()
            if now >= next_scan:
                await self.check(notifications)
                await self.scan()
                next_scan = self._clock() + self._watch().rescan_seconds
            else:
                names = self._dirty | self._roster.due(now)
                self._dirty = set()
                await self._look(names)

    async def _wait_until(self, due: float) -> None:
        """Wait until that time, or until a notification comes and others may have followed it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, due - self._clock()))
            await asyncio.sleep(DEBOUNCE_SECONDS)
        self._wake.clear()

    async def check(self, notifications: Notifications) -> None:
        """Check that notifications arrive. If not, start them again."""
        fault = await asyncio.to_thread(notifications.check)
        if fault:
            # Somebody may have deleted the inbox. If it cannot be made, the scan will report that.
            with contextlib.suppress(OSError):
                self._inbox.mkdir()
            await asyncio.to_thread(notifications.start)
        self._health.note(fault)

    # ---- looking --------------------------------------------------------------------------------

    async def scan(self) -> None:
        """Look at every folder of the inbox."""
        began = self._clock()
        self._dirty.clear()  # before the listing: what changes during the scan is looked at again
        try:
            listing = await asyncio.to_thread(list_inbox, self._inbox)
        except OSError as error:
            self._health.degrade(f"the inbox cannot be read: {error.strerror}")
            self.last_look = self._clock()
            return

        await self._look({*listing.folders, *self._roster.names})
        log = logger().debug if self.first_scan.is_set() else logger().info
        log(
            Event.INBOX_SCANNED,
            folders=len(listing.folders),
            strays=list(listing.strays[:NAMES_SHOWN]),
            seconds=round(self._clock() - began, 3),
        )

    async def _look(self, names: Iterable[str]) -> None:
        """Look at some folders, on a thread because a network filesystem may be slow."""
        generation = self._generation
        views = {name: self._view(name) for name in sorted(names) if not is_ignored(name)}
        sightings = await asyncio.to_thread(look_at, views)
        now = self._clock()
        self.last_look = now
        if generation != self._generation:
            self._dirty.update(views)
            self._wake.set()
            return

        for name, sighting in sightings.items():
            if sighting is None:
                self._views.pop(name, None)
            for notice in self._roster.note(name, sighting, now, self._watch()):
                log_notice(notice)
                if isinstance(notice, Settled):
                    self._settled.put_nowait(notice)

    def _view(self, name: str) -> FolderView:
        if name not in self._views:
            manifest = self._watch().manifest
            self._views[name] = FolderView(self._inbox / name, manifest, self._known_tracks)
        return self._views[name]


def log_notice(notice: Notice) -> None:
    """Log what follows from a look."""
    match notice:
        case Detected(name):
            logger().info(Event.STORY_DETECTED, story=name)
        case Waiting(name, lacking, seconds):
            shown = list(lacking[:NAMES_SHOWN])
            if len(lacking) > NAMES_SHOWN:
                shown.append(f"and {len(lacking) - NAMES_SHOWN} more")
            quiet = round(seconds, 3)
            logger().warning(Event.STORY_WAITING, story=name, lacking=shown, seconds=quiet)
        case Unreadable(name, reason):
            what = f"cannot be read: {reason}"
            mend = (
                "Give the service's user permission to read and write the folder"
                " and everything in it."
            )
            logger().warning(Event.STORY_UNCLAIMABLE, story=name, reason=what, mend=mend)
        case Settled(name, _, seconds):
            logger().info(Event.STORY_READY, story=name, seconds=round(seconds, 3))

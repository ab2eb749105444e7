"""From an inbox to a stream of settled folders.

Level-triggered: a look at the disk decides everything, by the rule in `readiness`; notifications only
say where to look sooner. All folders are looked at at the start and every `rescan_seconds`, so that no
notification need ever arrive.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from daemon.config import Watch
from daemon.inbox.health import Health
from daemon.inbox.notifications import Notifications
from daemon.inbox.readiness import Sighting
from daemon.inbox.roster import Detected, Notice, Roster, Settled, Unreadable, Waiting
from daemon.inbox.view import FolderView, list_inbox
from daemon.litter import is_ignored
from daemon.log import Event, logger

__all__ = ["Settled", "Watcher"]

DEBOUNCE_SECONDS = 0.1
"""A copying program causes thousands of notifications; they are answered together."""
NAMES_SHOWN = 10


class Watcher:
    """Watches one inbox.

    `watch` gives the settings that are in force now, `known_tracks` the names in the music library,
    `clock` monotonic seconds. `first_scan` is set when the inbox has been looked through once,
    `last_look` is when anything was looked at.
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
        """The folders that are ready, as they become so.

        One that stays in the inbox is offered again, less and less often.
        """
        while True:
            yield await self._settled.get()

    def is_pending(self) -> bool:
        """Whether a folder is on its way: settling, or ready and not yet taken."""
        return bool(self._dirty) or self._roster.is_pending()

    def reconsider(self) -> None:
        """Look at everything as if for the first time: the settings have changed.

        What is being looked at just now does not count.
        """
        self._generation += 1
        self._dirty.update(self._roster.names)
        self._roster.clear()
        self._views.clear()
        self._wake.set()

    # ---- the loop -----------------------------------------------------------------------------------

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

    def notify(self, name: str) -> None:
        """Something has changed in this folder of the inbox. To be called on the loop's thread."""
        self._dirty.add(name)
        self._wake.set()

    async def _look_and_scan(self, notifications: Notifications) -> None:
        next_scan = self._clock() + self._watch().rescan_seconds
        while True:
            await self._sleep_until(min([next_scan, *self._roster.look_times().values()]))
            if self._clock() >= next_scan:
                await self.check(notifications)
                await self.scan()
                next_scan = self._clock() + self._watch().rescan_seconds
            else:
                await self._look(self._take_due())

    async def _sleep_until(self, due: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, due - self._clock()))
            await asyncio.sleep(DEBOUNCE_SECONDS)
        self._wake.clear()

    def _take_due(self) -> set[str]:
        now = self._clock()
        due = {name for name, look_at in self._roster.look_times().items() if look_at <= now}
        names = self._dirty | due
        self._dirty = set()
        return names

    async def check(self, notifications: Notifications) -> None:
        """Make sure that notifications arrive, else watch from the start again."""
        fault = await asyncio.to_thread(notifications.check)
        if fault:
            with contextlib.suppress(OSError):  # it is there, or cannot be: the scan will say so
                self._inbox.mkdir()
            await asyncio.to_thread(notifications.start)
        self._health.note(fault)

    # ---- looking ------------------------------------------------------------------------------------

    async def scan(self) -> None:
        """Look at every folder of the inbox."""
        began = self._clock()
        self._dirty.clear()
        try:
            listing = await asyncio.to_thread(list_inbox, self._inbox)
        except OSError as error:
            self._health.degrade(f"the inbox cannot be read: {error.strerror}")
            self.last_look = self._clock()
            return
        await self._look({*listing.folders, *self._roster.names})
        say = logger().debug if self.first_scan.is_set() else logger().info
        say(
            Event.INBOX_SCANNED,
            folders=len(listing.folders),
            strays=list(listing.strays[:NAMES_SHOWN]),
            seconds=round(self._clock() - began, 3),
        )

    async def _look(self, names: Iterable[str]) -> None:
        """Look at some folders, and act on what was seen.

        On a thread, for a network filesystem may take its time.
        """
        views = {name: self._view(name) for name in sorted(names) if not is_ignored(name)}
        generation = self._generation
        sightings = await asyncio.to_thread(
            lambda: {name: _sight(view) for name, view in views.items()}
        )
        now = self._clock()
        self.last_look = now
        if generation != self._generation:
            self._dirty.update(views)
            self._wake.set()
            return
        for name, sighting in sightings.items():
            if sighting is None:
                self._views.pop(name, None)
            else:
                self._views[name] = views[name]
            for notice in self._roster.note(name, sighting, now, self._watch()):
                self._act(notice)

    def _view(self, name: str) -> FolderView:
        known = self._views.get(name)
        if known:
            return known
        return FolderView(self._inbox / name, self._watch().manifest, self._known_tracks)

    def _act(self, notice: Notice) -> None:
        match notice:
            case Detected(name):
                logger().info(Event.STORY_DETECTED, story=name)
            case Waiting(name, lacking, seconds):
                shown = _shown(lacking)
                quiet = round(seconds, 3)
                logger().warning(Event.STORY_WAITING, story=name, lacking=shown, seconds=quiet)
            case Unreadable(name, reason):
                what = f"cannot be read: {reason}"
                mend = "Give the service's user the right to read and write the folder and all that is in it."
                logger().warning(Event.STORY_UNCLAIMABLE, story=name, reason=what, mend=mend)
            case Settled(name, _, seconds):
                logger().info(Event.STORY_READY, story=name, seconds=round(seconds, 3))
                self._settled.put_nowait(notice)


def _sight(view: FolderView) -> Sighting | OSError | None:
    try:
        return view.look()
    except OSError as error:
        return error


def _shown(lacking: tuple[str, ...]) -> list[str]:
    """The first names of what a folder lacks: a log line is not a list of a thousand files."""
    more = len(lacking) - NAMES_SHOWN
    return [*lacking[:NAMES_SHOWN], *([f"and {more} more"] if more > 0 else [])]

"""From an inbox to a stream of settled folders.

Level-triggered: a look at the disk decides everything, by the rule in `readiness`; events only say where to look sooner. All
folders are looked at at the start and every `rescan_seconds`, so that not one event need ever arrive.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Watch
from daemon.events import InboxEvents
from daemon.inbox import FolderView, list_inbox
from daemon.log import Event, logger
from daemon.names import is_ignored
from daemon.readiness import Entry, Sighting, State, Verdict, Watched, judge, remember

DEBOUNCE_SECONDS = 0.1
"""A copying program makes thousands of events; they are looked at together."""
FIRST_REPORT_SECONDS, LAST_REPORT_SECONDS = 60.0, 3600.0
FIRST_OFFER_SECONDS, LAST_OFFER_SECONDS = 5.0, 600.0
REBUILDS = 3
"""How often the observer is rebuilt in a row before the watcher counts as degraded; it is rebuilt further, quietly."""
NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Settled:
    """A folder in the inbox that is complete and quiet, and just what it was when it was."""

    name: str
    entries: tuple[Entry, ...]


class Watcher:
    """Watches one inbox. `watch` gives the settings that are in force now, `known_tracks` the music library's names."""

    def __init__(
        self,
        inbox: Path,
        watch: Callable[[], Watch],
        known_tracks: Callable[[], Iterable[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._watch = watch
        self._known_tracks = known_tracks
        self._clock = clock
        self._folders: dict[str, _Folder] = {}
        self._generation = 0
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._settled: asyncio.Queue[Settled] = asyncio.Queue()
        self._health = _Health(clock)
        self.first_scan = asyncio.Event()
        self.last_look = clock()

    async def settled(self) -> AsyncIterator[Settled]:
        """The folders that are ready, as they become so. One that stays in the inbox is offered again, ever more rarely."""
        while True:
            yield await self._settled.get()

    def is_pending(self) -> bool:
        """Whether a folder is on its way: settling, or ready and not yet taken."""
        return bool(self._dirty) or any(folder.state is not State.WAITING for folder in self._folders.values())

    def reconsider(self) -> None:
        """Forget what was seen, and what is being seen just now: the settings have changed."""
        self._generation += 1
        self._dirty.update(self._folders)
        self._folders.clear()
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        events = InboxEvents(self._inbox, lambda name: loop.call_soon_threadsafe(self._note, name))
        try:
            self._health.note(await asyncio.to_thread(events.start))
            logger().info(Event.WATCHER_STARTED, inbox=str(self._inbox), rescan_seconds=self._watch().rescan_seconds)
            await self._scan()
            self.first_scan.set()
            await self._look_and_scan(events)
        finally:
            await asyncio.to_thread(events.stop)

    async def _look_and_scan(self, events: InboxEvents) -> None:
        next_scan = self._clock() + self._watch().rescan_seconds
        while True:
            await self._sleep_until(min([next_scan, *self._due_times()]))
            if self._clock() >= next_scan:
                await self._check(events)
                await self._scan()
                next_scan = self._clock() + self._watch().rescan_seconds
            else:
                await self._look(self._take_due())

    async def _sleep_until(self, due: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, due - self._clock()))
            await asyncio.sleep(DEBOUNCE_SECONDS)
        self._wake.clear()

    def _note(self, name: str) -> None:
        """An event came from this folder."""
        self._dirty.add(name)
        self._wake.set()

    def _due_times(self) -> list[float]:
        return [folder.look_at for folder in self._folders.values() if folder.look_at is not None]

    def _take_due(self) -> set[str]:
        now = self._clock()
        due = {name for name, folder in self._folders.items() if folder.look_at is not None and folder.look_at <= now}
        names, self._dirty = self._dirty | due, set()
        return names

    async def _check(self, events: InboxEvents) -> None:
        """Make sure that events arrive, else begin anew to watch."""
        fault = await asyncio.to_thread(events.check)
        if fault:
            with contextlib.suppress(OSError):  # it is there; or cannot be: the scan will say so
                self._inbox.mkdir()
        if fault:
            await asyncio.to_thread(events.start)
        self._health.note(fault)

    async def _scan(self) -> None:
        """Look at every folder of the inbox."""
        began = self._clock()
        self._dirty.clear()
        try:
            listing = await asyncio.to_thread(list_inbox, self._inbox)
        except OSError as error:
            self._health.degrade(f"the inbox cannot be read: {error.strerror}")
            self.last_look = self._clock()
            return
        await self._look({*listing.folders, *self._folders})
        say = logger().debug if self.first_scan.is_set() else logger().info
        seconds = round(self._clock() - began, 3)
        say(Event.INBOX_SCANNED, folders=len(listing.folders), strays=list(listing.strays[:NAMES_SHOWN]), seconds=seconds)

    async def _look(self, names: Iterable[str]) -> None:
        """Look at some folders, on a thread (a network filesystem may take its time), and act on what was seen."""
        views = [(name, self._view(name)) for name in sorted(names) if not is_ignored(name)]
        generation = self._generation
        sightings = await asyncio.to_thread(lambda: [(name, view, _sight(view)) for name, view in views])
        now = self.last_look = self._clock()
        if generation != self._generation:
            self._dirty.update(name for name, _ in views)
            self._wake.set()
            return
        for name, view, sighting in sightings:
            if sighting is None:
                self._folders.pop(name, None)
            else:
                self._take_note(name, view, sighting, now)

    def _view(self, name: str) -> FolderView:
        known = self._folders.get(name)
        return known.view if known else FolderView(self._inbox / name, self._watch().manifest, self._known_tracks)

    def _take_note(self, name: str, view: FolderView, sighting: Sighting | OSError, now: float) -> None:
        if name not in self._folders:
            self._folders[name] = _Folder(view)
            logger().info(Event.STORY_DETECTED, story=name)
        folder = self._folders[name]
        if isinstance(sighting, OSError):
            folder.report_unreadable(name, sighting, now)
            return
        verdict = folder.judge(sighting, now, self._watch())
        if verdict.state is State.WAITING:
            folder.report_waiting(name, verdict, now)
        if verdict.state is State.READY and folder.offers.is_due(now):
            logger().info(Event.STORY_READY, story=name, seconds=round(verdict.quiet, 3))
            self._settled.put_nowait(Settled(name, sighting.entries))


def _sight(view: FolderView) -> Sighting | OSError | None:
    try:
        return view.look()
    except OSError as error:
        return error


class _Folder:
    """One folder of the inbox: how it looks, since when, and what was said of it."""

    def __init__(self, view: FolderView) -> None:
        self.view = view
        self.state = State.SETTLING
        self.look_at: float | None = None
        self.offers = _Backoff(FIRST_OFFER_SECONDS, LAST_OFFER_SECONDS)
        self._watched: Watched | None = None
        self._reports = _Backoff(FIRST_REPORT_SECONDS, LAST_REPORT_SECONDS)

    def judge(self, sighting: Sighting, now: float, watch: Watch) -> Verdict:
        before = self._watched
        self._watched = remember(before, sighting, now)
        if self._watched is not before:
            self.offers.restart()
        verdict = judge(self._watched, sighting, now, watch)
        self.state = verdict.state
        self.look_at = None if verdict.again is None else now + verdict.again
        return verdict

    def report_waiting(self, name: str, verdict: Verdict, now: float) -> None:
        if self._reports.is_due(now):
            lacking = [*verdict.lacking[:NAMES_SHOWN]]
            if (more := len(verdict.lacking) - NAMES_SHOWN) > 0:
                lacking.append(f"and {more} more")
            logger().warning(Event.STORY_WAITING, story=name, lacking=lacking, seconds=round(verdict.quiet, 3))

    def report_unreadable(self, name: str, error: OSError, now: float) -> None:
        self.state, self.look_at = State.WAITING, None
        if self._reports.is_due(now):
            mend = "Give the service's user the right to read and write the folder and all that is in it."
            logger().warning(Event.STORY_UNCLAIMABLE, story=name, reason=f"cannot be read: {error.strerror}", mend=mend)


class _Backoff:
    """Times that lie ever further apart."""

    def __init__(self, first: float, last: float) -> None:
        self._first, self._last = first, last
        self.restart()

    def restart(self) -> None:
        self._due, self._step = float("-inf"), self._first

    def is_due(self, now: float) -> bool:
        """Whether it is time; if so, the next time is further away."""
        if now < self._due:
            return False
        self._due, self._step = now + self._step, min(2 * self._step, self._last)
        return True


class _Health:
    """Whether events arrive, and what was said of it: loudly once when they do not, and once when they do again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults = 0
        self._degraded_at: float | None = None

    def note(self, fault: str) -> None:
        """The result of a check: a fault, or nothing."""
        if fault:
            self._faults += 1
            if self._faults >= REBUILDS:
                self.degrade(fault)
            return
        self._faults = 0
        if self._degraded_at is not None:
            logger().info(Event.WATCHER_RECOVERED, seconds=round(self._clock() - self._degraded_at, 3))
            self._degraded_at = None

    def degrade(self, reason: str) -> None:
        if self._degraded_at is None:
            self._degraded_at = self._clock()
            mend = "Scans find stories meanwhile. Look at the folder, its rights, and fs.inotify.max_user_watches."
            logger().error(Event.WATCHER_DEGRADED, reason=reason, mend=mend)

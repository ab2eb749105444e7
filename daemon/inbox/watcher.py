"""From an inbox to settled folders that can be taken: the loop.

Level-triggered: what a look finds on the disk decides, by the rule in `readiness`; notifications
only say where to look sooner. Every folder is looked at when the watcher starts and every
`rescan_seconds`, so stories are found even if no notification ever arrives.

The inbox is the queue: a ready folder is on offer until it is taken, changes or vanishes.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from daemon.config import Watch
from daemon.ignored import is_ignored
from daemon.inbox.glance import glance_at, shows_new_names
from daemon.inbox.health import Health
from daemon.inbox.looks import LATE_SECONDS, Look, Looks
from daemon.inbox.notifications import Notifications, identity_of
from daemon.inbox.quota import Quota
from daemon.inbox.readiness import MOST_LACKING
from daemon.inbox.roster import Detected, Notice, Roster, Settled, Stuck, Unreadable, Waiting
from daemon.inbox.view import FolderView, list_inbox
from daemon.log import Event, logger

__all__ = ["Settled", "Watcher"]

DEBOUNCE_SECONDS = 0.1
"""A copying program causes thousands of notifications; those of this time are answered together."""
RESTS = 9
"""A folder whose look took long is left alone for that many times as long, up to one rescan."""
LONG_SECONDS = 0.05
"""A look that took longer was a long one."""
MOST_LEAKED = 500
"""After this many folders have left the inbox, it is watched from the start again: watchdog keeps
the watches of folders that are moved away, and the system has a limit of them."""


class Watcher:
    """Watches one inbox.

    `watch` gives the settings that are in force now, `known_tracks` the names in the music library,
    and `clock` monotonic seconds. `first_scan` is set when the whole inbox has been looked at once;
    `last_look` is when a look last came back. A look that hangs does not count. `trust_glances`:
    folders that wait, or are on offer, are only glanced at in scans.
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
        self.trust_glances = False
        self._inbox = inbox
        self._watch = watch
        self._known_tracks = known_tracks
        self._clock = clock
        self._roster = Roster()
        self._views: dict[str, FolderView] = {}
        self._looks = Looks(self._look_is_back, self._look_is_late, clock)
        self._health = Health(clock)
        self._quota = Quota()

        self._dirty: set[str] = set()
        self._resting: dict[str, bool] = {}  # whether a look was asked for meanwhile
        self._next_look = math.inf
        self._wake = asyncio.Event()
        self._rescan = asyncio.Event()
        self._offered = asyncio.Event()
        self._glancing: asyncio.Future[set[str]] | None = None
        self._changes_checked = 0
        self._left = 0
        self._parent: tuple[int, int] | None = None

    # ---- for the service ------------------------------------------------------------------------

    async def take(self) -> Settled:
        """Wait until a folder is ready, and return the one that became ready first.

        A folder that stays in the inbox afterwards is offered again, less and less often.
        """
        while not self._roster.offers:
            self._offered.clear()
            await self._offered.wait()
        return self._roster.take(self._clock())

    def refuse(self, name: str) -> None:
        """Take note that a folder that was taken cannot be claimed.

        It is not pending until it changes, or is offered again.
        """
        self._roster.refuse(name)

    def postpone(self, name: str, lacking: Iterable[str]) -> None:
        """Let a folder that was taken wait for a moment, for what it lacks, in words.

        It is then offered again, unless it changes.
        """
        self._log(self._roster.postpone(name, lacking, self._clock()))
        self._wake.set()

    def hold(self, name: str, fingerprint: str, lacking: Iterable[str]) -> None:
        """Let a folder that comes back to the inbox wait for what it lacks, in words.

        It waits until its files have another fingerprint than this one, or until it is given up.
        May be called before or after the folder is back.
        """
        self._roster.hold(name, fingerprint, lacking)
        self.notify(name)

    def held(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """What `hold` was called with for each folder that is held now."""
        return self._roster.held()

    def is_pending(self) -> bool:
        """Whether a folder has changed and was not looked at, is settling, or is ready."""
        is_asked = bool(self._dirty) or any(self._resting.values())
        return is_asked or self._looks.is_busy() or self._roster.is_pending()

    def notify(self, name: str) -> None:
        """Take note that a folder of the inbox has changed. To be called on the loop's thread."""
        self._dirty.add(name)
        self._wake.set()

    def reconsider(self) -> None:
        """Look at every folder as if for the first time, at once: the settings have changed.

        A look that is under way does not count: it began with the old settings.
        """
        self._dirty.update(self._roster.names)
        self._roster.clear()
        self._views.clear()
        self._wake.set()
        self._rescan.set()

    # ---- the loops ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # the first scan reports it
            self._parent = await asyncio.to_thread(identity_of, self._inbox.parent)
        notifications = Notifications(
            self._inbox, lambda name: loop.call_soon_threadsafe(self.notify, name), self._clock
        )
        try:
            self._health.note(await asyncio.to_thread(notifications.start))
            self.trust_glances = await asyncio.to_thread(shows_new_names, self._inbox)
            seconds = self._watch().rescan_seconds
            logger().info(Event.WATCHER_STARTED, inbox=str(self._inbox), rescan_seconds=seconds)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._scan_regularly(notifications))
                tasks.create_task(self._look_when_due())
        finally:
            self._looks.stop()
            await asyncio.to_thread(notifications.stop)

    async def _scan_regularly(self, notifications: Notifications) -> None:
        """Scan at once, every `rescan_seconds`, and when the settings have changed."""
        await self.scan()
        self.first_scan.set()
        while True:
            await set_within(self._rescan, self._watch().rescan_seconds)
            if self._rescan.is_set():
                self._rescan.clear()  # too soon after the last check for another one
            else:
                await self.check(notifications)
            await self.scan()

    async def _look_when_due(self) -> None:
        """Look at folders when notifications have come, and when time alone changes their state."""
        while True:
            self._next_look = self._roster.next_look()
            await self._sleep_until(self._next_look)
            if self._dirty:
                await asyncio.sleep(DEBOUNCE_SECONDS)  # others may follow
            names = self._dirty | self._roster.due(self._clock())
            self._dirty = set()
            self._looks.ask(self._views_of(names))

    async def _sleep_until(self, due: float) -> None:
        """Sleep until that time, or until something wakes us."""
        await set_within(self._wake, None if math.isinf(due) else due - self._clock())
        self._wake.clear()

    async def check(self, notifications: Notifications) -> None:
        """Check that notifications arrive. If not, or if watches have leaked, start them again."""
        has_changes = self._roster.changes != self._changes_checked
        self._changes_checked = self._roster.changes
        fault = await asyncio.to_thread(notifications.check, in_doubt=has_changes)
        if fault:
            # Somebody may have deleted the inbox. If it cannot be made, the scan will report that.
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._make_again)
        if fault or self._left >= max(MOST_LEAKED, len(self._views)):
            self._left = 0
            await asyncio.to_thread(notifications.start)
            self.trust_glances = await asyncio.to_thread(shows_new_names, self._inbox)
        self._health.note(fault)

    def _make_again(self) -> None:
        """Make the inbox, unless the disk that it is on is not there.

        What is dropped where a disk will be mounted is hidden when it is. Raises OSError.
        """
        if identity_of(self._inbox.parent) == self._parent:
            self._inbox.mkdir()

    # ---- looking --------------------------------------------------------------------------------

    async def scan(self) -> None:
        """Look at every folder of the inbox; return when all looks are back, or hang."""
        began = self._clock()
        self._dirty.clear()  # before the listing: what changes during the scan is looked at again
        try:
            listing = await asyncio.to_thread(
                list_inbox, self._inbox, self._watch().ignore, self._roster.names
            )
        except OSError as error:
            self._health.note_listing(error.strerror or str(error))
            self.last_look = self._clock()
            return
        self._health.note_listing("")

        names = listing.folders | self._roster.names
        await self._looks.ask_and_wait(self._views_of(names - await self.with_nothing_new()))
        self.last_look = self._clock()
        self._log([])  # what was only counted
        log = logger().debug if self.first_scan.is_set() else logger().info
        log(
            Event.INBOX_SCANNED,
            folders=len(listing.folders),
            strays=list(listing.strays[:MOST_LACKING]),
            seconds=round(self._clock() - began, 3),
        )

    async def with_nothing_new(self) -> set[str]:
        """The folders at rest, and that a glance shows to rest still: no look is needed.

        Where a glance hangs, or means nothing, all folders are looked at.
        """
        if not self.trust_glances or (self._glancing and not self._glancing.done()):
            return set()
        at_rest = self._roster.at_rest(self._clock())
        marks = {name: self._views[name].marks for name in at_rest if name in self._views}
        glancing = asyncio.ensure_future(asyncio.to_thread(glance_at, self._inbox, marks))
        self._glancing = glancing
        await asyncio.wait([glancing], timeout=LATE_SECONDS)
        return glancing.result() if glancing.done() else set()

    def _views_of(self, names: Iterable[str]) -> dict[str, FolderView]:
        """The views to look at now, by name. A folder that rests is looked at later."""
        watch = self._watch()
        views: dict[str, FolderView] = {}
        for name in sorted(names):
            if is_ignored(name, watch.ignore):
                continue
            if name in self._resting:
                self._resting[name] = True
                continue
            if name not in self._views:
                folder = self._inbox / name
                view = FolderView(
                    folder, watch.manifest, self._known_tracks, watch.ignore, self._clock
                )
                self._views[name] = view
            views[name] = self._views[name]
        self._roster.begin(names)
        return views

    def _look_is_back(self, look: Look) -> None:
        """Take note of a look, unless the settings have changed since it began."""
        self.last_look = self._clock()
        if self._views.get(look.name) is not look.view:
            self.notify(look.name)
            return

        if look.sighting is None:
            self._views.pop(look.name)
            self._left += look.name in self._roster
        self._log(
            self._roster.note(look.name, look.sighting, look.began, self._watch(), look.ended)
        )
        if self._roster.offers:
            self._offered.set()
        if self._roster.look_at(look.name) < self._next_look:
            self._wake.set()

        seconds = look.finished - look.began
        if seconds > LONG_SECONDS:
            self._resting[look.name] = False
            wait = min(RESTS * seconds, self._watch().rescan_seconds)
            asyncio.get_running_loop().call_later(wait, self._has_rested, look.name)

    def _look_is_late(self, name: str, seconds: float) -> None:
        self._log(self._roster.stuck(name, seconds, self._clock()))

    def _has_rested(self, name: str) -> None:
        if self._resting.pop(name):
            self.notify(name)

    def _log(self, notices: Iterable[Notice]) -> None:
        """Log what follows from looks, but not thousands of lines at once."""
        now = self._clock()
        for notice in notices:
            if isinstance(notice, Stuck) or self._quota.allows(kind_of(notice), now):
                log_notice(notice)
        if counted := self._quota.counted(now):
            logger().warning(Event.INBOX_CROWDED, more=counted, folders=len(self._views))


async def set_within(event: asyncio.Event, seconds: float | None) -> None:
    """Return when an event is set, or after that time.

    `asyncio.wait_for` would do the same, but up to Python 3.11 it swallows a cancellation that
    comes together with the event (python/cpython#86296). Then the service never stops.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def kind_of(notice: Notice) -> str:
    """What a notice is about, in a word: "detected", "waiting" …"""
    return type(notice).__name__.lower()


def log_notice(notice: Notice) -> None:
    """Log what follows from a look."""
    match notice:
        case Detected(name):
            logger().info(Event.STORY_DETECTED, story=name)
        case Waiting(name, lacking, seconds):
            quiet = round(seconds, 3)
            logger().warning(Event.STORY_WAITING, story=name, lacking=list(lacking), seconds=quiet)
        case Unreadable(name, reason):
            what = f"cannot be read: {reason}"
            mend = "Make the folder and everything in it readable for everyone (chmod -R a+rX)."
            logger().warning(Event.STORY_UNCLAIMABLE, story=name, reason=what, mend=mend)
        case Stuck(name, seconds):
            what = f"a look at it has not come back for {seconds:.0f} s"
            mend = "Look at the disk or the share that it lies on."
            logger().warning(Event.STORY_UNCLAIMABLE, story=name, reason=what, mend=mend)
        case Settled(name, _, seconds):  # pragma: no branch - there is no other notice
            logger().info(Event.STORY_READY, story=name, seconds=round(seconds, 3))

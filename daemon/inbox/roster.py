"""What is known of each folder in the inbox, and what follows from the next look at it.

Pure: it is given what was seen and what time it is, and returns what to say and what to do. Times
are seconds of the monotonic clock.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from daemon.config import Watch
from daemon.inbox.agenda import Agenda
from daemon.inbox.entries import Entries, changes, fingerprint
from daemon.inbox.readiness import Sighting, State, Verdict, Watched, first_of, judge, remember

FIRST_OFFER_SECONDS = 5.0
LAST_OFFER_SECONDS = 600.0
"""A folder that was taken and stays in the inbox is offered again after the first of these. Each
further wait is twice as long, up to the last."""
POSTPONED_SECONDS = 5.0
"""A folder that is postponed is offered again after this time."""
FIRST_REPORT_SECONDS = 60.0
LAST_REPORT_SECONDS = 3600.0
"""The same for the reports on a folder that waits, or that cannot be read."""
RESTLESS_SECONDS = 300.0
RESTLESS_CHANGES = 20
"""A folder that has been changing for longer than this, and has changed as often since it was last
quiet, is reported with what changes."""


@dataclass(frozen=True, slots=True)
class Detected:
    """A folder that was not there before."""

    name: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A folder that lacks something, and has been quiet for `seconds`."""

    name: str
    lacking: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder that could not be looked at."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """A folder whose look has not come back for `seconds`."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A folder that is ready, with its files as they are; it has been quiet for `seconds`.

    `lacking`: what it still lacks, where it has been given up.
    """

    name: str
    entries: Entries
    seconds: float
    lacking: tuple[str, ...] = ()


Notice = Detected | Waiting | Unreadable | Stuck | Settled


@dataclass(slots=True)
class Held:
    """Why a folder waits although the rule finds it complete; `is_seen`: it is in the inbox."""

    fingerprint: str
    lacking: tuple[str, ...]
    is_seen: bool = False


class Roster:
    """The folders of one inbox.

    `offers` are the folders to be taken, by name; the one that became ready first is the first.
    `changes` counts what looks have found changed.
    """

    def __init__(self) -> None:
        self.offers: dict[str, Settled] = {}
        self.changes = 0
        self._folders: dict[str, _Folder] = {}
        self._agenda = Agenda()
        self._held: dict[str, Held] = {}

    @property
    def names(self) -> set[str]:
        """The folders that were there at the last look."""
        return set(self._folders)

    def __contains__(self, name: str) -> bool:
        return name in self._folders

    def look_at(self, name: str) -> float:
        """When a folder must be looked at because of the time alone; infinity if it need not."""
        return self._agenda.time_of(name)

    def is_pending(self) -> bool:
        """Whether a folder is settling, on offer, or taken and neither gone nor refused."""
        return any(folder.is_pending for folder in self._folders.values())

    def next_look(self) -> float:
        """When `due` next has a folder; infinity when nothing changes by time alone."""
        return self._agenda.first()

    def due(self, now: float) -> set[str]:
        """The folders that need a look because of the time alone, without any change."""
        return self._agenda.due(now)

    def begin(self, names: Iterable[str]) -> None:
        """Take note that looks at these folders begin: `due` leaves them out until `note`."""
        for name in names:
            self._agenda.put(name, math.inf)

    def at_rest(self, now: float) -> list[str]:
        """The folders that wait for what they lack, or are on offer: a glance is enough for them.

        A change of its names ends the wait of the one, and takes the other back; what else changes
        in a folder on offer shows when it is claimed. Not those that could not be read or are held,
        for which any change counts, and not those that are due. They are in the order in which
        they were found: going through thousands takes a fifth longer in any other one.
        """
        others = self._agenda.due(now) | self._held.keys()
        return [
            name
            for name, folder in self._folders.items()
            if (folder.is_waiting and folder.watched is not None) or name in self.offers
            if name not in others
        ]

    def clear(self) -> None:
        """Forget all folders: what was seen of them no longer counts."""
        self._folders.clear()
        self._agenda = Agenda()
        self.offers.clear()

    def take(self, now: float) -> Settled:
        """The offer that became ready first, which ends. There must be one."""
        name = next(iter(self.offers))
        self._folders[name].next_offer.is_due(now)
        return self.offers.pop(name)

    def refuse(self, name: str) -> None:
        """Take note that a folder that was taken cannot be claimed: it is not pending any more."""
        if folder := self._folders.get(name):
            folder.is_refused = True

    def postpone(self, name: str, lacking: Iterable[str], now: float) -> list[Notice]:
        """Let a folder that was taken wait for a moment, for something that no look shows.

        Returns what follows from it. The folder is then offered again, unless it changes.
        """
        folder = self._folders.get(name)
        if folder is None:
            return []
        quiet = folder.verdict.quiet
        folder.verdict = Verdict(State.WAITING, quiet, first_of(list(lacking)))
        folder.next_offer.due = now + POSTPONED_SECONDS
        self._agenda.put(name, folder.next_offer.due)
        if folder.next_report.is_due(now):
            return [Waiting(name, folder.verdict.lacking, quiet)]
        return []

    def hold(self, name: str, digest: str, lacking: Iterable[str]) -> None:
        """Let a folder wait as if it lacked something, until its fingerprint is not `digest`."""
        self._held[name] = Held(digest, first_of(list(lacking)))
        if folder := self._folders.get(name):
            folder.restart()
        self._agenda.put(name, math.inf)
        self.offers.pop(name, None)

    def held(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """The folders that are held: their names, their fingerprints, what they lack."""
        return [(name, held.fingerprint, held.lacking) for name, held in self._held.items()]

    def stuck(self, name: str, seconds: float, now: float) -> list[Notice]:
        """Take note that a look at a folder has not come back, and return what follows from it."""
        notices = self._found(name)
        self.offers.pop(name, None)
        self._agenda.put(name, math.inf)
        if self._folders[name].wait_for_a_change(now):
            notices.append(Stuck(name, seconds))
        return notices

    def note(
        self,
        name: str,
        sighting: Sighting | OSError | None,
        now: float,
        watch: Watch,
        ended: float | None = None,
    ) -> list[Notice]:
        """Take note of a look at a folder, and return what follows from it.

        The look began at `now`, and had seen all files at `ended` (at once, if absent). `sighting`
        is the error if the folder could not be read, and None if there is no such folder.
        """
        if sighting is None:
            self._gone(name)
            return []

        notices = self._found(name)
        folder = self._folders[name]
        if isinstance(sighting, OSError):
            self.offers.pop(name, None)
            self._agenda.put(name, math.inf)
            if folder.wait_for_a_change(now):
                notices.append(Unreadable(name, sighting.strerror or str(sighting)))
            return notices

        sighting = self._as_held(name, sighting, now)
        notice = folder.seen(name, sighting, now, watch, now if ended is None else ended)
        self._agenda.put(name, folder.look_at)
        self.changes += folder.has_changed
        self._offer(name, sighting, now)
        return [*notices, notice] if notice else notices

    def _offer(self, name: str, sighting: Sighting, now: float) -> None:
        """Put a folder on offer if it is ready and not just taken; else take the offer back."""
        folder = self._folders[name]
        if not folder.is_ready:
            self.offers.pop(name, None)
        elif name not in self.offers and now >= folder.next_offer.due:
            folder.is_refused = False
            quiet = folder.verdict.quiet
            self.offers[name] = Settled(name, sighting.entries, quiet, sighting.lacking)

    def _found(self, name: str) -> list[Notice]:
        if name in self._folders:
            return []
        self._folders[name] = _Folder()
        return [Detected(name)]

    def _gone(self, name: str) -> None:
        self.changes += self._folders.pop(name, None) is not None
        self.offers.pop(name, None)
        self._agenda.put(name, math.inf)
        held = self._held.get(name)
        if held and held.is_seen:
            del self._held[name]

    def _as_held(self, name: str, sighting: Sighting, now: float) -> Sighting:
        """The sighting of a folder, which lacks something more if the folder is held."""
        held = self._held.get(name)
        if held is None:
            return sighting
        if held.fingerprint != fingerprint(sighting.entries):
            del self._held[name]
            return sighting
        if not held.is_seen:
            held.is_seen = True
            self._folders[name].next_report.is_due(now)  # whoever held it has reported it
        return replace(sighting, lacking=held.lacking)


class _Folder:
    """One folder: how it looked, since when, and when it was last offered or reported.

    `look_at`: when time alone changes its state; infinity when only a change of the folder can.
    """

    __slots__ = (
        "_changes",
        "_is_announced",
        "_restless_since",
        "has_changed",
        "is_refused",
        "look_at",
        "next_offer",
        "next_report",
        "verdict",
        "watched",
    )

    def __init__(self) -> None:
        self.next_report = Backoff(FIRST_REPORT_SECONDS, LAST_REPORT_SECONDS)
        self.next_offer = Backoff(FIRST_OFFER_SECONDS, LAST_OFFER_SECONDS)
        self.restart()

    def restart(self) -> None:
        """Forget how the folder looked."""
        self.verdict = Verdict(State.SETTLING, 0.0)
        self.look_at = math.inf
        self.watched: Watched | None = None
        self.has_changed = False
        self._restless_since: float | None = None
        self._changes = 0
        self._changed()

    def _changed(self) -> None:
        self.is_refused = False
        self._is_announced = False
        self.next_offer.restart()

    @property
    def is_ready(self) -> bool:
        return self.verdict.state is State.READY

    @property
    def is_waiting(self) -> bool:
        return self.verdict.state is State.WAITING

    @property
    def is_pending(self) -> bool:
        return self.verdict.state is not State.WAITING and not self.is_refused

    def seen(
        self, name: str, sighting: Sighting, now: float, watch: Watch, ended: float
    ) -> Notice | None:
        before = self.watched
        self.watched = remember(before, sighting, ended)
        self.has_changed = self.watched is not before
        if self.has_changed:
            self._changed()

        self.verdict = judge(self.watched, sighting, now, watch)
        self.look_at = math.inf
        if self.verdict.again is not None:
            self.look_at = now + self.verdict.again

        if self.verdict.state is State.SETTLING:
            return self._settling(name, before, sighting, now)
        self._restless_since = None
        if self.is_ready and not self._is_announced:
            self._is_announced = True
            return Settled(name, sighting.entries, self.verdict.quiet, sighting.lacking)
        if not self.is_waiting:
            return None
        is_due = self.next_report.is_due(now)
        self.look_at = min(self.look_at, self.next_report.due)
        return Waiting(name, self.verdict.lacking, self.verdict.quiet) if is_due else None

    def _settling(
        self, name: str, before: Watched | None, sighting: Sighting, now: float
    ) -> Waiting | None:
        """Report a folder that has been changing for long, such as one that a scanner touches."""
        if self._restless_since is None:
            self._restless_since = now
            self._changes = 0
        self._changes += self.has_changed
        is_long = now - self._restless_since >= RESTLESS_SECONDS
        is_restless = is_long and self._changes >= RESTLESS_CHANGES
        if not (before and self.has_changed and is_restless and self.next_report.is_due(now)):
            return None
        found = changes(before.entries, sighting.entries)
        still = (f"an end of the changes ({name})" for name in first_of(found))
        return Waiting(name, first_of([*still, *sighting.lacking]), 0.0)

    def wait_for_a_change(self, now: float) -> bool:
        """Take note that nothing could be seen of it. Returns whether to report that now."""
        self.watched = None
        self.verdict = Verdict(State.WAITING, 0.0)
        return self.next_report.is_due(now)


class Backoff:
    """Times further and further apart: each wait doubles, from `first` to `last` seconds.

    `due` is the next time.
    """

    __slots__ = ("_first", "_last", "_step", "due")

    def __init__(self, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self.restart()

    def restart(self) -> None:
        """Make the next time now, and the wait after it `first` again."""
        self.due = -math.inf
        self._step = self._first

    def is_due(self, now: float) -> bool:
        """Whether it is time. If so, the next time is one wait later."""
        if now < self.due:
            return False
        self.due = now + self._step
        self._step = min(2 * self._step, self._last)
        return True

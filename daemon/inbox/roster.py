"""What is known of each folder in the inbox, and what follows from the next look at it.

Pure: it is given what was seen and what time it is, and returns what to say and what to do. Times
are seconds of the monotonic clock.
"""

import math
from dataclasses import dataclass

from daemon.config import Watch
from daemon.inbox.readiness import Entry, Sighting, State, Watched, judge, remember

FIRST_OFFER_SECONDS = 5.0
LAST_OFFER_SECONDS = 600.0
"""A ready folder that stays in the inbox is offered again after the first of these. Each further
wait is twice as long, up to the last."""
FIRST_REPORT_SECONDS = 60.0
LAST_REPORT_SECONDS = 3600.0
"""The same for the reports on a folder that waits, or that cannot be read."""


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
class Settled:
    """A folder that is ready, with its files as they are; it has been quiet for `seconds`."""

    name: str
    entries: tuple[Entry, ...]
    seconds: float


Notice = Detected | Waiting | Unreadable | Settled


class Roster:
    """The folders of one inbox."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}

    @property
    def names(self) -> set[str]:
        """The folders that were there at the last look."""
        return set(self._folders)

    def is_pending(self) -> bool:
        """Whether a folder is settling, or ready and not yet taken."""
        return any(folder.state is not State.WAITING for folder in self._folders.values())

    def next_look(self) -> float:
        """When `due` next has a folder; infinity when nothing changes by time alone."""
        return min((folder.look_at for folder in self._folders.values()), default=math.inf)

    def due(self, now: float) -> set[str]:
        """The folders that need a look because of the time alone, without any change."""
        return {name for name, folder in self._folders.items() if folder.look_at <= now}

    def clear(self) -> None:
        """Forget all folders: what was seen of them no longer counts."""
        self._folders.clear()

    def note(
        self, name: str, sighting: Sighting | OSError | None, now: float, watch: Watch
    ) -> list[Notice]:
        """Take note of a look at a folder, and return what follows from it.

        `sighting` is the error if the folder could not be read, and None if there is no such
        folder.
        """
        if sighting is None:
            self._folders.pop(name, None)
            return []

        notices: list[Notice] = []
        if name not in self._folders:
            self._folders[name] = _Folder()
            notices.append(Detected(name))

        folder = self._folders[name]
        if isinstance(sighting, OSError):
            notice = folder.unreadable(name, sighting, now)
        else:
            notice = folder.seen(name, sighting, now, watch)
        if notice:
            notices.append(notice)
        return notices


class _Folder:
    """One folder: how it looked, since when, and when it was last offered or reported.

    `look_at`: when time alone changes its state; infinity when only a change of the folder can.
    """

    def __init__(self) -> None:
        self.state = State.SETTLING
        self.look_at = math.inf
        self._watched: Watched | None = None
        self._offers = Backoff(FIRST_OFFER_SECONDS, LAST_OFFER_SECONDS)
        self._reports = Backoff(FIRST_REPORT_SECONDS, LAST_REPORT_SECONDS)

    def seen(self, name: str, sighting: Sighting, now: float, watch: Watch) -> Notice | None:
        before = self._watched
        self._watched = remember(before, sighting, now)
        if self._watched is not before:
            self._offers.restart()

        verdict = judge(self._watched, sighting, now, watch)
        self.state = verdict.state
        self.look_at = math.inf
        if verdict.again is not None:
            self.look_at = now + verdict.again

        if verdict.state is State.READY and self._offers.is_due(now):
            return Settled(name, sighting.entries, verdict.quiet)
        if verdict.state is State.WAITING and self._reports.is_due(now):
            return Waiting(name, verdict.lacking, verdict.quiet)
        return None

    def unreadable(self, name: str, error: OSError, now: float) -> Notice | None:
        self.state = State.WAITING
        self.look_at = math.inf
        if self._reports.is_due(now):
            return Unreadable(name, error.strerror or str(error))
        return None


class Backoff:
    """Times further and further apart: each wait doubles, from `first` to `last` seconds."""

    def __init__(self, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self.restart()

    def restart(self) -> None:
        """Make the next time now, and the wait after it `first` again."""
        self._due = -math.inf
        self._step = self._first

    def is_due(self, now: float) -> bool:
        """Whether it is time. If so, the next time is one wait later."""
        if now < self._due:
            return False
        self._due = now + self._step
        self._step = min(2 * self._step, self._last)
        return True

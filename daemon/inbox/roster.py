"""What is known of each folder in the inbox, and what follows from the next look at it.

Pure: it is given what was seen and what time it is, and returns what there is to say and to do. Times
are seconds of the monotonic clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.config import Watch
from daemon.inbox.readiness import Entry, Sighting, State, Watched, judge, remember

FIRST_REPORT_SECONDS = 60.0
LAST_REPORT_SECONDS = 3600.0
"""How soon a folder that waits is mentioned again: first, and once that has doubled often enough."""
FIRST_OFFER_SECONDS = 5.0
LAST_OFFER_SECONDS = 600.0
"""The same for a folder that is ready and stays in the inbox."""


@dataclass(frozen=True, slots=True)
class Detected:
    """A folder that was not there before."""

    name: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A folder that lacks something, quiet for `seconds`."""

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
    """A folder that is complete and quiet for `seconds`, and its files just as they are."""

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

    def look_times(self) -> Mapping[str, float]:
        """When a look is due at folders that time alone may change."""
        return {
            name: folder.look_at
            for name, folder in self._folders.items()
            if folder.look_at is not None
        }

    def clear(self) -> None:
        """Forget all folders: what was seen of them no longer counts."""
        self._folders.clear()

    def note(
        self, name: str, sighting: Sighting | OSError | None, now: float, watch: Watch
    ) -> list[Notice]:
        """Take note of a look at a folder; what follows from it. None: it is not there (any more)."""
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
        return [*notices, notice] if notice else notices


class _Folder:
    """One folder: how it looked, since when, and when it was last spoken of."""

    def __init__(self) -> None:
        self.state = State.SETTLING
        self.look_at: float | None = None
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
        self.look_at = None if verdict.again is None else now + verdict.again
        if verdict.state is State.READY and self._offers.is_due(now):
            return Settled(name, sighting.entries, verdict.quiet)
        if verdict.state is State.WAITING and self._reports.is_due(now):
            return Waiting(name, verdict.lacking, verdict.quiet)
        return None

    def unreadable(self, name: str, error: OSError, now: float) -> Notice | None:
        self.state = State.WAITING
        self.look_at = None
        if self._reports.is_due(now):
            return Unreadable(name, error.strerror or str(error))
        return None


class Backoff:
    """Times that lie further and further apart: each wait doubles, from `first` to `last` seconds."""

    def __init__(self, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self.restart()

    def restart(self) -> None:
        """The next time is now."""
        self._due = float("-inf")
        self._step = self._first

    def is_due(self, now: float) -> bool:
        """Whether it is time; if so, the next time is further away."""
        if now < self._due:
            return False
        self._due = now + self._step
        self._step = min(2 * self._step, self._last)
        return True

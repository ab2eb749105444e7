"""Is this folder complete and quiet? The one rule, pure: it is given what was seen and what time it is.

A folder is ready when its manifest parses, every file that it names is there, no temporary file is among them, declared sizes
and hashes match, and nothing about it has changed for the settle time. What can never get there becomes ready too, in its own
time, so that intake can say what is wrong with it: nothing waits for ever in silence.
"""

from dataclasses import dataclass
from enum import StrEnum, auto

from daemon.config import Watch
from daemon.litter import is_temporary


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside a folder as the filesystem tells it; it counts as changed when any of this changes."""

    name: str
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int


class ManifestState(StrEnum):
    """How far the manifest is."""

    ABSENT = auto()
    TORN = auto()  # not JSON: perhaps half written
    FAULTY = auto()  # JSON that breaks the model: no file that may still come would mend it
    SOUND = auto()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at a folder saw. `lacking`: what is not there yet, in words, such as "03.png"."""

    entries: tuple[Entry, ...]
    manifest: ManifestState
    lacking: tuple[str, ...] = ()


class State(StrEnum):
    """What to do about a folder."""

    SETTLING = auto()
    WAITING = auto()
    READY = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a folder, what it lacks, and how long it has been quiet (seconds).

    `again`: seconds after which time alone may change the verdict; None where only the folder can.
    """

    state: State
    quiet: float
    lacking: tuple[str, ...] = ()
    again: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What is remembered of a folder between two looks: what it was, and since when it has been just that."""

    entries: tuple[Entry, ...]
    since: float


def remember(before: Watched | None, sighting: Sighting, now: float) -> Watched:
    """Take note of a look at the monotonic time `now`; any change starts the quiet time anew."""
    if before is None or before.entries != sighting.entries:
        return Watched(sighting.entries, now)
    return before


def judge(watched: Watched, sighting: Sighting, now: float, watch: Watch) -> Verdict:
    """The rule. `watched` is what `remember` made of this very sighting."""
    quiet = now - watched.since
    enough = _quiet_enough(sighting, watch)
    if enough is not None and quiet >= enough:
        return Verdict(State.READY, quiet, sighting.lacking)
    again = None if enough is None else enough - quiet
    if quiet >= watch.settle_seconds:
        return Verdict(State.WAITING, quiet, sighting.lacking, again)
    return Verdict(State.SETTLING, quiet, sighting.lacking, watch.settle_seconds - quiet)


def _quiet_enough(sighting: Sighting, watch: Watch) -> float | None:
    """Seconds of quiet that make this sighting ready; None: no time does."""
    if sighting.manifest is ManifestState.TORN:
        return max(watch.settle_seconds, watch.patience_seconds)
    if sighting.manifest is ManifestState.SOUND and not sighting.lacking:
        return watch.settle_seconds
    copying = any(is_temporary(name.rpartition("/")[2]) for name in sighting.lacking)
    if sighting.manifest is ManifestState.FAULTY and not copying:
        return watch.settle_seconds
    return max(watch.settle_seconds, watch.give_up_seconds) if watch.give_up_seconds else None

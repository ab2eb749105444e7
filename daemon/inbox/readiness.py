"""Is this folder ready to be claimed? The one rule, pure: it is given what was seen, and the time.

A folder is ready once nothing about its files has changed for long enough. How long depends on what
the last look saw:

- The folder is complete: the manifest obeys its model, every file that it names is there (a track
  may be in the music library instead), declared sizes match, pictures and sounds that become pages
  by their names are in pairs, and no file is temporary. `settle_seconds` are enough.
- The manifest is JSON but breaks its model, and no file is temporary. No file that may still come
  could mend that: `settle_seconds` are enough here too.
- The manifest is not JSON, perhaps half written: `patience_seconds`.
- Anything else is incomplete: `give_up_seconds`, or never when that is 0.

No case takes less than `settle_seconds`. What can never become a film becomes ready too, so that
intake can say what is wrong with it. A folder that waits is reported again and again.

Quiet time starts when the first look that saw the files as they are now had seen the last of them,
and lasts until a later look began, whatever the files' own times say. Declared hashes are left to
intake: no look reads a file but the manifest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from daemon.config import Watch
from daemon.inbox.entries import Entries

MOST_LACKING = 10
"""Things that a folder lacks which are named; of further ones only the number is kept."""


class ManifestState(StrEnum):
    """The state of the manifest."""

    ABSENT = auto()
    TORN = auto()  # not JSON: perhaps half written
    FAULTY = auto()  # JSON that breaks the model: no file that may still come would mend it
    SOUND = auto()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at a folder saw.

    `lacking`: what is not there yet, in words, such as "03.png"; a temporary file stands for what
    it will become. With a faulty manifest only temporary files are known to be lacking.
    """

    entries: Entries
    manifest: ManifestState
    lacking: tuple[str, ...] = ()


def first_of(lacking: Sequence[str]) -> tuple[str, ...]:
    """What to keep and to show of a list that may be long: it is kept for as long as a day."""
    more = len(lacking) - MOST_LACKING
    if more <= 0:
        return tuple(lacking)
    return (*lacking[:MOST_LACKING], f"and {more} more")


class State(StrEnum):
    """What to do about a folder."""

    SETTLING = auto()
    WAITING = auto()
    READY = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a folder, how long it has been quiet (seconds), and what it lacks.

    `again`: seconds until time alone changes the state; None when only a change of the folder can.
    """

    state: State
    quiet: float
    lacking: tuple[str, ...] = ()
    again: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What is remembered between two looks: the files, and since when they are like that."""

    entries: Entries
    since: float


def remember(before: Watched | None, sighting: Sighting, ended: float) -> Watched:
    """Take note of a look that had seen all files at the monotonic time `ended`.

    Any change starts the quiet time again.
    """
    if before is None or before.entries != sighting.entries:
        return Watched(sighting.entries, ended)
    return before


def judge(watched: Watched, sighting: Sighting, now: float, watch: Watch) -> Verdict:
    """Apply the rule to a look that began at `now`, of which `remember` has made `watched`."""
    quiet = now - watched.since
    needed = quiet_needed(sighting, watch)
    if needed is not None and quiet >= needed:
        return Verdict(State.READY, quiet, sighting.lacking)
    if quiet < watch.settle_seconds:
        return Verdict(State.SETTLING, quiet, sighting.lacking, watch.settle_seconds - quiet)
    if needed is None:
        return Verdict(State.WAITING, quiet, sighting.lacking)
    return Verdict(State.WAITING, quiet, sighting.lacking, needed - quiet)


def quiet_needed(sighting: Sighting, watch: Watch) -> float | None:
    """Seconds of quiet after which a folder that looks like this is ready; None: it never is."""
    match sighting.manifest:
        case ManifestState.TORN:
            return max(watch.settle_seconds, watch.patience_seconds)
        case ManifestState.SOUND | ManifestState.FAULTY if not sighting.lacking:
            return watch.settle_seconds
    if not watch.give_up_seconds:
        return None
    return max(watch.settle_seconds, watch.give_up_seconds)

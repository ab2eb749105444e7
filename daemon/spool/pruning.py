"""Removing the oldest stories from done/ and failed/, where the settings say so.

Nothing else in this program deletes what somebody has dropped.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.spool.grants import grant
from daemon.spool.looks import is_folder

HIDDEN = ".pruned-"
"""What the name of a folder begins with while it is being removed."""
DAY = 86_400.0
GIB = 2**30
BLOCK = 512
"""Bytes of a block in `st_blocks` (stat(2))."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long stories are kept, in days, and how many GiB of them; 0: without bound."""

    days: float = 0
    gib: float = 0

    def __bool__(self) -> bool:
        return bool(self.days or self.gib)


@dataclass(frozen=True, slots=True)
class Kept:
    """A story that is kept: when anything in it last changed (Unix time), and its bytes on disk."""

    folder: Path
    changed_at: float
    size: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """A story that was too old or too much; `fault` says why it could not be removed, if so."""

    kept: Kept
    fault: str = ""


def prune(place: Path, bounds: Bounds, now: float) -> Iterator[Pruned]:
    """Remove stories that are outside the bounds, the oldest first. `now`: Unix time.

    A folder disappears from sight at once, and is removed then; what was cut off is removed the
    next time. Raises OSError when the place cannot be read.
    """
    for left in place.glob(f"{HIDDEN}*"):
        with contextlib.suppress(OSError):
            remove(left)
    for kept in outside(stories_in(place), bounds, now):
        hidden = place / f"{HIDDEN}{secrets.token_hex(4)}"
        try:
            kept.folder.rename(hidden)
            remove(hidden)
        except OSError as error:
            yield Pruned(kept, error.strerror or str(error))
        else:
            yield Pruned(kept)


def outside(stories: list[Kept], bounds: Bounds, now: float) -> list[Kept]:
    """The stories that are outside the bounds, the oldest first."""
    oldest_first = sorted(stories, key=lambda kept: (kept.changed_at, kept.folder.name))
    too_much = sum(kept.size for kept in oldest_first) - bounds.gib * GIB
    found = []
    for kept in oldest_first:
        is_old = bounds.days and now - kept.changed_at > bounds.days * DAY
        is_too_much = bounds.gib and too_much > 0
        if is_old or is_too_much:
            found.append(kept)
            too_much -= kept.size
    return found


def stories_in(place: Path) -> list[Kept]:
    """The visible folders in a place. Raises OSError when it cannot be read."""
    return [
        kept_in(folder)
        for folder in place.iterdir()
        if not folder.name.startswith(".") and is_folder(folder)
    ]


def kept_in(folder: Path) -> Kept:
    """A story with all that is in it. What cannot be seen does not count."""
    paths = [folder]
    for here, folders, files in os.walk(folder):
        paths += [Path(here, name) for name in (*folders, *files)]
    changed_at = 0.0
    size = 0
    for path in paths:
        with contextlib.suppress(OSError):
            facts = path.lstat()
            changed_at = max(changed_at, facts.st_ctime)
            size += facts.st_blocks * BLOCK
    return Kept(folder, changed_at, size)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, which may be of another owner. Raises OSError."""
    for here, _, _ in os.walk(folder):
        grant(Path(here))
    shutil.rmtree(folder)

"""What the service remembers from one run to the next, next to its jobs.

All of it could be found out again, at a cost. So a memory that is torn, or that cannot be written,
counts as none.
"""

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daemon.delivery.files import read_plain
from daemon.spool.durable import write_file

LAST_MUSIC = ".last-music"
"""The file in work/ that names the track of the latest film."""
HOLDS = ".holds"
"""The file in work/ that lists the stories of the inbox that are held."""
LARGEST = {LAST_MUSIC: 2**16, HOLDS: 2**24}
"""Bytes that are read of each."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A story that waits in the inbox until its files have another fingerprint than this one.

    `lacking`: what it waits for, in words.
    """

    name: str
    fingerprint: str
    lacking: tuple[str, ...]


class Memory:
    """The memory in one work folder."""

    def __init__(self, work: Path) -> None:
        self._work = work

    def last_music(self) -> str:
        """The track of the latest film that has music; "" when it is not known."""
        name = self._read(LAST_MUSIC)
        return name if isinstance(name, str) else ""

    def remember_music(self, track: str) -> None:
        """Remember the track of a film."""
        self._write(LAST_MUSIC, track)

    def holds(self) -> list[Hold]:
        """The stories that were held when that last changed."""
        found = self._read(HOLDS)
        return [hold for entry in found if (hold := hold_of(entry))] if type(found) is list else []

    def remember_holds(self, holds: Iterable[Hold]) -> None:
        """Remember all stories that are held now."""
        self._write(HOLDS, [asdict(hold) for hold in holds])

    def _read(self, name: str) -> Any:
        try:
            return json.loads(read_plain(self._work / name, LARGEST[name]))
        except (OSError, ValueError, RecursionError):
            return None

    def _write(self, name: str, content: object) -> None:
        with contextlib.suppress(OSError):
            write_file(self._work / name, json.dumps(content))


def hold_of(entry: Any) -> Hold | None:
    """A recorded hold; None when it is not one."""
    try:
        lacking = tuple(str(what) for what in entry["lacking"])
        return Hold(str(entry["name"]), str(entry["fingerprint"]), lacking)
    except (KeyError, TypeError):
        return None

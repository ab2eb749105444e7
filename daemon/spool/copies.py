"""A copy of a story whose own folder may be read, but not moved.

The folder is untrusted, and its owner may still be changing it. What no film can be made of is not
copied: a stand-in takes its place, which intake refuses for the same reason.
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import Refused, StoryError
from daemon.spool.durable import sync_files
from daemon.story.untrusted import FORBIDDEN, UntrustedFolder

LINK = "a link in the original"
"""Where the stand-in of a link leads to."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to copy: its name relative to the story's folder, its mode (`st_mode`), its bytes."""

    name: str
    mode: int
    size: int


def copy_story(folder: UntrustedFolder, files: Iterable[Wanted], target: Path) -> None:
    """Copy files into the new folder `target`, and put them on disk.

    Raises OSError when the machine is at fault, and never because of what a file is.
    """
    target.mkdir()
    for wanted in files:
        place = target / wanted.name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.copy(wanted.name, place)
        except Refused as refused:
            stand_in(wanted, place, is_forbidden=refused.what == FORBIDDEN)
        except StoryError:  # too large, alone or with the others
            stand_in(wanted, place)
    for path, _, _ in os.walk(target, topdown=False):
        sync_files(Path(path))


def stand_in(wanted: Wanted, place: Path, *, is_forbidden: bool = False) -> None:
    """Put something at `place` that is refused for the same reason as the file itself."""
    place.unlink(missing_ok=True)
    if stat.S_ISLNK(wanted.mode):
        place.symlink_to(LINK)
    elif not stat.S_ISREG(wanted.mode):
        os.mkfifo(place)
    else:
        place.touch()
        os.truncate(place, wanted.size)  # takes no room
        if is_forbidden:
            place.chmod(0)

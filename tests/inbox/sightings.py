"""Sightings without files, to test the rule and the roster."""

from dataclasses import astuple, replace

from daemon.config import Watch
from daemon.inbox.entries import Entries, Entry
from daemon.inbox.readiness import ManifestState, Sighting

ENTRY = Entry("01.png", inode=1, size=10, mtime_ns=1, ctime_ns=1, mode=0o100644)
FILES = (ENTRY, replace(ENTRY, name="manifest.json", inode=2))


def entries(*files: Entry) -> Entries:
    """The files of a folder."""
    return Entries(astuple(file) for file in files)


ENTRIES = entries(*FILES)
COMPLETE = Sighting(ENTRIES, ManifestState.SOUND)
LACKING = Sighting(ENTRIES, ManifestState.SOUND, ("02.png",))
ABSENT = Sighting(entries(ENTRY), ManifestState.ABSENT, ("manifest.json",))
TORN = Sighting(ENTRIES, ManifestState.TORN, ("the rest of manifest.json",))
FAULTY = Sighting(ENTRIES, ManifestState.FAULTY)
COPYING = Sighting(ENTRIES, ManifestState.FAULTY, ("02.png.part",))
KINDS = [COMPLETE, LACKING, ABSENT, TORN, FAULTY, COPYING]

WATCH = Watch(settle_seconds=5, patience_seconds=30, give_up_seconds=1000)
"""Whole seconds, as in all tests of time: no rounding blurs a border."""


def of_size(sighting: Sighting, size: int) -> Sighting:
    """The same sighting of a folder whose only file has this size: another size is a change."""
    return replace(sighting, entries=entries(replace(ENTRY, size=size)))

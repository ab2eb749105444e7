"""Looking into the inbox: which folders are there, and what each of them lacks.

All reading of the inbox before the claim is here; the rule that decides is `readiness`. A look at
an unchanged folder costs one stat for each file, and a glance one or two in all. When anything has
changed, the manifest is read again. No other file is ever read, and of the manifest only what the
look found is kept.
"""

import os
import stat
import time
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath

from daemon.ignored import is_ignored, is_temporary
from daemon.inbox.entries import Entries, Entry, entries_of
from daemon.inbox.glance import UNCERTAIN_SECONDS, Mark, marks_of
from daemon.inbox.readiness import ManifestState, Sighting, first_of
from daemon.story.manifest import LARGEST_MANIFEST, composed
from daemon.story.reading import Declared, Reading, read

# ---- the inbox ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in the inbox: folders that may become stories, and visible things that cannot."""

    folders: frozenset[str]
    strays: tuple[str, ...]


def list_inbox(
    inbox: Path, ignore: tuple[str, ...] = (), known: Container[str] = frozenset()
) -> Listing:
    """List what lies in the inbox. Raises OSError when it cannot be read.

    `ignore`: patterns of names to leave out, as in the settings. `known` are names that are not
    left out, for sure: thousands of names take longer to compare than to list.
    """
    folders: list[str] = []
    strays: list[str] = []
    with os.scandir(inbox) as entries:
        for entry in entries:
            if entry.name not in known and is_ignored(entry.name, ignore):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                strays.append(entry.name)
    return Listing(frozenset(folders), tuple(sorted(strays)))


# ---- one folder ---------------------------------------------------------------------------------


class FolderView:
    """One folder of the inbox, to be looked at again and again. It remembers what it found.

    `marks`: what a glance compares; none where only a look can tell whether anything has changed.
    `known_tracks` gives the names in the music library: those need not be in the folder. `ignore`
    has patterns of names that are not looked at. `clock` gives monotonic seconds.
    """

    __slots__ = (
        "_began",
        "_clock",
        "_facts",
        "_has_short_files",
        "_ignore",
        "_known_tracks",
        "_last",
        "_last_marks",
        "_manifest",
        "_manifest_name",
        "_marked",
        "folder",
        "marks",
    )

    def __init__(
        self,
        folder: Path,
        manifest_name: str,
        known_tracks: Callable[[], Iterable[str]],
        ignore: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.folder = folder
        self.marks: tuple[Mark, ...] = ()
        self._manifest_name = manifest_name
        self._known_tracks = known_tracks
        self._ignore = ignore
        self._last: Sighting | None = None
        self._has_short_files = False
        self._manifest: Entry | None = None
        self._facts: os.stat_result
        self._began = 0.0
        self._last_marks: tuple[Mark, ...] = ()
        self._marked = 0.0

    def look(self) -> Sighting | None:
        """Look once; None when there is no such folder. Raises OSError when it cannot be read."""
        entries = self.entries()
        return None if entries is None else self.sighting(entries)

    def entries(self) -> Entries | None:
        """The files as they are now; None when there is no such folder. Raises OSError."""
        began = self._clock()
        try:
            facts = os.lstat(self.folder)
            if not stat.S_ISDIR(facts.st_mode):
                return None
            entries = entries_of(self.folder, self._ignore)
        except FileNotFoundError:
            return None
        self._facts = facts
        self._began = began
        return entries

    def sighting(self, entries: Entries) -> Sighting | None:
        """What follows from the files; None when the folder has gone meanwhile. Raises OSError.

        An error is not remembered: the next look reads the manifest again.
        """
        if self._last is None or self._last.entries != entries:
            try:
                state, lacking = self._judge(list(entries))
            except FileNotFoundError:
                return None
            self._last = Sighting(entries, state, first_of(lacking))
        self._note_marks(entries)
        return self._last

    def _note_marks(self, entries: Entries) -> None:
        """Note what a glance compares, if every later change shows in it."""
        marks = marks_of(self.folder.name, self._facts, entries.subfolders, self._manifest)
        if marks != self._last_marks:
            self._last_marks = marks
            self._marked = self._began
        is_certain = self._began - self._marked > UNCERTAIN_SECONDS
        self.marks = marks if is_certain and not self._has_short_files else ()

    def _judge(self, entries: list[Entry]) -> tuple[ManifestState, list[str]]:
        """How far the manifest is, and what is lacking, in words."""
        names = [entry.name for entry in entries]
        temporary = [name for name in names if any(map(is_temporary, PurePosixPath(name).parts))]

        self._has_short_files = False
        own = next((entry for entry in entries if entry.name == self._manifest_name), None)
        self._manifest = own
        if own is None:
            return ManifestState.ABSENT, [self._manifest_name, *temporary]
        reading = read(read_manifest(self.folder / self._manifest_name, own), names)
        if not reading.parsed:
            return ManifestState.TORN, [f"the rest of {self._manifest_name}"]
        if reading.manifest is None:
            return ManifestState.FAULTY, temporary
        return ManifestState.SOUND, [*temporary, *self._lacking(reading, entries)]

    def _lacking(self, reading: Reading, entries: list[Entry]) -> Iterator[str]:
        """What the manifest asks for and the folder does not have yet, in words."""
        for problem in reading.unpaired:
            yield f"{problem.file} ({problem.what})" if problem.file else problem.what

        there = {composed(entry.name): entry for entry in entries}
        there |= {entry.name: entry for entry in entries}
        for file in expected_files(reading, self._known_tracks):
            found = there.get(file) or there.get(composed(file))
            if found is None:
                yield file
            elif difference := size_difference(found, reading.facts.get(file)):
                self._has_short_files = True
                yield f"{file} ({difference})"


def size_difference(entry: Entry, declared: Declared | None) -> str:
    """How a file's size differs from what the manifest declares, in words; "" if it does not.

    Links and other special files are left to intake, which refuses them: waiting is no help.
    """
    if declared is None or declared.size is None or not stat.S_ISREG(entry.mode):
        return ""
    return "" if entry.size == declared.size else f"{entry.size} of {declared.size} bytes"


def expected_files(reading: Reading, known_tracks: Callable[[], Iterable[str]]) -> list[str]:
    """The files that must be in the folder, each once.

    These are the files of the pages, the music unless the library has it, and the files whose size
    or hash is declared. The library is asked only if the manifest names a track.
    """
    expected = [mention.file for mention in reading.mentions]
    music = reading.manifest.music if reading.manifest else None
    if isinstance(music, str) and music not in known_tracks():
        expected.append(music)
    expected.extend(reading.facts)
    return list(dict.fromkeys(expected))


# ---- files --------------------------------------------------------------------------------------


def read_manifest(path: Path, entry: Entry) -> bytes:
    """The manifest's bytes; none if it is not a plain file, or too large. Raises OSError.

    No bytes are not JSON, so the manifest counts as torn, and intake reports it in the end.
    """
    if not stat.S_ISREG(entry.mode) or entry.size > LARGEST_MANIFEST:
        return b""
    with open_plain(path) as file:
        return file.read(LARGEST_MANIFEST)


def open_plain(path: Path) -> BufferedReader:
    """Open a file for reading, without following a link or waiting for a pipe. Raises OSError."""

    def without_links(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)

    return open(path, "rb", opener=without_links)

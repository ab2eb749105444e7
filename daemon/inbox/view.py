"""Looking into the inbox: which folders are there, and what each of them lacks.

All reading of the inbox before the claim is here; the rule that decides is `readiness`. A look at
an unchanged folder costs one stat for each file. The manifest is read again only when it, or the
names next to it, have changed. A declared hash is computed once for each state of a file.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path, PurePosixPath

from daemon.ignored import is_ignored, is_temporary
from daemon.inbox.readiness import Entry, ManifestState, Sighting
from daemon.story.manifest import LARGEST_MANIFEST
from daemon.story.reading import Declared, Reading, read

DEEPEST = 8
"""Levels of folders inside a story that are looked into. Files further down are not seen."""
MOST_ENTRIES = 20_000
"""Files and folders of a story that are looked at: a thousand pages have a few thousand files."""
LARGEST_HASHED = 2**30
"""Bytes of a file that is hashed in the inbox. Larger files are left to intake."""


# ---- the inbox ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in the inbox: folders that may become stories, and visible things that cannot."""

    folders: tuple[str, ...]
    strays: tuple[str, ...]


def list_inbox(inbox: Path) -> Listing:
    """List what lies in the inbox. Raises OSError when it cannot be read."""
    folders: list[str] = []
    strays: list[str] = []
    with os.scandir(inbox) as entries:
        for entry in entries:
            if is_ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                strays.append(entry.name)
    return Listing(tuple(sorted(folders)), tuple(sorted(strays)))


# ---- one folder ---------------------------------------------------------------------------------


class FolderView:
    """One folder of the inbox, to be looked at again and again. It remembers what it has read.

    `known_tracks` gives the names in the music library: those need not be in the folder.
    """

    def __init__(
        self, folder: Path, manifest_name: str, known_tracks: Callable[[], Iterable[str]]
    ) -> None:
        self.folder = folder
        self._manifest_name = manifest_name
        self._known_tracks = known_tracks
        self._read: tuple[tuple[Entry, tuple[str, ...]], Reading] | None = None
        self._hashes: dict[str, tuple[Entry, str]] = {}
        self._last: Sighting | None = None

    def look(self) -> Sighting | None:
        """Look once; None when there is no such folder. Raises OSError when it cannot be read."""
        try:
            if not stat.S_ISDIR(os.lstat(self.folder).st_mode):
                return None
            entries = entries_of(self.folder)
            if self._last is None or self._last.entries != entries:
                self._last = self._sighting(entries)
        except FileNotFoundError:
            return None
        return self._last

    def _sighting(self, entries: tuple[Entry, ...]) -> Sighting:
        names = [entry.name for entry in entries]
        temporary = tuple(name for name in names if is_temporary(PurePosixPath(name).name))

        reading = self._reading(entries)
        if reading is None:
            lacking = (self._manifest_name, *temporary)
            return Sighting(entries, ManifestState.ABSENT, lacking)
        if not reading.parsed:
            lacking = (f"the rest of {self._manifest_name}",)
            return Sighting(entries, ManifestState.TORN, lacking)
        if reading.manifest is None:
            return Sighting(entries, ManifestState.FAULTY, temporary)
        lacking = (*temporary, *self._lacking(reading, entries))
        return Sighting(entries, ManifestState.SOUND, lacking)

    def _reading(self, entries: tuple[Entry, ...]) -> Reading | None:
        """Read the manifest, unless that has been done; None when it is not there.

        The other names count too, because a manifest without pages makes pages of them.
        """
        own = next((entry for entry in entries if entry.name == self._manifest_name), None)
        if own is None:
            return None
        names = tuple(entry.name for entry in entries)
        state = (own, names)
        if self._read is None or self._read[0] != state:
            data = read_manifest(self.folder / self._manifest_name, own)
            self._read = (state, read(data, names))
        return self._read[1]

    def _lacking(self, reading: Reading, entries: tuple[Entry, ...]) -> Iterator[str]:
        """What the manifest asks for and the folder does not have yet, in words."""
        for problem in reading.unpaired:
            yield f"{problem.file} ({problem.what})" if problem.file else problem.what

        there = {entry.name: entry for entry in entries}
        for file in expected_files(reading, self._known_tracks):
            if file not in there:
                yield file
            elif difference := self._difference(there[file], reading.facts.get(file)):
                yield f"{file} ({difference})"

    def _difference(self, entry: Entry, declared: Declared | None) -> str:
        """How a file differs from what the manifest declares of it, in words; "" if it does not.

        Links and other special files are left to intake, which refuses them.
        """
        if declared is None or not stat.S_ISREG(entry.mode):
            return ""
        if declared.size is not None and entry.size != declared.size:
            return f"{entry.size} of {declared.size} bytes"
        if not declared.sha256 or entry.size > LARGEST_HASHED:
            return ""

        known = self._hashes.get(entry.name)
        if known is None or known[0] != entry:
            known = (entry, sha256_of(self.folder / entry.name))
            self._hashes[entry.name] = known
        if known[1] != declared.sha256.lower():
            return "its SHA-256 differs from the declared one"
        return ""


def look_at(views: Mapping[str, FolderView]) -> dict[str, Sighting | OSError | None]:
    """Look at several folders. One that cannot be read has its error in place of a sighting."""
    sightings: dict[str, Sighting | OSError | None] = {}
    for name, view in views.items():
        try:
            sightings[name] = view.look()
        except OSError as error:
            sightings[name] = error
    return sightings


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


def entries_of(folder: Path) -> tuple[Entry, ...]:
    """Every file inside a folder as it is now, by name. Raises OSError when it cannot be read.

    Links are entries, and are not followed. At most `MOST_ENTRIES` files and folders are looked at.
    """
    looked_at = islice(walk(folder), MOST_ENTRIES)
    files = [entry for entry in looked_at if not stat.S_ISDIR(entry.mode)]
    return tuple(sorted(files, key=lambda entry: entry.name))


def walk(folder: Path, prefix: str = "", depth: int = 0) -> Iterator[Entry]:
    """Every file and folder inside a folder, down to `DEEPEST` levels. Raises OSError.

    `prefix` is put before the names, as "pages/". What vanishes during the walk is left out.
    """
    with os.scandir(folder) as entries:
        for found in entries:
            with contextlib.suppress(FileNotFoundError):
                facts = found.stat(follow_symlinks=False)
                name = prefix + found.name
                yield Entry(
                    name,
                    inode=facts.st_ino,
                    size=facts.st_size,
                    mtime_ns=facts.st_mtime_ns,
                    ctime_ns=facts.st_ctime_ns,
                    mode=facts.st_mode,
                )
                if stat.S_ISDIR(facts.st_mode) and depth < DEEPEST:
                    yield from walk(Path(found.path), f"{name}/", depth + 1)


def read_manifest(path: Path, entry: Entry) -> bytes:
    """The manifest's bytes; none if it is not a plain file, or too large. Raises OSError.

    No bytes are not JSON, so the manifest counts as torn, and intake reports it in the end.
    """
    if not stat.S_ISREG(entry.mode) or entry.size > LARGEST_MANIFEST:
        return b""
    with open_plain(path) as file:
        return file.read(LARGEST_MANIFEST)


def sha256_of(path: Path) -> str:
    """A file's hash; "" if it cannot be read, or is no longer a regular file."""
    try:
        with open_plain(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def open_plain(path: Path) -> BufferedReader:
    """Open a file for reading, without following a link or waiting for a pipe. Raises OSError."""

    def without_links(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)

    return open(path, "rb", opener=without_links)

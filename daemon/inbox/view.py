"""Looking into the inbox: which folders are there, and what each of them lacks.

All reading of the inbox before the claim is here; the rule that decides is `readiness`. A look costs one stat for each file
and nothing more while all of them are as they were; the manifest is read again only when its own stat or the names beside it
have changed, and a declared hash is computed once for each state of a file.
"""

import contextlib
import hashlib
import itertools
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from daemon.inbox.readiness import Entry, ManifestState, Sighting
from daemon.litter import is_ignored, is_temporary
from daemon.story.manifest import LARGEST_MANIFEST, FileFacts
from daemon.story.reading import Reading, read

DEEPEST = 8
"""Levels of folders inside a story that are looked into; a file further down does not exist for the manifest."""
MOST_ENTRIES = 20_000
"""Entries of a story that are looked at: a thousand pages have a few thousand files."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in the inbox: folders that may become stories, and visible things that cannot."""

    folders: tuple[str, ...]
    strays: tuple[str, ...]


def list_inbox(inbox: Path) -> Listing:
    """What lies in the inbox. Raises OSError when it cannot be read."""
    folders: list[str] = []
    strays: list[str] = []
    with os.scandir(inbox) as entries:
        for entry in entries:
            if not is_ignored(entry.name):
                (folders if entry.is_dir(follow_symlinks=False) else strays).append(entry.name)
    return Listing(tuple(sorted(folders)), tuple(sorted(strays)))


LARGEST_HASHED = 2**30
"""Bytes of a file whose hash is held against the declared one while it is in the inbox; for larger ones intake does it."""


class FolderView:
    """The eyes on one folder: looks again and again, and remembers what it need not read twice."""

    def __init__(
        self, folder: Path, manifest_name: str, known_tracks: Callable[[], Iterable[str]]
    ) -> None:
        self._folder = folder
        self._manifest_name = manifest_name
        self._known_tracks = known_tracks
        self._read: tuple[tuple[Entry, tuple[str, ...]], Reading] | None = None
        self._hashes: dict[Entry, str] = {}
        self._last: Sighting | None = None

    def look(self) -> Sighting | None:
        """One look; None when there is no such folder (any more). Raises OSError when it cannot be read."""
        try:
            if not stat.S_ISDIR(os.lstat(self._folder).st_mode):
                return None
            entries = entries_of(self._folder)
            if self._last is None or self._last.entries != entries:
                self._last = self._sighting(entries)
        except FileNotFoundError:
            return None
        return self._last

    def _sighting(self, entries: tuple[Entry, ...]) -> Sighting:
        reading = self._reading(entries)
        if reading is None:
            return Sighting(
                entries, ManifestState.ABSENT, (self._manifest_name, *_temporary(entries))
            )
        if not reading.parsed:
            return Sighting(entries, ManifestState.TORN, (f"the rest of {self._manifest_name}",))
        if reading.manifest is None:
            return Sighting(entries, ManifestState.FAULTY, tuple(_temporary(entries)))
        return Sighting(entries, ManifestState.SOUND, tuple(self._lacking(reading, entries)))

    def _reading(self, entries: tuple[Entry, ...]) -> Reading | None:
        """What the manifest says; it depends on the other names only where it lists no pages."""
        own = next((entry for entry in entries if entry.name == self._manifest_name), None)
        if own is None:
            self._read = None
            return None
        names = tuple(entry.name for entry in entries)
        if self._read is None or self._read[0] != (own, names):
            reading = read(_read_manifest(self._folder / self._manifest_name, own), names)
            self._read = ((own, names), reading)
        return self._read[1]

    def _lacking(self, reading: Reading, entries: tuple[Entry, ...]) -> Iterable[str]:
        there = {entry.name: entry for entry in entries}
        yield from _temporary(entries)
        yield from (
            f"{problem.file} ({problem.what})" if problem.file else problem.what
            for problem in reading.unpaired
        )
        for file in _expected(reading, self._known_tracks):
            if file not in there:
                yield file
            elif fault := self._differs(there[file], reading.facts.get(file)):
                yield f"{file} ({fault})"

    def _differs(self, entry: Entry, facts: FileFacts | None) -> str:
        """How a file differs from what the manifest declares of it, or nothing."""
        if facts is None or not stat.S_ISREG(entry.mode):
            return ""
        if facts.size is not None and entry.size != facts.size:
            return f"{entry.size} of {facts.size} bytes"
        if (
            facts.sha256
            and entry.size <= LARGEST_HASHED
            and self._hash(entry) != facts.sha256.lower()
        ):
            return "its SHA-256 differs from the declared one"
        return ""

    def _hash(self, entry: Entry) -> str:
        if entry not in self._hashes:
            self._hashes = {
                known: value for known, value in self._hashes.items() if known.name != entry.name
            }
            self._hashes[entry] = _sha256(self._folder / entry.name)
        return self._hashes[entry]


def entries_of(folder: Path) -> tuple[Entry, ...]:
    """Every file inside a folder as it is now. Raises OSError when it cannot be read."""
    files = (
        entry
        for entry in itertools.islice(_walk(folder), MOST_ENTRIES)
        if not stat.S_ISDIR(entry.mode)
    )
    return tuple(sorted(files, key=lambda entry: entry.name))


def _walk(folder: Path, below: str = "", depth: int = 0) -> Iterable[Entry]:
    """Everything inside a folder, with its name relative to it; links are entries and are not followed."""
    with os.scandir(folder) as entries:
        for found in entries:
            with contextlib.suppress(FileNotFoundError):  # it has vanished since it was listed
                facts = found.stat(follow_symlinks=False)
                name = below + found.name
                yield Entry(
                    name,
                    facts.st_ino,
                    facts.st_size,
                    facts.st_mtime_ns,
                    facts.st_ctime_ns,
                    facts.st_mode,
                )
                if stat.S_ISDIR(facts.st_mode) and depth < DEEPEST:
                    yield from _walk(Path(found.path), f"{name}/", depth + 1)


def _temporary(entries: Iterable[Entry]) -> list[str]:
    return [entry.name for entry in entries if is_temporary(PurePosixPath(entry.name).name)]


def _expected(reading: Reading, known_tracks: Callable[[], Iterable[str]]) -> list[str]:
    """The files that must be there: those of the pages, the folder's own music, and those with declared facts."""
    expected: dict[str, None] = {mention.file: None for mention in reading.mentions}
    music = reading.manifest.music if reading.manifest else None
    if isinstance(music, str) and music not in known_tracks():
        expected[music] = None
    expected.update(dict.fromkeys(reading.facts))
    return list(expected)


def _read_manifest(path: Path, entry: Entry) -> bytes:
    """The manifest's bytes; nothing where it is not a plain file of a sane size, which intake then reports."""
    if not stat.S_ISREG(entry.mode) or entry.size > LARGEST_MANIFEST:
        return b""
    with open(path, "rb", opener=_without_links) as file:
        return file.read(LARGEST_MANIFEST)


def _sha256(path: Path) -> str:
    """A file's hash, or nothing when it changed into something that is not a plain file."""
    try:
        with open(path, "rb", opener=_without_links) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)

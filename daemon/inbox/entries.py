"""The files of a folder as they are now, compactly: most folders are only kept to be compared.

A file takes about 70 bytes here, where a Python object for each would take 350.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

from daemon.ignored import is_litter

DEEPEST = 8
"""Levels of folders inside a story that are looked into. Files further down are not seen."""
MOST_ENTRIES = 20_000
"""Files and folders of a story that are looked at: a thousand pages have a few thousand files."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside a folder, as the filesystem describes it. A change of any field is a change.

    `name` is relative to the folder.
    """

    name: str
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int


FIELDS = tuple(field.name for field in fields(Entry))
Row = tuple[str, int, int, int, int, int]
"""The fields of an entry, in their order."""


@dataclass(frozen=True, slots=True)
class Subfolder:
    """A folder inside a story, as it was before it was listed. `name` as for `Entry`."""

    name: str
    inode: int
    mtime_ns: int


class Entries:
    """Files by name. Equal when nothing about any file differs. Iterating gives each `Entry`.

    `subfolders` are the folders that were listed to find them; they do not count for equality.
    """

    __slots__ = ("packed", "subfolders")

    def __init__(self, rows: Iterable[Row] = (), subfolders: tuple[Subfolder, ...] = ()) -> None:
        self.subfolders = subfolders
        # A zero byte ends each field: no name can hold one, and names stay in order.
        lines = sorted(f"{a}\0{b}\0{c}\0{d}\0{e}\0{f}\0" for a, b, c, d, e, f in rows)
        self.packed = os.fsencode("".join(lines))

    def __iter__(self) -> Iterator[Entry]:
        fields = iter(os.fsdecode(self.packed).split("\0")[:-1])
        for name in fields:
            numbers = islice(fields, len(FIELDS) - 1)
            yield Entry(name, *map(int, numbers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entries) and self.packed == other.packed

    def __hash__(self) -> int:
        return hash(self.packed)

    def __repr__(self) -> str:
        return f"Entries of {[entry.name for entry in self]}"


def fingerprint(entries: Entries) -> str:
    """A digest of files: another one as soon as anything about any file differs."""
    return hashlib.sha256(entries.packed).hexdigest()


def changes(before: Entries, after: Entries) -> list[str]:
    """What differs, a phrase for each file: "01.png: inode, ctime"."""
    old = {entry.name: entry for entry in before}
    new = {entry.name: entry for entry in after}
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            found.append(f"{name}: new")
        elif name not in new:
            found.append(f"{name}: gone")
        elif old[name] != new[name]:
            found.append(f"{name}: {', '.join(differing(old[name], new[name]))}")
    return found


def differing(one: Entry, other: Entry) -> list[str]:
    """The names of the fields in which two entries differ."""
    return [
        field.removesuffix("_ns")
        for field in FIELDS
        if getattr(one, field) != getattr(other, field)
    ]


def entries_of(folder: Path, ignore: tuple[str, ...] = ()) -> Entries:
    """Every file inside a folder as it is now. Raises OSError when it cannot be read.

    Links are entries, and are not followed. Litter is left out, and what the patterns of `ignore`
    match. At most `MOST_ENTRIES` files and folders are looked at.
    """
    rows: list[Row] = []
    subfolders: list[Subfolder] = []
    for found in islice(walk(os.fspath(folder), ignore), MOST_ENTRIES):
        if isinstance(found, Subfolder):
            subfolders.append(found)
        elif found:
            rows.append(found)
    return Entries(rows, tuple(subfolders))


def walk(
    folder: str, ignore: tuple[str, ...], prefix: str = "", depth: int = 0
) -> Iterator[Row | Subfolder | None]:
    """Each file and folder inside a folder, down to `DEEPEST` levels; None for all litter.

    `prefix` is put before the names, as "pages/". What vanishes during the walk is left out.
    """
    with os.scandir(folder) as listing:
        for found in listing:
            if is_litter(found.name, ignore):
                yield None
                continue
            name = prefix + found.name
            try:
                facts = found.stat(follow_symlinks=False)
                if not stat.S_ISDIR(facts.st_mode):
                    yield row_of(name, facts)
                    continue
                yield Subfolder(name, facts.st_ino, facts.st_mtime_ns)
                if depth < DEEPEST:
                    yield from walk(found.path, ignore, f"{name}/", depth + 1)
            except FileNotFoundError:
                continue


def row_of(name: str, facts: os.stat_result) -> Row:
    """What counts of a file's facts."""
    return (
        name,
        facts.st_ino,
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_ctime_ns,
        facts.st_mode,
    )

"""What a disk may hold after a loss of power: a model of which changes have reached it.

A process that is killed loses nothing of what it wrote, so a missing fsync shows in no test that
kills. Here every change below a root is recorded while it happens. The model assumes no more than
POSIX promises: a change of a name is on disk when all folders that it changed have been synced,
what is in a file when the file has been. Until then each change may be on disk or not, in any order
that makes sense; and a file that was not synced may be empty, torn or whole. A rename is atomic.
"""

import io
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

State = tuple[tuple[str, bytes | None], ...]
"""The paths below a root in order, each with what is in the file; None for a folder."""
Place = tuple[int, str]
"""The number of a folder, and a name in it."""


@dataclass(slots=True)
class Node:
    """A file or a folder. `is_synced`: what is in the file is on disk."""

    number: int
    is_folder: bool
    content: bytes = b""
    is_synced: bool = False


@dataclass(slots=True)
class Change:
    """A node gets a place (`new`), loses one (`old`), or both.

    `follows` are earlier changes that are on disk when this one is: of the same places, and of what
    was in a folder that is removed. `inside` made the folders that it is in: without them it cannot
    be on disk. `unsynced` are folders that must still be synced until it is on disk for certain.
    """

    node: Node
    old: Place | None
    new: Place | None
    follows: list["Change"]
    inside: list["Change"]
    unsynced: set[int]

    @property
    def places(self) -> list[Place]:
        """The places that it changes."""
        return [place for place in (self.old, self.new) if place]


@dataclass(slots=True)
class Recorder:
    """Records the changes below `root`. What is there at first is on disk."""

    root: Path
    nodes: list[Node] = field(default_factory=list)
    first: dict[Place, Node] = field(default_factory=dict)
    now: dict[Place, Node] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    before_change: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.add(is_folder=True)
        for path in sorted(self.root.rglob("*")):
            node = self.add(path.is_dir(), b"" if path.is_dir() else path.read_bytes())
            node.is_synced = True
            self.first[self.place(path)] = node
            self.now = dict(self.first)

    def add(self, is_folder: bool, content: bytes = b"") -> Node:
        """A new node, which has no place yet."""
        node = Node(len(self.nodes), is_folder, content)
        self.nodes.append(node)
        return node

    def folder(self, path: Path) -> Node:
        """The folder at a path."""
        node = self.nodes[0]
        for name in path.relative_to(self.root).parts:
            node = self.now[node.number, name]
        return node

    def place(self, path: Path) -> Place:
        """The place of a path, whether anything is there or not."""
        return (self.folder(path.parent).number, path.name)

    # ---- recording -------------------------------------------------------------------------------

    def changed(self, node: Node, old: Place | None, new: Place | None) -> None:
        """Record a change that has been made."""
        places = {place for place in (old, new) if place}
        folders = {number for number, _ in places}
        follows = [
            change
            for change in self.changes
            if places & {*change.places}
            or (new is None and node.number in {number for number, _ in change.places})
        ]
        inside = [
            change
            for change in self.changes
            if change.old is None and change.node.is_folder and change.node.number in folders
        ]
        self.changes.append(Change(node, old, new, follows, inside, folders))
        if old:
            del self.now[old]
        if new:
            self.now[new] = node

    def synced(self, path: Path) -> None:
        """Record that a file or a folder has been synced."""
        node = self.nodes[0] if path == self.root else self.now[self.place(path)]
        node.is_synced = True
        for change in self.changes:
            change.unsynced.discard(node.number)

    def read(self) -> None:
        """Look what has been written into files that are not synced."""
        paths = self.paths(self.now)
        for place, node in self.now.items():
            if not node.is_folder and not node.is_synced:
                node.content = (self.root / paths[place]).read_bytes()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record while the block lasts. Nothing is really synced: it would only take time."""

        def put(module: Any, name: str, after: Callable[..., None]) -> None:
            real = getattr(module, name)

            def call(*args: Any, **kwargs: Any) -> Any:
                self.read()
                self.before_change()
                result = real(*args, **kwargs)
                after(*args, **kwargs)
                return result

            patched.setattr(module, name, call)

        real_open = io.open

        def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            path = Path(os.fspath(file)) if isinstance(file, str | Path) else None
            if path is None or mode[0] == "r" or not path.is_relative_to(self.root):
                return real_open(file, mode, *args, **kwargs)
            assert not path.exists(), "the model knows only new files"
            self.read()
            self.before_change()
            result = real_open(file, mode, *args, **kwargs)
            self.changed(self.add(is_folder=False), None, self.place(path))
            return result

        def renamed(source: Any, target: Any) -> None:
            old = self.place(Path(source))
            self.changed(self.now[old], old, self.place(Path(target)))

        def made(path: Any, *_: Any) -> None:
            self.changed(self.add(is_folder=True), None, self.place(Path(path)))

        def removed(path: Any, dir_fd: int | None = None) -> None:
            place = self.place(path_in(path, dir_fd))
            self.changed(self.now[place], place, None)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: None)
            put(os, "fsync", lambda descriptor: self.synced(path_of(descriptor)))
            put(os, "mkdir", made)
            for name in ("rename", "replace"):
                put(os, name, renamed)
            for name in ("unlink", "remove", "rmdir"):
                put(os, name, removed)
            patched.setattr(io, "open", opened)
            yield

    # ---- what a loss of power leaves -------------------------------------------------------------

    def states(self, most: int, chance: random.Random) -> set[State]:
        """Some of the states that the disk may be in now, `most` at most.

        The first two are always among them: all changes are on disk, and only the certain ones.
        """
        certain = self.certain()
        open_changes = [change for change in self.changes if id(change) not in certain]
        found = {self.state(open_changes, lambda _: 2), self.state([], lambda _: 0)}
        for _ in range(4 * most):
            if len(found) >= most:
                break
            kept = [change for change in open_changes if chance.random() < 0.5]
            found.add(self.state(kept, lambda _: chance.randrange(3)))
        return found

    def certain(self) -> set[int]:
        """The changes that are on disk for certain, if the folders are that they are in."""
        found: set[int] = set()
        for change in reversed(self.changes):
            if not change.unsynced or id(change) in found:
                found.add(id(change))
                found.update(id(earlier) for earlier in change.follows)
        return found

    def state(self, kept: list[Change], tear: Callable[[Node], int]) -> State:
        """The state in which, of the changes that are not certain, these are on disk.

        `tear`: how much of a file that is not synced: nothing, half of it, or all (0 to 2).
        """
        wanted = {id(change) for change in kept} | self.certain()
        on_disk: set[int] = set()
        places = dict(self.first)
        for change in self.changes:
            needed = {id(need) for need in (*change.follows, *change.inside)}
            if id(change) in wanted and needed <= on_disk:
                on_disk.add(id(change))
                if change.old:
                    places.pop(change.old)
                if change.new:
                    places[change.new] = change.node

        def content(node: Node) -> bytes | None:
            if node.is_folder:
                return None
            if node.is_synced:
                return node.content
            return node.content[: len(node.content) * tear(node) // 2]

        paths = self.paths(places)
        return tuple(sorted((paths[place], content(node)) for place, node in places.items()))

    def paths(self, places: dict[Place, Node]) -> dict[Place, str]:
        """The path of each place, from the root."""
        of_folder = {node.number: place for place, node in places.items() if node.is_folder}

        def path(place: Place) -> str:
            number, name = place
            return name if number == 0 else f"{path(of_folder[number])}/{name}"

        return {place: path(place) for place in places}


def path_in(path: Any, descriptor: int | None) -> Path:
    """A path, which may be below an open folder."""
    return Path(path) if descriptor is None else path_of(descriptor) / path


def path_of(descriptor: int) -> Path:
    """The path of an open file."""
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def build(state: State, root: Path) -> None:
    """Make the files of a state below a root."""
    root.mkdir()
    for path, content in state:
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)

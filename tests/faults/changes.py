"""Every change of the disk that this process makes in some folders, seen before it happens.

Changes are seen by the interpreter's own audit events, and not by a list of the spool's functions:
so a step that is new is seen too. What code outside the interpreter writes is not.

Each change has a name that is the same in every run: "rename inbox/TALE → work/JOB/source".
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from daemon.inbox.notifications import CANARY
from tests.helpers.children import CHANGES

WORDS = (
    (re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}"), "JOB"),
    (re.compile(r"tale-\d+"), "TALE"),
    (re.compile(r"(\.storyreel-probe-)\w+"), r"\1X"),
)
"""What is different in each run, and what it is called in names."""

Change = Callable[[str, Callable[[], None]], None]
"""Is called before a change, with its name, and with what leads to the state that it begins with.

That is nothing but for one kind: a file that is "written" has been made, and is still empty.
"""


class Changes:
    """The changes below `folders`, which are given with their names. `before` is called by turns.

    What the watcher does to see whether notifications arrive is left out: it comes at any time.
    """

    def __init__(self, folders: Mapping[str, Path], before: Change) -> None:
        self._folders = folders
        self._before = before
        self._turn = threading.RLock()

    def begin(self) -> None:
        """See every change from now on. Cannot be undone."""
        real = os.fsync

        def synced(descriptor: int) -> None:
            self._see("sync", Path(f"/proc/self/fd/{descriptor}").readlink())
            real(descriptor)

        mock.patch.object(os, "fsync", synced).start()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._hear_open(*arguments)
        elif event == "os.rename":
            source, target, source_folder, target_folder = arguments
            self._see("rename", path_at(source, source_folder), path_at(target, target_folder))
        elif event in CHANGES:
            path = path_at(arguments[0], arguments[-1])
            is_there = os.path.lexists(path)
            if is_there != (event == "os.mkdir"):  # else nothing is changed
                self._see(event.removeprefix("os."), path)

    def _hear_open(self, file: Any, _: Any, flags: Any) -> None:
        is_path = isinstance(file, str | bytes | os.PathLike)
        if not is_path or not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
            return
        path = path_at(file, -1)
        if flags & os.O_TRUNC or not path.exists():
            self._see("make", path)
            self._see("write", path, lead=lambda: os.close(os.open(path, flags, 0o600)))

    def _see(self, what: str, *paths: Path, lead: Callable[[], None] = lambda: None) -> None:
        if name := name_of_change(what, paths, self._folders):
            with self._turn:
                self._before(name, lead)


def name_of_change(what: str, paths: Sequence[Path], folders: Mapping[str, Path]) -> str:
    """What a change is called in every run; "" for one that does not count."""
    words = [name_of(path, folders) for path in paths]
    if not all(words) or CANARY in paths[0].name:
        return ""
    return f"{what} {' → '.join(words)}"


def name_of(path: Path, folders: Mapping[str, Path]) -> str:
    """What a path is called in every run; "" when it is in none of the folders."""
    for word, folder in folders.items():
        if path.is_relative_to(folder):
            name = str(Path(word) / path.relative_to(folder))
            for pattern, short in WORDS:
                name = pattern.sub(short, name)
            return name
    return ""


def path_at(path: Any, folder: Any) -> Path:
    """The whole path of something that a call names, perhaps below an open folder."""
    name = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0:
        return Path(f"/proc/self/fd/{folder}").readlink() / name
    return Path(name).absolute()

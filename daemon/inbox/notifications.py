"""Filesystem events from the inbox, and the proof that they arrive.

Events only wake the watcher early; what they miss, its scans find. But a silent loss would make every story late, so each
check touches a canary file whose event must have come back by the next check. What watchdog 7.1 does otherwise (measured): at
the watch limit it starts and leaves folders unwatched, an inbox that was deleted and made anew leaves a dead emitter behind a
live-looking observer, and an exception in a handler ends its dispatcher.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirModifiedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

CANARY = ".storyreel-canary"
CHANGES: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirModifiedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
"""What can make a story complete. Openings are left out: our own looking would wake us again."""


class Notifications:
    """A watchdog observer on the inbox. `changed` is called, on a thread of watchdog's, with the name of a top-level folder."""

    def __init__(self, inbox: Path, changed: Callable[[str], object]) -> None:
        self._inbox = inbox
        self._changed = changed
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None
        self._canary_sent = False
        self._canary_back = False

    def start(self) -> str:
        """Begin to watch; the reason why that is not possible, or nothing."""
        self.stop()
        try:
            self._identity = _identity(self._inbox)
            observer = Observer()
            observer.schedule(
                _Handler(self._inbox, self._seen),
                str(self._inbox),
                recursive=True,
                event_filter=CHANGES,
            )
            observer.start()
        except OSError as error:
            return f"the inbox cannot be watched: {error.strerror or error}"
        self._observer = observer
        return self._send_canary()

    def stop(self) -> None:
        """Watch no more. May wait for watchdog's threads."""
        observer, self._observer = self._observer, None
        self._canary_sent = self._canary_back = False
        if observer:
            observer.stop()
            observer.join()
            with contextlib.suppress(OSError):
                (self._inbox / CANARY).unlink(missing_ok=True)

    def check(self) -> str:
        """The reason why events are not arriving, or nothing. To be called every so often: it sends the next canary."""
        try:
            if self._observer is None or not self._observer.is_alive():
                return "watchdog's observer has ended"
            if _identity(self._inbox) != self._identity:
                return "the inbox is another folder than before"
        except OSError as error:
            return f"the inbox cannot be read: {error.strerror}"
        if self._canary_sent and not self._canary_back:
            return "the canary file's event did not come back"
        self._canary_back = False
        return self._send_canary()

    def _send_canary(self) -> str:
        canary = self._inbox / CANARY
        try:
            canary.unlink(
                missing_ok=True
            )  # whatever has been put in its place: a link would be written through
            os.close(os.open(canary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        except OSError as error:
            return f"the inbox cannot be written to: {error.strerror}"
        self._canary_sent = True
        return ""

    def _seen(self, name: str) -> None:
        if name == CANARY:
            self._canary_back = True
        else:
            self._changed(name)


def _identity(folder: Path) -> tuple[int, int]:
    facts = folder.stat()
    return facts.st_dev, facts.st_ino


class _Handler(FileSystemEventHandler):
    """Turns an event's paths into names of top-level folders. Nothing may be raised into watchdog: it would end its thread."""

    def __init__(self, inbox: Path, seen: Callable[[str], None]) -> None:
        self._inbox = inbox
        self._seen = seen

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            with contextlib.suppress(
                ValueError, IndexError, RuntimeError
            ):  # another path; the root itself; loop closed
                self._seen(Path(os.fsdecode(path)).relative_to(self._inbox).parts[0])

"""Notifications of changes in the inbox, and the proof that they arrive.

A notification only wakes the watcher early; what it misses, scans find. But if notifications were
lost in silence, every story would be late. So a check makes a canary file now and then, whose event
must have come back by the next check. It is made when a scan found a change that no notification
announced, and else once an hour: each one is a write, which wakes the disks of a NAS and is sent
around by Syncthing, and a loss that it does not show costs one rescan interval.

The canary is needed because watchdog 7.1 hides such losses (measured):

- At the limit of inotify watches it starts without an error, and leaves folders unwatched.
- When the inbox is deleted and made again, its emitter is dead while the observer looks alive.
- An exception in a handler ends the thread that dispatches events.
"""

import contextlib
import math
import os
import threading
import time
import warnings
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
CANARY_SECONDS = 3600.0
"""How often a canary is made when nothing is in doubt."""
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
"""Events that can make a story complete. Opening a file is not one: our own looks would wake us."""


class Notifications:
    """A watchdog observer on the inbox.

    `changed` is called with the name of a folder (or file) at the top of the inbox, on one of
    watchdog's threads. `canary_is_back` is set when the canary's event has arrived. `clock` gives
    monotonic seconds.
    """

    def __init__(
        self,
        inbox: Path,
        changed: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.canary_is_back = threading.Event()
        self._clock = clock
        self._inbox = inbox
        self._changed = changed
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None
        self._canary_is_sent = False
        self._canary_sent_at = -math.inf
        self._has_heard = False

    def start(self) -> str:
        """Watch the inbox, from the start again if need be. Returns why that fails, or ""."""
        self.stop()
        ignore_known_warning()
        try:
            self._identity = identity_of(self._inbox)
            observer = Observer()
            handler = _Handler(self._inbox, self._heard)
            observer.schedule(handler, str(self._inbox), recursive=True, event_filter=CHANGES)
            observer.start()
        except OSError as error:
            return f"the inbox cannot be watched: {error.strerror or error}"
        self._observer = observer
        return self._send_canary()

    def check(self, *, in_doubt: bool = False) -> str:
        """Return why notifications do not arrive, or "", and send the next canary if it is time.

        To be called at intervals that are long enough for an event to arrive. `in_doubt`: a change
        was found since the last check, whether a notification announced it or not.
        """
        has_heard = self._has_heard
        self._has_heard = False
        try:
            if self._observer is None or not self._observer.is_alive():
                return "watchdog's observer has ended"
            if identity_of(self._inbox) != self._identity:
                return "the inbox is another folder than before"
        except OSError as error:
            return f"the inbox cannot be read: {error.strerror}"
        if self._canary_is_sent and not self.canary_is_back.is_set():
            return "the canary file's event did not come back"
        self._canary_is_sent = False
        self.canary_is_back.clear()
        is_due = self._clock() - self._canary_sent_at >= CANARY_SECONDS
        if is_due or (in_doubt and not has_heard):
            return self._send_canary()
        return ""

    def stop(self) -> None:
        """Stop watching. May wait for watchdog's threads."""
        observer = self._observer
        self._observer = None
        self._canary_is_sent = False
        self.canary_is_back.clear()
        if observer:
            observer.stop()
            observer.join()
            with contextlib.suppress(OSError):
                (self._inbox / CANARY).unlink(missing_ok=True)

    def _send_canary(self) -> str:
        canary = self._inbox / CANARY
        try:
            # Somebody may have put a link in its place, and a write would follow it; or a pipe, and
            # opening it would wait for a reader. So it is removed, and created as a new file.
            canary.unlink(missing_ok=True)
            os.close(os.open(canary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        except OSError as error:
            return f"the inbox cannot be written to: {error.strerror}"
        self._canary_is_sent = True
        self._canary_sent_at = self._clock()
        return ""

    def _heard(self, name: str) -> None:
        if name == CANARY:
            self.canary_is_back.set()
        else:
            self._has_heard = True
            self._changed(name)


def identity_of(folder: Path) -> tuple[int, int]:
    """The device and inode of a folder: another folder at the same path has others."""
    facts = folder.stat()
    return facts.st_dev, facts.st_ino


def ignore_known_warning() -> None:
    """Ignore what watchdog 7.1 warns of when a folder that it knows is renamed or comes back.

    It watches the folder again, with the same callback, which is right. But each warning has a text
    of its own, of 1.5 kB, and Python remembers all that it has shown: memory would grow for ever.
    """
    warnings.filterwarnings("ignore", "Callback with id .* already exists", RuntimeWarning)


class _Handler(FileSystemEventHandler):
    """Turns an event's paths into names at the top of the inbox."""

    def __init__(self, inbox: Path, heard: Callable[[str], None]) -> None:
        self._inbox = inbox
        self._heard = heard

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Nothing may be raised here, since it would end watchdog's thread. ValueError: no path, or
        # one outside the inbox; IndexError: the inbox itself; RuntimeError: the watcher's loop is
        # closed.
        for path in (event.src_path, event.dest_path):
            with contextlib.suppress(ValueError, IndexError, RuntimeError):
                self._heard(Path(os.fsdecode(path)).relative_to(self._inbox).parts[0])

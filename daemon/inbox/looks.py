"""Looks at folders, on threads of their own: a folder whose look hangs holds up no other.

A network filesystem may let a look take minutes, or for ever, and no thread can be stopped. So a
look that takes longer than `SLOW_SECONDS` gets a thread more to work beside it, up to
`MOST_THREADS`. One thread is enough as long as looks are quick: Python would not run more at once.
The threads do not keep the program from ending.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.inbox.readiness import Sighting
from daemon.inbox.view import FolderView

SLOW_SECONDS = 0.5
"""A look that takes longer gets a thread more to work beside it."""
LATE_SECONDS = 30.0
"""A look that takes longer counts as hanging: it is reported, and no longer waited for."""
MOST_THREADS = 32
"""Threads at most. When all hang, no look comes back any more, and the service is unhealthy."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came back with.

    `sighting`: the error if the folder could not be read, and None if there is no such folder.
    Every file was looked at between `began` and `ended`; at `finished`, the manifest had been read
    too (monotonic seconds).
    """

    name: str
    view: FolderView
    sighting: Sighting | OSError | None
    began: float
    ended: float
    finished: float


class Looks:
    """Looks that are asked for, and come back. All methods are for the loop's thread.

    `back` is called with each look that came back. `late` is called once with the name of a folder
    whose look counts as hanging, and the seconds it has taken. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        back: Callable[[Look], None],
        late: Callable[[str, float], None],
        clock: Callable[[], float],
    ) -> None:
        self._back = back
        self._tell_late = late
        self._clock = clock
        self._progress = asyncio.Event()
        self._round: set[str] = set()
        self._again: dict[str, FolderView] = {}
        self._is_tending = False
        self._fault: Exception | None = None

        # What the threads share, under this lock:
        self._lock = threading.Condition()
        self._queued: dict[str, FolderView] = {}
        self._running: dict[str, float] = {}
        self._late: set[str] = set()
        self._results: deque[Look] = deque()
        self._threads = 0
        self._idle = 0
        self._is_stopped = False

    def is_busy(self) -> bool:
        """Whether a look is still to come back, other than those that hang."""
        return bool(self._queued) or len(self._running) > len(self._late)

    def ask(self, views: Mapping[str, FolderView]) -> None:
        """Look at folders, by their names. One that is being looked at is looked at again after."""
        with self._lock:
            for name, view in views.items():
                if name in self._running:
                    self._again[name] = view
                else:
                    self._queued[name] = view
            self._lock.notify()
        self._tend()

    async def ask_and_wait(self, views: Mapping[str, FolderView]) -> None:
        """The same, and wait until each look has come back or counts as hanging.

        Raises what `back` raised, of any look: else a bug there would end in silence.
        """
        self.ask(views)
        self._round = views.keys() - self._late
        while self._round:
            self._progress.clear()
            await self._progress.wait()
        if self._fault:
            raise self._fault

    def stop(self) -> None:
        """Let the threads end that can."""
        with self._lock:
            self._is_stopped = True
            self._queued.clear()
            self._lock.notify_all()

    # ---- on the loop's thread -------------------------------------------------------------------

    def _tend(self) -> None:
        """Keep enough threads at work, and report looks that hang, for as long as any is asked."""
        loop = asyncio.get_running_loop()
        now = self._clock()
        hanging = []
        with self._lock:
            slow = sum(now - began > SLOW_SECONDS for began in self._running.values())
            if self._queued and self._threads <= slow and self._threads < MOST_THREADS:
                self._threads += 1
                threading.Thread(target=self._work, args=(loop,), name="look", daemon=True).start()
            for name, began in self._running.items():
                if now - began > LATE_SECONDS and name not in self._late:
                    self._late.add(name)
                    hanging.append((name, now - began))

        for name, seconds in hanging:
            self._tell_late(name, seconds)
            self._finish(name)
        if self.is_busy() and not self._is_tending:
            self._is_tending = True
            loop.call_later(SLOW_SECONDS / 2, self._tend_again)

    def _tend_again(self) -> None:
        self._is_tending = False
        self._tend()

    def _deliver(self) -> None:
        """Pass on the looks that came back."""
        with self._lock:
            results = list(self._results)
            self._results.clear()
        again = {}
        for look in results:
            if look.name in self._again:
                again[look.name] = self._again.pop(look.name)
            try:
                self._back(look)
            except Exception as error:
                self._fault = error
            self._finish(look.name)
        if again:
            self.ask(again)

    def _finish(self, name: str) -> None:
        self._round.discard(name)
        self._progress.set()

    # ---- on the threads -------------------------------------------------------------------------

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at one folder after the other. Ends when stopped, or when another thread idles."""
        while True:
            with self._lock:
                while not self._queued:
                    if self._is_stopped or self._idle:
                        self._threads -= 1
                        return
                    self._idle += 1
                    self._lock.wait()
                    self._idle -= 1
                name = next(iter(self._queued))
                view = self._queued.pop(name)
                self._running[name] = self._clock()

            look = look_at(name, view, self._clock)

            with self._lock:
                del self._running[name]
                self._late.discard(name)
                self._results.append(look)
                is_first = len(self._results) == 1
            if is_first:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._deliver)


def look_at(name: str, view: FolderView, clock: Callable[[], float]) -> Look:
    """Look at a folder once.

    Not even a bug in the program stops the looks at the others: it counts as an error of reading.
    """
    began = clock()
    ended = began
    sighting: Sighting | OSError | None = None
    try:
        entries = view.entries()
        ended = clock()
        if entries is not None:
            sighting = view.sighting(entries)
    except OSError as error:
        sighting = error
    except Exception as error:
        sighting = OSError(f"a bug in the program: {error!r}")
    return Look(name, view, sighting, began, ended, clock())

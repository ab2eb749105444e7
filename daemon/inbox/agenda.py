"""Which name's time comes next: found at once, however many names wait for theirs.

The watcher asks each time it wakes. Going through ten thousand folders then took more than looking
at those that had changed.
"""

import heapq
import math


class Agenda:
    """One time for each name, in seconds of any clock. A new time replaces the earlier one.

    The heap also holds times that have been replaced. They are passed over when they come up, and
    cleared away when they are the greater part.
    """

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def put(self, name: str, time: float) -> None:
        """Set a name's time; infinity means that it has none."""
        if math.isinf(time):
            self._times.pop(name, None)
        elif self._times.get(name) != time:
            self._times[name] = time
            heapq.heappush(self._heap, (time, name))
        if len(self._heap) > 2 * len(self._times) + 100:
            self._heap = [(time, name) for name, time in self._times.items()]
            heapq.heapify(self._heap)

    def time_of(self, name: str) -> float:
        """A name's time; infinity when it has none."""
        return self._times.get(name, math.inf)

    def first(self) -> float:
        """The earliest time; infinity when no name has one."""
        while self._heap:
            time, name = self._heap[0]
            if self._times.get(name) == time:
                return time
            heapq.heappop(self._heap)
        return math.inf

    def due(self, now: float) -> set[str]:
        """The names whose time has come."""
        names = set()
        while self.first() <= now:
            names.add(heapq.heappop(self._heap)[1])
        for name in names:
            heapq.heappush(self._heap, (self._times[name], name))
        return names

"""Threads for calls that a filesystem may hold up. Each kind of call has threads of its own.

A lost network share holds a call up for ever. Then it holds up only calls of its own kind, and
never the loop.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Threads:
    """`count` threads for one kind of call. A call that takes `patience_seconds` is stuck."""

    def __init__(self, name: str, count: int, patience_seconds: float) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._patience_seconds = patience_seconds
        self._began: dict[int, float] = {}
        self._numbers = itertools.count()

    async def run(
        self,
        function: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Call a function on one of the threads. Cancelling does not end a call that has begun."""
        number = next(self._numbers)

        def call() -> Result:
            self._began[number] = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                del self._began[number]

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def is_stuck(self, now: float) -> bool:
        """Whether a call has been running for too long. `now`: seconds of the monotonic clock."""
        return any(now - began > self._patience_seconds for began in [*self._began.values()])

    def close(self) -> None:
        """Begin no further call, and wait until those that have begun are over."""
        self._executor.shutdown(wait=True, cancel_futures=True)


class SpoolThreads:
    """The threads for the spool's calls.

    `claims` move folders out of the inbox, `copies` read stories that cannot be moved, and
    `publications` copy films to the outbox, which may be on another filesystem. `looks` read the
    folders of jobs, `pruning` removes old stories, and `steps` do all the rest.
    """

    def __init__(self) -> None:
        self.claims = Threads("claim", 1, patience_seconds=300)
        self.steps = Threads("step", 4, patience_seconds=600)
        self.looks = Threads("look", 4, patience_seconds=300)
        self.publications = Threads("publish", 2, patience_seconds=3600)
        self.copies = Threads("copy", 2, patience_seconds=3600)
        self.pruning = Threads("prune", 1, patience_seconds=86_400)
        self._all = (
            self.claims,
            self.copies,
            self.publications,
            self.looks,
            self.pruning,
            self.steps,
        )

    def is_stuck(self, now: float) -> bool:
        """Whether any call has been running for too long."""
        return any(threads.is_stuck(now) for threads in self._all)

    def close(self) -> None:
        """Wait until all calls are over: none may change a folder after the lock is released."""
        for threads in self._all:
            threads.close()

"""Waiting in a test: until something holds, or on a clock that the test moves."""

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 20.0
"""How long a test waits for what should happen at once."""


async def until(holds: Callable[[], object]) -> None:
    """Poll until something holds; raise `TimeoutError` when it does not hold in time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():
            await asyncio.sleep(0.005)


class Clock:
    """Time in seconds that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

"""Calls on threads: a call that hangs holds up its own kind only, and is noticed."""

import asyncio
import threading
import time

import pytest

from daemon.service.threads import SpoolThreads, Threads
from tests.helpers.waiting import until


class Hanging:
    """A call that hangs until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.let_go = threading.Event()
        self.is_over = False

    def __call__(self) -> str:
        self.began.set()
        self.let_go.wait(20)
        self.is_over = True
        return "over"


async def test_a_call_returns_or_raises_what_its_function_does() -> None:
    threads = Threads("test", 1, patience_seconds=1)
    assert await threads.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 7, 0)
    assert not threads.is_stuck(time.monotonic() + 1e6)


async def test_a_call_that_takes_too_long_is_stuck() -> None:
    """H9: a claim or a publication that hung was not noticed by anybody."""
    threads = Threads("test", 1, patience_seconds=100)
    hanging = Hanging()
    call = asyncio.create_task(threads.run(hanging))
    await until(hanging.began.is_set)
    now = time.monotonic()
    assert not threads.is_stuck(now + 50)
    assert threads.is_stuck(now + 101)
    hanging.let_go.set()
    assert await call == "over"
    assert not threads.is_stuck(now + 1e6)


async def test_a_call_that_waits_for_its_turn_is_not_stuck() -> None:
    """A start with thousands of jobs to recover is slow, and healthy."""
    threads = Threads("test", 1, patience_seconds=100)
    hanging = Hanging()
    first = asyncio.create_task(threads.run(hanging))
    await until(hanging.began.is_set)
    second = asyncio.create_task(threads.run(time.monotonic))
    await asyncio.sleep(0)
    began = time.monotonic()
    hanging.let_go.set()
    await first
    assert await second >= began


async def test_a_publication_that_hangs_holds_up_no_other_step() -> None:
    """M6: all calls shared a few threads, so a lost outbox stopped the scans of the inbox too."""
    threads = SpoolThreads()
    hanging = [Hanging() for _ in range(10)]
    calls = [asyncio.create_task(threads.publications.run(each)) for each in hanging]
    await until(hanging[0].began.is_set)
    for others in (threads.claims, threads.looks, threads.steps):
        assert await asyncio.wait_for(others.run(lambda: "done"), 20) == "done"
    assert threads.is_stuck(time.monotonic() + 1e6)
    for each in hanging:
        each.let_go.set()
    await asyncio.gather(*calls)
    threads.close()


async def test_closing_waits_for_calls_that_have_begun_and_drops_the_others() -> None:
    """L9: the lock is released after that: a late rename must not meet the next service."""
    threads = SpoolThreads()
    hanging = Hanging()
    call = asyncio.create_task(threads.claims.run(hanging))
    await until(hanging.began.is_set)
    waiting = asyncio.create_task(threads.claims.run(pytest.fail, "a call that must not begin"))
    await asyncio.sleep(0)
    call.cancel()
    threading.Timer(0.05, hanging.let_go.set).start()
    await asyncio.to_thread(threads.close)
    assert hanging.is_over
    with pytest.raises(asyncio.CancelledError):
        await waiting

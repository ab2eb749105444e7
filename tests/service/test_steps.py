"""Steps of the spool that fail are taken again, and the log says what would help."""

import errno
import gc
import os

import pytest
from structlog.testing import LogCapture
from tenacity import wait_none

from daemon.service import steps
from daemon.service.steps import until_it_works
from tests.helpers.logs import events


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LONGER_AND_LONGER", wait_none())


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EDQUOT, "Make room"),
        (errno.EIO, "keeps trying"),
        (errno.EACCES, "write to it"),
    ],
)
async def test_a_step_is_taken_until_it_works(log_lines: LogCapture, code: int, mend: str) -> None:
    failures = [OSError(code, os.strerror(code), "/srv/done") for _ in range(3)]

    async def step(name: str, *, force: bool) -> str:
        if failures:
            raise failures.pop()
        return f"{name} {force}"

    assert await until_it_works(step, "moved", force=True) == "moved True"
    lines = events(log_lines, "service.degraded")
    assert len(lines) == 3
    assert f"at /srv/done: {os.strerror(code)}" in lines[0]["reason"]
    assert mend in lines[0]["mend"]


async def test_an_error_of_the_program_is_not_tried_again() -> None:
    calls = 0

    async def step() -> None:
        nonlocal calls
        calls += 1
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await until_it_works(step)
    assert calls == 1


async def test_a_step_leaves_nothing_for_the_garbage_collector() -> None:
    """N24"""
    failures = [OSError(errno.EIO, "")]

    async def step() -> None:
        if failures:
            raise failures.pop()

    await until_it_works(step)  # what the first one makes stays
    failures.append(OSError(errno.EIO, ""))
    gc.collect()
    await until_it_works(step)
    assert gc.collect() == 0

"""Pruning as a part of the service: what is logged, and that a fault ends nothing."""

import asyncio
import errno
import os
import shutil
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from daemon.config import Settings
from daemon.service import pruning
from daemon.service.pruning import keep_pruning, prune_place
from daemon.service.threads import Threads
from daemon.spool.pruning import Bounds
from tests.conftest import SettingsMaker
from tests.helpers.folders import names
from tests.helpers.logs import events
from tests.helpers.stories import story
from tests.helpers.waiting import until


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    """Settings that keep little; both places have a story."""
    made = make_settings(keep={"done_gib": 1e-9, "failed_gib": 1e-9})
    for place in (made.folders.done, made.folders.failed):
        story(place / "fox", (0.1,))
    return made


async def test_stories_are_pruned_at_the_start_and_then_now_and_then(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    monkeypatch.setattr(pruning, "PRUNE_SECONDS", 0.01)
    task = asyncio.create_task(
        keep_pruning(settings.folders, lambda: settings, Threads("prune", 1, 60))
    )
    await until(lambda: len(events(log_lines, "story.pruned")) == 2)
    assert names(settings.folders.done) == names(settings.folders.failed) == []
    story(settings.folders.done / "owl", (0.1,))
    await until(lambda: len(events(log_lines, "story.pruned")) == 3)
    task.cancel()
    line = events(log_lines, "story.pruned")[2]
    assert line["story"] == "owl"
    assert line["folder"] == str(settings.folders.done / "owl")
    assert (line["days"], line["mib"] > 0) == (0.0, True)


async def test_with_the_settings_as_they_are_nothing_is_ever_removed(
    make_settings: SettingsMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 6."""
    settings = make_settings()
    story(settings.folders.done / "fox", (0.1,))
    os.utime(settings.folders.done / "fox", (0, 0))
    rounds = 0

    async def count(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", count)
    with pytest.raises(asyncio.CancelledError):
        await keep_pruning(settings.folders, lambda: settings, Threads("prune", 1, 60))
    assert names(settings.folders.done) == ["fox"]


async def test_a_place_that_cannot_be_read_is_logged(tmp_path: Path, log_lines: LogCapture) -> None:
    await prune_place(tmp_path / "gone", Bounds(days=1), Threads("prune", 1, 60))
    (line,) = events(log_lines, "service.degraded")
    assert "cannot be pruned" in line["reason"]


async def test_a_story_that_cannot_be_removed_is_logged_with_what_would_help(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    def fail(_: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(shutil, "rmtree", fail)
    await prune_place(settings.folders.done, Bounds(gib=1e-9), Threads("prune", 1, 60))
    (line,) = events(log_lines, "service.degraded")
    assert "fox cannot be removed whole: Permission denied" in line["reason"]
    assert "by hand" in line["mend"]

"""Pruning of done/ and failed/, now and then, where the settings say so."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from daemon.config import Folders, Settings
from daemon.log import Event, logger
from daemon.service.steps import log_degraded
from daemon.service.threads import Threads
from daemon.spool.pruning import DAY, Bounds, Pruned, prune

PRUNE_SECONDS = 3600.0
"""How often stories are pruned."""


async def keep_pruning(
    folders: Folders, settings: Callable[[], Settings], threads: Threads
) -> None:
    """Prune now, and then again and again, until cancelled."""
    while True:
        keep = settings().keep
        await prune_place(folders.done, Bounds(keep.done_days, keep.done_gib), threads)
        await prune_place(folders.failed, Bounds(keep.failed_days, keep.failed_gib), threads)
        await asyncio.sleep(PRUNE_SECONDS)


async def prune_place(place: Path, bounds: Bounds, threads: Threads) -> None:
    """Prune one place, and log what was removed, or why it was not."""
    if not bounds:
        return
    now = time.time()
    try:
        pruned = await threads.run(lambda: [*prune(place, bounds, now)])
    except OSError as error:
        mend = "Look at the folder and its permissions."
        log_degraded(f"{place} cannot be pruned: {error.strerror or error}", mend)
        return
    for story in pruned:
        log_pruned(story, now)


def log_pruned(pruned: Pruned, now: float) -> None:
    """Log that a story was removed, or why it could not be."""
    folder = str(pruned.kept.folder)
    if pruned.fault:
        mend = "Remove it by hand, or let the service's user write to it and all folders in it."
        log_degraded(f"{folder} cannot be removed whole: {pruned.fault}", mend)
        return
    logger().info(
        Event.STORY_PRUNED,
        story=pruned.kept.folder.name,
        folder=folder,
        days=round((now - pruned.kept.changed_at) / DAY, 1),
        mib=round(pruned.kept.size / 2**20, 3),
    )

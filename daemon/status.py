"""The status of all stories as data, for the command line and for anything else that shows it.

It is read from the folders on disk, and so is true with and without a running service.
"""

import functools
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon import progress
from daemon.config import Settings, Watch
from daemon.inbox import FolderView, fingerprint, list_inbox
from daemon.media.library import library
from daemon.spool import Job, Spool, reasons
from daemon.spool.memory import Hold

InboxState = Literal["complete", "waiting", "unreadable"]
WorkState = Literal["queued", "rendering", "publishing", "interrupted"]


@dataclass(frozen=True, slots=True)
class Status:
    """The whole status of one root.

    `strays` are things in the inbox that are not folders. `outbox` and `done` are numbers of
    folders.
    """

    running: bool
    root: str
    inbox: list["Arriving"]
    strays: list[str]
    work: list["AtWork"]
    failed: list["FailedStory"]
    outbox: int
    done: int
    free_mib: int


def collect(settings: Settings) -> Status:
    """Read the status from the folders; those that do not exist yet count as empty."""
    folders = settings.folders
    spool = Spool(folders)
    is_running = spool.is_locked()
    free_bytes = spool.free_bytes() if folders.work.is_dir() else 0
    inbox, strays = arriving_stories(settings, spool.memory.holds())
    return Status(
        running=is_running,
        root=str(folders.root),
        inbox=inbox,
        strays=strays,
        work=[at_work(job, is_running) for job in spool.jobs()],
        failed=[failed_story(folder) for folder in subfolders(folders.failed)],
        outbox=len(subfolders(folders.outbox)),
        done=len(subfolders(folders.done)),
        free_mib=free_bytes // 2**20,
    )


@dataclass(frozen=True, slots=True)
class Arriving:
    """A folder in the inbox.

    `state`: "complete" (it only needs to settle), "waiting" (for what it lacks), or "unreadable".
    """

    story: str
    state: InboxState
    lacking: list[str]


def arriving_stories(
    settings: Settings, holds: Iterable[Hold] = ()
) -> tuple[list[Arriving], list[str]]:
    """The folders in the inbox, and the names of what is not a folder there.

    `holds`: the stories that the service lets wait.
    """
    inbox = settings.folders.inbox
    if not inbox.is_dir():
        return [], []
    watch = settings.watch
    listing = list_inbox(inbox, watch.ignore)

    @functools.cache
    def tracks() -> frozenset[str]:
        return frozenset(track.name for track in library(settings.music.library))

    held = {hold.name: hold for hold in holds}
    names = sorted(listing.folders)
    seen = [arriving(inbox / name, watch, tracks, held.get(name)) for name in names]
    return [story for story in seen if story], list(listing.strays)


def arriving(
    folder: Path,
    watch: Watch,
    tracks: Callable[[], Collection[str]],
    hold: Hold | None = None,
) -> Arriving | None:
    """A folder in the inbox; None when it is gone.

    `tracks` gives the names in the music library; it is asked only if a manifest names a track.
    `hold`: what the service lets the folder wait for, if it still looks as it did then.
    """
    try:
        sighting = FolderView(folder, watch.manifest, tracks, watch.ignore).look()
    except OSError as error:
        return Arriving(folder.name, "unreadable", [error.strerror or str(error)])
    if sighting is None:
        return None
    lacking = list(sighting.lacking)
    if hold and hold.fingerprint == fingerprint(sighting.entries):
        lacking += hold.lacking
    if lacking:
        return Arriving(folder.name, "waiting", lacking)
    return Arriving(folder.name, "complete", [])


@dataclass(frozen=True, slots=True)
class AtWork:
    """A claimed story. `done`: how much of the attempt is done, 0 to 1.

    `state`: "queued", "rendering" or "publishing"; "interrupted" when no service is running.
    """

    story: str
    job: str
    state: WorkState
    attempt: int
    claimed_at: str
    stage: str
    done: float


def at_work(job: Job, is_running: bool) -> AtWork:
    """A claimed story, with the progress of its attempt."""
    state: WorkState
    if not is_running:
        state = "interrupted"
    elif job.target:
        state = "publishing"
    elif job.attempts and job.attempt_folder.is_dir():
        state = "rendering"
    else:
        state = "queued"

    now = progress.read(job.attempt_folder) or progress.Progress("", 0.0)
    return AtWork(
        story=job.name,
        job=job.id,
        state=state,
        attempt=job.attempts,
        claimed_at=job.claimed_at,
        stage=now.stage,
        done=now.done,
    )


@dataclass(frozen=True, slots=True)
class FailedStory:
    """A folder in failed/, with its problems."""

    story: str
    problems: list[str]


def failed_story(folder: Path) -> FailedStory:
    """A folder in failed/. It has no problems when its `error.json` is missing or not ours."""
    return FailedStory(folder.name, [str(problem) for problem in reasons.read(folder)])


def subfolders(folder: Path) -> list[Path]:
    """The visible folders in a folder, in the order of their names; none when it is missing."""
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(paths)

"""What the folders say, as data: for the command line, and for whatever else shows it.

It is read from the disk, and so is true with and without a running service.
"""

from dataclasses import dataclass
from pathlib import Path

from daemon import progress
from daemon.config import Settings
from daemon.inbox import FolderView, list_inbox
from daemon.media.library import library
from daemon.spool import Job, Spool, reasons


@dataclass(frozen=True, slots=True)
class Arriving:
    """A folder in the inbox.

    `state`: "complete" (it only has to settle), "waiting" (for what it lacks), or "unreadable".
    """

    story: str
    state: str
    lacking: list[str]


@dataclass(frozen=True, slots=True)
class AtWork:
    """A claimed story.

    `state`: "queued", "rendering", "publishing", or "interrupted" when no service is running.
    """

    story: str
    job: str
    state: str
    attempt: int
    claimed_at: str
    stage: str
    done: float


@dataclass(frozen=True, slots=True)
class FailedStory:
    """A folder in failed/, with its problems."""

    story: str
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. `outbox` and `done` are counts of folders; `strays` are no story folders."""

    running: bool
    root: str
    inbox: list[Arriving]
    strays: list[str]
    work: list[AtWork]
    failed: list[FailedStory]
    outbox: int
    done: int
    free_mib: int


def collect(settings: Settings) -> Status:
    """Read the status from the folders."""
    folders = settings.folders
    spool = Spool(folders)
    is_running = spool.is_locked()
    listing = list_inbox(folders.inbox) if folders.inbox.is_dir() else None
    tracks = {track.name for track in library(settings.music.library)}
    names = listing.folders if listing else ()
    return Status(
        running=is_running,
        root=str(folders.root),
        inbox=[_arriving(folders.inbox / name, settings.watch.manifest, tracks) for name in names],
        strays=list(listing.strays) if listing else [],
        work=[_at_work(job, is_running) for job in spool.jobs()],
        failed=[_failed(folder) for folder in _subfolders(folders.failed)],
        outbox=len(_subfolders(folders.outbox)),
        done=len(_subfolders(folders.done)),
        free_mib=spool.free_bytes() // 2**20 if folders.work.is_dir() else 0,
    )


def _arriving(folder: Path, manifest: str, tracks: set[str]) -> Arriving:
    try:
        sighting = FolderView(folder, manifest, lambda: tracks).look()
    except OSError as error:
        return Arriving(folder.name, "unreadable", [error.strerror or str(error)])
    lacking = list(sighting.lacking) if sighting else []
    return Arriving(folder.name, "waiting" if lacking else "complete", lacking)


def _at_work(job: Job, is_running: bool) -> AtWork:
    now = progress.read(job.attempt_folder)
    return AtWork(
        story=job.name,
        job=job.id,
        state=_state(job) if is_running else "interrupted",
        attempt=job.attempts,
        claimed_at=job.claimed_at,
        stage=now.stage if now else "",
        done=now.done if now else 0.0,
    )


def _state(job: Job) -> str:
    """A recorded target means that the job is being published, an attempt's folder an attempt."""
    if job.target:
        return "publishing"
    return "rendering" if job.attempts and job.attempt_folder.is_dir() else "queued"


def _failed(folder: Path) -> FailedStory:
    return FailedStory(folder.name, [str(problem) for problem in reasons.read(folder)])


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(paths)

"""`storyreel status`: what the folders say. It reads the disk, and so tells the truth with or without a running service."""

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from daemon import progress, reasons
from daemon.cli.console import FINE, printable, settings_or_exit
from daemon.config import Settings
from daemon.film import music
from daemon.inbox import FolderView, list_inbox
from daemon.job import Job
from daemon.spool import Spool

REFRESH_SECONDS = 1.0
NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Arriving:
    """A folder in the inbox: "complete" (it only has to settle), "waiting" for what it lacks, or "unreadable"."""

    story: str
    state: str
    lacking: list[str]


@dataclass(frozen=True, slots=True)
class AtWork:
    """A claimed story: "queued", "rendering", "publishing", or "interrupted" when no service is running."""

    story: str
    job: str
    state: str
    attempt: int
    claimed_at: str
    stage: str
    done: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A folder in failed/, with its problems."""

    story: str
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. `outbox` and `done` are counts of folders."""

    running: bool
    root: str
    inbox: list[Arriving]
    strays: list[str]
    work: list[AtWork]
    failed: list[Failed]
    outbox: int
    done: int
    free_mib: int


def show_status(file: Path | None, root: Path | None, *, as_json: bool, watch: bool) -> int:
    """Print the status, once or again and again; the exit code."""
    settings = settings_or_exit(file, root)
    if as_json:
        print(json.dumps(asdict(collect(settings)), indent=2))
    elif watch:
        _show_again_and_again(settings)
    else:
        Console(soft_wrap=True).print(_drawn(collect(settings)))
    return FINE


def collect(settings: Settings) -> Status:
    """Read the status from the folders."""
    folders = settings.folders
    spool = Spool(folders)
    running = spool.is_locked()
    listing = list_inbox(folders.inbox) if folders.inbox.is_dir() else None
    return Status(
        running=running,
        root=str(folders.root),
        inbox=[_arriving(folders.inbox / name, settings) for name in listing.folders] if listing else [],
        strays=list(listing.strays) if listing else [],
        work=[_at_work(job, running) for job in spool.jobs()],
        failed=[Failed(path.name, [str(problem) for problem in reasons.read(path)]) for path in _subfolders(folders.failed)],
        outbox=len(_subfolders(folders.outbox)),
        done=len(_subfolders(folders.done)),
        free_mib=spool.free_bytes() // 2**20 if folders.work.is_dir() else 0,
    )


def _arriving(folder: Path, settings: Settings) -> Arriving:
    tracks = {track.name for track in music.library(settings.music.library)}
    try:
        sighting = FolderView(folder, settings.watch.manifest, lambda: tracks).look()
    except OSError as error:
        return Arriving(folder.name, "unreadable", [error.strerror or str(error)])
    lacking = list(sighting.lacking) if sighting else []
    return Arriving(folder.name, "waiting" if lacking else "complete", lacking)


def _at_work(job: Job, running: bool) -> AtWork:
    """A job's state as its folder tells it: a recorded target means publishing, an attempt's folder an attempt."""
    now = progress.read(job.attempt_folder)
    state = "publishing" if job.target else "rendering" if job.attempts and job.attempt_folder.is_dir() else "queued"
    stage, done = (now.stage, now.done) if now else ("", 0.0)
    return AtWork(job.name, job.id, state if running else "interrupted", job.attempts, job.claimed_at, stage, done)


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _show_again_and_again(settings: Settings) -> None:
    with contextlib.suppress(KeyboardInterrupt), Live(_drawn(collect(settings)), auto_refresh=False) as live:
        while True:
            time.sleep(REFRESH_SECONDS)
            live.update(_drawn(collect(settings)), refresh=True)


def _drawn(status: Status) -> RenderableType:
    """The status for people: a line of counts, then a table of what is under way and what has failed."""
    service = Text("running", "bold green") if status.running else Text("not running", "bold red")
    counts = f" on {status.root}: {status.outbox} in the outbox, {len(status.failed)} failed, {status.free_mib} MiB free"
    table = Table("story", "where", "state", box=None, pad_edge=False)
    for arriving in status.inbox:
        _add(table, arriving.story, "inbox", f"{arriving.state} {_short(arriving.lacking)}".strip(), "cyan")
    for job in status.work:
        how_far = f" {job.stage} {job.done:.0%}" if job.stage else ""
        _add(table, job.story, "work", f"{job.state}, attempt {job.attempt}{how_far}", "yellow")
    for failed in status.failed:
        _add(table, failed.story, "failed", _short(failed.problems[:1]) or "see WHY.txt in it", "red")
    for stray in status.strays:
        _add(table, stray, "inbox", "no story folder: it is left alone", "dim")
    return Group(Text.assemble("Storyreel is ", service, printable(counts)), *([table] if table.row_count else []))


def _add(table: Table, story: str, where: str, state: str, style: str) -> None:
    table.add_row(Text(printable(story)), Text(where, style), Text(printable(state)))


def _short(words: list[str]) -> str:
    shown = ", ".join(words[:NAMES_SHOWN])
    return shown + (f" and {len(words) - NAMES_SHOWN} more" if len(words) > NAMES_SHOWN else "")

"""`storyreel status`: what the folders say. It reads the disk, and so tells the truth with or without a running service."""

import contextlib
import json
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from daemon.cli.console import FINE, printable, settings_or_exit
from daemon.config import Settings
from daemon.status import Status, collect

REFRESH_SECONDS = 1.0
NAMES_SHOWN = 8


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


def _show_again_and_again(settings: Settings) -> None:
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(_drawn(collect(settings)), auto_refresh=False) as live,
    ):
        while True:
            time.sleep(REFRESH_SECONDS)
            live.update(_drawn(collect(settings)), refresh=True)


def _drawn(status: Status) -> RenderableType:
    """The status for people: a line of counts, then a table of what is under way and what has failed."""
    service = Text("running", "bold green") if status.running else Text("not running", "bold red")
    counts = f" on {status.root}: {status.outbox} in the outbox, {len(status.failed)} failed, {status.free_mib} MiB free"
    table = Table("story", "where", "state", box=None, pad_edge=False)
    for arriving in status.inbox:
        _add(
            table,
            arriving.story,
            "inbox",
            f"{arriving.state} {_short(arriving.lacking)}".strip(),
            "cyan",
        )
    for job in status.work:
        how_far = f" {job.stage} {job.done:.0%}" if job.stage else ""
        _add(table, job.story, "work", f"{job.state}, attempt {job.attempt}{how_far}", "yellow")
    for failed in status.failed:
        _add(
            table, failed.story, "failed", _short(failed.problems[:1]) or "see WHY.txt in it", "red"
        )
    for stray in status.strays:
        _add(table, stray, "inbox", "no story folder: it is left alone", "dim")
    return Group(
        Text.assemble("Storyreel is ", service, printable(counts)),
        *([table] if table.row_count else []),
    )


def _add(table: Table, story: str, where: str, state: str, style: str) -> None:
    table.add_row(Text(printable(story)), Text(where, style), Text(printable(state)))


def _short(words: list[str]) -> str:
    shown = ", ".join(words[:NAMES_SHOWN])
    return shown + (f" and {len(words) - NAMES_SHOWN} more" if len(words) > NAMES_SHOWN else "")

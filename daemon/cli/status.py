"""`storyreel status`: what the folders say, with or without a running service."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from daemon.cli.console import FINE, explaining_rights, settings_or_exit
from daemon.config import Settings
from daemon.printable import printable
from daemon.status import Status, collect
from daemon.workers.sandbox import confinement

REFRESH_SECONDS = 1.0
NAMES_SHOWN = 8
"""How many of the files that a folder lacks are named."""


@explaining_rights()
def show_status(file: Path | None, root: Path | None, *, as_json: bool, watch: bool) -> int:
    """Print the status, once or until Ctrl-C; returns the exit code."""
    settings = settings_or_exit(file, root)
    if as_json:
        fields = asdict(collect(settings)) | {"confinement": confinement()}
        print(json.dumps(fields, indent=2))
    elif watch:
        watch_status(settings)
    else:
        Console(soft_wrap=True).print(Group(drawn(collect(settings)), limits(**confinement())))
    return FINE


def limits(landlock: int, seccomp: bool) -> Text:
    """What this machine's kernel holds the workers with, in a line."""
    files = f"Landlock {landlock}" if landlock else "no Landlock"
    calls = "a filter of system calls" if seccomp else "no filter of system calls"
    is_whole = landlock and seccomp
    return Text(f"Workers are confined by {files} and {calls}", "dim" if is_whole else "bold red")


def watch_status(settings: Settings) -> None:
    """Show the status again and again, until Ctrl-C."""
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(drawn(collect(settings)), auto_refresh=False) as live,
    ):
        while True:
            time.sleep(REFRESH_SECONDS)
            live.update(drawn(collect(settings)), refresh=True)


def drawn(status: Status) -> RenderableType:
    """The status for people: a line with the counts, then a table of the stories."""
    service = Text("not running", "bold red")
    if status.running:
        service = Text("running", "bold green")
    counts = (
        f" on {status.root}: {status.outbox} in the outbox, {len(status.failed)} failed,"
        f" {status.free_mib} MiB free"
    )
    headline = Text.assemble("Storyreel is ", service, printable(counts))

    table = Table("story", "where", "state", box=None, pad_edge=False)
    for story, where, state, style in rows(status):
        table.add_row(Text(printable(story)), Text(where, style), Text(printable(state)))
    if table.row_count:
        return Group(headline, table)
    return headline


def rows(status: Status) -> Iterator[tuple[str, str, str, str]]:
    """A row for each story that is not delivered: its name, its folder, its state, and a colour."""
    for arriving in status.inbox:
        yield arriving.story, "inbox", f"{arriving.state} {few(arriving.lacking)}".strip(), "cyan"
    for job in status.work:
        state = f"{job.state}, attempt {job.attempt}"
        if job.stage:
            state += f" {job.stage} {job.done:.0%}"
        yield job.story, "work", state, "yellow"
    for failed in status.failed:
        yield failed.story, "failed", few(failed.problems[:1]) or "see WHY.txt in it", "red"
    for stray in status.strays:
        yield stray, "inbox", "not a folder: it is left alone", "dim"


def few(names: list[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:NAMES_SHOWN])
    if len(names) > NAMES_SHOWN:
        shown += f" and {len(names) - NAMES_SHOWN} more"
    return shown

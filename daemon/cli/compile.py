"""`storyreel compile`: one story, no inbox, a progress bar on a terminal."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.attempt import Film, Order
from daemon.cli.console import (
    FINE,
    STORY_AT_FAULT,
    TRY_AGAIN,
    complain,
    explaining_rights,
    say,
    settings_or_exit,
)
from daemon.delivery import files
from daemon.printable import printable
from daemon.progress import Reporter
from daemon.workers.alone import compile_alone


@explaining_rights()
def compile_folder(
    folder: Path, output: Path, file: Path | None, *, preview: bool = False, quiet: bool = False
) -> int:
    """Compile a folder into `output`; the exit code.

    A preview has a quarter of the pixels, and a name of its own.
    """
    settings = settings_or_exit(file)
    output.mkdir(parents=True, exist_ok=True)
    source = folder.resolve()
    name = source.name
    with tempfile.TemporaryDirectory(prefix=".storyreel-", dir=output) as attempt:
        order = Order(
            "compile", name, 1, source, Path(attempt).resolve(), settings, preview=preview
        )
        with progress_bar(name) as report:
            outcome = compile_alone(order, report)
        if isinstance(outcome, Film):
            target = f"{name}.preview" if preview else name
            film = files.place_in(Path(attempt), output, target)
            if not quiet:
                say(str(film))
            return FINE

    complain(f"{name}: no film", outcome.problems)
    for line in outcome.trace.splitlines():
        complain(line)
    return TRY_AGAIN if outcome.retryable else STORY_AT_FAULT


@contextmanager
def progress_bar(name: str) -> Iterator[Reporter]:
    """A reporter that draws a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        shown = printable(name)
        task = progress.add_task(shown, total=1.0)

        def report(stage: str, done: float) -> None:
            progress.update(task, description=f"{shown}: {stage}", completed=done)

        yield report

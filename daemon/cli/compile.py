"""`storyreel compile`: one story, no inbox, a progress bar on a terminal."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.attempt import Failure, Film, Order
from daemon.cli.console import FINE, STORY_AT_FAULT, TRY_AGAIN, complain, settings_or_exit
from daemon.compiler import compile_order
from daemon.delivery import files
from daemon.progress import Reporter


def compile_folder(
    folder: Path, output: Path, file: Path | None, *, preview: bool = False, quiet: bool = False
) -> int:
    """Compile a folder into `output`; the exit code. A preview has a quarter of the pixels, and a name of its own."""
    settings = settings_or_exit(file)
    output.mkdir(parents=True, exist_ok=True)
    source = folder.resolve()
    with tempfile.TemporaryDirectory(prefix=".storyreel-", dir=output) as attempt:
        order = Order("compile", source.name, 1, source, Path(attempt), settings, preview=preview)
        with _progress_bar(source.name) as report:
            outcome = compile_order(order, report)
        if isinstance(outcome, Film):
            film = files.place_beside(
                Path(attempt), output, f"{source.name}.preview" if preview else source.name
            )
            if not quiet:
                print(film)
            return FINE
    return _explained(source.name, outcome)


def _explained(name: str, failure: Failure) -> int:
    complain(f"{name}: no film", failure.problems)
    if failure.trace:
        print(failure.trace, file=sys.stderr)
    return TRY_AGAIN if failure.retryable else STORY_AT_FAULT


@contextmanager
def _progress_bar(name: str) -> Iterator[Reporter]:
    """A report that draws a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda stage, done: progress.update(
            task, description=f"{name}: {stage}", completed=done
        )

"""What all commands share: reading the settings, saying what is wrong, and the exit codes."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from daemon import config
from daemon.config import Settings
from daemon.errors import ConfigError, Problem
from daemon.printable import printable

FINE = 0
STORY_AT_FAULT = 1
USAGE = 2
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
BAD_CONFIG = 78  # EX_CONFIG of sysexits.h


def settings_or_exit(file: Path | None, root: Path | None = None) -> Settings:
    """The settings. If they have faults, the command lists all of them and exits."""
    try:
        return config.load(file, root)
    except ConfigError as error:
        complain("The settings cannot be used:", error.problems)
        raise typer.Exit(BAD_CONFIG) from None


@contextmanager
def explaining_rights() -> Iterator[None]:
    """A missing right ends the command that this decorates, with a remedy and no traceback."""
    try:
        yield
    except PermissionError as error:
        mend = "Run this as the service's user, or become a member of its group."
        complain(f"{error.filename}: {error.strerror}. {mend}")
        raise typer.Exit(USAGE) from None


def complain(headline: str, problems: Iterable[Problem] = ()) -> None:
    """Say on standard error what is wrong.

    The names in it come from strangers: what would command a terminal is shown, not obeyed.
    """
    for line in [headline, *(f"  {problem}" for problem in problems)]:
        print(printable(line), file=sys.stderr)


def say(text: str) -> None:
    """Print a line on standard output. The names in it come from strangers, too."""
    print(printable(text))

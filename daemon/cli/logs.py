"""`storyreel logs`: structured lines made readable."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console
from rich.text import Text

from daemon.cli.console import FINE, USAGE, complain, printable

LEVELS = ("debug", "info", "warning", "error", "critical")
COLOURS = {
    "debug": "dim",
    "info": "green",
    "warning": "yellow",
    "error": "bold red",
    "critical": "bold red",
}
FOLLOW_SECONDS = 0.2


def show_logs(file: str, *, follow: bool, story: str, level: str) -> int:
    """Print the lines of a file, or of standard input, that are of this story and level; the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        for line in _lines(file, follow=follow):
            if shown := _readable(line, story, LEVELS.index(level)):
                console.print(shown)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        complain(f"{file}: {error.strerror}")
        return USAGE
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
    return FINE


def _lines(file: str, *, follow: bool) -> Iterator[str]:
    if file == "-":
        yield from sys.stdin
        return
    yield from _followed(Path(file)) if follow else _whole(Path(file))


def _whole(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        yield from lines


def _followed(path: Path) -> Iterator[str]:
    """Whole lines as they are written; a file that was cut off or replaced (rotated) is read anew from its beginning."""
    while True:
        with path.open("rb") as file:
            line = b""
            while not _was_rotated(path, file):
                line += file.readline()
                if line.endswith(b"\n"):
                    yield line.decode(errors="replace")
                    line = b""
                else:
                    time.sleep(FOLLOW_SECONDS)


def _was_rotated(path: Path, file: BinaryIO) -> bool:
    """Whether all of a file was read, and the path leads to another one by now, or what was read is gone."""
    try:
        now, ours = path.stat(), os.fstat(file.fileno())
    except FileNotFoundError:
        return False  # moved away; the new one is about to come
    return now.st_size < file.tell() or (now.st_ino != ours.st_ino and file.tell() >= ours.st_size)


def _readable(line: str, story: str, least: int) -> Text | None:
    """One line for people, or None when it was not asked for. What is not one of our lines is shown as it is."""
    try:
        told = json.loads(line)
        moment, level, event = told.pop("timestamp"), told.pop("level"), told.pop("event")
        rank = LEVELS.index(level)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None if story else Text(printable(line.rstrip("\n")))
    if rank < least or (story and told.get("story") != story):
        return None
    head = Text.assemble(
        (_clock(str(moment)), "dim"), " ", (f"{level:8}", COLOURS[level]), (f"{event:18}", "bold")
    )
    return head.append(_fields(told))


def _clock(moment: str) -> str:
    """The day and the time of an ISO-8601 timestamp to the millisecond, in UTC as it was written."""
    return printable(moment[:10] + " " + moment[11:23])


def _fields(told: dict[str, Any]) -> str:
    """The story first, then the rest as key=value; lists of problems each on a line of their own."""
    story, problems = told.pop("story", None), told.pop("problems", None) or []
    parts = [printable(str(story))] if story is not None else []
    parts += [f"{key}={printable(_value(value))}" for key, value in told.items()]
    return (
        " " + " ".join(parts) + "".join(f"\n    {printable(str(problem))}" for problem in problems)
    )


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return str(value)

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

from daemon.cli.console import FINE, USAGE, complain
from daemon.printable import printable

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
    """Print the lines of a file, or of standard input ("-"); the exit code.

    Only those of this story, if one is named, and of this level or a more serious one.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        for line in lines_of(file, follow=follow):
            if shown := readable(line, story, LEVELS.index(level)):
                console.print(shown)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        complain(f"{file}: {error.strerror}")
        return USAGE
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
    return FINE


# ---- reading -------------------------------------------------------------------------------------


def lines_of(file: str, *, follow: bool) -> Iterator[str]:
    """The lines of a file, or of standard input, which is always read to its end."""
    if file == "-":
        yield from sys.stdin
    elif follow:
        yield from followed(Path(file))
    else:
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            yield from lines


def followed(path: Path) -> Iterator[str]:
    """Whole lines as they are written.

    A file that was truncated or replaced (rotated) is read from its beginning.
    """
    while True:
        with path.open("rb") as file:
            line = b""
            while not was_rotated(path, file):
                line += file.readline()
                if line.endswith(b"\n"):
                    yield line.decode(errors="replace")
                    line = b""
                else:
                    time.sleep(FOLLOW_SECONDS)


def was_rotated(path: Path, file: BinaryIO) -> bool:
    """Whether the file was truncated, or was read to its end and replaced by another one."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False  # moved away; the new one is about to come
    was_truncated = there.st_size < file.tell()
    ours = os.fstat(file.fileno())
    was_replaced = there.st_ino != ours.st_ino and file.tell() >= ours.st_size
    return was_truncated or was_replaced


# ---- showing -------------------------------------------------------------------------------------


def readable(line: str, story: str, least: int) -> Text | None:
    """One line for people; None where it is not asked for.

    `least` is the lowest level shown, as an index into LEVELS. A line that is not one of ours is
    shown as it is.
    """
    try:
        fields = json.loads(line)
        moment = str(fields.pop("timestamp"))
        level = fields.pop("level")
        event = str(fields.pop("event"))
        rank = LEVELS.index(level)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None if story else Text(printable(line.rstrip("\n")))
    if rank < least or (story and fields.get("story") != story):
        return None

    clock = printable(f"{moment[:10]} {moment[11:23]}")  # to the millisecond, in UTC as written
    head = Text.assemble(
        (clock, "dim"), " ", (f"{level:8}", COLOURS[level]), (f"{printable(event):18}", "bold")
    )
    return head.append(fields_in_words(fields))


def fields_in_words(fields: dict[str, Any]) -> str:
    """The story first, then the rest as key=value, then each problem on a line of its own."""
    story = fields.pop("story", None)
    problems = fields.pop("problems", None) or []
    parts = []
    if story is not None:
        parts.append(printable(str(story)))
    for key, value in fields.items():
        if isinstance(value, list):
            value = ", ".join(map(str, value)) or "–"
        parts.append(f"{key}={printable(str(value))}")
    lines = [" " + " ".join(parts), *(f"    {printable(str(problem))}" for problem in problems)]
    return "\n".join(lines)

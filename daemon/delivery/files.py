"""The files of a delivered film: the one place that knows their endings.

While an attempt is running its files are called `film.mp4`, `film.jpg`, …; when they are published
they get the story's name: `the-fox.mp4`, `the-fox.jpg`, … The report keeps its own name in a folder of
the outbox, where each film has a folder to itself, and gets the film's name next to other films.
"""

import os
import stat
from pathlib import Path

FILM = ".mp4"
POSTER = ".jpg"
SUBRIP = ".srt"
WEBVTT = ".vtt"
CHAPTERS = ".chapters.txt"
ENDINGS = (FILM, POSTER, SUBRIP, WEBVTT, CHAPTERS)
REPORT = "report.json"
LONGEST_ADDITION = max(map(len, (*ENDINGS, f".{REPORT}")))
"""Bytes that a published file's name has after the story's name, at most."""

_DRAFT = "film"


def draft(attempt: Path, ending: str) -> Path:
    """The file of this ending in an attempt's folder. Raises ValueError for an unknown ending."""
    if ending not in ENDINGS:
        raise ValueError(f"{ending} is not one of {ENDINGS}")
    return attempt / f"{_DRAFT}{ending}"


def unknown(attempt: Path) -> list[str]:
    """The names in an attempt's folder that have no place in the outbox."""
    known = {REPORT, *(f"{_DRAFT}{ending}" for ending in ENDINGS)}
    return sorted({path.name for path in attempt.iterdir()} - known)


def name_all(folder: Path, name: str) -> None:
    """Give the files in a folder the published name, whatever they are called by now."""
    for path in folder.iterdir():
        ending = next((ending for ending in ENDINGS if path.name.endswith(ending)), None)
        if ending:
            path.rename(folder / f"{name}{ending}")


def place_beside(attempt: Path, folder: Path, name: str) -> Path:
    """Move an attempt's files into a folder that holds other films too; the film, moved last.

    Earlier files of these names are replaced.
    """
    report = attempt / REPORT
    if report.exists():
        report.replace(folder / f"{name}.{REPORT}")
    for ending in reversed(ENDINGS):
        made = draft(attempt, ending)
        if made.exists():
            made.replace(folder / f"{name}{ending}")
    return folder / f"{name}{FILM}"


def report_of(film: Path) -> Path | None:
    """The report of a film, in its folder or under its name; None where there is none."""
    places = (film.with_name(REPORT), film.with_suffix(f".{REPORT}"))
    return next((place for place in places if place.is_file()), None)


def film_in(folder: Path) -> Path | None:
    """The film in a folder of the outbox; None where the folder is something else."""
    films = sorted(folder.glob(f"*{FILM}"))
    return films[0] if films and (folder / REPORT).is_file() else None


def read_plain(path: Path, most: int) -> bytes:
    """The first `most` bytes of a regular file in a folder that others may write to.

    A pipe or a device, which could keep us waiting or never end, reads as empty. Raises OSError,
    also for a link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return file.read(most) if is_regular else b""

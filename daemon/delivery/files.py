"""The files of a delivered film: the one place that knows their endings.

During an attempt the files are called `film.mp4`, `film.jpg`, …. When they are published they get
the story's name: `the-fox.mp4`, `the-fox.jpg`, …. The report is called `report.json` in a folder of
the outbox, which holds one film only; next to other films it gets the film's name too.
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
DRAFT = "film"
"""The name of an attempt's files, before their endings."""
LONGEST_ADDITION = max(map(len, (*ENDINGS, f".{REPORT}")))
"""The most bytes that a published file's name has after the story's name."""


def draft(attempt: Path, ending: str) -> Path:
    """The file of this ending in an attempt's folder. Raises ValueError for an unknown ending."""
    if ending not in ENDINGS:
        raise ValueError(f"{ending} is not one of {ENDINGS}")
    return attempt / f"{DRAFT}{ending}"


def unknown(attempt: Path) -> list[str]:
    """The names in an attempt's folder that would not be published."""
    known = {REPORT, *(f"{DRAFT}{ending}" for ending in ENDINGS)}
    return sorted({path.name for path in attempt.iterdir()} - known)


def name_all(folder: Path, name: str) -> None:
    """Rename the files in a folder to their published names; their present names do not matter."""
    for path in folder.iterdir():
        for ending in ENDINGS:
            if path.name.endswith(ending):
                path.rename(folder / f"{name}{ending}")
                break


def place_in(attempt: Path, folder: Path, name: str) -> Path:
    """Move an attempt's files into a folder that holds other films too; returns the film's path.

    Earlier files of these names are replaced. The film itself moves last.
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
    """The report of a film, in its folder or under its name; None where neither is there."""
    places = (film.with_name(REPORT), film.with_suffix(f".{REPORT}"))
    return next((place for place in places if place.is_file()), None)


def film_in(folder: Path) -> Path | None:
    """The film in a folder of the outbox; None where the folder is something else."""
    films = sorted(folder.glob(f"*{FILM}"))
    if films and (folder / REPORT).is_file():
        return films[0]
    return None


def read_plain(path: Path, most: int) -> bytes:
    """The first `most` bytes of a regular file in a folder that others may write to.

    A pipe or a device reads as empty, because it could block or never end. Raises OSError, also for
    a link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return file.read(most)
        return b""

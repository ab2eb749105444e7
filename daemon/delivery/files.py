"""The files of a delivered film: the one place that knows their endings.

During an attempt the files are called `film.mp4`, `film.jpg`, …. When they are published they get
the story's name: `the-fox.mp4`, `the-fox.jpg`, …. The report is called `report.json` in a folder of
the outbox, which holds one film only; next to other films it gets the film's name too.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

FILM = ".mp4"
POSTER = ".jpg"
SUBRIP = ".srt"
WEBVTT = ".vtt"
CHAPTERS = ".chapters.txt"
ENDINGS = (FILM, POSTER, SUBRIP, WEBVTT, CHAPTERS)
REPORT = "report.json"
DRAFT = "film"
"""The name of an attempt's files, before their endings."""
NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)
"""The errors of opening, without following links, what is not a file."""
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


def publishable(folder: Path) -> dict[str, Path]:
    """The files in a folder that have a place in the outbox, by their ending, or REPORT.

    Only regular files count, and one of each ending: that of the attempt, before any other.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        ending = ending_of(path.name)
        is_draft = path.name == f"{DRAFT}{ending}"
        if ending and (is_draft or ending not in found) and is_regular(path):
            found[ending] = path
    return found


def ending_of(name: str) -> str:
    """The ending of a film's file, REPORT for its report, and "" for any other name."""
    if name == REPORT:
        return REPORT
    return next((ending for ending in ENDINGS if name.endswith(ending)), "")


def name_all(folder: Path, name: str) -> None:
    """Rename the files in a folder to their published names; their present names do not matter."""
    for ending, path in publishable(folder).items():
        if ending != REPORT and path.name != f"{name}{ending}":
            path.rename(folder / f"{name}{ending}")


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


def is_regular(path: Path) -> bool:
    """Whether a path is a regular file itself, not a link to one. Raises OSError, also when it is
    gone.
    """
    return stat.S_ISREG(path.lstat().st_mode)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read it, in a folder that others may write to.

    Raises OSError, also for a link, and for a pipe or a device: it could block or never end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


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

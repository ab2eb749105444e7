"""`report.json`: what a film was made of, and how. It is written next to each film.

Reports of earlier versions lack some of these fields and can still be read: every field of a report
has a default, and of a page only its times are needed.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from daemon.delivery.files import REPORT, read_plain

LARGEST = 16 * 2**20
"""The most bytes of a report that are read. A thousand pages with texts take a few megabytes."""
LATEST = 10
"""How many films are searched for the music that was played last."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PageTimes(_Part):
    """A page's part of the film, in seconds. `page` is its number from 1; a card has 0."""

    page: int = 0
    start: float
    seconds: float
    narration_seconds: float = 0.0
    text: str = ""


class SoundFacts(_Part):
    """How loud the film was made.

    `narrations_db` and `music_db` are gains in decibels, `ducking` is points of (seconds,
    decibels).
    """

    loudness_lufs: float | None = None
    narrations_db: tuple[float, ...] = ()
    music_db: float | None = None
    ducking: tuple[tuple[float, float], ...] = ()


class Report(_Part):
    """Answers "why does this film look and sound as it does?"."""

    job: str = ""
    story: str = ""
    attempt: int = 1
    title: str = ""
    film: dict[str, Any] = {}
    pages: tuple[PageTimes, ...] = ()
    music: str | None = None
    sound: SoundFacts = SoundFacts()
    seed: int = 0
    settings: dict[str, Any] = {}
    inputs: tuple[dict[str, Any], ...] = ()
    render_seconds: float = 0.0
    versions: dict[str, str] = {}


def write(report: Report, path: Path) -> None:
    """Write a report to the new file `path`."""
    text = json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=2)
    # A name on disk may not be UTF-8. Its bytes become lone surrogates, which JSON can only escape.
    path.write_bytes(f"{text}\n".encode(errors="backslashreplace"))


def read(path: Path) -> Report | None:
    """The report at `path`; None when it is missing, torn, or not a regular file."""
    try:
        return Report.model_validate(json.loads(read_plain(path, LARGEST)))
    except (OSError, ValueError, RecursionError):  # a ValidationError is a ValueError
        return None


def last_music(outbox: Path) -> str:
    """The track of the latest film in an outbox that has music.

    "" when the last `LATEST` films have none, or the outbox cannot be read.
    """
    reports = outbox.glob(f"*/{REPORT}")
    try:
        latest_first = sorted(reports, key=lambda path: path.lstat().st_mtime, reverse=True)
    except OSError:
        return ""
    for path in latest_first[:LATEST]:
        report = read(path)
        if report and report.music:
            return report.music
    return ""

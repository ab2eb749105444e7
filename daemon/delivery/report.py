"""`report.json`: what a film was made of, and how. It is written next to each film.

Reports of earlier versions lack some of these fields and can still be read: every field of a report
has a default, and of a page only its times are needed.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from daemon.delivery.files import NO_FILE, read_plain

LARGEST = 16 * 2**20
"""Bytes that are read of a report. A thousand pages with their texts take a few megabytes."""


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
        return load(path)
    except OSError:
        return None


def load(path: Path) -> Report | None:
    """The same. Raises OSError when there is a file that cannot be read now."""
    try:
        return Report.model_validate(json.loads(read_plain(path, LARGEST)))
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return None
    except OSError as error:
        if error.errno in NO_FILE:
            return None
        raise

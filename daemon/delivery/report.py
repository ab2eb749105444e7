"""`report.json`: what a film was made of and how. Written with each film, read by whoever asks later.

Reports of earlier versions, which lack some of these fields, still read: every field that a reader
uses has a default.
"""

import contextlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.delivery.files import REPORT, read_plain

LARGEST = 16 * 2**20
"""Bytes: a report of a thousand pages with their texts has a few megabytes."""
LATEST = 10
"""Films that are looked at for the music that was played last."""


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
    """How loud the film was made. Gains in decibels, `ducking` as points of (seconds, decibels)."""

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
    path.write_text(report.model_dump_json(indent=2) + "\n", "utf-8")


def read(path: Path) -> Report | None:
    """The report at `path`; None where there is none that can be read."""
    try:
        return Report.model_validate_json(read_plain(path, LARGEST))
    except (OSError, ValidationError):
        return None


def last_music(outbox: Path) -> str:
    """The track in the latest film of an outbox that has one; "" where that cannot be found out."""
    with contextlib.suppress(OSError):
        latest_first = sorted(outbox.glob(f"*/{REPORT}"), key=_age)
        for path in latest_first[:LATEST]:
            report = read(path)
            if report and report.music:
                return report.music
    return ""


def _age(path: Path) -> float:
    return -path.stat().st_mtime

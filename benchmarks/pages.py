"""A story's pages, for the ways that use ffmpeg. It imports little: its time counts."""

import json
import wave
from dataclasses import dataclass
from pathlib import Path

GAP = 0.5
"""Seconds after each narration."""


@dataclass(frozen=True, slots=True)
class Page:
    """A picture, its narration, and the seconds of the page: the narration and a gap."""

    image: Path
    audio: Path
    seconds: float


def read_pages(folder: Path) -> list[Page]:
    """The pages that the manifest names; their narrations are WAV files."""
    entries = json.loads((folder / "manifest.json").read_text())["pages"]
    pages = []
    for entry in entries:
        audio = folder / entry["audio"]
        with wave.open(str(audio)) as file:
            seconds = file.getnframes() / file.getframerate()
        pages.append(Page(folder / entry["image"], audio, seconds + GAP))
    return pages

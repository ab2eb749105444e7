"""A story that has passed the trust boundary: every path in it is a private copy, every length has been counted.

`intake` makes it from a folder; `film` turns it into a film. Nothing in it was not looked at.
"""

from dataclasses import dataclass
from pathlib import Path

from daemon.config import FilmSettings

SAMPLE_RATE = 48_000
"""Samples per second of all sound inside the program: the rate of film sound, and of AAC in every player."""


@dataclass(frozen=True, slots=True)
class Narration:
    """A page's spoken words. `samples` is counted by decoding at `SAMPLE_RATE`: headers lie."""

    path: Path
    samples: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `rest` is in samples: the gap after the narration, or all of the page where there is none.

    `image` is the private copy of the story's `file`. Its header was checked; decoding it may still find damage.
    """

    file: str
    image: Path
    width: int
    height: int
    rest: int
    narration: Narration | None = None
    text: str = ""

    @property
    def samples(self) -> int:
        """How long the page stands, in samples."""
        return self.rest + (self.narration.samples if self.narration else 0)


@dataclass(frozen=True, slots=True)
class Track:
    """A piece of background music. `name` is what reports call it."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Input:
    """A file that went into the film, as the report tells it."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Story:
    """What `film` needs to know. `seed` decides whatever is left to chance, and comes from the story itself."""

    title: str
    author: str
    language: str
    pages: tuple[Page, ...]
    music: Track | None
    film: FilmSettings
    seed: int
    inputs: tuple[Input, ...]

"""A story that has passed the trust boundary.

`intake` makes it from a folder; `film` turns it into a film. Everything in it has been checked:
every path is a private copy, every length has been counted.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import FilmSettings
from daemon.media.library import Track
from daemon.options import Card, Focus, Motion

if TYPE_CHECKING:  # numpy takes 0.08 s, which commands that decode nothing need not wait for
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Narration:
    """A page's spoken words.

    `samples` is counted by decoding at `SAMPLE_RATE`, because headers lie. `powers` are the sound's
    K-weighted mean squares, one for each tenth of a second (ITU-R BS.1770-4; see `media.loudness`).
    """

    path: Path
    samples: int
    powers: "npt.NDArray[np.float64]" = field(compare=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or a card.

    `number` is what the story's maker calls the page, from 1. A card has 0, and `card` says what is
    on it. `image` is the private copy of the story's `file`; its header was checked, but decoding
    it may still find damage. `rest` is in samples: the gap after the narration, or the whole page's
    length where there is no narration.
    """

    number: int
    file: str
    image: Path
    width: int
    height: int
    rest: int
    narration: Narration | None = None
    text: str = ""
    title: str = ""
    chapter: str = ""
    motion: Motion = "none"
    focus: Focus = (0.5, 0.5)
    card: Card | None = None

    @property
    def samples(self) -> int:
        """How long the page is shown, in samples."""
        return self.rest + (self.narration.samples if self.narration else 0)


@dataclass(frozen=True, slots=True)
class Input:
    """A file that went into the film, as the report lists it: its name, bytes and SHA-256."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Story:
    """What `film` needs to know.

    `seed` decides what is left to chance. It is derived from the story's files, so that the same
    files give the same choices.
    """

    title: str
    author: str
    comment: str
    language: str
    pages: tuple[Page, ...]
    music: Track | None
    film: FilmSettings
    seed: int
    inputs: tuple[Input, ...]

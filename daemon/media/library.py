"""The music library: a folder of mood folders, and the choice of one track by a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from natsort import natsorted

from daemon.media import SOUND_ENDINGS

if TYPE_CHECKING:  # numpy takes 0.08 s, which commands that decode nothing need not wait for
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Track:
    """A piece of background music.

    `name` is what manifests and reports call it. `powers` are its K-weighted mean squares, one per
    100 ms, if it was measured (`loudness`).
    """

    name: str
    path: Path
    powers: "npt.NDArray[np.float64] | None" = field(default=None, compare=False)


def library(folder: Path) -> tuple[Track, ...]:
    """All tracks below a folder, in natural order, named by their path in it
    ("calm/harbour.ogg")."""
    names = []
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if path.suffix.lower() in SOUND_ENDINGS and path.is_file() and not is_hidden:
            names.append(inside.as_posix())
    return tuple(Track(name, folder / name) for name in natsorted(sorted(names)))


def moods(tracks: Sequence[Track]) -> list[str]:
    """The folders that hold tracks, in alphabetical order."""
    return sorted({track.name.rpartition("/")[0] for track in tracks} - {""})


def of_mood(tracks: Sequence[Track], mood: str) -> list[Track]:
    """The tracks of one mood."""
    return [track for track in tracks if track.name.startswith(f"{mood}/")]


def choose(tracks: Sequence[Track], seed: int, not_again: str = "") -> Track | None:
    """One track at random: the same one for the same seed. None if there are no tracks.

    `not_again` is the name of a track that is taken only if there is no other.
    """
    others = [track for track in tracks if track.name != not_again] or tracks
    if not others:
        return None
    return random.Random(seed).choice(others)  # noqa: S311 - a choice of music, not of a key

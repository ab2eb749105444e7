"""What is done to the music under a film: it is looped, ducked under the narration, and faded.

The mix and the sum of the film's loudness both ask here, so that what was reckoned is what is heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from daemon.config import Music
from daemon.film.plan.timeline import Cue, Timeline
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE

Factors = npt.NDArray[np.float64]
"""Factors of amplitude, one for each sample asked about, or a single one that holds for all."""

ATTACK = round(0.3 * SAMPLE_RATE)
HOLD = round(0.4 * SAMPLE_RATE)
RELEASE = round(0.8 * SAMPLE_RATE)
"""Samples. The music goes down before a narration begins, stays down for a moment after it, and comes
up slowly."""


@dataclass(frozen=True, slots=True)
class Background:
    """The music of a film of `samples` samples.

    `overlap`: samples for which the track's end and its next beginning sound together. `fade`: samples
    of fading in, and of fading out.
    """

    track: Track | None
    samples: int
    overlap: int
    fade: int
    ducking: "Ducking"

    def factors(self, at: npt.NDArray[np.int64]) -> Factors:
        """How much of the music is left at samples of the film, which must rise."""
        return self.ducking.factors(at) * self._faded(at)

    def _faded(self, at: npt.NDArray[np.int64]) -> Factors:
        """Straight lines of amplitude at the film's ends."""
        fade = min(self.fade, self.samples // 2)
        if not fade or (at[0] >= fade and at[-1] <= self.samples - fade):
            return np.ones(1)
        to_an_end = np.minimum(at + 0.5, self.samples - at - 0.5)
        return np.asarray((to_an_end / fade).clip(0, 1), np.float64)


def plan_background(track: Track | None, timeline: Timeline, music: Music) -> Background:
    """What is done to `track` under the film that `timeline` plans."""
    return Background(
        track=track,
        samples=timeline.samples,
        overlap=round(music.crossfade_seconds * SAMPLE_RATE),
        fade=round(music.fade_seconds * SAMPLE_RATE),
        ducking=Ducking(_points(timeline.cues, music.duck_db)),
    )


@dataclass(frozen=True)
class Ducking:
    """How far the music is lowered at any sample: a line in decibels through `points`.

    Each point is a sample of the film and the decibels there. Before the first point and after the
    last one the line is level.
    """

    points: tuple[tuple[int, float], ...]
    _line: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        line = np.array(self.points, dtype=np.float64).reshape(-1, 2).T
        object.__setattr__(self, "_line", line)

    def factors(self, at: npt.NDArray[np.int64]) -> Factors:
        """Factors at samples of the film, which must rise; a single one where they are all alike."""
        if not self.points:
            return np.ones(1)
        places, decibels = self._line
        before, after = np.searchsorted(places, at[[0, -1]])
        between = decibels[max(0, before - 1) : before + 1]
        is_level = before == after and len(set(between)) == 1
        factors: Factors = 10 ** (np.interp(at[:1] if is_level else at, places, decibels) / 20)
        return factors


def _points(cues: Sequence[Cue], duck_db: float) -> tuple[tuple[int, float], ...]:
    return tuple(
        point
        for start, end in _speech(cues)
        for point in (
            (start - ATTACK, 0.0),
            (start, duck_db),
            (end + HOLD, duck_db),
            (end + HOLD + RELEASE, 0.0),
        )
    )


def _speech(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """Where somebody speaks, in samples.

    Pauses too short for the music to rise and fall are joined to the speech around them.
    """
    stretches: list[tuple[int, int]] = []
    for cue in cues:
        start = cue.start
        if stretches and start - stretches[-1][1] < ATTACK + HOLD + RELEASE:
            start, _ = stretches.pop()
        stretches.append((start, cue.start + cue.samples))
    return stretches

"""What is done to the music under a film: it is looped, ducked under the narration, and faded.

Both the mix and the estimate of the film's loudness use this, so what was estimated is what is
heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from daemon.config import Music
from daemon.film.plan.timeline import Cue, Timeline
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE

Places = npt.NDArray[np.int64]
"""Samples of the film, in rising order; at least one."""
Factors = npt.NDArray[np.float64]
"""Factors of amplitude: one for each of the places, or a single one that holds for all of them."""
Point = tuple[int, float]
"""A sample of the film, and the decibels there."""

ATTACK = round(0.3 * SAMPLE_RATE)
HOLD = round(0.4 * SAMPLE_RATE)
RELEASE = round(0.8 * SAMPLE_RATE)
"""Samples. The music goes down before a narration begins, stays down for a moment after it ends,
and comes up slowly."""


@dataclass(frozen=True, slots=True)
class Background:
    """The music of a film of `samples` samples.

    `overlap`: samples in which the track's end and its next beginning sound together. `fade`:
    samples of the fade at either end of the film.
    """

    track: Track | None
    samples: int
    overlap: int
    fade: int
    ducking: "Ducking"

    def factors(self, at: Places) -> Factors:
        """How much of the music is left at these samples of the film."""
        return self.ducking.factors(at) * self.fade_factors(at)

    def fade_factors(self, at: Places) -> Factors:
        """The fades alone: straight lines of amplitude."""
        fade = min(self.fade, self.samples // 2)
        if not fade or (at[0] >= fade and at[-1] <= self.samples - fade):
            return np.ones(1)
        to_nearer_end = np.minimum(at + 0.5, self.samples - at - 0.5)
        return np.asarray((to_nearer_end / fade).clip(0, 1), np.float64)


@dataclass(frozen=True)
class Ducking:
    """How far the music is lowered: a line in decibels through `points`, level outside them."""

    points: tuple[Point, ...]

    def factors(self, at: Places) -> Factors:
        """The line at these samples of the film; a single factor where it is level throughout."""
        if not self.points:
            return np.ones(1)
        places, decibels = self._line
        before, after = np.searchsorted(places, at[[0, -1]])
        neighbours = decibels[max(0, before - 1) : before + 1]
        if before == after and len(set(neighbours)) == 1:
            at = at[:1]
        return np.asarray(10 ** (np.interp(at, places, decibels) / 20), np.float64)

    @cached_property
    def _line(self) -> npt.NDArray[np.float64]:
        return np.array(self.points, np.float64).T


def plan_background(track: Track | None, timeline: Timeline, music: Music) -> Background:
    """What is done to `track` under the film that `timeline` plans."""
    return Background(
        track=track,
        samples=timeline.samples,
        overlap=round(music.crossfade_seconds * SAMPLE_RATE),
        fade=round(music.fade_seconds * SAMPLE_RATE),
        ducking=Ducking(duck_points(timeline.cues, music.duck_db)),
    )


def duck_points(cues: Sequence[Cue], duck_db: float) -> tuple[Point, ...]:
    """The points of the line that lowers the music by `duck_db` under these narrations."""
    points: list[Point] = []
    for start, end in speech(cues):
        points.append((start - ATTACK, 0.0))
        points.append((start, duck_db))
        points.append((end + HOLD, duck_db))
        points.append((end + HOLD + RELEASE, 0.0))
    return tuple(points)


def speech(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """Where somebody speaks: the first sample of each stretch, and the sample after its last.

    Pauses too short for the music to rise and fall are joined to the speech around them.
    """
    stretches: list[tuple[int, int]] = []
    for cue in cues:
        start = cue.start
        end = cue.end
        if stretches and start - stretches[-1][1] < ATTACK + HOLD + RELEASE:
            start, last_end = stretches.pop()
            end = max(end, last_end)  # at low frame rates a narration can outlast the next one
        stretches.append((start, end))
    return stretches

"""How loud each part of a film is made: decided before mixing, from what intake measured.

Every narration is brought to the film's loudness by itself, so that no page is louder than another.
Then the powers of narrations and music are added up to an estimate of the whole film (powers of
independent sounds add), and one gain for everything makes up the difference.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daemon.config import Sound
from daemon.film.plan.background import Background
from daemon.film.plan.timeline import Timeline
from daemon.media.loudness import STEP, Powers, integrated
from daemon.media.samples import amplitude
from daemon.story import Story

LARGEST_GAIN_DB = 30.0
"""A recording that would need more has more noise in it than words; it is not raised further."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Factors of amplitude: for each page's narration, for the music, and for the sum of all.

    `voices` has the pages that have a narration, numbered from 0.
    """

    voices: Mapping[int, float]
    music: float
    whole: float

    def voice(self, page: int) -> float:
        """The factor in the film for the narration of page number `page` (from 0)."""
        return self.voices[page] * self.whole

    @property
    def background(self) -> float:
        """The factor in the film for the music."""
        return self.music * self.whole


def plan_levels(
    story: Story, timeline: Timeline, background: Background, sound: Sound, volume_db: float
) -> Levels:
    """The levels that bring the film to `sound.loudness_lufs`.

    `volume_db`: decibels that are added to the music's track.
    """
    pages = enumerate(story.pages)
    narrations = {page: entry.narration.powers for page, entry in pages if entry.narration}
    voices = voice_gains(narrations, sound)
    music = amplitude(volume_db) if background.track else 0.0

    spoken = spoken_powers(narrations, voices, timeline)
    loudness = integrated(spoken + music_powers(background, music, len(spoken)))
    most = amplitude(LARGEST_GAIN_DB) / max([1.0, *voices.values()])
    return Levels(voices, music, min(most, gain(sound.loudness_lufs - loudness)))


def voice_gains(narrations: Mapping[int, Powers], sound: Sound) -> dict[int, float]:
    """The gain of each page's narration: its own, or the same for all, as `sound` says."""
    target = sound.loudness_lufs
    if sound.level_narrations or not narrations:
        return {page: gain(target - integrated(powers)) for page, powers in narrations.items()}
    together = integrated(np.concatenate(list(narrations.values())))
    return dict.fromkeys(narrations, gain(target - together))


def spoken_powers(
    narrations: Mapping[int, Powers], voices: Mapping[int, float], timeline: Timeline
) -> Powers:
    """The powers of all narrations of the film at these gains, in steps of a tenth of a second."""
    film = np.zeros(-(-timeline.samples // STEP))
    for cue in timeline.cues:
        first = round(cue.start / STEP)
        powers = narrations[cue.page][: len(film) - first]
        film[first : first + len(powers)] += powers * voices[cue.page] ** 2
    return film


def music_powers(background: Background, music: float, steps: int) -> Powers:
    """The powers of the film's music at the factor `music`; zeros for an unmeasured track."""
    track = background.track
    if not track or track.powers is None or not len(track.powers):
        return np.zeros(steps)
    middles = np.arange(steps) * STEP + STEP // 2
    factors = music * background.factors(middles)
    return looped_powers(track.powers, round(background.overlap / STEP), steps) * factors**2


def looped_powers(powers: Powers, overlap: int, steps: int) -> Powers:
    """The first `steps` powers of a track that is repeated, with `overlap` steps at each seam.

    The mix crossfades the seam at equal power, so these powers do too.
    """
    overlap = min(overlap, len(powers) // 2)
    end = len(powers) - overlap
    leaving = np.cos((np.arange(overlap) + 0.5) / max(1, overlap) * np.pi / 2) ** 2
    seam = powers[end:] * leaving + powers[:overlap] * (1 - leaving)
    again = np.concatenate([seam, powers[overlap:end]])
    return np.concatenate([powers[:end], np.resize(again, max(0, steps - end))])[:steps]


def gain(decibels: float) -> float:
    """A factor of amplitude, within ±`LARGEST_GAIN_DB`; 1 for silence (infinite decibels)."""
    if not math.isfinite(decibels):
        return 1.0
    return amplitude(max(-LARGEST_GAIN_DB, min(LARGEST_GAIN_DB, decibels)))

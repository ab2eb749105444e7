"""How loud each part of a film is made: decided before anything is mixed, from what intake measured.

Every narration is brought to the film's loudness by itself, so that no page is louder than another.
What the film then comes to, with the music under it, is summed up in powers (parts that know nothing
of each other add that way), and one gain for all makes up for the rest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from daemon.config import Sound
from daemon.film.plan.background import Background
from daemon.film.plan.timeline import Cue, Timeline
from daemon.media.loudness import STEP, Powers, integrated
from daemon.media.samples import amplitude
from daemon.story import Narration, Story

LARGEST_GAIN_DB = 30.0
"""A recording that would need more has more noise in it than words; it is not raised further."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Factors of amplitude: for the narration of each page that has one, for the music, for their sum."""

    voices: Mapping[int, float]
    music: float
    whole: float

    def voice(self, page: int) -> float:
        """The factor of the narration of page number `page` (from 0) in the film."""
        return self.voices[page] * self.whole

    @property
    def background(self) -> float:
        """The factor of the music in the film."""
        return self.music * self.whole


def plan_levels(
    story: Story, timeline: Timeline, background: Background, sound: Sound, volume_db: float
) -> Levels:
    """The levels that bring the film to `sound.loudness_lufs`; `volume_db` is added to the music."""
    voices = _voices(timeline.cues, story, sound)
    music = amplitude(volume_db) if background.track else 0.0
    loudness = integrated(_expected(story, timeline, voices, background, music))
    most = amplitude(LARGEST_GAIN_DB) / max([1.0, *voices.values()])
    return Levels(voices, music, min(most, _gain(sound.loudness_lufs - loudness)))


def _voices(cues: Sequence[Cue], story: Story, sound: Sound) -> dict[int, float]:
    """The gain of each page's narration: its own, or the same for all."""
    powers = {cue.page: _narration(story, cue).powers for cue in cues}
    if sound.level_narrations or not powers:
        return {page: _gain(sound.loudness_lufs - integrated(own)) for page, own in powers.items()}
    together = integrated(np.concatenate(list(powers.values())))
    return dict.fromkeys(powers, _gain(sound.loudness_lufs - together))


def _expected(
    story: Story,
    timeline: Timeline,
    voices: Mapping[int, float],
    background: Background,
    music: float,
) -> Powers:
    """The powers of the film that these levels would make, in steps of a tenth of a second."""
    powers = np.zeros(-(-timeline.samples // STEP))
    for cue in timeline.cues:
        first = round(cue.start / STEP)
        spoken = _narration(story, cue).powers[: len(powers) - first]
        powers[first : first + len(spoken)] += spoken * voices[cue.page] ** 2
    track = background.track
    if track and track.powers is not None and len(track.powers):
        middles = np.arange(len(powers)) * STEP + STEP // 2
        overlap = round(background.overlap / STEP)
        factors = music * background.factors(middles)
        powers += _looped(track.powers, overlap, len(powers)) * factors**2
    return powers


def _looped(powers: Powers, overlap: int, steps: int) -> Powers:
    """A track's powers over and over; its ends overlap at equal power, as the mix does it."""
    overlap = min(overlap, len(powers) // 2)
    end = len(powers) - overlap
    leaving = np.cos((np.arange(overlap) + 0.5) / max(1, overlap) * np.pi / 2) ** 2
    seam = powers[end:] * leaving + powers[:overlap] * (1 - leaving)
    again = np.concatenate([seam, powers[overlap:end]])
    return np.concatenate([powers[:end], np.resize(again, max(0, steps - end))])[:steps]


def _narration(story: Story, cue: Cue) -> Narration:
    narration = story.pages[cue.page].narration
    assert narration, "a cue stands for a narration"
    return narration


def _gain(decibels: float) -> float:
    """A factor of amplitude, within ±`LARGEST_GAIN_DB`; 1 for what is silent."""
    if not math.isfinite(decibels):
        return 1.0
    return amplitude(max(-LARGEST_GAIN_DB, min(LARGEST_GAIN_DB, decibels)))

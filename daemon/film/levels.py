"""How loud each part of a film is made: decided before anything is mixed, from what was measured when it was let in.

Every narration is brought to the film's loudness by itself, so that no page is louder than another; what the film then comes
to, with the music under it, is summed up in powers (parts that know nothing of each other add that way), and the rest is made
up for by one gain for all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daemon.config import Music, Sound
from daemon.film.loudness import STEP, Powers, integrated
from daemon.film.timeline import Cue, Timeline
from daemon.story import SAMPLE_RATE, Narration, Story

LARGEST_GAIN_DB = 30.0
"""A recording that is quieter than that below the film has more noise in it than words; it is not raised further."""
ATTACK, HOLD, RELEASE = (round(seconds * SAMPLE_RATE) for seconds in (0.3, 0.4, 0.8))
"""The music goes down before a narration begins, stays down for a moment after its end, and comes up slowly."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Factors: for the narration of each page that has one, for the music, and for the sum of all."""

    voices: Mapping[int, float]
    music: float
    whole: float


def levels(story: Story, timeline: Timeline, sound: Sound, music: Music) -> Levels:
    """The levels that bring the film to `sound.loudness_lufs`."""
    voices = _voices(timeline.cues, story, sound)
    under = amplitude(music.volume_db) if story.music else 0.0
    loudness = integrated(_expected(story, timeline, voices, under, music))
    most = amplitude(LARGEST_GAIN_DB) / max([1.0, *voices.values()])
    whole = min(most, _gain(sound.loudness_lufs - loudness))
    return Levels(voices, under, whole)


def _voices(cues: Sequence[Cue], story: Story, sound: Sound) -> dict[int, float]:
    """The gain of each page's narration: one for each, or the same for all."""
    gains = {cue.page: _gain(sound.loudness_lufs - integrated(_narration(story, cue).powers)) for cue in cues}
    if sound.level_narrations or not gains:
        return gains
    together = np.concatenate([_narration(story, cue).powers for cue in cues])
    return dict.fromkeys(gains, _gain(sound.loudness_lufs - integrated(together)))


def _expected(story: Story, timeline: Timeline, voices: Mapping[int, float], under: float, music: Music) -> Powers:
    """The powers of the film that these levels would make, in steps of a tenth of a second."""
    powers = np.zeros(-(-timeline.samples // STEP))
    for cue in timeline.cues:
        spoken = _narration(story, cue).powers[: len(powers) - (first := round(cue.start / STEP))]
        powers[first : first + len(spoken)] += spoken * voices[cue.page] ** 2
    if story.music and story.music.powers is not None and len(story.music.powers):
        middles = np.arange(len(powers)) * STEP + STEP // 2
        fade = faded(middles, timeline.samples, round(music.fade_seconds * SAMPLE_RATE))
        factors = under * Ducking(timeline.cues, music.duck_db).factors(middles) * fade
        powers += _looped(story.music.powers, round(music.crossfade_seconds * SAMPLE_RATE / STEP), len(powers)) * factors**2
    return powers


def _looped(powers: Powers, overlap: int, steps: int) -> Powers:
    """The powers of a track over and over, its end and its next beginning laid over each other as `sound` does it."""
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
    """A factor for so many decibels, within reason; 1 for what is silent anyway."""
    if not math.isfinite(decibels):
        return 1.0
    return amplitude(max(-LARGEST_GAIN_DB, min(LARGEST_GAIN_DB, decibels)))


def amplitude(decibels: float) -> float:
    """The factor of amplitude that so many decibels are."""
    return float(10 ** (decibels / 20))


def decibels(amplitude: float) -> float:
    """The decibels that a factor of amplitude is."""
    return 20 * math.log10(max(amplitude, 1e-6))


class Ducking:
    """How much the music is lowered, at any sample: a line in decibels through `points` (sample, decibels) drawn from the
    narrations' places.
    """

    def __init__(self, cues: Sequence[Cue], decibels: float) -> None:
        self.points = [
            point
            for start, end in _spoken(cues)
            for point in ((start - ATTACK, 0.0), (start, decibels), (end + HOLD, decibels), (end + HOLD + RELEASE, 0.0))
        ]
        self._line = np.array(self.points, dtype=np.float64).reshape(-1, 2).T

    def factors(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The factors of amplitude at samples of the film that rise; a single one where it is the same for all of them."""
        if not self.points:
            return np.ones(1)
        places, decibels = self._line
        before, after = np.searchsorted(places, samples[[0, -1]])
        if before == after:
            samples = samples[:1] if len(set(decibels[max(0, before - 1) : before + 1])) == 1 else samples
        factors: npt.NDArray[np.float64] = 10 ** (np.interp(samples, places, decibels) / 20)
        return factors


def _spoken(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """Where somebody speaks; pauses in which the music would have no time to come up and go down again are none."""
    stretches: list[tuple[int, int]] = []
    for cue in cues:
        start, end = cue.start, cue.start + cue.samples
        if stretches and start - stretches[-1][1] < ATTACK + HOLD + RELEASE:
            start = stretches.pop()[0]
        stretches.append((start, end))
    return stretches


def faded(at: npt.NDArray[np.int64], whole: int, fade: int) -> npt.NDArray[np.float64]:
    """The factors of a fade in and a fade out, straight lines of amplitude, at samples of the film."""
    fade = min(fade, whole // 2)
    if not fade or (at[0] >= fade and at[-1] <= whole - fade):
        return np.ones(1)
    factors: npt.NDArray[np.float64] = (np.minimum(at + 0.5, whole - at - 0.5) / fade).clip(0, 1)
    return factors

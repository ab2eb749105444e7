"""How loud films are: by FFmpeg's own meter, in the sound decoded from their files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from daemon.config import Music, Sound
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.library import Track
from daemon.media.loudness import LoudnessMeter, integrated
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.story.admission import measured
from daemon.story.model import Story
from tests.helpers.films import filmed, heard, mixed
from tests.helpers.sounds import RECORDINGS, decibels, ebur128, noise, read, rms, wav
from tests.helpers.stories import checked_story, narration, plan_of, with_narrations

Mono = npt.NDArray[np.float64]
TOLERANCE = 0.5
"""LU that a film may be off."""
PEAK = -1.0
"""dBTP that no film may exceed (EBU R 128)."""


def at(sound: Samples, lufs: float) -> Mono:
    """The left channel of a sound, brought to a loudness, and clipped to fit into a file."""
    meter = LoudnessMeter()
    meter.add(np.stack([sound[0], sound[0]]))
    return np.asarray(
        (sound[0] * 10 ** ((lufs - integrated(meter.powers())) / 20)).clip(-1, 1), np.float64
    )


def story_of(folder: Path, narrations: Sequence[Mono | None], music: Mono | None = None) -> Story:
    """A story with these narrations and this music; a page without one lasts four seconds."""
    track = Track("music", wav(folder / "music.wav", music)) if music is not None else None
    story = checked_story(folder / "story", [0.1] * len(narrations), track, size="32x32", fps=5)
    spoken = [
        None if sound is None else narration(wav(page.image.with_suffix(".wav"), sound))
        for page, sound in zip(story.pages, narrations, strict=True)
    ]
    rests = [4.0 if sound is None else 0.4 for sound in narrations]
    measured_track = replace(track, powers=measured(track.path)[1]) if track else None
    return replace(with_narrations(story, spoken, rests), music=measured_track)


def played(story: Story, sound: Sound, music: Music, folder: Path) -> tuple[Timeline, Samples]:
    """The plan, and what is heard of the film."""
    timeline = plan_timeline(story)
    mix = mixed(story, timeline, plan_of(story, sound=sound, music=music).levels, music)
    return timeline, heard(filmed(story, timeline, folder / "film.mp4", mix))[:, : timeline.samples]


@dataclass(frozen=True)
class Case:
    """What a film is made of, and how its sound is set."""

    narrations: Sequence[Mono | None]
    music: Mono | None = None
    sound: dict[str, Any] | None = None
    volume_db: float = -20.0


SPOKEN = [read(path)[:, : 3 * SAMPLE_RATE] for path in RECORDINGS if path.suffix == ".mp3"]
TUNES = [read(path)[:, : 6 * SAMPLE_RATE] for path in RECORDINGS if path.suffix == ".ogg"]
QUIET = at(SPOKEN[0], -40)
USUAL = at(SPOKEN[1], -22)
LOUD = at(SPOKEN[2], -9)
TUNE = at(TUNES[0], -18)
DRUMS = at(TUNES[2], -12)
PAUSES = np.concatenate([USUAL, np.zeros(3 * SAMPLE_RATE), USUAL])
CASES = {
    "narrations of very different levels": Case([QUIET, USUAL, LOUD]),
    "the same with music": Case([QUIET, USUAL, LOUD], TUNE),
    "music only": Case([None, None], TUNE),
    "beats only": Case([None, None], DRUMS),
    "loud music": Case([QUIET, USUAL], TUNE, volume_db=0.0),
    "loud beats": Case([QUIET, USUAL], DRUMS, volume_db=0.0),
    "long pauses": Case([PAUSES, LOUD]),
    "long pauses with music": Case([PAUSES, None, LOUD], TUNE),
    "narrations as they are": Case([QUIET, USUAL, LOUD], TUNE, {"level_narrations": False}),
    "hardly a second": Case([USUAL[:40_000]]),
}


@pytest.mark.parametrize(
    ("name", "lufs"),
    [
        *((name, -14.0) for name in CASES),
        *((name, -16.0) for name in ("the same with music", "loud beats")),
    ],
)
def test_every_film_has_the_loudness_that_is_set_and_no_peak_above_the_limit(
    name: str, lufs: float, tmp_path: Path
) -> None:
    case = CASES[name]
    story = story_of(tmp_path, case.narrations, case.music)
    settings = Sound(loudness_lufs=lufs, **case.sound or {})
    _, sound = played(story, settings, Music(volume_db=case.volume_db), tmp_path)
    reading = ebur128(sound)
    assert reading.loudness == pytest.approx(lufs, abs=TOLERANCE)
    assert reading.peak <= PEAK


def test_not_even_clipped_noise_at_full_scale_exceeds_the_peak(tmp_path: Path) -> None:
    roar = noise(3.0, level=3.0)[0].clip(-1, 1).astype(np.float64)
    story = story_of(tmp_path, [roar, roar], roar)
    _, sound = played(story, Sound(loudness_lufs=-10), Music(volume_db=0.0), tmp_path)
    assert ebur128(sound).peak <= PEAK


def by_page(timeline: Timeline, sound: Samples) -> list[float]:
    """The loudness of each narration in the film."""
    return [
        ebur128(sound[:, cue.start : cue.start + cue.samples]).loudness for cue in timeline.cues
    ]


def test_all_narrations_come_out_equally_loud(tmp_path: Path) -> None:
    timeline, sound = played(story_of(tmp_path, [QUIET, USUAL, LOUD]), Sound(), Music(), tmp_path)
    assert by_page(timeline, sound) == pytest.approx([-16.0] * 3, abs=0.3)


def test_narrations_that_are_not_levelled_keep_their_differences(tmp_path: Path) -> None:
    story = story_of(tmp_path, [USUAL, at(SPOKEN[0], -28)])
    timeline, sound = played(story, Sound(level_narrations=False), Music(), tmp_path)
    usual, fainter = by_page(timeline, sound)
    assert usual - fainter == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize("level", [-72.0, -80.0, -90.0])
def test_the_noise_of_a_silent_recording_is_not_blown_up_next_to_words(
    level: float, tmp_path: Path
) -> None:
    hum = noise(3.0, level=10 ** (level / 20))[0].astype(np.float64)
    timeline, sound = played(story_of(tmp_path, [USUAL, hum]), Sound(), Music(), tmp_path)
    cue = timeline.cues[1]
    heard_of_it = sound[:, cue.start + 5000 : cue.start + cue.samples - 5000]
    assert decibels(rms(heard_of_it)) < level + 31
    assert ebur128(sound).loudness == pytest.approx(-16, abs=TOLERANCE)


@pytest.mark.parametrize("level", [-60.0, -80.0])
def test_a_film_of_nothing_but_noise_is_raised_by_at_most_thirty_decibels(
    level: float, tmp_path: Path
) -> None:
    hum = noise(3.0, level=10 ** (level / 20))[0].astype(np.float64)
    _, sound = played(story_of(tmp_path, [hum]), Sound(), Music(), tmp_path)
    assert decibels(rms(sound[:, 5000:140_000])) < level + 31


def test_digital_silence_stays_silence(tmp_path: Path) -> None:
    _, sound = played(story_of(tmp_path, [np.zeros(SAMPLE_RATE)]), Sound(), Music(), tmp_path)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 1e-4

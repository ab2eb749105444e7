"""The meter agrees with FFmpeg's (the filter ebur128), and with the cases of EBU Tech 3341."""

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.media.loudness import STEP, LoudnessMeter, integrated
from daemon.media.samples import SAMPLE_RATE, Samples
from tests.helpers.sounds import RECORDINGS, ebur128, noise, sine, speech, stereo
from tests.helpers.sounds import read as decoded

TOLERANCE = 0.1
"""LU that EBU Tech 3341 allows a meter."""


def tones(*parts: tuple[float, float]) -> Samples:
    """1 kHz in both channels, in parts, each given by its seconds and its level in dBFS."""
    tones = [sine(seconds, 1000.0, 10 ** (level / 20)) for seconds, level in parts]
    return stereo(np.concatenate(tones))


def measured(sound: Samples) -> float:
    meter = LoudnessMeter()
    meter.add(sound)
    return integrated(meter.powers())


def in_sequence(*parts: Samples) -> Samples:
    return np.concatenate(parts, axis=1)


TONES = (60.0, 100.0, 440.0, 1000.0, 5000.0, 12000.0, 43.7, 64.9, 317.7, 15_555.5)
"""Hz: some have whole waves in a step of 100 ms, the last four do not."""
SILENCE = np.zeros((2, 20 * SAMPLE_RATE), np.float32)
SOUNDS = {f"{hertz} Hz": stereo(sine(4.0, hertz, 0.1)) for hertz in TONES} | {
    "white noise": noise(6.0),
    "pink noise": noise(6.0, pink=True),
    "speech": speech(15.0),
    "speech, then silence": in_sequence(speech(6.0), SILENCE),
    "loud, then quiet": in_sequence(noise(3.0, level=0.2), noise(9.0, level=0.02)),
    "left only": stereo(sine(4.0, 700.0), np.zeros(4 * SAMPLE_RATE)),
    "faint": noise(4.0, level=0.0005),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_as_loud_as_ffmpeg_s_meter_finds_it(name: str) -> None:
    assert measured(SOUNDS[name]) == pytest.approx(ebur128(SOUNDS[name]).loudness, abs=TOLERANCE)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_the_demo_s_narrations_and_the_music_are_as_loud_as_ffmpeg_s_meter_finds_them(
    path: Path,
) -> None:
    sound = decoded(path)
    assert measured(sound) == pytest.approx(ebur128(sound).loudness, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("parts", "loudness"),
    [
        ([(20.0, -23.0)], -23.0),
        ([(20.0, -33.0)], -33.0),
        ([(10.0, -36.0), (60.0, -23.0), (10.0, -36.0)], -23.0),
        ([(10.0, -72.0), (10.0, -36.0), (60.0, -23.0), (10.0, -36.0), (10.0, -72.0)], -23.0),
        ([(20.0, -26.0), (20.1, -20.0), (20.0, -26.0)], -23.0),
    ],
)
def test_tones_of_known_loudness_are_measured_right(
    parts: list[tuple[float, float]], loudness: float
) -> None:
    """The first five cases of EBU Tech 3341, table 1."""
    assert measured(tones(*parts)) == pytest.approx(loudness, abs=TOLERANCE)


def test_a_full_tone_in_one_channel_is_3_01_db_below_full_scale() -> None:
    """BS.1770-4, annex 1, after equation 2: 997 Hz at 0 dBFS in one front channel reads -3.01."""
    one = stereo(sine(4.0, 997.0, 1.0), np.zeros(4 * SAMPLE_RATE))
    assert measured(one) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_and_near_silence_have_no_loudness(level: float) -> None:
    assert measured(stereo(sine(2.0, 1000.0, level))) == -np.inf


def test_no_sound_has_no_loudness() -> None:
    assert LoudnessMeter().powers().shape == (0,)
    assert integrated(LoudnessMeter().powers()) == -np.inf


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.3])
def test_sound_shorter_than_a_gating_block_is_as_loud_as_a_longer_one(seconds: float) -> None:
    assert measured(stereo(sine(seconds, 1000.0, 0.1))) == pytest.approx(-20.0, abs=TOLERANCE)


def test_the_last_incomplete_step_counts_as_if_silence_followed() -> None:
    meter = LoudnessMeter()
    meter.add(stereo(sine(0.15, 1000.0, 0.1)))
    whole, half = meter.powers()
    assert half == pytest.approx(whole / 2, rel=0.02)


def test_powers_may_be_read_between_blocks() -> None:
    sound = noise(0.45)
    meter = LoudnessMeter()
    for start in range(0, sound.shape[1], 3000):
        meter.add(sound[:, start : start + 3000])
        meter.powers()
    whole = LoudnessMeter()
    whole.add(sound)
    assert meter.powers() == pytest.approx(whole.powers(), rel=1e-5)


LONG = noise(3.03)


@given(cuts=st.lists(st.integers(0, LONG.shape[1]), max_size=12).map(sorted))
@settings(max_examples=40, deadline=None)
def test_powers_do_not_depend_on_the_blocks(cuts: list[int]) -> None:
    meter = LoudnessMeter()
    whole = LoudnessMeter()
    for start, end in pairwise([0, *cuts, LONG.shape[1]]):
        meter.add(LONG[:, start:end])
    whole.add(LONG)
    assert meter.powers().shape == (-(-LONG.shape[1] // STEP),)
    assert meter.powers() == pytest.approx(whole.powers(), rel=1e-5)


def test_memory_does_not_grow_with_the_sound() -> None:
    block = noise(1.3)
    meter = LoudnessMeter()
    meter.add(block)
    tracemalloc.start()
    try:
        for _ in range(200):
            meter.add(block)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 200_000
    assert peak < 20 * block.nbytes

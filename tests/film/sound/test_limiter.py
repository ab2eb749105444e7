"""The limiter, by FFmpeg's true-peak meter: no peak above the ceiling, and no other change."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.film.sound.limiter import limited, true_peak
from daemon.media.samples import SAMPLE_RATE, Samples
from tests.helpers.sounds import (
    decibels,
    ebur128,
    in_blocks,
    noise,
    peak_memory,
    sine,
    speech,
    stereo,
)

CEILING = -1.0
TOLERANCE = 0.1
"""Decibels; the filters of two meters differ near half the sample rate."""


def whole(sound: Samples, ceiling_db: float = CEILING) -> Samples:
    """A sound in blocks of a second, limited."""
    blocks = limited(in_blocks(sound, SAMPLE_RATE), ceiling_db)
    return np.concatenate([np.zeros((2, 0), np.float32), *blocks], axis=1)


def between(hertz: float, level: float, seconds: float = 2.0) -> Samples:
    """A tone near a quarter of the sample rate, its samples as far from its crests as can be."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return stereo(level * np.sin(2 * np.pi * hertz * time + np.pi / 4))


def clicks() -> Samples:
    sound = np.zeros((2, 2 * SAMPLE_RATE), np.float32)
    sound[0, 5000::7777] = 2.5
    sound[1, 9999::12345] = -1.7
    return sound


def at_the_edges(samples: int) -> Samples:
    """Quiet, with loud noise in the first and the last `samples` samples."""
    sound = noise(2.3, level=0.02)
    sound[:, :samples] *= 60
    sound[:, -samples:] *= 60
    return sound


LOUD = {
    "11999 Hz between the samples": between(11_999.0, 1.1),
    "12000 Hz between the samples": between(12_000.0, 1.25),
    "8000 Hz": between(8000.0, 2.0),
    "17 kHz": between(17_000.0, 1.3),
    "440 Hz": stereo(sine(2.0, 440.0, 3.0)),
    "50 Hz": stereo(sine(2.0, 50.0, 2.0)),
    "30 Hz": stereo(sine(2.0, 30.0, 2.0)),
    "clipped noise": (4 * noise(3.0, level=0.5)).clip(-1, 1),
    "clipped pink noise": (4 * noise(3.0, pink=True, level=0.5)).clip(-1, 1),
    "speech": speech(9.0, level=1.0),
    "clicks": clicks(),
    "loud at the first and the last 4000 samples": at_the_edges(4000),
    "loud at the first and the last 40 samples": at_the_edges(40),
    "a step": np.repeat(
        np.array([[0.0, 1.5, 0.0, -1.5]] * 2, np.float32), SAMPLE_RATE // 2, axis=1
    ),
}


@pytest.mark.parametrize("name", LOUD)
def test_the_true_peak_stays_below_the_ceiling_by_ffmpeg_s_meter(name: str) -> None:
    """With silence around it, so that the meter hears the ends too."""
    assert true_peak(LOUD[name]) > 10 ** (CEILING / 20)
    result = np.pad(whole(LOUD[name]), ((0, 0), (4800, 4800)))
    assert CEILING - 1 < ebur128(result).peak < CEILING + TOLERANCE
    assert decibels(true_peak(result)) < CEILING + TOLERANCE


@pytest.mark.parametrize("ceiling_db", [-9.0, -3.0, 0.0])
def test_any_ceiling_holds(ceiling_db: float) -> None:
    sound = speech(6.0, level=1.0)
    assert ebur128(whole(sound, ceiling_db)).peak == pytest.approx(ceiling_db, abs=TOLERANCE)


@pytest.mark.parametrize("seconds", [0.0, 1e-4, 0.3, 1.0, 2.7])
def test_quiet_sound_passes_to_the_bit(seconds: float) -> None:
    sound = noise(seconds, level=0.15) if seconds else np.zeros((2, 0), np.float32)
    assert not sound.size or decibels(true_peak(sound)) < CEILING
    assert np.array_equal(whole(sound), sound)


def test_sound_just_below_the_ceiling_passes_to_the_bit() -> None:
    sound = stereo(sine(2.5, 1000.0, 0.999 * 10 ** (CEILING / 20)))
    assert np.array_equal(whole(sound), sound)


def test_sound_long_before_or_after_a_loud_part_passes_to_the_bit() -> None:
    """More than 13 ms before it, and more than one second after it."""
    sound = noise(4.0, level=0.1)
    start = round(1.5 * SAMPLE_RATE)
    end = round(2.2 * SAMPLE_RATE)
    sound[:, start:end] *= 10
    result = whole(sound)
    assert np.array_equal(result[:, : start - 624], sound[:, : start - 624])
    assert not np.array_equal(result[:, start:end], sound[:, start:end])
    assert np.array_equal(result[:, end + SAMPLE_RATE :], sound[:, end + SAMPLE_RATE :])


def cut(sound: Samples, cuts: list[int]) -> Iterator[Samples]:
    for start, end in pairwise([0, *cuts, sound.shape[1]]):
        yield sound[:, start:end]


LONG = speech(4.01, level=0.8)


@given(
    samples=st.integers(0, LONG.shape[1]) | st.integers(47_000, 50_000),
    cuts=st.lists(st.integers(0, LONG.shape[1]), max_size=12).map(sorted),
)
@settings(max_examples=40, deadline=None)
def test_the_result_is_as_long_as_the_sound_and_does_not_depend_on_its_blocks(
    samples: int, cuts: list[int]
) -> None:
    sound = LONG[:, :samples]
    parts = list(limited(cut(sound, [place for place in cuts if place <= samples]), CEILING))
    result = np.concatenate([np.zeros((2, 0), np.float32), *parts], axis=1)
    assert result.dtype == np.float32
    assert result.shape == sound.shape
    assert np.array_equal(result, whole(sound))


def test_blocks_may_be_as_short_as_one_sample() -> None:
    sound = LONG[:, :60_000]
    single = limited((sound[:, place : place + 1] for place in range(sound.shape[1])), CEILING)
    assert np.array_equal(np.concatenate(list(single), axis=1), whole(sound))


def test_the_reader_may_change_the_blocks_that_come_out() -> None:
    sound = noise(3.0, level=0.1)
    for number, block in enumerate(limited(iter([sound]), CEILING)):
        assert np.array_equal(block, sound[:, number * SAMPLE_RATE : (number + 1) * SAMPLE_RATE])
        block[:] = 9.0
    assert sound.max() < 1


@pytest.mark.parametrize("hertz", [50.0, 100.0, 440.0, 1000.0, 7000.0])
def test_a_limited_tone_is_hardly_distorted(hertz: float) -> None:
    """In a steady tone, 6 dB too loud, what is not the tone is below -60 dB of it."""
    steady = whole(stereo(sine(4.0, hertz, 2.0)))[0, SAMPLE_RATE : 3 * SAMPLE_RATE].astype(
        np.float64
    )
    time = 2 * np.pi * hertz * np.arange(len(steady)) / SAMPLE_RATE
    tone = np.stack([np.sin(time), np.cos(time)]) * np.sqrt(2 / len(steady))
    rest = steady - tone.T @ (tone @ steady)
    assert decibels(rest.std() / steady.std()) < -60


def gain(sound: Samples, result: Samples) -> npt.NDArray[np.float64]:
    """The gain in decibels wherever a sample is large enough to tell."""
    heard = np.abs(sound) > 0.05
    return np.asarray(20 * np.log10(np.abs(result[heard] / sound[heard])), np.float64)


def test_both_channels_get_the_same_gain() -> None:
    left = sine(2.0, 440.0, 1.8)
    sound = stereo(left, left / 4)
    result = whole(sound)
    assert np.allclose(result[0], result[1] * 4, rtol=1e-6, atol=0)
    assert gain(sound, result).min() < -5


def test_the_gain_is_never_above_one_and_never_jumps() -> None:
    """A constant shows the gain itself: it changes by at most 0.02 dB between two samples."""
    sound = stereo(np.full(4 * SAMPLE_RATE, 0.5))
    sound[0, 30_000:95_000] = 1.5  # the gain still comes back where the next second begins
    curve = whole(sound)[1] / sound[1]
    assert curve.max() == 1
    assert curve.min() == pytest.approx(10 ** (CEILING / 20) / 1.5, abs=0.06)
    assert np.abs(np.diff(curve)).max() < 0.0016


def test_the_gain_comes_back_slowly_and_then_entirely() -> None:
    sound = np.full((2, 4 * SAMPLE_RATE), 0.1, np.float32)
    sound[:, 46_000] = 3.0
    curve = whole(sound)[0] / sound[0]
    tenth = 46_000 + SAMPLE_RATE // 10
    second = 46_000 + SAMPLE_RATE
    assert (1 - curve[tenth]) / (1 - curve[46_200]) == pytest.approx(np.exp(-1), abs=0.08)
    assert (curve[second:] == 1).all()


@pytest.mark.parametrize("hertz", [11_999.0, 12_000.0, 8000.0, 997.0])
def test_the_true_peak_of_a_tone_is_its_level(hertz: float) -> None:
    # It rises slowly: a tone that begins at once overshoots.
    tone = between(hertz, 0.7) * np.hanning(2 * SAMPLE_RATE).astype(np.float32)
    assert decibels(true_peak(tone)) == pytest.approx(decibels(0.7), abs=0.05)


@pytest.mark.parametrize("name", LOUD)
def test_the_true_peak_is_what_ffmpeg_s_meter_finds(name: str) -> None:
    sound = np.pad(LOUD[name], ((0, 0), (4800, 4800)))
    assert decibels(true_peak(sound)) == pytest.approx(ebur128(sound).peak, abs=0.3)


def test_no_sound_has_no_peak() -> None:
    assert true_peak(np.zeros((2, 0), np.float32)) == 0
    assert true_peak(np.zeros((2, 100), np.float32)) == 0


def memory_to_limit(seconds: int) -> int:
    """The most bytes that Python has in use while it limits a sound of this length."""
    block = noise(1.0, level=0.5)
    return peak_memory(limited((block for _ in range(seconds)), CEILING))


def test_memory_does_not_grow_with_the_stream() -> None:
    memory_to_limit(1)  # loads what is loaded only once
    assert memory_to_limit(40) < 1.2 * memory_to_limit(4)

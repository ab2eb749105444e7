"""The meter against FFmpeg's (the filter ebur128), and against what EBU Tech 3341 asks of a meter."""

import contextlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import av.filter
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.media.loudness import STEP, LoudnessMeter, integrated
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.media.sounds import sound_blocks
from tests.helpers.sounds import sine

ROOT = Path(__file__).parents[2]
RECORDINGS = sorted([*(ROOT / "daemon/demo").glob("*/*.mp3"), *(ROOT / "music").glob("*/*.ogg")])
TOLERANCE = 0.1
"""LU that EBU Tech 3341 allows a meter."""


@dataclass(frozen=True)
class Reading:
    """What ebur128 says of a whole sound: LUFS, and dBTP in the louder channel."""

    loudness: float
    peak: float


def ebur128(sound: Samples) -> Reading:
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        format="fltp", sample_rate=SAMPLE_RATE, layout="stereo", time_base=Fraction(1, SAMPLE_RATE)
    )
    graph.link_nodes(
        source, graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    ).configure()
    said = dict[str, str]()
    for start in range(0, sound.shape[1], SAMPLE_RATE):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[:, start : start + SAMPLE_RATE]), "fltp", "stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        graph.push(frame)
        with contextlib.suppress(av.error.BlockingIOError):
            while True:
                said |= graph.pull().metadata
    peak = max(float(said[f"lavfi.r128.true_peaks_ch{channel}"]) for channel in (0, 1))
    return Reading(float(said["lavfi.r128.I"]), float(20 * np.log10(max(peak, 1e-9))))


def decoded(path: Path) -> Samples:
    with path.open("rb") as file:
        return np.concatenate(list(sound_blocks(file, SAMPLE_RATE)), axis=1)


def stereo(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64] | None = None) -> Samples:
    return np.stack([left, left if right is None else right]).astype(np.float32)


def tones(*parts: tuple[float, float]) -> Samples:
    """1 kHz in both channels: one part after the other of so many seconds at so many dBFS."""
    return stereo(
        np.concatenate([sine(seconds, 1000.0, 10 ** (level / 20)) for seconds, level in parts])
    )


def noise(seconds: float, pink: bool = False, level: float = 0.1) -> Samples:
    """Different noise in each channel, of an RMS of `level`. Pink noise begins at 20 Hz."""
    samples = round(seconds * SAMPLE_RATE)
    sound = np.random.default_rng(1).normal(size=(2, samples))
    if pink:
        hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
        sound = np.fft.irfft(
            np.fft.rfft(sound) * (hertz > 20) / np.sqrt(np.maximum(hertz, 1)), samples
        )
    return np.asarray(level * sound / sound.std(), np.float32)


def speech(seconds: float, level: float = 0.1) -> Samples:
    """Syllables of pink noise, a phrase of them every three seconds, and nearly silence between the phrases."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    syllables = np.sin(2 * np.pi * 2.1 * time).clip(0, None) * (time % 3 < 1.7)
    return noise(seconds, pink=True, level=level) * (syllables + 0.01).astype(np.float32)


def measured(sound: Samples) -> float:
    meter = LoudnessMeter()
    meter.add(sound)
    return integrated(meter.powers())


def sounds() -> Iterator[tuple[str, Samples]]:
    yield from (
        (f"{hertz} Hz", stereo(sine(4.0, hertz, 0.1)))
        for hertz in (60.0, 100.0, 440.0, 1000.0, 5000.0, 12000.0)
    )
    yield from (
        (f"{hertz} Hz", stereo(sine(4.0, hertz, 0.1))) for hertz in (43.7, 64.9, 317.7, 15_555.5)
    )
    yield "white noise", noise(6.0)
    yield "pink noise", noise(6.0, pink=True)
    yield "speech", speech(15.0)
    yield (
        "speech, then silence",
        np.concatenate([speech(6.0), np.zeros((2, 20 * SAMPLE_RATE), np.float32)], axis=1),
    )
    yield (
        "loud, then quiet",
        np.concatenate([noise(3.0, level=0.2), noise(9.0, level=0.02)], axis=1),
    )
    yield "left only", stereo(sine(4.0, 700.0), np.zeros(4 * SAMPLE_RATE))
    yield "faint", noise(4.0, level=0.0005)


SOUNDS = dict(sounds())


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_as_loud_as_ffmpeg_s_meter_finds_it(name: str) -> None:
    assert measured(SOUNDS[name]) == pytest.approx(ebur128(SOUNDS[name]).loudness, abs=TOLERANCE)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_the_demo_s_narrations_and_the_music_are_as_loud_as_ffmpeg_s_meter_finds_them(
    path: Path,
) -> None:
    assert measured(decoded(path)) == pytest.approx(ebur128(decoded(path)).loudness, abs=TOLERANCE)


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
def test_tones_of_known_loudness_are_as_loud(
    parts: list[tuple[float, float]], loudness: float
) -> None:
    """The first five cases of EBU Tech 3341, table 1."""
    assert measured(tones(*parts)) == pytest.approx(loudness, abs=TOLERANCE)


def test_a_full_tone_in_one_channel_is_3_01_db_below_full_scale() -> None:
    """BS.1770-4, annex 1, after equation 2: 997 Hz at 0 dBFS in one front channel reads -3.01."""
    one = stereo(sine(4.0, 997.0, 1.0), np.zeros(4 * SAMPLE_RATE))
    assert measured(one) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_and_what_is_near_it_has_no_loudness(level: float) -> None:
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


def test_looking_at_the_powers_changes_nothing() -> None:
    sound, meter = noise(0.45), LoudnessMeter()
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
    meter, whole = LoudnessMeter(), LoudnessMeter()
    for start, end in pairwise([0, *cuts, LONG.shape[1]]):
        meter.add(LONG[:, start:end])
    whole.add(LONG)
    assert meter.powers().shape == (-(-LONG.shape[1] // STEP),)
    assert meter.powers() == pytest.approx(whole.powers(), rel=1e-5)


def test_memory_does_not_grow_with_the_sound() -> None:
    block, meter = noise(1.3), LoudnessMeter()
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

"""The mix: what a naive mix in one array gives, but in blocks, and in constant memory."""

import tracemalloc
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from daemon.config import Music
from daemon.errors import FilmError
from daemon.film.encode.moviepy_writer import write_wav
from daemon.film.plan.levels import Levels
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.film.sound.limiter import true_peak
from daemon.film.sound.mix import CEILING_DB, EDGE
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE
from daemon.story.model import Story
from tests.helpers.films import PLAIN_MUSIC, mixed, untouched
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import checked_story

ONE_STEP = 1 / 32_767
"""The smallest difference that a 16-bit file can hold."""
CEILING = 10 ** (CEILING_DB / 20)

Mono = npt.NDArray[np.float64]


def mix(story: Story, factor: float = 1.0, music: Music = PLAIN_MUSIC, words: float = 1.0) -> Mono:
    """The left side of a story's mix, which is the right one too; music and words at these factors."""
    levels = Levels(dict.fromkeys(range(len(story.pages)), words), factor, 1.0)
    blocks = list(mixed(story, plan_timeline(story), levels, music))
    assert all(block.dtype == np.float32 for block in blocks)
    left, right = np.concatenate(blocks, axis=1)
    assert (left == right).all()
    return np.asarray(left, np.float64)


def only_music(folder: Path, track: Mono, seconds: float, **music: float) -> Mono:
    """What is heard of a track in a film of so many seconds in which nobody speaks."""
    story = checked_story(
        folder / "story",
        [seconds],
        Track("track", wav(folder / "track.wav", track)),
        gap_seconds=0.0,
    )
    wav(folder / "story/01.wav", np.zeros(round(seconds * SAMPLE_RATE)))
    return mix(story, music=PLAIN_MUSIC.model_copy(update=music))


def plain(path: Path) -> Mono:
    with wave.open(str(path)) as file:
        return np.asarray(
            np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32_768, np.float64
        )


def edged(sound: Mono) -> Mono:
    """A narration whose first and last hundredth of a second are faded along straight lines."""
    place = np.arange(len(sound))
    return np.asarray(
        sound * np.minimum(1, np.minimum(place + 1, place[::-1] + 1) / 480), np.float64
    )


def reference(story: Story, timeline: Timeline, factor: float, words: float = 1.0) -> Mono:
    """The whole mix in one array, from mono WAV files."""
    whole = np.zeros(timeline.samples)
    if story.music:
        whole += factor * np.resize(plain(story.music.path), timeline.samples)
    for cue in timeline.cues:
        narration = story.pages[cue.page].narration
        assert narration
        whole[cue.start : cue.start + cue.samples] += (
            words * edged(plain(narration.path))[: len(whole) - cue.start]
        )
    return whole


@pytest.fixture
def track(tmp_path: Path) -> Track:
    return Track("short.wav", wav(tmp_path / "short.wav", sine(0.317, 2000.0, 0.3)))


@pytest.mark.parametrize("fps", [24, 7, 29.97])
@pytest.mark.parametrize("factor", [None, 1.0, 0.1, 0.001])
@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_the_mix_is_that_of_one_array(
    fps: float, factor: float | None, gap: float, tmp_path: Path, track: Track
) -> None:
    """Blocks of a second, pages across their edges, one page over two edges, the music many times over."""
    lengths = [1.005, 0.4, 0.9, 2.3, 0.001, 0.5]
    story = checked_story(
        tmp_path / "story", lengths, track if factor is not None else None, fps=fps, gap_seconds=gap
    )
    timeline = plan_timeline(story)
    expected = reference(story, timeline, factor or 0.0, 0.4)
    assert np.abs(expected).max() < CEILING  # or else the limiter would be at work
    whole = mix(story, factor or 0.0, words=0.4)
    assert whole.shape == (timeline.samples,)
    assert np.abs(whole - expected).max() < 1e-6


def test_the_file_is_the_mix_to_the_last_bit(tmp_path: Path, track: Track) -> None:
    story = checked_story(tmp_path / "story", [1.3, 0.4], track)
    timeline = plan_timeline(story)
    write_wav(
        mixed(story, timeline, untouched(story), PLAIN_MUSIC),
        timeline.samples,
        target := tmp_path / "mix.wav",
    )
    with wave.open(str(target)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (
            2,
            2,
            SAMPLE_RATE,
        )
        assert file.getnframes() == timeline.samples
        assert target.stat().st_size == 44 + 4 * timeline.samples
        written = np.frombuffer(file.readframes(timeline.samples), np.int16).reshape(-1, 2).T
    assert (written == np.rint(mix(story).astype(np.float32) * 32_767)).all()


def test_levels_are_factors_for_each_narration_the_music_and_all(
    tmp_path: Path, track: Track
) -> None:
    story = checked_story(tmp_path / "story", [0.3, 0.3], track)
    silent = untouched(story, 0.0)
    one, other, tune = (
        np.concatenate(list(mixed(story, plan_timeline(story), levels, PLAIN_MUSIC)), axis=1)
        for levels in (
            replace(silent, voices={0: 1.0, 1: 0.0}),
            replace(silent, voices={0: 0.0, 1: 1.0}),
            replace(silent, voices={0: 0.0, 1: 0.0}, music=1.0),
        )
    )
    assert all(np.abs(part).max() > 0.2 for part in (one, other, tune))
    both = list(mixed(story, plan_timeline(story), Levels({0: 0.4, 1: 1.2}, 0.5, 0.8), PLAIN_MUSIC))
    assert (
        np.abs(np.concatenate(both, axis=1) - 0.8 * (0.4 * one + 1.2 * other + 0.5 * tune)).max()
        < 1e-6
    )


def test_a_gap_without_music_is_silence(tmp_path: Path) -> None:
    whole = mix(checked_story(tmp_path / "story", [0.5, 0.5], gap_seconds=0.5))
    half = SAMPLE_RATE // 2
    assert [bool(whole[start : start + half].any()) for start in range(0, 4 * half, half)] == [
        True,
        False,
        True,
        False,
    ]


def test_a_narration_that_is_cut_in_the_midst_of_a_wave_does_not_click(tmp_path: Path) -> None:
    """A constant is the worst that can be cut off: it goes up and down in a hundredth of a second, in even steps."""
    story = checked_story(tmp_path / "story", [0.3, 0.004], gap_seconds=0.2)
    for page, seconds in zip(story.pages, (0.3, 0.004), strict=True):
        assert page.narration
        wav(page.narration.path, np.full(round(seconds * SAMPLE_RATE), 0.5))
    whole = mix(story)
    assert whole[EDGE : round(0.3 * SAMPLE_RATE) - EDGE] == pytest.approx(0.5, abs=1e-4)
    assert np.abs(np.diff(whole, prepend=0, append=0)).max() < 0.5 / EDGE + 1e-6
    assert whole[SAMPLE_RATE // 2 :].max() > 0.09  # the shorter one is heard as well


def test_the_music_goes_on_after_its_end_with_its_first_sample(tmp_path: Path) -> None:
    ramp = np.arange(1000) / 2000
    whole = only_music(tmp_path, ramp, 0.1)
    assert np.abs(whole - np.resize(ramp, len(whole))).max() < 2 * ONE_STEP


def test_what_is_too_loud_is_turned_down_and_not_clipped(tmp_path: Path) -> None:
    """Two tones at full scale: what is played has the ceiling's level, and no overtones of a clipped wave."""
    track = Track("loud", wav(tmp_path / "loud.wav", sine(1.0, 300.0, level=1.0)))
    whole = mix(
        checked_story(tmp_path / "story", [0.9], track)
    )  # its narration is a tone of 300 Hz as well
    steady = whole[SAMPLE_RATE // 2 : SAMPLE_RATE // 2 + 4800]
    assert 0.97 * CEILING < np.abs(steady).max() <= CEILING * 1.0001
    assert true_peak(np.stack([whole, whole]).astype(np.float32)) < CEILING * 1.01
    spectrum = np.abs(np.fft.rfft(steady))
    assert np.delete(spectrum, 30).max() < spectrum[30] / 1000  # 30 waves of 300 Hz


@pytest.mark.parametrize("overlap", [0.5, 2.0])
def test_the_loop_s_seam_has_the_power_of_what_is_around_it(overlap: float, tmp_path: Path) -> None:
    """Noise knows nothing of itself some seconds later: within half a decibel in each quarter of a second."""
    chance = np.random.default_rng(5)
    whole = only_music(
        tmp_path,
        0.2 * chance.uniform(-1, 1, round(5.3 * SAMPLE_RATE)),
        9.0,
        crossfade_seconds=overlap,
    )
    powers = 10 * np.log10(
        np.square(whole[: len(whole) // 12_000 * 12_000]).reshape(-1, 12_000).mean(axis=1)
    )
    assert powers == pytest.approx(np.full(len(powers), 10 * np.log10(0.04 / 3)), abs=0.5)


@pytest.mark.parametrize("overlap", [0.5, 0.05])
def test_the_loop_s_seam_does_not_click(overlap: float, tmp_path: Path) -> None:
    """A tone that ends and begins anywhere in its wave: nothing is heard above it, and no step is larger than its own."""
    tone = sine(1.3333, 441.0, 0.3)
    whole = only_music(tmp_path, tone, 4.0, crossfade_seconds=overlap)
    steepest = np.abs(np.diff(tone)).max()
    assert (
        np.abs(np.diff(whole)).max() < steepest * 1.45
    )  # in phase, the sum of equal powers is 3 dB more
    windows = whole[: len(whole) // 4800 * 4800].reshape(-1, 4800) * np.hanning(4800)
    high = np.abs(np.fft.rfft(windows, axis=1))[:, 200:].max()  # above 2 kHz
    assert high < np.abs(np.fft.rfft(windows, axis=1)).max() / 1000


@pytest.mark.parametrize("length", [0.02, 0.4, 1.0, 3.9])
def test_a_track_that_is_shorter_than_its_overlaps_overlaps_with_half_of_itself(
    length: float, tmp_path: Path
) -> None:
    """Against a loop in one array, with a track of a few samples too."""
    track = np.random.default_rng(7).uniform(-0.2, 0.2, round(length * SAMPLE_RATE))
    whole = only_music(tmp_path, track, 5.0, crossfade_seconds=2.0)
    track = plain(tmp_path / "track.wav")
    overlap = len(track) // 2
    angle = (np.arange(overlap) + 0.5) / overlap * np.pi / 2
    seam = track[-overlap:] * np.cos(angle) + track[:overlap] * np.sin(angle)
    again = np.concatenate([seam, track[overlap : len(track) - overlap]])
    expected = np.concatenate([track[: len(track) - overlap], np.resize(again, len(whole))])[
        : len(whole)
    ]
    assert np.abs(whole - expected).max() < 2 * ONE_STEP


def test_the_music_fades_at_the_film_s_ends_and_not_at_the_track_s(tmp_path: Path) -> None:
    whole = only_music(tmp_path, sine(0.5, 2000.0, 0.4), 4.0, fade_seconds=1.0)
    loudest = (
        np.abs(whole).reshape(-1, 480).max(axis=1) / 0.4
    )  # in each hundredth of a second, five waves at least
    ends = np.minimum(np.arange(400) + 1, np.arange(400)[::-1] + 1) / 100
    assert loudest == pytest.approx(ends.clip(0, 1), abs=0.015)


def test_a_film_that_is_shorter_than_its_fades_has_its_loudest_moment_in_the_middle(
    tmp_path: Path,
) -> None:
    whole = (
        np.abs(only_music(tmp_path, sine(0.5, 2000.0, 0.4), 1.0, fade_seconds=30.0))
        .reshape(-1, 480)
        .max(axis=1)
    )
    assert 49 <= whole.argmax() <= 50
    assert whole == pytest.approx(whole[::-1], abs=0.01)
    assert max(whole[0], whole[-1]) < 0.01


def test_narrations_do_not_fade_with_the_music(tmp_path: Path, track: Track) -> None:
    story = checked_story(tmp_path / "story", [0.6], track, gap_seconds=0.0)
    music = PLAIN_MUSIC.model_copy(update={"fade_seconds": 5.0})
    assert np.abs(mix(story, 0.0, music) - reference(story, plan_timeline(story), 0.0)).max() < 1e-6


@pytest.mark.parametrize("content", ["no sound", "no samples"])
def test_music_that_cannot_be_decoded_is_a_fault_of_the_film(content: str, tmp_path: Path) -> None:
    track = Track("calm/broken.mp3", tmp_path / "broken.mp3")
    if content == "no sound":
        track.path.write_text("no sound")
    else:
        wav(track.path, np.zeros(0))
    with pytest.raises(FilmError, match=r"calm/broken\.mp3"):
        mix(checked_story(tmp_path / "story", music=track))


def peak_memory(story: Story) -> int:
    timeline = plan_timeline(story)
    tracemalloc.start()
    try:
        for block in mixed(story, timeline, untouched(story, 0.1), Music()):
            assert block.dtype == np.float32
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    track = Track("long", wav(tmp_path / "long.wav", sine(20.0)))
    short, long = (
        checked_story(tmp_path / "short", [4.0], track),
        checked_story(tmp_path / "long", [80.0], track),
    )
    peak_memory(short)  # what is loaded once
    assert peak_memory(long) < 1.2 * peak_memory(short)


def test_a_narration_s_file_is_closed_when_it_has_been_heard(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [1.3] * 8)
    most = 0
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in mixed(story, plan_timeline(story), untouched(story), PLAIN_MUSIC):
        most = max(most, len(list(Path("/proc/self/fd").iterdir())) - before)
    assert 0 < most <= 3

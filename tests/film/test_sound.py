"""The mix: what a naive mix in one array gives, but in blocks, and in constant memory."""

import tracemalloc
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from daemon.errors import FilmError
from daemon.film.sound import mixed, write_mix
from daemon.film.timeline import Timeline, plan
from daemon.story import SAMPLE_RATE, Story, Track
from tests.stories import planned, sine, wav

ONE_STEP = 1 / 32_767
"""The smallest difference that a 16-bit file can hold."""


def written(story: Story, timeline: Timeline, volume_db: float, target: Path) -> npt.NDArray[np.int16]:
    write_mix(story, timeline, volume_db, target)
    with wave.open(str(target)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, SAMPLE_RATE)
        assert target.stat().st_size == 44 + 4 * file.getnframes()
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2).T


def plain(path: Path) -> npt.NDArray[np.float64]:
    with wave.open(str(path)) as file:
        return np.asarray(np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32_768, np.float64)


def reference(story: Story, timeline: Timeline, volume_db: float) -> npt.NDArray[np.float64]:
    """The whole mix in one array, from mono WAV files."""
    mix = np.zeros(timeline.samples)
    if story.music:
        mix += 10 ** (volume_db / 20) * np.resize(plain(story.music.path), timeline.samples)
    for cue in timeline.cues:
        narration = story.pages[cue.page].narration
        assert narration
        mix[cue.start : cue.start + cue.samples] += plain(narration.path)[: len(mix) - cue.start]
    rounded: npt.NDArray[np.float64] = np.rint(mix.clip(-1, 1) * 32_767)
    return rounded


@pytest.fixture
def track(tmp_path: Path) -> Track:
    return Track("short.wav", wav(tmp_path / "short.wav", sine(0.317, 2000.0)))


@pytest.mark.parametrize("fps", [24, 7])
@pytest.mark.parametrize("volume_db", [None, 0.0, -20.0, -60.0])
@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_the_mix_is_that_of_one_array_to_the_last_bit(
    fps: int, volume_db: float | None, gap: float, tmp_path: Path, track: Track
) -> None:
    """Blocks of a second, pages across their edges, one page over two edges, the music many times over."""
    lengths = [1.005, 0.4, 0.9, 2.3, 0.001, 0.5]
    story = planned(tmp_path / "story", lengths, track if volume_db is not None else None, fps=fps, gap_seconds=gap)
    timeline = plan(story)
    mix = written(story, timeline, volume_db or 0.0, tmp_path / "mix.wav")
    expected = reference(story, timeline, volume_db or 0.0)
    assert mix.shape == (2, timeline.samples)
    assert (mix[0] == mix[1]).all()
    assert np.abs(mix[0] - expected).max() <= 1


def test_a_gap_without_music_is_silence(tmp_path: Path) -> None:
    story = planned(tmp_path / "story", [0.5, 0.5], gap_seconds=0.5)
    mix = written(story, plan(story), 0.0, tmp_path / "mix.wav")[0]
    half = SAMPLE_RATE // 2
    assert [bool(mix[start : start + half].any()) for start in range(0, 4 * half, half)] == [True, False, True, False]


def test_the_music_goes_on_after_its_end_with_its_first_sample(tmp_path: Path) -> None:
    ramp = np.arange(1000) / 2000
    track = Track("ramp", wav(tmp_path / "ramp.wav", ramp))
    story = planned(tmp_path / "story", [0.1], track)
    wav(tmp_path / "story/01.wav", np.zeros(4800))
    mix = written(story, plan(story), 0.0, tmp_path / "mix.wav")[0] / 32_767
    assert np.abs(mix[:8000] - np.tile(ramp, 8)).max() < 2 * ONE_STEP


def test_what_is_too_loud_stays_at_full_scale_and_does_not_wrap(tmp_path: Path) -> None:
    track = Track("loud", wav(tmp_path / "loud.wav", sine(1.0, 300.0, level=1.0)))
    story = planned(tmp_path / "story", [0.5], track)  # its narration is a tone of 300 Hz as well
    mix = written(story, plan(story), 0.0, tmp_path / "mix.wav")[0]
    assert (mix.max(), mix.min()) == (32_767, -32_767)
    tone = sine(0.5, 300.0, level=1.5)
    loud = np.abs(tone) > 1.01
    assert (mix[: len(tone)][loud] == np.sign(tone[loud]) * 32_767).all()


@pytest.mark.parametrize("content", ["no sound", "no samples"])
def test_music_that_cannot_be_decoded_is_a_fault_of_the_film(content: str, tmp_path: Path) -> None:
    track = Track("calm/broken.mp3", tmp_path / "broken.mp3")
    if content == "no sound":
        track.path.write_text("no sound")
    else:
        wav(track.path, np.zeros(0))
    story = planned(tmp_path / "story", music=track)
    with pytest.raises(FilmError, match=r"calm/broken\.mp3"):
        write_mix(story, plan(story), 0.0, tmp_path / "mix.wav")


def peak_memory(story: Story) -> int:
    timeline = plan(story)
    tracemalloc.start()
    try:
        for block in mixed(story, timeline, -20.0):
            assert block.dtype == np.float32
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    track = Track("long", wav(tmp_path / "long.wav", sine(20.0)))
    short, long = planned(tmp_path / "short", [4.0], track), planned(tmp_path / "long", [80.0], track)
    peak_memory(short)  # what is loaded once
    assert peak_memory(long) < 1.2 * peak_memory(short)


def test_a_narration_s_file_is_closed_when_it_has_been_heard(tmp_path: Path) -> None:
    story = planned(tmp_path / "story", [1.3] * 8)
    most = 0
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in mixed(story, plan(story), 0.0):
        most = max(most, len(list(Path("/proc/self/fd").iterdir())) - before)
    assert 0 < most <= 3

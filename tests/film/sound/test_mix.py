"""The mix: the same as a naive one in a single array, but in blocks and constant memory."""

import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from daemon.config import Music
from daemon.errors import FilmError
from daemon.film.encode.moviepy_writer import write_wav
from daemon.film.plan.levels import Levels
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.film.sound.limiter import true_peak
from daemon.film.sound.mix import CEILING_DB, EDGE
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.story.model import Story
from tests.helpers.broken import PLACES, damaged
from tests.helpers.films import PLAIN_MUSIC, mixed, untouched
from tests.helpers.processes import open_files
from tests.helpers.sounds import REPOSITORY, peak_memory, sine, wav
from tests.helpers.stories import checked_story, narration

pytestmark = pytest.mark.slow

ONE_STEP = 1 / 32_767
"""The smallest difference that a 16-bit file can hold."""
CEILING = 10 ** (CEILING_DB / 20)

Mono = npt.NDArray[np.float64]


def stereo_mix(
    story: Story, factor: float = 1.0, music: Music = PLAIN_MUSIC, words: float = 1.0
) -> Samples:
    """A story's mix, its music and its words at these factors."""
    levels = Levels(dict.fromkeys(range(len(story.pages)), words), factor, 1.0)
    blocks = list(mixed(story, plan_timeline(story), levels, music))
    assert all(block.dtype == np.float32 for block in blocks)
    return np.concatenate(blocks, axis=1)


def mix(story: Story, factor: float = 1.0, music: Music = PLAIN_MUSIC, words: float = 1.0) -> Mono:
    """One channel of the same; both must be equal."""
    left, right = stereo_mix(story, factor, music, words)
    assert (left == right).all()
    return np.asarray(left, np.float64)


def only_music(folder: Path, track: Mono, seconds: float, **music: float) -> Mono:
    """What is heard of a track in a film of `seconds` seconds in which nobody speaks."""
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
def test_the_mix_is_the_same_as_one_made_in_a_single_array(
    fps: float, factor: float | None, gap: float, tmp_path: Path, track: Track
) -> None:
    """Pages lie across the edges of blocks, one across two; the music repeats many times."""
    lengths = [1.005, 0.4, 0.9, 2.3, 0.001, 0.5]
    story = checked_story(
        tmp_path / "story", lengths, track if factor is not None else None, fps=fps, gap_seconds=gap
    )
    timeline = plan_timeline(story)
    expected = reference(story, timeline, factor or 0.0, 0.4)
    assert np.abs(expected).max() < CEILING  # so that the limiter leaves it alone
    whole = mix(story, factor or 0.0, words=0.4)
    assert whole.shape == (timeline.samples,)
    assert np.abs(whole - expected).max() < 1e-6


def test_the_file_is_the_mix_to_the_last_bit(tmp_path: Path, track: Track) -> None:
    story = checked_story(tmp_path / "story", [1.3, 0.4], track)
    timeline = plan_timeline(story)
    target = tmp_path / "mix.wav"
    write_wav(mixed(story, timeline, untouched(story), PLAIN_MUSIC), timeline.samples, target)
    with wave.open(str(target)) as file:
        assert file.getnchannels() == 2
        assert file.getsampwidth() == 2
        assert file.getframerate() == SAMPLE_RATE
        assert file.getnframes() == timeline.samples
        assert target.stat().st_size == 44 + 4 * timeline.samples
        written = np.frombuffer(file.readframes(timeline.samples), np.int16).reshape(-1, 2).T
    assert (written == np.rint(mix(story).astype(np.float32) * 32_767)).all()


def test_levels_are_factors_of_each_narration_of_the_music_and_of_their_sum(
    tmp_path: Path, track: Track
) -> None:
    story = checked_story(tmp_path / "story", [0.3, 0.3], track)
    timeline = plan_timeline(story)

    def at(levels: Levels) -> Samples:
        return np.concatenate(list(mixed(story, timeline, levels, PLAIN_MUSIC)), axis=1)

    one = at(Levels({0: 1.0, 1: 0.0}, music=0.0, whole=1.0))
    other = at(Levels({0: 0.0, 1: 1.0}, music=0.0, whole=1.0))
    tune = at(Levels({0: 0.0, 1: 0.0}, music=1.0, whole=1.0))
    assert all(np.abs(part).max() > 0.2 for part in (one, other, tune))
    everything = at(Levels({0: 0.4, 1: 1.2}, music=0.5, whole=0.8))
    assert np.abs(everything - 0.8 * (0.4 * one + 1.2 * other + 0.5 * tune)).max() < 1e-6


def test_a_gap_without_music_is_silence(tmp_path: Path) -> None:
    whole = mix(checked_story(tmp_path / "story", [0.5, 0.5], gap_seconds=0.5))
    half = SAMPLE_RATE // 2
    is_heard = [bool(whole[start : start + half].any()) for start in range(0, 4 * half, half)]
    assert is_heard == [True, False, True, False]


def test_a_narration_cut_in_the_middle_of_a_wave_does_not_click(tmp_path: Path) -> None:
    """A constant is the worst case: it must rise and fall in 10 ms, in even steps."""
    story = checked_story(tmp_path / "story", [0.3, 0.004], gap_seconds=0.2)
    for page, seconds in zip(story.pages, (0.3, 0.004), strict=True):
        assert page.narration
        wav(page.narration.path, np.full(round(seconds * SAMPLE_RATE), 0.5))
    whole = mix(story)
    assert whole[EDGE : round(0.3 * SAMPLE_RATE) - EDGE] == pytest.approx(0.5, abs=1e-4)
    assert np.abs(np.diff(whole, prepend=0, append=0)).max() < 0.5 / EDGE + 1e-6
    assert whole[SAMPLE_RATE // 2 :].max() > 0.09  # the shorter one is heard too


def test_after_its_last_sample_the_music_goes_on_with_its_first(tmp_path: Path) -> None:
    ramp = np.arange(1000) / 2000
    whole = only_music(tmp_path, ramp, 0.1)
    assert np.abs(whole - np.resize(ramp, len(whole))).max() < 2 * ONE_STEP


def test_a_mix_that_is_too_loud_is_turned_down_not_clipped(tmp_path: Path) -> None:
    """Two tones of 300 Hz at full scale, as music and as narration.

    The mix has the ceiling's level, and none of the overtones of a clipped wave.
    """
    track = Track("loud", wav(tmp_path / "loud.wav", sine(1.0, 300.0, level=1.0)))
    whole = mix(checked_story(tmp_path / "story", [0.9], track))
    steady = whole[SAMPLE_RATE // 2 : SAMPLE_RATE // 2 + 4800]
    assert 0.97 * CEILING < np.abs(steady).max() <= CEILING * 1.0001
    assert true_peak(np.stack([whole, whole]).astype(np.float32)) < CEILING * 1.01
    spectrum = np.abs(np.fft.rfft(steady))
    assert np.delete(spectrum, 30).max() < spectrum[30] / 1000  # 30 waves of 300 Hz


@pytest.mark.parametrize("overlap", [0.5, 2.0])
def test_the_loop_s_seam_is_as_loud_as_the_sound_around_it(overlap: float, tmp_path: Path) -> None:
    """Noise is independent of itself seconds later, so its powers add: each quarter of a second is
    within half a decibel."""
    noise = 0.2 * np.random.default_rng(5).uniform(-1, 1, round(5.3 * SAMPLE_RATE))
    whole = only_music(tmp_path, noise, 9.0, crossfade_seconds=overlap)
    quarters = whole[: len(whole) // 12_000 * 12_000].reshape(-1, 12_000)
    powers = 10 * np.log10(np.square(quarters).mean(axis=1))
    assert powers == pytest.approx(np.full(len(powers), 10 * np.log10(0.04 / 3)), abs=0.5)


@pytest.mark.parametrize("overlap", [0.5, 0.05])
def test_the_loop_s_seam_does_not_click(overlap: float, tmp_path: Path) -> None:
    """A tone that ends and begins anywhere in its wave.

    No sound is heard above it, and no step is larger than its own.
    """
    tone = sine(1.3333, 441.0, 0.3)
    whole = only_music(tmp_path, tone, 4.0, crossfade_seconds=overlap)
    steepest = np.abs(np.diff(tone)).max()
    # In phase, the sum of equal powers is 3 dB more.
    assert np.abs(np.diff(whole)).max() < steepest * 1.45
    windows = whole[: len(whole) // 4800 * 4800].reshape(-1, 4800) * np.hanning(4800)
    high = np.abs(np.fft.rfft(windows, axis=1))[:, 200:].max()  # above 2 kHz
    assert high < np.abs(np.fft.rfft(windows, axis=1)).max() / 1000


@pytest.mark.parametrize("length", [0.02, 0.4, 1.0, 3.9])
def test_a_track_shorter_than_two_overlaps_overlaps_by_half_of_itself(
    length: float, tmp_path: Path
) -> None:
    """Compared with a loop made in a single array."""
    track = np.random.default_rng(7).uniform(-0.2, 0.2, round(length * SAMPLE_RATE))
    whole = only_music(tmp_path, track, 5.0, crossfade_seconds=2.0)
    track = plain(tmp_path / "track.wav")
    overlap = len(track) // 2
    angle = (np.arange(overlap) + 0.5) / overlap * np.pi / 2
    seam = track[-overlap:] * np.cos(angle) + track[:overlap] * np.sin(angle)
    again = np.concatenate([seam, track[overlap : len(track) - overlap]])
    expected = np.concatenate([track[: len(track) - overlap], np.resize(again, len(whole))])
    assert np.abs(whole - expected[: len(whole)]).max() < 2 * ONE_STEP


def test_the_music_fades_at_the_film_s_ends_and_not_at_the_track_s(tmp_path: Path) -> None:
    whole = only_music(tmp_path, sine(0.5, 2000.0, 0.4), 4.0, fade_seconds=1.0)
    # In each hundredth of a second, which has at least five waves.
    loudest = np.abs(whole).reshape(-1, 480).max(axis=1) / 0.4
    ends = np.minimum(np.arange(400) + 1, np.arange(400)[::-1] + 1) / 100
    assert loudest == pytest.approx(ends.clip(0, 1), abs=0.015)


def test_a_film_shorter_than_its_fades_is_loudest_in_the_middle(
    tmp_path: Path,
) -> None:
    whole = only_music(tmp_path, sine(0.5, 2000.0, 0.4), 1.0, fade_seconds=30.0)
    loudest = np.abs(whole).reshape(-1, 480).max(axis=1)
    assert 49 <= loudest.argmax() <= 50
    assert loudest == pytest.approx(loudest[::-1], abs=0.01)
    assert max(loudest[0], loudest[-1]) < 0.01


def test_narrations_do_not_fade_with_the_music(tmp_path: Path, track: Track) -> None:
    story = checked_story(tmp_path / "story", [0.6], track, gap_seconds=0.0)
    music = PLAIN_MUSIC.model_copy(update={"fade_seconds": 5.0})
    assert np.abs(mix(story, 0.0, music) - reference(story, plan_timeline(story), 0.0)).max() < 1e-6


# ---- sounds that do not decode any more ----------------------------------------------------------

DEMO = REPOSITORY / "daemon/demo/the-fox-and-the-lighthouse/01.mp3"
TUNE = REPOSITORY / "music/calm/harbour.ogg"
NOISE = np.random.default_rng(1).integers(0, 256, 1_000_000, np.uint8).tobytes()

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "zeros instead of all of it": lambda data: bytes(len(data)),
    "noise instead of all of it": lambda data: NOISE[: len(data)],
    "noise after its first fiftieth": lambda data: spoiled(data, NOISE),
    "zeros after its first fiftieth": lambda data: spoiled(data, bytes(len(data))),
    "nothing left of it": lambda _: b"",
}


def spoiled(data: bytes, rest: bytes) -> bytes:
    """A file that goes on with other bytes after a fiftieth of its length."""
    good = len(data) // 50
    return data[:good] + rest[good : len(data)]


def with_narration(folder: Path, number: int, recording: bytes) -> Story:
    """A story whose page `number` (from 1) has this recording, as it leaves intake."""
    story = checked_story(folder / "story", [0.3, 0.3, 0.3])
    private_copy = folder / "narration"
    private_copy.write_bytes(recording)
    pages = list(story.pages)
    pages[number - 1] = replace(pages[number - 1], narration=narration(private_copy))
    return replace(story, pages=tuple(pages))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_narration_damaged_after_intake_is_a_fault_of_the_film_that_names_its_page(
    damage: str, tmp_path: Path
) -> None:
    """The story is not at fault, because intake decoded the same bytes to their end."""
    story = with_narration(tmp_path, 2, DEMO.read_bytes())
    assert mix(story).any()
    (tmp_path / "narration").write_bytes(DAMAGES[damage](DEMO.read_bytes()))
    with pytest.raises(FilmError, match="the narration of page 2 "):
        mix(story)


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_narration_cut_short_after_intake_is_not_silently_followed_by_silence(
    page: int, tmp_path: Path
) -> None:
    """A WAV file that ends early still decodes to its end."""
    path = wav(tmp_path / "long.wav", sine(1.0))
    story = with_narration(tmp_path, page, path.read_bytes())
    (tmp_path / "narration").write_bytes(path.read_bytes()[:60_000])
    with pytest.raises(FilmError, match=rf"the narration of page {page} is now 0\.\d+ s shorter"):
        mix(story)


def test_a_narration_that_is_gone_is_the_machine_s_fault(tmp_path: Path) -> None:
    story = with_narration(tmp_path, 2, DEMO.read_bytes())
    (tmp_path / "narration").unlink()
    with pytest.raises(FileNotFoundError):
        mix(story)


START = DEMO.read_bytes()[:8000]
"""The first second of a real narration."""


@given(places=PLACES)
@settings(max_examples=40, deadline=None)
def test_damaged_bytes_make_a_whole_mix_or_a_fault_that_names_the_page(
    places: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    story = with_narration(folder, 1, START)
    (folder / "narration").write_bytes(damaged(START, places))
    fault = ""
    samples = 0
    try:
        samples = stereo_mix(story).shape[1]
    except FilmError as error:
        fault = str(error)
    assert samples == plan_timeline(story).samples or "the narration of page 1 " in fault


@pytest.mark.parametrize("content", ["no sound", "no samples"])
def test_music_that_does_not_decode_is_a_fault_of_the_film_that_names_the_track(
    content: str, tmp_path: Path
) -> None:
    track = Track("calm/broken.mp3", tmp_path / "broken.mp3")
    if content == "no sound":
        track.path.write_text("no sound")
    else:
        wav(track.path, np.zeros(0))
    with pytest.raises(FilmError, match=r"calm/broken\.mp3"):
        mix(checked_story(tmp_path / "story", music=track))


@pytest.mark.parametrize("damage", DAMAGES)
def test_music_damaged_after_intake_is_a_fault_of_the_film_that_names_the_track(
    damage: str, tmp_path: Path
) -> None:
    track = Track("calm/harbour.ogg", tmp_path / "track")
    track.path.write_bytes(TUNE.read_bytes())
    story = checked_story(tmp_path / "story", [3.0], track)
    assert stereo_mix(story, factor=0.1).any()
    track.path.write_bytes(DAMAGES[damage](TUNE.read_bytes()))
    with pytest.raises(FilmError, match=r"the music track calm/harbour\.ogg cannot be used: "):
        stereo_mix(story, factor=0.1)


# ---- memory and files ----------------------------------------------------------------------------


def memory_to_mix(story: Story) -> int:
    """The most bytes that Python has in use during the mix of a film."""
    timeline = plan_timeline(story)

    def blocks() -> Iterator[Samples]:
        for block in mixed(story, timeline, untouched(story, 0.1), Music()):
            assert block.dtype == np.float32
            yield block

    return peak_memory(blocks())


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    track = Track("long", wav(tmp_path / "long.wav", sine(20.0)))
    short = checked_story(tmp_path / "short", [4.0], track)
    long = checked_story(tmp_path / "long", [80.0], track)
    memory_to_mix(short)  # loads what is loaded only once
    assert memory_to_mix(long) < 1.2 * memory_to_mix(short)


def test_a_narration_s_file_is_closed_when_it_has_ended(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [1.3] * 8)
    most = 0
    before = open_files()
    for _ in mixed(story, plan_timeline(story), untouched(story), PLAIN_MUSIC):
        most = max(most, open_files() - before)
    assert 0 < most <= 3

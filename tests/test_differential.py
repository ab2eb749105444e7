"""A whole film compared with what arithmetic says: every picture, every tone in its place.

The program's own plan is not used. Times are computed from the lengths of the narrations, colours
from the pictures by the equations of Rec. ITU-R BT.709-6 (item 3, 8-bit limited range), and levels
of tones by the filters of Rec. ITU-R BS.1770-4.
"""

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import numpy.typing as npt
import pytest

from daemon.attempt import Order
from daemon.compiler import compile_story
from daemon.config import FilmSettings, Music, Settings, Sound
from tests.helpers.pictures import COLOURS, picture
from tests.helpers.sounds import RATE, sine, wav
from tests.helpers.stories import write_manifest

SIZES = ((160, 90), (90, 160), (200, 100), (64, 64), (333, 91), (160, 90))
TONES = (400.0, 700.0, 1100.0, 1500.0, 1900.0, 2300.0)
SECONDS = (2.61, 2.437, 2.85, 4.333, 2.701, 2.52)
SILENT_PAGE = 3
"""A page without narration, long enough for the music to come up and go down again; all others have
one."""
GAP = 0.3
LOUDNESS = -16.0
MUSIC_TONE = 5000.0
MUSIC_LEVEL = 0.2
MUSIC_DB = -20.0
DUCK_DB = -6.0
"""Where nobody speaks, the music is more than 10 LU below the narrations: the gate leaves it out of
the film's loudness."""
BACKGROUND = "#102040"  # 16, 32, 64
CLOSE = 6
"""How far a colour may be off: two steps of the 8-bit chroma (2.1 each, in blue) and one of the
luma."""
EDGE = 0.05
"""Seconds left out around the ends of a tone: an AAC encoder spreads them over a frame of 21 ms or
two."""

Floats = npt.NDArray[np.floating[Any]]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Decoded:
    """A film as a player sees and hears it.

    `pictures`: one for each frame, RGB. `sound`: the left channel, full scale at ±1. `loudness`:
    LUFS.
    """

    fps: Fraction
    pictures: Floats
    sound: Floats
    loudness: float

    @property
    def lengths(self) -> list[Fraction]:
        """Each page's exact length in seconds."""
        return [
            Fraction(
                round(seconds * RATE) + (0 if page == SILENT_PAGE else round(GAP * RATE)), RATE
            )
            for page, seconds in enumerate(SECONDS)
        ]

    @property
    def edges(self) -> list[int]:
        """The frame at which each page begins, and the one after the last."""
        sums = [Fraction(0), *accumulate(self.lengths)]
        return [floor(seconds * self.fps + Fraction(1, 2)) for seconds in sums[:-1]] + [
            ceil(sums[-1] * self.fps)
        ]

    def spoken(self, page: int) -> tuple[float, float]:
        """When a page's narration begins and ends, in seconds."""
        start = float(self.edges[page] / self.fps)
        return start, start + SECONDS[page]

    @property
    def whole(self) -> float:
        """The factor of the film's whole sound, computed from the first narration."""
        start, end = self.spoken(0)
        return self.level(TONES[0], start + EDGE, end - EDGE) / as_loud_as_the_film(TONES[0])

    def level(self, hertz: float, start: float, end: float) -> float:
        """The amplitude of one frequency between two times in seconds, without other tones.

        A Hann window keeps them out.
        """
        part = self.sound[round(start * RATE) : round(end * RATE)]
        window = np.hanning(len(part))
        turns = np.exp(-2j * np.pi * hertz * np.arange(len(part)) / RATE)
        return float(2 * abs((part * window * turns).sum()) / window.sum())


def pictures_of(film: Path) -> Floats:
    """All frames as RGB of shape (frames, height, width, 3), 0 to 255, unrounded."""
    with av.open(film) as container:
        planes = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    height = planes[0].shape[0] * 2 // 3
    return np.stack([rgb(plane.astype(np.float64), height) for plane in planes])


def rgb(plane: Floats, height: int) -> Floats:
    """A yuv420p frame as RGB.

    Y = 0.2126 R + 0.7152 G + 0.0722 B, black at 16, white at 235, chroma 128 ± 112.
    """
    width = plane.shape[1]
    blue, red = (
        plane[height:].reshape(2, height // 2, width // 2).repeat(2, axis=1).repeat(2, axis=2) - 128
    )
    luma = (plane[:height] - 16) / 219
    blue = blue / 224 * 1.8556
    red = red / 224 * 1.5748
    green = -(0.0722 * blue + 0.2126 * red) / 0.7152
    return 255 * np.stack([luma + red, luma + green, luma + blue], axis=-1)


def sound_of(film: Path) -> Floats:
    """The left channel, each sample at its time; those before time 0 are the encoder's lead-in."""
    with av.open(film) as container:
        frames = [
            (round((frame.time or 0) * RATE), frame.to_ndarray()[0])
            for frame in container.decode(audio=0)
        ]
    sound = np.zeros(max(start + len(samples) for start, samples in frames))
    for start, samples in frames:
        skipped = max(0, -start)
        sound[start + skipped : start + len(samples)] = samples[skipped:]
    return sound


def k_weight(hertz: float) -> float:
    """The factor of amplitude of K-weighting at a frequency.

    BS.1770-4, annex 1, tables 1 and 2, at 48 kHz.
    """
    shelf = (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    )
    high_pass = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
    delay = np.exp(-2j * np.pi * hertz / RATE)
    factors = [
        np.polyval(b[::-1], delay) / np.polyval(a[::-1], delay) for b, a in (shelf, high_pass)
    ]
    return float(abs(np.prod(factors)))


def as_loud_as_the_film(hertz: float) -> float:
    """The amplitude a at which a tone in both channels has the film's loudness.

    That is -0.691 + 10 log10(2 · (k · a)² / 2).
    """
    return float(10 ** ((LOUDNESS + 0.691) / 20) / k_weight(hertz))


def loudness_of(film: Path) -> float:
    """The whole film's loudness in LUFS, by FFmpeg's own meter."""
    graph = av.filter.Graph()
    with av.open(film) as container:
        source = graph.add_abuffer(template=container.streams.audio[0])
        graph.link_nodes(
            source, graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
        ).configure()
        readings = dict[str, str]()
        for frame in container.decode(audio=0):
            graph.push(frame)
            with contextlib.suppress(av.error.BlockingIOError):
                while True:
                    readings |= graph.pull().metadata
    return float(readings["lavfi.r128.I"])


WRITERS = get_args(FilmSettings.model_fields["writer"].annotation)


@pytest.fixture(
    scope="module",
    params=[(writer, fps) for writer in WRITERS for fps in (24, 30, 7, 29.97)],
    ids=str,
)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Decoded:
    writer, fps = request.param
    folder = tmp_path_factory.mktemp("film")
    source = folder / "story"
    attempt = folder / "attempt-1"
    source.mkdir()
    attempt.mkdir()
    pages: list[dict[str, object]] = []
    for page, (size, tone, seconds) in enumerate(zip(SIZES, TONES, SECONDS, strict=True)):
        picture(source / f"{page}.png", COLOURS[page], size)
        wav(source / f"{page}.wav", sine(seconds, tone))
        spoken: dict[str, object] = (
            {"duration": seconds} if page == SILENT_PAGE else {"audio": f"{page}.wav"}
        )
        pages.append({"image": f"{page}.png"} | spoken)
    # Whole periods, so that its loop has no seam.
    wav(source / "music.wav", sine(1.0, MUSIC_TONE, MUSIC_LEVEL))
    look = {
        "fps": fps,
        "fit": "contain",
        "gap_seconds": GAP,
        "size": "160x90",
        "background": BACKGROUND,
    }
    write_manifest(source, {"pages": pages, "music": "music.wav", "film": look})
    defaults = Settings.model_construct()  # neither a file nor the environment
    settings = defaults.model_copy(
        update={
            "film": FilmSettings(writer=writer),
            "sound": Sound(loudness_lufs=LOUDNESS),
            "music": Music(
                folder=folder,
                volume_db=MUSIC_DB,
                duck_db=DUCK_DB,
                fade_seconds=0,
                crossfade_seconds=0,
            ),
        }
    )
    compile_story(Order("job", "story", 1, source, attempt, settings), lambda *_: None)
    made = attempt / "film.mp4"
    exact = Fraction(30_000, 1001) if fps == 29.97 else Fraction(fps)
    return Decoded(exact, pictures_of(made), sound_of(made), loudness_of(made))


def test_each_page_shows_its_picture_and_its_bars(film: Decoded) -> None:
    for page, (first, last) in enumerate(pairwise(film.edges)):
        shown = film.pictures[(first + last) // 2]
        assert np.abs(shown[45, 80] - COLOURS[page]).max() <= CLOSE, page
        width, height = SIZES[page]
        has_bars_left_and_right = width / height < 1.7
        has_bars_above_and_below = width / height > 1.9
        for has_bar, point in (
            (has_bars_left_and_right, (45, 2)),
            (has_bars_above_and_below, (2, 80)),
        ):
            expected = (16, 32, 64) if has_bar else COLOURS[page]
            assert np.abs(shown[point] - expected).max() <= CLOSE, (page, point)


def test_the_picture_changes_at_exactly_the_planned_frame(film: Decoded) -> None:
    distances = np.abs(film.pictures[:, 45, 80, np.newaxis] - np.array(COLOURS)).max(axis=2)
    assert distances.min(axis=1).max() <= CLOSE  # no frame is a mixture of two pages
    expected = [
        page for page, (first, last) in enumerate(pairwise(film.edges)) for _ in range(first, last)
    ]
    assert distances.argmin(axis=1).tolist() == expected


def test_nothing_moves_while_a_page_stands(film: Decoded) -> None:
    for first, last in pairwise(film.edges):
        assert np.abs(film.pictures[first:last] - film.pictures[first]).max() <= CLOSE


@pytest.mark.parametrize("page", range(len(SECONDS)))
def test_each_narration_sounds_in_its_place_and_nowhere_else(page: int, film: Decoded) -> None:
    start, end = film.spoken(page)
    level = film.level(TONES[page], start + EDGE, end - EDGE)
    before = (0.0, start - EDGE)
    after = (end + EDGE, float(film.edges[-1] / film.fps))
    elsewhere = [
        film.level(TONES[page], first, last)
        for first, last in (before, after)
        if last - first > 0.1
    ]
    assert elsewhere
    assert max(elsewhere) < 0.002
    if page == SILENT_PAGE:
        assert level < 0.002
    else:
        assert level == pytest.approx(as_loud_as_the_film(TONES[page]) * film.whole, rel=0.02)


def test_the_film_is_as_loud_as_it_should_be(film: Decoded) -> None:
    assert film.loudness == pytest.approx(LOUDNESS, abs=0.15)


def music_level(film: Decoded, under_speech: bool) -> float:
    decibels = MUSIC_DB + (DUCK_DB if under_speech else 0.0)
    return float(MUSIC_LEVEL * 10 ** (decibels / 20) * film.whole)


def test_in_the_gaps_the_music_sounds_at_its_level_and_nothing_else(film: Decoded) -> None:
    """The gaps are too short for the music to come up between two narrations."""
    for page in range(len(SECONDS)):
        if page == SILENT_PAGE:
            continue
        start = film.spoken(page)[1] + EDGE
        end = float(film.edges[page + 1] / film.fps) - EDGE
        expected = music_level(film, under_speech=True)
        assert film.level(MUSIC_TONE, start, end) == pytest.approx(expected, rel=0.05)
        part = film.sound[round(start * RATE) : round(end * RATE)]
        assert np.sqrt((part**2).mean()) == pytest.approx(expected / np.sqrt(2), rel=0.05)


def test_in_a_long_pause_the_music_comes_up_and_goes_down_again(film: Decoded) -> None:
    """It rises for 0.8 s, from 0.4 s after the last word, and sinks for 0.3 s before the next."""
    quiet = music_level(film, under_speech=True)
    loud = music_level(film, under_speech=False)
    _, last_word = film.spoken(SILENT_PAGE - 1)
    next_word, _ = film.spoken(SILENT_PAGE + 1)
    assert film.level(MUSIC_TONE, last_word + 0.4 + 0.8, next_word - 0.3) == pytest.approx(
        loud, rel=0.02
    )
    part = film.sound[round((last_word + 1.2) * RATE) : round((next_word - 0.3) * RATE)]
    assert np.sqrt((part**2).mean()) == pytest.approx(loud / np.sqrt(2), rel=0.05)
    assert film.level(MUSIC_TONE, last_word + EDGE, last_word + 0.4) == pytest.approx(
        quiet, rel=0.05
    )
    assert quiet * 1.2 < film.level(MUSIC_TONE, last_word + 0.7, last_word + 0.9) < loud / 1.2
    assert quiet * 1.2 < film.level(MUSIC_TONE, next_word - 0.2, next_word - 0.1) < loud / 1.2


def test_the_music_goes_on_under_the_narration(film: Decoded) -> None:
    for page in range(len(SECONDS)):
        if page != SILENT_PAGE:
            start, end = film.spoken(page)
            expected = music_level(film, under_speech=True)
            assert film.level(MUSIC_TONE, start + EDGE, end - EDGE) == pytest.approx(
                expected, rel=0.1
            )


def test_the_sound_is_not_shifted_against_the_pictures_by_a_single_sample(film: Decoded) -> None:
    """The expected mix fits best where it is: moved by up to 40 samples it fits worse."""
    mix = np.zeros(round(film.edges[-1] * RATE / film.fps))
    for page, (tone, seconds) in enumerate(zip(TONES, SECONDS, strict=True)):
        if page != SILENT_PAGE:
            first = ceil(film.edges[page] * RATE / film.fps)
            mix[first : first + round(seconds * RATE)] += sine(seconds, tone)
    shifts = range(-40, 41)
    heard = np.pad(film.sound, 40 + max(0, len(mix) - len(film.sound)))
    fits = [float(heard[40 + shift : 40 + shift + len(mix)] @ mix) for shift in shifts]
    assert shifts[int(np.argmax(fits))] == 0


def test_the_film_ends_when_its_last_page_does(film: Decoded) -> None:
    assert len(film.pictures) == film.edges[-1]
    assert abs(len(film.sound) - film.edges[-1] * RATE / film.fps) <= 2 * 1024

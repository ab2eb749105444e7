"""The music under a film: ducked under the narration, and faded at the film's ends."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import Music
from daemon.film.plan.background import (
    ATTACK,
    HOLD,
    RELEASE,
    Background,
    Ducking,
    duck_points,
    plan_background,
    speech,
)
from daemon.film.plan.timeline import Cue, plan_timeline
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.story import Story
from tests.helpers.films import filmed, heard, mixed, untouched
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import checked_story, narration, with_narrations

DUCK_DB = -12.0
DUCKED = 10 ** (DUCK_DB / 20)
SHORTEST_PAUSE = ATTACK + HOLD + RELEASE
"""Samples in which the music just has the time to come up and go down again."""

Floats = npt.NDArray[np.float64]


def cues_of(*places: tuple[int, int]) -> list[Cue]:
    """Narrations from one sample to another."""
    return [Cue(page, start, end - start) for page, (start, end) in enumerate(places)]


def at(*samples: int) -> npt.NDArray[np.int64]:
    return np.array(samples, np.int64)


def background(
    cues: list[Cue] | None = None, samples: int = 10 * SAMPLE_RATE, fade: int = 0
) -> Background:
    ducking = Ducking(duck_points(cues or [], DUCK_DB))
    return Background(Track("track", Path("track.ogg")), samples, 0, fade, ducking)


# ---- from the settings ---------------------------------------------------------------------------


def test_the_settings_seconds_become_samples(tmp_path: Path) -> None:
    track = Track("track", Path("track.ogg"))
    timeline = plan_timeline(checked_story(tmp_path / "story", [0.5]))
    music = Music(crossfade_seconds=1.5, fade_seconds=0.25, duck_db=DUCK_DB)
    assert plan_background(track, timeline, music) == Background(
        track=track,
        samples=timeline.samples,
        overlap=72_000,
        fade=12_000,
        ducking=Ducking(duck_points(timeline.cues, DUCK_DB)),
    )


# ---- where somebody speaks -----------------------------------------------------------------------


def test_the_music_goes_down_before_a_narration_stays_down_for_a_moment_and_comes_up_slowly() -> (
    None
):
    assert duck_points(cues_of((96_000, 144_000)), DUCK_DB) == (
        (96_000 - 14_400, 0.0),
        (96_000, DUCK_DB),
        (144_000 + 19_200, DUCK_DB),
        (144_000 + 19_200 + 38_400, 0.0),
    )


@pytest.mark.parametrize(
    ("pause", "stretches"),
    [
        (0, [(0, 5000 + SAMPLE_RATE)]),
        (SHORTEST_PAUSE - 1, [(0, 5000 + SHORTEST_PAUSE - 1 + SAMPLE_RATE)]),
        (SHORTEST_PAUSE, [(0, 5000), (5000 + SHORTEST_PAUSE, 5000 + SHORTEST_PAUSE + SAMPLE_RATE)]),
    ],
)
def test_a_pause_too_short_for_the_music_to_rise_and_fall_is_joined_to_the_speech(
    pause: int, stretches: list[tuple[int, int]]
) -> None:
    start = 5000 + pause
    assert speech(cues_of((0, 5000), (start, start + SAMPLE_RATE))) == stretches


def test_several_short_pauses_make_one_stretch() -> None:
    cues = cues_of((0, 5000), (10_000, 20_000), (30_000, 40_000))
    assert speech(cues) == [(0, 40_000)]


def test_a_narration_that_outlasts_the_next_one_keeps_the_music_down_to_its_own_end() -> None:
    assert speech(cues_of((0, 50_000), (48_000, 49_000))) == [(0, 50_000)]


def test_without_narrations_the_music_is_never_lowered() -> None:
    assert duck_points([], DUCK_DB) == ()
    assert Ducking(()).factors(at(0, 7, 10**9)).tolist() == [1.0]


# ---- one factor or many --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "factor"),
    [
        (0, 96_000 - ATTACK, 1.0),
        (96_001, 144_000 + HOLD, DUCKED),
        (144_000 + HOLD + RELEASE + 1, 10 * SAMPLE_RATE, 1.0),
    ],
)
def test_where_the_line_is_level_one_factor_holds_for_all_samples(
    first: int, last: int, factor: float
) -> None:
    ducking = Ducking(duck_points(cues_of((96_000, 144_000)), DUCK_DB))
    assert ducking.factors(at(first, last)) == pytest.approx([factor])


def test_where_the_line_falls_or_rises_each_sample_has_its_factor() -> None:
    """Straight in decibels: half way down, the music is lowered by half the decibels."""
    ducking = Ducking(duck_points(cues_of((96_000, 144_000)), DUCK_DB))
    falling = at(96_000 - ATTACK, 96_000 - ATTACK // 2, 96_000)
    rising = 144_000 + HOLD + at(0, RELEASE // 2, RELEASE)
    assert ducking.factors(falling) == pytest.approx([1.0, DUCKED**0.5, DUCKED])
    assert ducking.factors(rising) == pytest.approx([DUCKED, DUCKED**0.5, 1.0])


def test_the_music_fades_along_straight_lines_at_both_ends() -> None:
    music = background(samples=1000, fade=100)
    assert music.factors(at(0, 49, 99, 500, 900, 950, 999)) == pytest.approx(
        [0.005, 0.495, 0.995, 1.0, 0.995, 0.495, 0.005]
    )


def test_between_the_fades_one_factor_holds_for_all_samples() -> None:
    assert background(samples=1000, fade=100).factors(at(100, 500, 900)).tolist() == [1.0]


def test_without_a_fade_the_ends_are_as_loud_as_the_rest() -> None:
    assert background(samples=1000, fade=0).factors(at(0, 999)).tolist() == [1.0]


def test_fades_that_do_not_fit_into_the_film_meet_in_its_middle() -> None:
    factors = background(samples=1000, fade=48_000).factors(np.arange(1000))
    assert factors.argmax() in (499, 500)
    assert factors == pytest.approx(factors[::-1])
    assert factors[[0, 499]] == pytest.approx([0.001, 0.999])


@pytest.mark.parametrize("samples", [1, 2])
def test_a_film_of_a_sample_or_two_has_finite_factors(samples: int) -> None:
    assert np.isfinite(background(samples=samples, fade=48_000).factors(np.arange(samples))).all()


# ---- against a slow reference --------------------------------------------------------------------


@st.composite
def narrations(draw: st.DrawFn) -> list[Cue]:
    """Narrations in the film's order; some overlap, and some pauses are just long enough."""
    gaps = st.integers(-3000, 3 * SHORTEST_PAUSE) | st.integers(
        SHORTEST_PAUSE - 2, SHORTEST_PAUSE + 2
    )
    cues: list[Cue] = []
    for page in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, SAMPLE_RATE))
        if cues:
            start = max(cues[-1].start, cues[-1].end + draw(gaps))
        cues.append(Cue(page, start, draw(st.integers(1, 2 * SAMPLE_RATE))))
    return cues


def slow_decibels(cues: list[Cue], place: int) -> float:
    """How far the music is lowered at a sample: narrations, joined one by one, as trapezoids."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((cue.start, cue.end) for cue in cues):
        near = [other for other in joined if start - ATTACK < other[1] + HOLD + RELEASE]
        joined = [other for other in joined if other not in near]
        together = [*near, (start, end)]
        joined.append((min(one for one, _ in together), max(two for _, two in together)))

    lowered = 0.0
    for start, end in joined:
        before = (start - place) / ATTACK
        after = (place - end - HOLD) / RELEASE
        lowered = min(lowered, DUCK_DB * (1 - min(1.0, max(0.0, before, after))))
    return lowered


def slow_fade(samples: int, fade: int, place: int) -> float:
    fade = min(fade, samples // 2)
    if fade == 0:
        return 1.0
    return max(0.0, min(1.0, (place + 0.5) / fade, (samples - place - 0.5) / fade))


@st.composite
def places(draw: st.DrawFn, cues: list[Cue], samples: int) -> list[int]:
    """Rising samples of a film: anywhere, close together, and around the ends of narrations."""
    corners = [0, samples]
    for cue in cues:
        corners += [cue.start - ATTACK, cue.start, cue.end + HOLD, cue.end + HOLD + RELEASE]
    anywhere = st.integers(0, samples)
    near = st.sampled_from(corners).flatmap(lambda corner: st.integers(corner - 2, corner + 2))
    chosen = draw(st.lists(anywhere | near, min_size=1, max_size=8))
    if draw(st.booleans()):
        first = chosen[0]
        chosen = [first, first + draw(st.integers(0, 50)), first + draw(st.integers(50, 5000))]
    return sorted(chosen)


@given(st.data(), narrations())
def test_ducking_agrees_with_a_slow_reference_at_any_rising_samples(
    data: st.DataObject, cues: list[Cue]
) -> None:
    """Whether it gives one factor for all of them, or one for each."""
    chosen = data.draw(places(cues, 20 * SAMPLE_RATE))
    factors = Ducking(duck_points(cues, DUCK_DB)).factors(at(*chosen))
    assert len(factors) in (1, len(chosen))
    expected = [10 ** (slow_decibels(cues, place) / 20) for place in chosen]
    assert np.broadcast_to(factors, len(chosen)) == pytest.approx(expected)


@given(st.data(), narrations(), st.integers(1, 20 * SAMPLE_RATE), st.integers(0, 5 * SAMPLE_RATE))
def test_ducking_and_fades_multiply_at_any_rising_samples(
    data: st.DataObject, cues: list[Cue], samples: int, fade: int
) -> None:
    chosen = data.draw(places(cues, samples))
    factors = background(cues, samples, fade).factors(at(*chosen))
    assert len(factors) in (1, len(chosen))
    expected = [
        10 ** (slow_decibels(cues, place) / 20) * slow_fade(samples, fade, place)
        for place in chosen
    ]
    assert np.broadcast_to(factors, len(chosen)) == pytest.approx(expected)


# ---- in a film -----------------------------------------------------------------------------------

WINDOW = 960
"""Samples of a window of 20 ms: both tones below have whole numbers of waves in it."""


def tone_level(sound: Samples, hertz: float) -> Floats:
    """The level of a tone in each window, in decibels below full scale."""
    windows = sound[0, : sound.shape[1] // WINDOW * WINDOW].reshape(-1, WINDOW)
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(WINDOW)))
    tone = spectrum[:, round(hertz * WINDOW / SAMPLE_RATE)]
    return np.asarray(20 * np.log10(np.maximum(tone * 4 / WINDOW, 1e-9)), np.float64)


def words_and_pauses(folder: Path) -> Story:
    """Words of 300 Hz from 4 to 5 s, from 5.8 to 6.8 s and from 9.8 to 10.8 s; music of 3 kHz."""
    track = Track("music", wav(folder / "music.wav", sine(30.0, 3000.0, 0.1)))
    word = narration(wav(folder / "word.wav", sine(1.0, 300.0, 0.2)))
    story = checked_story(folder / "story", [0.1] * 5, track, size="32x32", fps=5)
    return with_narrations(story, [None, word, word, None, word], [4.0, 0.8, 0.8, 2.2, 0.8])


@pytest.mark.parametrize("duck_db", [-6.0, -15.0])
def test_music_goes_down_before_words_and_comes_up_after_them_but_not_in_short_pauses(
    duck_db: float, tmp_path: Path
) -> None:
    story = words_and_pauses(tmp_path)
    timeline = plan_timeline(story)
    music = Music(volume_db=0.0, duck_db=duck_db, fade_seconds=0.0)
    sound = mixed(story, timeline, untouched(story), music)
    level = tone_level(heard(filmed(story, timeline, tmp_path / "film.mp4", sound)), 3000.0) + 20

    seconds = (np.arange(len(level)) + 0.5) * WINDOW / SAMPLE_RATE
    expected = np.min(
        [
            np.interp(
                seconds,
                [start - 0.3, start, end + 0.4, end + 1.2],
                [0, duck_db, duck_db, 0],
            )
            for start, end in [(4.0, 6.8), (9.8, 10.8)]
        ],
        axis=0,
    )
    assert level[2:-6] == pytest.approx(expected[2:-6], abs=0.4)

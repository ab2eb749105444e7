"""The plan: integer frames and samples, in which nothing drifts and nothing is lost."""

import itertools
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import LARGEST_SIDE, NAMED_SIZES, FilmSettings
from daemon.film.timeline import Timeline, canvas, first_sample, frame_edges, plan
from daemon.story import SAMPLE_RATE, Narration, Page, Story

LEVEL_5_1 = 36_864
"""Macroblocks of a frame that H.264 level 5.1 allows (Rec. ITU-T H.264, table A-1)."""

FPS = st.integers(1, 60)
SAMPLES = st.integers(1, 30 * SAMPLE_RATE)


def story_of(lengths: list[tuple[int, int]], fps: int) -> Story:
    """Pages with these samples of narration (0: none) and of rest."""
    pages = [
        Page("p.png", Path("p.png"), 160, 90, rest, Narration(Path("n.wav"), spoken) if spoken else None)
        for spoken, rest in lengths
    ]
    return Story("", "", "", tuple(pages), None, FilmSettings(fps=fps), 0, ())


def frames_of(samples: int, fps: int) -> Fraction:
    return Fraction(samples * fps, SAMPLE_RATE)


@st.composite
def plans(draw: st.DrawFn, shortest_frames: int = 0, gap_frames: Fraction = Fraction(0)) -> tuple[Story, Timeline]:
    """A story and its plan; every page lasts some frames at least, and every narration has some frames of gap behind it."""
    fps = draw(FPS)
    shortest = -(-shortest_frames * SAMPLE_RATE // fps)
    gap = -(-gap_frames.numerator * SAMPLE_RATE // (gap_frames.denominator * fps))
    page = st.one_of(
        st.tuples(SAMPLES, st.integers(gap, gap + SAMPLE_RATE)).filter(lambda page: sum(page) >= shortest),
        st.tuples(st.just(0), st.integers(max(shortest, 1), max(shortest, 1) + SAMPLE_RATE)),
    )
    made = story_of(draw(st.lists(page, min_size=1, max_size=40)), fps)
    return made, plan(made)


@given(plans())
def test_the_spans_tile_the_film(planned: tuple[Story, Timeline]) -> None:
    made, timeline = planned
    assert [span.page for span in timeline.spans] == [*range(len(made.pages))]
    assert timeline.spans[0].first == 0
    assert all(now.first + now.frames == then.first for now, then in itertools.pairwise(timeline.spans))
    assert sum(span.frames for span in timeline.spans) == timeline.frames
    assert all(span.frames >= 1 for span in timeline.spans)


@given(plans(shortest_frames=1))
def test_each_picture_changes_within_half_a_frame_of_the_exact_time(planned: tuple[Story, Timeline]) -> None:
    made, timeline = planned
    exact = itertools.accumulate(page.samples for page in made.pages)
    for span, samples in zip(timeline.spans[1:], exact, strict=False):
        assert abs(span.first - frames_of(samples, timeline.fps)) <= Fraction(1, 2)


@given(plans(shortest_frames=1))
def test_the_film_ends_with_the_first_frame_after_all_pages_and_all_words(planned: tuple[Story, Timeline]) -> None:
    made, timeline = planned
    pages = sum(page.samples for page in made.pages)
    words = [cue.start + cue.samples for cue in timeline.cues if cue.page == len(made.pages) - 1]
    assert 0 <= timeline.frames - frames_of(max([pages, *words]), timeline.fps) < 1


@given(plans())
def test_each_narration_starts_with_its_picture_to_the_sample(planned: tuple[Story, Timeline]) -> None:
    made, timeline = planned
    spoken = [(number, page.narration.samples) for number, page in enumerate(made.pages) if page.narration]
    assert [(cue.page, cue.samples) for cue in timeline.cues] == spoken
    for cue in timeline.cues:
        exact = Fraction(timeline.spans[cue.page].first * SAMPLE_RATE, timeline.fps)
        assert 0 <= cue.start - exact < 1


@given(plans(shortest_frames=1))
def test_a_narration_runs_into_the_next_page_by_less_than_a_frame(planned: tuple[Story, Timeline]) -> None:
    _, timeline = planned
    for cue in timeline.cues[:-1]:
        span = timeline.spans[cue.page]
        assert cue.start + cue.samples < first_sample(span.first + span.frames + 1, timeline.fps)


@given(plans(shortest_frames=1, gap_frames=Fraction(1, 2)))
def test_with_half_a_frame_of_gap_no_sound_is_cut_at_the_end(planned: tuple[Story, Timeline]) -> None:
    _, timeline = planned
    assert all(cue.start + cue.samples <= timeline.samples for cue in timeline.cues)


@given(plans())
def test_the_sound_is_as_long_as_the_film_to_the_sample(planned: tuple[Story, Timeline]) -> None:
    _, timeline = planned
    assert 0 <= timeline.samples - Fraction(timeline.frames * SAMPLE_RATE, timeline.fps) < 1
    assert timeline.seconds == timeline.frames / timeline.fps


def test_a_thousand_awkward_pages_do_not_drift() -> None:
    """Each is a third of a frame too long: rounded page by page, the film would end 333 frames early."""
    length = 2000 * 10 + 667
    assert frame_edges([length] * 1000, 24)[-2:] == [round(999 * length / 2000), -(-1000 * length // 2000)]


def test_pages_shorter_than_a_frame_get_one_each_and_the_next_long_page_catches_up() -> None:
    assert frame_edges([1] * 5 + [10 * SAMPLE_RATE], 24) == [0, 1, 2, 3, 4, 5, 241]


@given(FPS, st.integers(0, 10_000))
def test_the_first_sample_of_a_frame_is_the_first_that_is_not_before_it(fps: int, frame: int) -> None:
    sample = first_sample(frame, fps)
    assert Fraction(sample, SAMPLE_RATE) >= Fraction(frame, fps) > Fraction(sample - 1, SAMPLE_RATE)


@pytest.mark.parametrize("fps", [24, 25, 30, 48, 50, 60])
def test_common_frame_rates_begin_each_frame_at_a_whole_sample(fps: int) -> None:
    assert [first_sample(frame, fps) for frame in range(3)] == [0, SAMPLE_RATE // fps, 2 * SAMPLE_RATE // fps]


def page_of(width: int, height: int) -> Page:
    return Page("p.png", Path("p.png"), width, height, SAMPLE_RATE)


@given(st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 50_000)), min_size=1, max_size=5))
def test_the_automatic_canvas_is_even_and_of_a_size_that_h264_can_store(sizes: list[tuple[int, int]]) -> None:
    for side in canvas("auto", [page_of(*size) for size in sizes]):
        assert side % 2 == 0
        assert 16 <= side <= LARGEST_SIDE


@given(st.integers(16, 2000), st.integers(16, 1000))
def test_the_automatic_canvas_is_the_picture_s_size_to_the_pixel(width: int, height: int) -> None:
    found = canvas("auto", [page_of(width, height)])
    assert (abs(found[0] - width) <= 1, abs(found[1] - height) <= 1) == (True, True)


def test_the_page_with_the_most_pixels_makes_the_automatic_canvas() -> None:
    assert canvas("auto", [page_of(640, 20), page_of(300, 200), page_of(20, 640)]) == (300, 200)


@pytest.mark.parametrize("size", [(3 * LARGEST_SIDE, LARGEST_SIDE), (4032, 3024), (6000, 9000), (8000, 8000)])
def test_a_picture_that_is_too_large_keeps_its_proportions(size: tuple[int, int]) -> None:
    width, height = canvas("auto", [page_of(*size)])
    assert width / height == pytest.approx(size[0] / size[1], rel=0.005)
    assert width == LARGEST_SIDE or width * height > 0.98 * LEVEL_5_1 * 256


@pytest.mark.parametrize(("size", "expected"), [*NAMED_SIZES.items(), ("640x360", (640, 360))])
def test_a_chosen_size_is_that_whatever_the_pages_are(size: str, expected: tuple[int, int]) -> None:
    assert canvas(size, [page_of(4000, 3000)]) == expected


@given(plans(shortest_frames=1))
def test_no_sound_is_cut_at_the_end_even_without_a_gap(planned: tuple[Story, Timeline]) -> None:
    """Without a gap and with one frame each second, the last half second of the story would be missing."""
    _, timeline = planned
    assert all(cue.start + cue.samples <= timeline.samples for cue in timeline.cues[-1:])


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (6000, 6000)])
def test_the_automatic_canvas_is_one_that_every_player_decodes(size: tuple[int, int]) -> None:
    width, height = canvas("auto", [page_of(*size)])
    assert -(-width // 16) * -(-height // 16) <= LEVEL_5_1

"""The timeline: integer frames and samples, without drift and without gaps."""

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.film.plan.timeline import (
    Span,
    Timeline,
    canvas,
    first_sample,
    frame_edges,
    nearest_frame,
    plan_timeline,
    quarter,
)
from daemon.media.samples import SAMPLE_RATE
from daemon.options import LARGEST_SIDE, NAMED_SIZES, Motion, TransitionName, frame_rate
from daemon.story.model import Page, Story
from tests.helpers.stories import imagined_narration, imagined_story
from tests.helpers.stories import page as page_with

LEVEL_5_1 = 36_864
"""Macroblocks of a frame that H.264 level 5.1 allows (Rec. ITU-T H.264, table A-1)."""

NTSC = [Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60_000, 1001)]
FPS = st.integers(1, 60).map(Fraction) | st.sampled_from(NTSC)
SAMPLES = st.integers(1, 30 * SAMPLE_RATE)
TRANSITIONS: tuple[TransitionName, ...] = get_args(TransitionName)
MOTIONS: tuple[Motion, ...] = ("none", "zoom-in", "auto")


def story_of(
    lengths: list[tuple[int, int]],
    fps: float | Fraction,
    motions: tuple[Motion, ...] = (),
    **film: Any,
) -> Story:
    """Pages with these samples of narration (0: none) and of rest; `motions` are repeated."""
    narrations = [imagined_narration(spoken) if spoken else None for spoken, _ in lengths]
    moves = itertools.cycle(motions or ("none",))
    pages = [
        page_with(number, Path("p.png"), narration, rest, motion=motion)
        for number, (narration, (_, rest), motion) in enumerate(
            zip(narrations, lengths, moves, strict=False), 1
        )
    ]
    settings: dict[str, Any] = {"fps": round(float(fps), 3)} | film
    return imagined_story(pages, **settings)


def frames_of(samples: int, fps: Fraction) -> Fraction:
    return Fraction(samples * fps, SAMPLE_RATE)


def ceiling(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)


@st.composite
def plans(
    draw: st.DrawFn, shortest_frames: int = 0, gap_frames: Fraction = Fraction(0)
) -> tuple[Story, Timeline]:
    """A story and its timeline.

    Each page lasts at least `shortest_frames`; each narration has `gap_frames` or more behind it.
    """
    fps = draw(FPS)
    shortest = ceiling(shortest_frames * SAMPLE_RATE / fps)
    gap = ceiling(gap_frames * SAMPLE_RATE / fps)
    page = st.one_of(
        st.tuples(SAMPLES, st.integers(gap, gap + SAMPLE_RATE)).filter(
            lambda page: sum(page) >= shortest
        ),
        st.tuples(st.just(0), st.integers(max(shortest, 1), max(shortest, 1) + SAMPLE_RATE)),
    )
    made = story_of(
        draw(st.lists(page, min_size=1, max_size=40)),
        fps,
        tuple(draw(st.lists(st.sampled_from(MOTIONS), min_size=1, max_size=3))),
        transition=draw(st.sampled_from(TRANSITIONS)),
        transition_seconds=draw(st.sampled_from([0.001, 0.3, 0.5, 1.0, 10.0])),
        keyframe_seconds=draw(st.sampled_from([1, 2.5, 10])),
    )
    return made, plan_timeline(made)


def assert_tiled(spans: tuple[Span, ...], frames: int) -> None:
    assert spans[0].first == 0
    assert all(now.end == then.first for now, then in itertools.pairwise(spans))
    assert sum(span.frames for span in spans) == frames == spans[-1].end
    assert all(span.frames >= 1 for span in spans)


@given(plans())
def test_the_pages_tile_the_film(planned: tuple[Story, Timeline]) -> None:
    made, timeline = planned
    assert [turn.page for turn in timeline.pages] == [*range(len(made.pages))]
    assert_tiled(timeline.pages, timeline.frames)


@given(plans())
def test_the_spans_tile_the_film_with_transitions_and_pages_that_move(
    planned: tuple[Story, Timeline],
) -> None:
    """They say for each frame whose turn it is, and which other page is in sight."""
    made, timeline = planned
    assert_tiled(timeline.spans, timeline.frames)
    assert [page for page, _ in itertools.groupby(span.page for span in timeline.spans)] == [
        *range(len(made.pages))
    ]
    for span in timeline.spans:
        turn = timeline.pages[span.page]
        before = (0, *timeline.overlaps)[span.page]
        after = (*timeline.overlaps, 0)[span.page]
        if span.into is None:
            assert turn.first + (before + 1 if before else 0) <= span.first
            assert span.end <= turn.end - after
        else:
            assert span.into == span.page + 1
            assert after >= 1
            assert (span.first, span.end) == (turn.end - after, turn.end + after + 1)


@given(plans())
def test_only_pages_that_move_are_cut_into_pieces_at_most_a_keyframe_interval_long(
    planned: tuple[Story, Timeline],
) -> None:
    made, timeline = planned
    alone = [span for span in timeline.spans if span.into is None]
    for number, spans in itertools.groupby(alone, lambda span: span.page):
        lengths = [span.frames for span in spans]
        if made.pages[number].motion == "none":
            assert len(lengths) == 1
        else:
            longest = round(made.film.keyframe_seconds * timeline.fps)
            assert max(lengths) <= longest
            assert max(lengths) - min(lengths) <= 1
            assert len(lengths) == -(-sum(lengths) // longest)


@given(plans())
def test_a_transition_is_as_long_as_it_is_set_or_as_its_pages_allow(
    planned: tuple[Story, Timeline],
) -> None:
    """Half of it lies on either side of the change; each page keeps a frame of its own."""
    made, timeline = planned
    assert len(timeline.overlaps) == len(timeline.pages) - 1
    half = made.film.transition_seconds * float(timeline.fps) / 2
    for overlap, (leaving, coming) in zip(
        timeline.overlaps, itertools.pairwise(timeline.pages), strict=True
    ):
        room = max(0, (min(leaving.frames, coming.frames) - 2) // 2)
        if made.film.transition == "cut":
            assert overlap == 0
        elif overlap < room:
            assert abs(overlap - half) <= 0.5 + 1e-9 or (overlap == 1 and half < 1)
        else:
            assert overlap == room
    for turn in timeline.pages:
        assert any(span.page == turn.page and span.into is None for span in timeline.spans)


@given(plans())
def test_shown_is_from_the_first_to_the_last_frame_with_a_page_in_sight(
    planned: tuple[Story, Timeline],
) -> None:
    _, timeline = planned
    for turn in timeline.pages:
        spans = [span for span in timeline.spans if turn.page in (span.page, span.into)]
        assert timeline.shown(turn.page) == (spans[0].first, spans[-1].end)


@given(plans(), st.sampled_from([0.001, 0.5, 3.0, 10.0]))
def test_a_transition_does_not_move_a_narration_by_a_single_sample(
    planned: tuple[Story, Timeline], seconds: float
) -> None:
    """It changes nothing of the timeline but its spans and overlaps."""
    made, _ = planned

    def changing(transition: TransitionName) -> Timeline:
        film = made.film.model_copy(
            update={"transition": transition, "transition_seconds": seconds}
        )
        return plan_timeline(Story("", "", "", "", made.pages, None, film, 0, ()))

    timelines = [changing(transition) for transition in TRANSITIONS]
    assert len({(each.cues, each.pages, each.samples) for each in timelines}) == 1
    assert changing("crossfade") == changing("fade-black")


@given(plans(shortest_frames=1))
def test_each_picture_changes_within_half_a_frame_of_the_exact_time(
    planned: tuple[Story, Timeline],
) -> None:
    made, timeline = planned
    exact = itertools.accumulate(page.samples for page in made.pages)
    for turn, samples in zip(timeline.pages[1:], exact, strict=False):
        assert abs(turn.first - frames_of(samples, timeline.fps)) <= Fraction(1, 2)


@given(plans(shortest_frames=1))
def test_the_film_ends_with_the_first_frame_after_all_pages_and_all_words(
    planned: tuple[Story, Timeline],
) -> None:
    made, timeline = planned
    pages = sum(page.samples for page in made.pages)
    words = [cue.start + cue.samples for cue in timeline.cues if cue.page == len(made.pages) - 1]
    assert 0 <= timeline.frames - frames_of(max([pages, *words]), timeline.fps) < 1


@given(plans())
def test_each_narration_starts_with_its_picture_to_the_sample(
    planned: tuple[Story, Timeline],
) -> None:
    made, timeline = planned
    spoken = [
        (number, page.narration.samples) for number, page in enumerate(made.pages) if page.narration
    ]
    assert [(cue.page, cue.samples) for cue in timeline.cues] == spoken
    for cue in timeline.cues:
        exact = timeline.pages[cue.page].first * SAMPLE_RATE / timeline.fps
        assert 0 <= cue.start - exact < 1


@given(plans(shortest_frames=1))
def test_a_narration_runs_into_the_next_page_by_less_than_a_frame(
    planned: tuple[Story, Timeline],
) -> None:
    _, timeline = planned
    for cue in timeline.cues[:-1]:
        assert cue.start + cue.samples < first_sample(
            timeline.pages[cue.page].end + 1, timeline.fps
        )


@given(plans(shortest_frames=1, gap_frames=Fraction(1, 2)))
def test_with_half_a_frame_of_gap_no_sound_is_cut_at_the_end(
    planned: tuple[Story, Timeline],
) -> None:
    _, timeline = planned
    assert all(cue.start + cue.samples <= timeline.samples for cue in timeline.cues)


@given(plans())
def test_the_sound_is_as_long_as_the_film_to_the_sample(planned: tuple[Story, Timeline]) -> None:
    _, timeline = planned
    assert 0 <= timeline.samples - timeline.frames * SAMPLE_RATE / timeline.fps < 1
    assert timeline.seconds == float(timeline.frames / timeline.fps)


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (23.976, Fraction(24_000, 1001)),
        (23.98, Fraction(24_000, 1001)),
        (29.97, Fraction(30_000, 1001)),
        (47.952, Fraction(48_000, 1001)),
        (59.94, Fraction(60_000, 1001)),
        (24, Fraction(24)),
        (30.0, Fraction(30)),
        (12.5, Fraction(25, 2)),
        (59, Fraction(59)),
    ],
)
def test_frame_rates_are_exact_fractions(fps: float, exact: Fraction) -> None:
    assert frame_rate(fps) == exact
    assert plan_timeline(story_of([(0, SAMPLE_RATE)], fps)).fps == exact


@pytest.mark.parametrize("fps", NTSC, ids=str)
def test_an_hour_at_an_ntsc_rate_does_not_drift(fps: Fraction) -> None:
    """Sixty pages of a minute. With 29.97 instead of 30000/1001 the last picture would be late."""
    minute = 60 * SAMPLE_RATE
    timeline = plan_timeline(story_of([(minute - 1000, 1000)] * 60, fps))
    for number, turn in enumerate(timeline.pages):
        assert abs(turn.first - number * 60 * fps) <= Fraction(1, 2)
        assert 0 <= timeline.cues[number].start - turn.first * SAMPLE_RATE / fps < 1
    assert timeline.frames == ceiling(3600 * fps)
    assert 0 <= timeline.samples - 60 * minute < SAMPLE_RATE / fps + 1


def test_a_span_is_cut_at_frames_inside_it_and_pieces_keep_the_rest() -> None:
    span = Span(3, 10, 20, into=4, caption=("words",))
    assert [*span.cut([0, 10, 15, 29, 30, 99])] == [
        Span(3, 10, 5, into=4, caption=("words",)),
        Span(3, 15, 14, into=4, caption=("words",)),
        Span(3, 29, 1, into=4, caption=("words",)),
    ]
    assert [*span.cut([])] == [span]


@pytest.mark.parametrize(
    ("sample", "frame"), [(0, 0), (999, 0), (1000, 1), (2999, 1), (3000, 2), (48_000, 24)]
)
def test_the_nearest_frame_to_a_sample_is_the_later_of_two_as_near(sample: int, frame: int) -> None:
    assert nearest_frame(sample, Fraction(24)) == frame


def test_spans_with_transitions_and_motion_look_like_this() -> None:
    """Ten frames a second, half a second of transition, pieces of at most a second."""
    lengths = [(0, 2 * SAMPLE_RATE), (0, 3 * SAMPLE_RATE), (0, SAMPLE_RATE // 10)]
    film = {"transition": "crossfade", "transition_seconds": 0.5, "keyframe_seconds": 1}
    timeline = plan_timeline(story_of(lengths, 10, ("none", "zoom-in", "none"), **film))
    assert timeline.overlaps == (2, 0)
    assert timeline.spans == (
        Span(0, 0, 18),
        Span(0, 18, 5, into=1),
        Span(1, 23, 9),
        Span(1, 32, 9),
        Span(1, 41, 9),
        Span(2, 50, 1),
    )
    assert [timeline.shown(page) for page in range(3)] == [(0, 23), (18, 50), (50, 51)]


def test_a_thousand_awkward_pages_do_not_drift() -> None:
    """Each is a third of a frame too long. Rounded one by one, they would end 333 frames early."""
    length = 2000 * 10 + 667
    last_page, end = frame_edges([length] * 1000, Fraction(24))[-2:]
    assert last_page == round(999 * length / 2000)
    assert end == -(-1000 * length // 2000)


def test_pages_shorter_than_a_frame_get_one_each_and_the_next_long_page_catches_up() -> None:
    assert frame_edges([1] * 5 + [10 * SAMPLE_RATE], Fraction(24)) == [0, 1, 2, 3, 4, 5, 241]


@given(FPS, st.integers(0, 10_000))
def test_the_first_sample_of_a_frame_is_the_earliest_one_in_it(fps: Fraction, frame: int) -> None:
    sample = first_sample(frame, fps)
    assert Fraction(sample, SAMPLE_RATE) >= frame / fps > Fraction(sample - 1, SAMPLE_RATE)


@pytest.mark.parametrize("fps", [24, 25, 30, 48, 50, 60])
def test_common_frame_rates_begin_each_frame_at_a_whole_sample(fps: int) -> None:
    samples = [first_sample(frame, Fraction(fps)) for frame in range(3)]
    assert samples == [0, SAMPLE_RATE // fps, 2 * SAMPLE_RATE // fps]


def page_of(width: int, height: int) -> Page:
    return page_with(1, Path("p.png"), width=width, height=height)


@given(st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 50_000)), min_size=1, max_size=5))
def test_the_automatic_canvas_is_even_and_of_a_size_that_h264_can_store(
    sizes: list[tuple[int, int]],
) -> None:
    for side in canvas("auto", [page_of(*size) for size in sizes]):
        assert side % 2 == 0
        assert 16 <= side <= LARGEST_SIDE


@given(st.integers(16, 2000), st.integers(16, 1000))
def test_the_automatic_canvas_is_the_picture_s_size_to_the_pixel(width: int, height: int) -> None:
    found = canvas("auto", [page_of(width, height)])
    assert abs(found[0] - width) <= 1
    assert abs(found[1] - height) <= 1


def test_the_page_with_the_most_pixels_decides_the_automatic_canvas() -> None:
    assert canvas("auto", [page_of(640, 20), page_of(300, 200), page_of(20, 640)]) == (300, 200)


@pytest.mark.parametrize(
    "size", [(3 * LARGEST_SIDE, LARGEST_SIDE), (4032, 3024), (6000, 9000), (8000, 8000)]
)
def test_a_picture_that_is_too_large_keeps_its_proportions(size: tuple[int, int]) -> None:
    width, height = canvas("auto", [page_of(*size)])
    assert width / height == pytest.approx(size[0] / size[1], rel=0.005)
    assert width == LARGEST_SIDE or width * height > 0.98 * LEVEL_5_1 * 256


@pytest.mark.parametrize(("size", "expected"), [*NAMED_SIZES.items(), ("640x360", (640, 360))])
def test_a_size_that_is_set_holds_whatever_the_pages_are(
    size: str, expected: tuple[int, int]
) -> None:
    assert canvas(size, [page_of(4000, 3000)]) == expected


@given(plans(shortest_frames=1))
def test_no_sound_is_cut_at_the_end_even_without_a_gap(planned: tuple[Story, Timeline]) -> None:
    """At a frame a second, plain rounding would cut up to half a second."""
    _, timeline = planned
    assert all(cue.start + cue.samples <= timeline.samples for cue in timeline.cues[-1:])


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (6000, 6000)])
def test_the_automatic_canvas_is_one_that_every_player_decodes(size: tuple[int, int]) -> None:
    width, height = canvas("auto", [page_of(*size)])
    assert -(-width // 16) * -(-height // 16) <= LEVEL_5_1


@given(
    st.tuples(st.integers(8, 2048), st.integers(8, 2048)).map(
        lambda half: (2 * half[0], 2 * half[1])
    )
)
def test_a_preview_has_a_quarter_of_the_pixels_in_a_size_that_h264_can_store(
    size: tuple[int, int],
) -> None:
    for side, whole in zip(quarter(size), size, strict=True):
        assert side % 2 == 0
        assert side == 16 or abs(side - whole / 2) <= 1

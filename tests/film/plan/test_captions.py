"""Captions: the right words at the right time, as files and in the spans of the pictures."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import av
import pytest
from av.subtitles.subtitle import AssSubtitle
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.film.plan.captions import (
    LINE,
    LINES,
    WORD_JOINER,
    Caption,
    burned,
    plan_captions,
    subrip,
    webvtt,
    wrapped,
)
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.samples import SAMPLE_RATE
from daemon.options import Card, TransitionName
from daemon.story.model import Page, Story
from tests.helpers.stories import imagined_narration, imagined_story, page

FPS = st.integers(1, 60).map(float) | st.sampled_from([23.976, 29.97, 59.94])


def planned(
    *texts: str, seconds: float = 2.0, spoken: bool = True, gap: float = 0.5, **film: Any
) -> tuple[Story, Timeline]:
    """A story with a page for each text, and its timeline.

    A narration, or a page without one, lasts `seconds`; after a narration comes a `gap`.
    """
    said = imagined_narration(round(seconds * SAMPLE_RATE)) if spoken else None
    rest = round((gap if spoken else seconds) * SAMPLE_RATE)
    pages = [
        page(number, Path("p.png"), said, rest, text=text) for number, text in enumerate(texts, 1)
    ]
    return story_of(pages, **film)


def pages_of(drawn: Iterable[tuple[int, int | None, str]], **more: Any) -> list[Page]:
    """A page for each (samples of rest, samples of narration if it has one, text)."""
    return [
        page(
            number,
            Path("p.png"),
            imagined_narration(spoken) if spoken else None,
            rest,
            text=text.strip(),
            **more,
        )
        for number, (rest, spoken, text) in enumerate(drawn, 1)
    ]


def story_of(pages: list[Page], **film: Any) -> tuple[Story, Timeline]:
    """A story of these pages, and its timeline."""
    story = imagined_story(pages, **film)
    return story, plan_timeline(story)


def at(start: float, end: float, *lines: str) -> Caption:
    """Lines from one second to another."""
    return Caption(round(start * SAMPLE_RATE), round(end * SAMPLE_RATE), lines)


def lines_of(found: list[Caption]) -> list[str]:
    return [line for caption in found for line in caption.lines]


# ---- when ----------------------------------------------------------------------------------------


def test_a_caption_stands_while_its_page_is_spoken() -> None:
    assert plan_captions(*planned("one", "two")) == [at(0, 2, "one"), at(2.5, 4.5, "two")]


def test_a_caption_stands_for_the_whole_page_where_nothing_is_spoken() -> None:
    assert plan_captions(*planned("one", "two", spoken=False)) == [at(0, 2, "one"), at(2, 4, "two")]


def test_a_page_without_words_has_no_caption() -> None:
    captions = plan_captions(*planned("one", "", "three"))
    assert [caption.text for caption in captions] == ["one", "three"]


def test_the_words_of_a_card_are_not_a_caption() -> None:
    card = page(0, Path("p.png"), None, SAMPLE_RATE, text="The fox", card=Card())
    story, timeline = story_of(
        [card, page(1, Path("p.png"), imagined_narration(SAMPLE_RATE), text="one"), card]
    )
    assert plan_captions(story, timeline) == [at(1, 2, "one")]


def test_each_two_lines_have_the_share_of_the_narration_that_they_have_of_the_letters() -> None:
    first = "a" * 40
    second = "b" * 20
    assert plan_captions(*planned(f"{first}\n{first}\n{second}\n{second}", seconds=6)) == [
        at(0, 4, first, first),
        at(4, 6, second, second),
    ]
    assert plan_captions(*planned(f"{first}\n{second}\n{first}", seconds=5)) == [
        at(0, 3, first, second),
        at(3, 5, first),
    ]


def test_a_transition_does_not_move_captions() -> None:
    with_transitions = plan_captions(*planned("one", "two", gap=0.0, transition="crossfade"))
    assert with_transitions == plan_captions(*planned("one", "two", gap=0.0))


def test_captions_at_a_fractional_rate_begin_with_their_narrations_to_the_sample() -> None:
    story, timeline = planned("one", "two", seconds=60, fps=29.97)
    assert [caption.start for caption in plan_captions(story, timeline)] == [
        cue.start for cue in timeline.cues
    ]


TEXTS = st.text(st.sampled_from("ab \n"), max_size=400)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 200) | st.integers(1, 3 * SAMPLE_RATE),
            st.none() | st.integers(1, 9600),
            TEXTS,
        ),
        min_size=1,
        max_size=8,
    ),
    FPS,
)
@example([(1, 1, "a\n" * 50), (1, 1, "b")], 60.0)
def test_captions_follow_each_other_and_stay_inside_their_pages(
    pages: list[tuple[int, int | None, str]], fps: float
) -> None:
    """Even where there are many lines for a very short sound."""
    story, timeline = story_of(pages_of(pages), fps=fps)
    found = plan_captions(story, timeline)
    times = [time for caption in found for time in (caption.start, caption.end)]
    assert times == sorted(times)
    assert all(caption.start < caption.end for caption in found)
    assert all(1 <= len(caption.lines) <= LINES for caption in found)
    assert not found or found[-1].end <= timeline.samples
    starts = {
        timeline.pages[number].first * SAMPLE_RATE / timeline.fps
        for number, each in enumerate(story.pages)
        if each.text
    }
    assert all(any(0 <= caption.start - start < 1 for caption in found) for start in starts)


# ---- what ----------------------------------------------------------------------------------------


def test_the_lines_of_a_text_stay_lines_but_blank_ones_go() -> None:
    first, *_ = plan_captions(*planned("first\n\n  \nsecond " + "word " * 20))
    assert first.lines[0] == "first"
    assert first.lines[1].startswith("second word")


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=400)
)
def test_lines_are_short_and_never_blank_and_no_word_is_lost(text: str) -> None:
    lines = lines_of(plan_captions(*planned(text.strip() or "x")))
    assert all(line.strip(" ") and len(line) <= LINE for line in lines)
    kept = re.sub(r"[\s\x1c-\x1f\x85\u2028\u2029]", "", "".join(lines))
    assert kept == re.sub(r"\s", "", text.strip() or "x")


def test_the_caller_decides_how_a_text_is_broken_into_lines() -> None:
    story, timeline = planned("one two three")
    assert lines_of(plan_captions(story, timeline, str.split)) == ["one", "two", "three"]


# ---- files ---------------------------------------------------------------------------------------

HOUR = 3_723.004
MADE = [at(0, 2, "one", "line"), at(HOUR, 3_724, "two")]


def test_subrip_looks_like_this() -> None:
    assert subrip(MADE) == (
        "1\n00:00:00,000 --> 00:00:02,000\none\nline\n\n2\n01:02:03,004 --> 01:02:04,000\ntwo\n"
    )  # fmt: skip


def test_webvtt_looks_like_this() -> None:
    assert webvtt([at(0, 2, "one & <two>"), at(HOUR, 3_724, 'an --> "arrow"')]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\none &amp; &lt;two&gt;\n\n"
        '01:02:03.004 --> 01:02:04.000\nan --&gt; "arrow"\n'
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["00:00 --> 00:01", "-->", "-->>", "a-->-->b", "a ---> b", "a ----> b", "a -----> b"]
)
def test_an_arrow_of_any_length_in_the_text_is_not_a_time_in_subrip(text: str) -> None:
    assert subrip([at(0, 1, text)]).count("-->") == 1


@pytest.mark.parametrize(
    "text", ["<b>bold</b>", "{\\an8}above", "<i>a</i> {\\pos(0,0)}b", "1 < 2 > 0"]
)
def test_a_player_shows_the_tags_of_a_text_instead_of_obeying_them(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "film.srt").write_text(subrip([at(0, 1, text)]), "utf-8")
    with av.open(tmp_path / "film.srt") as opened:
        [shown] = [
            part.ass.decode().split(",", 8)[-1]
            for packet in opened.demux(subtitles=0)
            for part in packet.decode()
            if isinstance(part, AssSubtitle)
        ]
    assert shown.replace("\\{", "{").replace(WORD_JOINER, "") == text


def test_markup_cannot_make_a_second_caption() -> None:
    story, timeline = planned("evil")
    evil = replace(
        story,
        pages=(replace(story.pages[0], text="a\n\n2\n00:00:00,000 --> 00:00:09,000\nb\u2028c"),),
    )
    found = plan_captions(evil, timeline)
    for block in subrip(found).removesuffix("\n").split("\n\n"):
        assert re.fullmatch(r"\d+\n[\d:,]+ --> [\d:,]+\n.+(\n.+)?", block)
        assert block.count("-->") == 1
    assert len(subrip(found).split("\n\n")) == len(found)
    assert len(webvtt(found).split("\n\n")) == len(found) + 1


# ---- in the pictures -----------------------------------------------------------------------------


def test_spans_are_cut_where_words_come_and_go() -> None:
    story, timeline = planned("one", "", "three", fps=10)
    spans = burned(timeline, plan_captions(story, timeline)).spans
    assert [(span.page, span.first, span.end, span.caption) for span in spans] == [
        (0, 0, 20, ("one",)),
        (0, 20, 25, ()),
        (1, 25, 50, ()),
        (2, 50, 70, ("three",)),
        (2, 70, 75, ()),
    ]


def test_a_change_of_words_cuts_the_span_of_a_page_too() -> None:
    first = "a" * 40
    second = "b" * 40
    story, timeline = planned(f"{first}\n{first}\n{second}\n{second}", fps=10)
    spans = burned(timeline, plan_captions(story, timeline)).spans
    assert [(span.first, span.end, span.caption) for span in spans] == [
        (0, 10, (first, first)),
        (10, 20, (second, second)),
        (20, 25, ()),
    ]


@given(
    st.lists(
        st.tuples(st.integers(1, 96_000), st.none() | st.integers(1, 48_000), TEXTS),
        min_size=1,
        max_size=6,
    ),
    FPS,
    st.sampled_from(get_args(TransitionName)),
    st.sampled_from(["none", "zoom-in"]),
)
def test_burned_captions_change_nothing_but_the_words_in_the_frames(
    pages: list[tuple[int, int | None, str]], fps: float, transition: str, motion: str
) -> None:
    """Spans still tile the film, and each frame shows the same pages.

    Its words are those that are spoken then, to half a frame.
    """
    story, timeline = story_of(pages_of(pages, motion=motion), fps=fps, transition=transition)
    found = plan_captions(story, timeline, wrapped)
    with_words = burned(timeline, found)
    assert replace(with_words, spans=timeline.spans) == timeline
    assert all(one.end == other.first for one, other in itertools.pairwise(with_words.spans))

    def pages_by_frame(plan: Timeline) -> list[tuple[int, int | None]]:
        return [(span.page, span.into) for span in plan.spans for _ in range(span.frames)]

    assert pages_by_frame(with_words) == pages_by_frame(timeline)
    words = [span.caption for span in with_words.spans for _ in range(span.frames)]
    for caption in found:
        first = Fraction(caption.start * timeline.fps, SAMPLE_RATE)
        end = Fraction(caption.end * timeline.fps, SAMPLE_RATE)
        for frame in range(int(first) + 1, int(end)):
            if first + Fraction(1, 2) < frame < end - Fraction(1, 2):
                assert words[frame] == caption.lines
    with_lines = {frame for frame, lines in enumerate(words) if lines}
    near = []
    for caption in found:
        first = Fraction(caption.start * timeline.fps, SAMPLE_RATE)
        end = Fraction(caption.end * timeline.fps, SAMPLE_RATE)
        near.append((first - 1, end + 1))
    assert all(any(first <= frame < end for first, end in near) for frame in with_lines)

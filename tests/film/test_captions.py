"""Captions and chapters: the right words at the right time, in forms that players read."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import FilmSettings
from daemon.film.captions import LINE, Caption, captions, chapters, subrip, webvtt
from daemon.film.timeline import Timeline, plan
from daemon.story import SAMPLE_RATE, Narration, Page, Story

FPS = st.integers(1, 60)


def told(*texts: str, seconds: float = 2.0, spoken: bool = True, gap: float = 0.5) -> tuple[Story, Timeline]:
    narration = Narration(Path("n.wav"), round(seconds * SAMPLE_RATE)) if spoken else None
    rest = round((gap if spoken else seconds) * SAMPLE_RATE)
    pages = tuple(Page("p.png", Path("p.png"), 160, 90, rest, narration, text) for text in texts)
    story = Story("", "", "", pages, None, FilmSettings(), 0, ())
    return story, plan(story)


def test_a_caption_stands_while_its_page_is_spoken() -> None:
    assert captions(*told("one", "two")) == [Caption(0, 2000, "one"), Caption(2500, 4500, "two")]


def test_a_caption_stands_for_the_whole_page_where_nothing_is_spoken() -> None:
    assert captions(*told("one", "two", spoken=False)) == [Caption(0, 2000, "one"), Caption(2000, 4000, "two")]


def test_a_page_without_words_has_no_caption() -> None:
    assert [caption.text for caption in captions(*told("one", "", "three"))] == ["one", "three"]


@given(st.lists(st.tuples(st.integers(1, 200) | st.integers(1, 3 * SAMPLE_RATE), st.booleans()), min_size=1, max_size=8), FPS)
def test_captions_follow_each_other_and_stay_inside_the_film(pages: list[tuple[int, bool]], fps: int) -> None:
    made = tuple(
        Page("p.png", Path("p.png"), 160, 90, rest, Narration(Path("n.wav"), 4800) if spoken else None, "x")
        for rest, spoken in pages
    )
    story = Story("", "", "", made, None, FilmSettings(fps=fps), 0, ())
    timeline = plan(story)
    times = [time for caption in captions(story, timeline) for time in (caption.start, caption.end)]
    assert times == sorted(times)
    assert times[-1] <= timeline.seconds * 1000


def test_the_lines_of_a_text_stay_lines_but_blank_ones_go() -> None:
    (caption,) = captions(*told("first\n\n  \nsecond " + "word " * 20))
    assert caption.text.split("\n")[0] == "first"
    assert caption.text.split("\n")[1].startswith("second word")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=400))
def test_lines_are_short_and_never_blank_and_no_word_is_lost(text: str) -> None:
    found = captions(*told(text.strip() or "x"))
    lines = found[0].text.split("\n")
    assert all(line.strip(" ") and len(line) <= LINE for line in lines)
    assert re.sub(r"[\s\x1c-\x1f\x85\u2028\u2029]", "", found[0].text) == re.sub(r"\s", "", text.strip() or "x")


def test_subrip_looks_like_this() -> None:
    made = [Caption(0, 2000, "one\nline"), Caption(3_723_004, 3_724_000, "two")]
    assert subrip(made) == (
        "1\n00:00:00,000 --> 00:00:02,000\none\nline\n\n2\n01:02:03,004 --> 01:02:04,000\ntwo\n"
    )  # fmt: skip


def test_webvtt_looks_like_this() -> None:
    made = [Caption(0, 2000, "one & <two>"), Caption(3_723_004, 3_724_000, 'an --> "arrow"')]
    assert webvtt(made) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\none &amp; &lt;two&gt;\n\n"
        '01:02:03.004 --> 01:02:04.000\nan --&gt; "arrow"\n'
    )  # fmt: skip


@pytest.mark.parametrize("text", ["00:00 --> 00:01", "-->", "-->>", "a-->-->b"])
def test_an_arrow_in_the_text_is_no_time_in_subrip(text: str) -> None:
    assert subrip([Caption(0, 1, text)]).count("-->") == 1


def test_chapters_begin_at_zero_and_carry_the_words_or_the_number() -> None:
    assert (
        chapters(*told("Once upon\na   time", "", "The end", seconds=59.5))
        == "00:00 Once upon a time\n01:00 Page 2\n02:00 The end\n"
    )


def test_chapters_of_a_long_film_have_hours() -> None:
    lines = chapters(*told("a", "b", "c", seconds=2400, spoken=False)).splitlines()
    assert lines == ["0:00:00 a", "0:40:00 b", "1:20:00 c"]


def test_a_long_text_makes_a_short_chapter() -> None:
    line = chapters(*told("word " * 100)).rstrip("\n")
    assert line.endswith("word …")
    assert 50 <= len(line) <= 6 + 60


def test_markup_cannot_make_a_second_chapter_or_caption() -> None:
    story, timeline = told("evil")
    evil = replace(story, pages=(replace(story.pages[0], text="a\n\n2\n00:00:00,000 --> 00:00:09,000\nb\u2028c"),))
    assert "\n\n" not in subrip(captions(evil, timeline))
    assert len(chapters(evil, timeline).splitlines()) == 1


@pytest.mark.parametrize("arrow", ["--->", "---->", "----->"])
def test_no_arrow_of_any_length_is_left_in_subrip(arrow: str) -> None:
    assert subrip([Caption(0, 1, f"a {arrow} b")]).count("-->") == 1


@pytest.mark.parametrize("text", ["昔々" * 50, "x" * 100], ids=["Japanese", "one word"])
def test_a_long_text_without_spaces_is_still_a_chapter_s_title(text: str) -> None:
    assert chapters(*told(text)).startswith(f"00:00 {text[:20]}")

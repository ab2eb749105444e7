"""Chapters: a page each, or groups of pages that the story names, without holes."""

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.film.plan.chapters import LONGEST_TITLE, Chapter, for_youtube, plan_chapters
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.samples import SAMPLE_RATE
from daemon.options import Card
from daemon.story.model import Page, Story
from tests.helpers.stories import imagined_story, page

CARD = {"number": 0, "text": "The fox\nby A. Writer", "card": Card()}


def planned(
    *pages: str | dict[str, Any], seconds: float = 2.0, **film: Any
) -> tuple[Story, Timeline]:
    """A story without narrations, and its timeline.

    Each page is given by its text, or by a dictionary of what differs from a blank page.
    """
    rest = round(seconds * SAMPLE_RATE)
    numbers = itertools.count(1)
    made = tuple(
        page_of({"text": entry} if isinstance(entry, str) else entry, rest, numbers)
        for entry in pages
    )
    story = imagined_story(made, title="A title", **film)
    return story, plan_timeline(story)


def page_of(keys: dict[str, Any], rest: int, numbers: "itertools.count[int]") -> Page:
    number = keys["number"] if "number" in keys else next(numbers)
    return page(
        number,
        Path("p.png"),
        None,
        rest,
        **({"text": ""} | {key: keys[key] for key in keys if key != "number"}),
    )


def youtube(story: Story, timeline: Timeline) -> str:
    return for_youtube(plan_chapters(story, timeline), timeline)


def titles(*pages: str | dict[str, Any]) -> list[str]:
    return [chapter.title for chapter in plan_chapters(*planned(*pages))]


def test_chapters_begin_at_zero_and_are_called_by_their_text_or_number() -> None:
    lines = youtube(*planned("Once upon\na   time", "", "The end", seconds=60))
    assert lines == "00:00 Once upon a time\n01:00 Page 2\n02:00 The end\n"


def test_chapters_of_a_long_film_have_hours() -> None:
    assert youtube(*planned("a", "b", "c", seconds=2400)).splitlines() == [
        "0:00:00 a",
        "0:40:00 b",
        "1:20:00 c",
    ]


def test_a_title_comes_before_the_text_and_a_chapter_s_name_before_both() -> None:
    assert titles({"text": "words", "title": "Title"}, "words") == ["Title", "words"]
    assert titles({"text": "words", "title": "Title", "chapter": "Chapter"}) == ["Chapter"]


def test_a_named_chapter_lasts_until_the_next_and_pages_before_the_first_make_their_own() -> None:
    story, timeline = planned(
        "before", "before", {"chapter": "One"}, "more", "more", {"chapter": "Two"}
    )
    assert plan_chapters(story, timeline) == [
        Chapter("before", 0, 96),
        Chapter("One", 96, 240),
        Chapter("Two", 240, 288),
    ]


def test_a_card_belongs_to_the_chapter_next_to_it() -> None:
    story, timeline = planned(CARD, "one", "two", CARD | {"text": "The End"})
    assert plan_chapters(story, timeline) == [Chapter("one", 0, 96), Chapter("two", 96, 192)]
    assert youtube(story, timeline) == "00:00 one\n00:04 two\n"


def test_a_title_card_does_not_change_the_numbers_of_pages_without_words() -> None:
    assert titles(CARD, "", "") == ["Page 1", "Page 2"]


def test_a_transition_does_not_move_chapters() -> None:
    pages = ("one", "two", "three")
    with_transitions = plan_chapters(*planned(*pages, transition="crossfade"))
    assert with_transitions == plan_chapters(*planned(*pages))


def test_chapters_at_a_fractional_rate_begin_with_their_pages() -> None:
    story, timeline = planned(*"abc", fps=23.976, seconds=60)
    assert timeline.fps == Fraction(24_000, 1001)
    assert [chapter.first for chapter in plan_chapters(story, timeline)] == [0, 1439, 2877]
    assert youtube(story, timeline) == "00:00 a\n01:00 b\n01:59 c\n"


ENTRY = st.fixed_dictionaries(
    {"text": st.text(max_size=200)},
    optional={"chapter": st.text(max_size=80), "title": st.text(max_size=80)},
)


@given(st.lists(ENTRY, min_size=1, max_size=8), st.booleans(), st.booleans(), st.floats(0.01, 3.0))
def test_chapters_tile_the_film_and_each_is_one_short_line(
    pages: list[dict[str, Any]], title_card: bool, end_card: bool, seconds: float
) -> None:
    with_cards = [CARD] * title_card + pages + [CARD] * end_card
    story, timeline = planned(*with_cards, seconds=seconds)
    found = plan_chapters(story, timeline)
    assert (found[0].first, found[-1].end) == (0, timeline.frames)
    assert all(now.end == then.first for now, then in itertools.pairwise(found))
    assert all(chapter.first < chapter.end for chapter in found)
    assert all(1 <= len(chapter.title) <= LONGEST_TITLE for chapter in found)
    lines = for_youtube(found, timeline)
    assert len(lines.splitlines()) == lines.count("\n") == len(found)


def test_a_long_text_is_shortened_to_a_title() -> None:
    line = youtube(*planned("word " * 100)).rstrip("\n")
    assert line.endswith("word …")
    assert 50 <= len(line) <= 6 + 60


def test_markup_cannot_make_a_second_chapter() -> None:
    assert len(youtube(*planned("a\n\n00:09 b\u2028c")).splitlines()) == 1


@pytest.mark.parametrize("key", ["title", "chapter"])
def test_a_line_s_end_in_a_title_cannot_make_a_second_chapter(key: str) -> None:
    assert len(youtube(*planned({key: "evil\n00:09 b\u2028c"})).splitlines()) == 1


@pytest.mark.parametrize("text", ["昔々" * 50, "x" * 100], ids=["Japanese", "one word"])
def test_a_long_text_without_spaces_is_still_a_chapter_s_title(text: str) -> None:
    assert youtube(*planned(text)).startswith(f"00:00 {text[:20]}")

"""The chapters of a film: one for each page, or for groups of pages where the story names them.

They go into the film itself, and into lines for YouTube, which wants a time and a title on each
line, and the first time to be 00:00.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.film.plan.timeline import Timeline
from daemon.story import Page, Story

LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the film, from frame `first` to the frame before `end`."""

    title: str
    first: int
    end: int


def plan_chapters(story: Story, timeline: Timeline) -> list[Chapter]:
    """The film's chapters, without holes; a card belongs to the chapter next to it."""
    turns = zip(story.pages, timeline.pages, strict=True)
    opening = [(page, turn.first) for page, turn in turns if not page.card]
    if any(page.chapter for page, _ in opening):
        opening = opening[:1] + [entry for entry in opening[1:] if entry[0].chapter]

    titles = [chapter_title(page, story) for page, _ in opening]
    edges = [0, *(first for _, first in opening[1:]), timeline.frames]
    return [
        Chapter(title, first, end)
        for title, (first, end) in zip(titles, itertools.pairwise(edges), strict=True)
    ]


def chapter_title(page: Page, story: Story) -> str:
    """The title of the chapter that a page opens: one line of at most `LONGEST_TITLE` letters.

    It is the first of these that is not blank: the chapter's name, the page's title, its text, its
    number, the story's title.
    """
    for words in (page.chapter, page.title, page.text):
        line = " ".join(words.split())
        if line:
            return _shortened(line)
    return f"Page {page.number}" if page.number else story.title


def _shortened(text: str) -> str:
    """At most `LONGEST_TITLE` letters, cut between words if a word ends in their second half."""
    if len(text) <= LONGEST_TITLE:
        return text
    cut = text[: LONGEST_TITLE - 2]
    end = cut.rfind(" ", LONGEST_TITLE // 2)
    if end > 0:
        cut = cut[:end]
    return f"{cut} …"


def for_youtube(chapters: Sequence[Chapter], timeline: Timeline) -> str:
    """A line for each chapter; times have hours in films of an hour or more."""
    lines = []
    for chapter in chapters:
        minutes, seconds = divmod(int(chapter.first / timeline.fps), 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{minutes:02d}:{seconds:02d}"
        if timeline.seconds >= 3600:
            clock = f"{hours}:{clock}"
        lines.append(f"{clock} {chapter.title}\n")
    return "".join(lines)

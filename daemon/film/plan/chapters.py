"""The chapters of a film: a page each, or groups of pages where the story names them.

Both the film's own chapters and the lines for YouTube, which wants a time and a title on each line and the first one at 00:00.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daemon.film.plan.timeline import Timeline
from daemon.story.model import Page, Story

LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the film, from frame `first` to the frame before `end`."""

    title: str
    first: int
    end: int


def plan_chapters(story: Story, timeline: Timeline) -> list[Chapter]:
    """The film's chapters, without holes; cards belong to the chapter beside them."""
    starts = list(_starts(story, timeline))
    ends = [first for _, first in starts[1:]] + [timeline.frames]
    return [Chapter(title, first, end) for (title, first), end in zip(starts, ends, strict=True)]


def _starts(story: Story, timeline: Timeline) -> Iterator[tuple[str, int]]:
    """Each chapter's title and first frame; the first one begins with the film."""
    pages = [
        (page, turn.first)
        for page, turn in zip(story.pages, timeline.pages, strict=True)
        if not page.card
    ]
    if any(page.chapter for page, _ in pages):
        pages = [
            (page, first)
            for number, (page, first) in enumerate(pages)
            if page.chapter or number == 0
        ]
    for number, (page, first) in enumerate(pages):
        yield _title(page, story), first if number else 0


def _title(page: Page, story: Story) -> str:
    """What a page's chapter is called, on one line whatever ends of lines there are in its words."""
    given = next(
        filter(None, (" ".join(words.split()) for words in (page.chapter, page.title, page.text))),
        "",
    )
    return _shortened(given) if given else f"Page {page.number}" if page.number else story.title


def _shortened(text: str) -> str:
    """At most `LONGEST_TITLE` letters, cut between words where there is a word's end in the second half of them."""
    if len(text) <= LONGEST_TITLE:
        return text
    cut = text[: LONGEST_TITLE - 2]
    end = cut.rfind(" ", LONGEST_TITLE // 2)
    return (cut[:end] if end > 0 else cut) + " …"


def for_youtube(chapters: Sequence[Chapter], timeline: Timeline) -> str:
    """A line for each chapter."""
    return "".join(f"{_clock(chapter.first, timeline)} {chapter.title}\n" for chapter in chapters)


def _clock(frame: int, timeline: Timeline) -> str:
    seconds = int(frame / timeline.fps)
    hours = f"{seconds // 3600}:" if timeline.seconds >= 3600 else ""
    return f"{hours}{seconds // 60 % 60:02d}:{seconds % 60:02d}"

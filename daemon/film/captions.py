"""Words beside the film: captions as SubRip and WebVTT, and chapters in the form that YouTube reads.

The forms: SubRip has hours:minutes:seconds,milliseconds; WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format") has a point
instead of the comma and escapes `&` and `<`; a chapter line is a time and a title, the first at 00:00.
"""

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.film.timeline import Timeline
from daemon.story import SAMPLE_RATE, Story

LINE = 42
"""Letters in a line of a caption: what the guidelines of broadcasters agree on for Latin script."""
CHAPTER_TITLE = 60


@dataclass(frozen=True, slots=True)
class Caption:
    """A page's text from `start` to `end`, in milliseconds."""

    start: int
    end: int
    text: str


def captions(story: Story, timeline: Timeline) -> list[Caption]:
    """A caption for each page that has text, for as long as its narration lasts, or the page where there is none."""
    sounding = {cue.page: cue.samples for cue in timeline.cues}
    found = []
    for span in timeline.spans:
        if text := story.pages[span.page].text:
            start = span.first * 1000 // timeline.fps
            page_end = (span.first + span.frames) * 1000 // timeline.fps
            spoken = sounding.get(span.page)
            end = page_end if spoken is None else min(page_end, start + spoken * 1000 // SAMPLE_RATE)
            found.append(Caption(start, max(end, start + 1), "\n".join(_wrapped(text))))
    return found


def _wrapped(text: str) -> list[str]:
    """Lines of a caption; a blank line would end it, so there is none."""
    return [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, LINE)]


def subrip(captions: list[Caption]) -> str:
    """The captions as an .srt file. An arrow of hyphens in the text would be read as a time; it becomes one letter."""
    blocks = (
        f"{number}\n{_clock(caption.start, ',')} --> {_clock(caption.end, ',')}\n{re.sub('-{2,}>', '→', caption.text)}\n"
        for number, caption in enumerate(captions, 1)
    )
    return "\n".join(blocks)


def webvtt(captions: list[Caption]) -> str:
    """The captions as a .vtt file."""
    blocks = (
        f"{_clock(caption.start, '.')} --> {_clock(caption.end, '.')}\n{html.escape(caption.text, quote=False)}\n"
        for caption in captions
    )
    return "\n".join(["WEBVTT\n", *blocks])


def chapters(story: Story, timeline: Timeline) -> str:
    """A line for each page: when it begins, and the beginning of its text or its number."""
    return "".join(f"{line}\n" for line in _chapter_lines(story, timeline))


def _chapter_lines(story: Story, timeline: Timeline) -> Iterator[str]:
    with_hours = timeline.seconds >= 3600
    for span in timeline.spans:
        seconds = span.first // timeline.fps
        text = " ".join(story.pages[span.page].text.split())
        title = _shortened(text) if text else f"Page {span.page + 1}"
        hours = f"{seconds // 3600}:" if with_hours else ""
        yield f"{hours}{seconds // 60 % 60:02d}:{seconds % 60:02d} {title}"


def _shortened(text: str) -> str:
    """At most `CHAPTER_TITLE` letters, cut between words where there is a word's end in the second half of them."""
    if len(text) <= CHAPTER_TITLE:
        return text
    cut = text[: CHAPTER_TITLE - 2]
    end = cut.rfind(" ", CHAPTER_TITLE // 2)
    return (cut[:end] if end > 0 else cut) + " …"


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{rest:03d}"

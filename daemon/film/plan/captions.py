"""Captions: the story's words, timed over the narrations; as files, and burned into the timeline.

SubRip writes times as hours:minutes:seconds,milliseconds. WebVTT (W3C, "WebVTT: The Web Video Text
Tracks Format") has a point instead of the comma, and escapes `&` and `<`.
"""

import dataclasses
import html
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daemon.film.plan.timeline import Timeline, first_sample, nearest_frame
from daemon.media.samples import SAMPLE_RATE
from daemon.story import Story

LINE = 42
"""Letters in a line of a caption: what broadcasters' guidelines agree on for Latin script."""
LINES = 2
"""Lines that are shown at a time, by the same guidelines."""
WORD_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class Caption:
    """Lines that are shown from sample `start` of the film to sample `end`."""

    start: int
    end: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def wrapped(text: str) -> list[str]:
    """A text as lines for a caption file. Blank lines would end a caption, and are left out."""
    return [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, LINE)]


def plan_captions(
    story: Story, timeline: Timeline, wrap: Callable[[str], Sequence[str]] = wrapped
) -> list[Caption]:
    """The captions of all pages that have text; `wrap` breaks a text into lines.

    A page's captions last as long as its narration; without one, as long as the page.
    """
    spoken = {cue.page: cue.samples for cue in timeline.cues}
    captions: list[Caption] = []
    for turn in timeline.pages:
        page = story.pages[turn.page]
        if not page.text or page.card:
            continue
        start = first_sample(turn.first, timeline.fps)
        page_end = first_sample(turn.end, timeline.fps)
        end = min(page_end, start + spoken.get(turn.page, page_end - start))
        captions += timed(wrap(page.text), start, max(end, start + 1))
    return captions


def timed(lines: Sequence[str], start: int, end: int) -> Iterator[Caption]:
    """Captions of `LINES` lines each, one after the other from sample `start` to sample `end`.

    Each has the share of the time that it has of the letters; one whose share is not even a sample
    is left out.
    """
    letters = max(1, sum(map(len, lines)))
    before = 0
    for first_line in range(0, len(lines), LINES):
        shown = tuple(lines[first_line : first_line + LINES])
        after = before + sum(map(len, shown))
        first = start + (end - start) * before // letters
        last = start + (end - start) * after // letters
        if first < last:
            yield Caption(first, last, shown)
        before = after


def burned(timeline: Timeline, captions: Sequence[Caption]) -> Timeline:
    """The timeline with captions drawn into the pictures: spans are cut where words come and go."""
    shown = []
    for caption in captions:
        first = nearest_frame(caption.start, timeline.fps)
        end = max(nearest_frame(caption.end, timeline.fps), 1)
        shown.append((first, end, caption.lines))
    edges = sorted({frame for first, end, _ in shown for frame in (first, end)})

    spans = []
    for span in timeline.spans:
        for piece in span.cut(edges):
            found = (lines for first, end, lines in shown if first <= piece.first < end)
            spans.append(dataclasses.replace(piece, caption=next(found, ())))
    return dataclasses.replace(timeline, spans=tuple(spans))


# ---- files ---------------------------------------------------------------------------------------


def subrip(captions: Sequence[Caption]) -> str:
    """The captions as an .srt file.

    An arrow of hyphens in the text would be read as a time; it is replaced with "→". Players obey
    tags such as `<b>` and `{\\an8}`, and the format has no escapes: a word joiner, which nobody
    sees, keeps the letters of a text from being one.
    """
    blocks = []
    for number, caption in enumerate(captions, 1):
        text = re.sub("-{2,}>", "→", caption.text)
        text = re.sub(r"<(?=[a-zA-Z/])|\{(?=\\)", lambda tag: tag[0] + WORD_JOINER, text)
        times = f"{_clock(caption.start, ',')} --> {_clock(caption.end, ',')}"
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)


def webvtt(captions: Sequence[Caption]) -> str:
    """The captions as a .vtt file."""
    blocks = ["WEBVTT\n"]
    for caption in captions:
        text = html.escape(caption.text, quote=False)
        times = f"{_clock(caption.start, '.')} --> {_clock(caption.end, '.')}"
        blocks.append(f"{times}\n{text}\n")
    return "\n".join(blocks)


def _clock(sample: int, point: str) -> str:
    seconds, milliseconds = divmod(sample * 1000 // SAMPLE_RATE, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"

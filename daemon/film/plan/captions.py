"""What is said, as words: captions timed over the narrations, in the forms of SubRip and WebVTT, and burned into the timeline.

The forms: SubRip has hours:minutes:seconds,milliseconds; WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format") has a point
instead of the comma and escapes `&` and `<`.
"""

import dataclasses
import html
import itertools
import math
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daemon.film.plan.timeline import Span, Timeline, first_sample
from daemon.media.samples import SAMPLE_RATE
from daemon.story.model import Story

LINE = 42
"""Letters in a line of a caption: what the guidelines of broadcasters agree on for Latin script."""
LINES = 2
"""Lines that are shown at a time, by the same guidelines."""


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
    """Lines of a caption beside the film; a blank line would end it, so there is none."""
    return [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, LINE)]


def plan_captions(
    story: Story, timeline: Timeline, wrap: Callable[[str], Sequence[str]] = wrapped
) -> list[Caption]:
    """The captions of all pages that have text: two lines at a time, for as long as their share of the text takes to say.

    A page's captions last as long as its narration, or the page where there is none. `wrap` breaks a text into lines.
    """
    sounding = {cue.page: cue.samples for cue in timeline.cues}
    found: list[Caption] = []
    for turn in timeline.pages:
        page = story.pages[turn.page]
        if page.text and not page.card:
            start, page_end = (
                first_sample(turn.first, timeline.fps),
                first_sample(turn.end, timeline.fps),
            )
            end = min(page_end, start + sounding.get(turn.page, page_end - start))
            found += _shared_out(wrap(page.text), start, max(end, start + 1))
    return found


def _shared_out(lines: Sequence[str], start: int, end: int) -> Iterator[Caption]:
    """The lines, a few at a time; each gets a part of the time that goes with its letters, unless that is not even a sample."""
    pieces = [tuple(lines[first : first + LINES]) for first in range(0, len(lines), LINES)]
    letters = list(itertools.accumulate((sum(map(len, piece)) for piece in pieces), initial=0))
    for piece, (before, until) in zip(pieces, itertools.pairwise(letters), strict=True):
        first, last = (
            start + (end - start) * count // max(1, letters[-1]) for count in (before, until)
        )
        if first < last:
            yield Caption(first, last, piece)


def burned(timeline: Timeline, captions: Sequence[Caption]) -> Timeline:
    """The timeline with captions drawn into the pictures: its spans are cut where words come and go."""
    shown = [
        (_frame(caption.start, timeline), max(_frame(caption.end, timeline), 1), caption.lines)
        for caption in captions
    ]
    edges = sorted({frame for first, end, _ in shown for frame in (first, end)})
    spans = []
    for span in timeline.spans:
        inner = [frame for frame in edges if span.first < frame < span.end]
        for first, end in itertools.pairwise([span.first, *inner, span.end]):
            lines = next((lines for start, stop, lines in shown if start <= first < stop), ())
            spans.append(Span(span.page, first, end - first, span.into, lines))
    return dataclasses.replace(timeline, spans=tuple(spans))


def _frame(sample: int, timeline: Timeline) -> int:
    """The frame nearest to a sample."""
    return math.floor(sample * timeline.fps / SAMPLE_RATE + 0.5)


def subrip(captions: Sequence[Caption]) -> str:
    """The captions as an .srt file. An arrow of hyphens in the text would be read as a time; it becomes one letter."""
    blocks = (
        f"{number}\n{_clock(caption.start, ',')} --> {_clock(caption.end, ',')}\n{re.sub('-{2,}>', '→', caption.text)}\n"
        for number, caption in enumerate(captions, 1)
    )
    return "\n".join(blocks)


def webvtt(captions: Sequence[Caption]) -> str:
    """The captions as a .vtt file."""
    blocks = (
        f"{_clock(caption.start, '.')} --> {_clock(caption.end, '.')}\n{html.escape(caption.text, quote=False)}\n"
        for caption in captions
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _clock(sample: int, point: str) -> str:
    seconds, milliseconds = divmod(sample * 1000 // SAMPLE_RATE, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{milliseconds:03d}"

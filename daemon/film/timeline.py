"""When everything happens in a film: integer frames and samples, planned before anything is rendered.

Pages follow each other without rounding errors adding up: each picture changes at the frame nearest to the exact sum of the
pages before it, and each narration starts with its picture, to the sample. So no page is ever more than half a frame off.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.config import LARGEST_AREA, LARGEST_SIDE, Canvas, coded_area, named_canvas
from daemon.story import SAMPLE_RATE, Page, Story


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of frames in which page number `page` (from 0) is on the screen; `first` counts from 0."""

    page: int
    first: int
    frames: int


@dataclass(frozen=True, slots=True)
class Cue:
    """A narration's place: page number `page` (from 0) sounds from sample `start` on for `samples` samples."""

    page: int
    start: int
    samples: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The plan of a film: `fps` frames per second on a canvas of `size` pixels, sound at `SAMPLE_RATE`."""

    fps: int
    size: Canvas
    spans: tuple[Span, ...]
    cues: tuple[Cue, ...]

    @property
    def frames(self) -> int:
        """Frames of the whole film."""
        return self.spans[-1].first + self.spans[-1].frames

    @property
    def samples(self) -> int:
        """Samples of the whole film's sound."""
        return first_sample(self.frames, self.fps)

    @property
    def seconds(self) -> float:
        """The film's length in seconds."""
        return self.frames / self.fps


def plan(story: Story) -> Timeline:
    """Plan a story's film."""
    fps = story.film.fps
    edges = frame_edges([page.samples for page in story.pages], fps)
    if last := story.pages[-1].narration:  # without a gap it may end after the exact sum: it began with its picture
        edges[-1] = max(edges[-1], -(-(first_sample(edges[-2], fps) + last.samples) * fps // SAMPLE_RATE))
    spans = tuple(Span(page, first, end - first) for page, (first, end) in enumerate(itertools.pairwise(edges)))
    cues = tuple(
        Cue(span.page, first_sample(span.first, fps), narration.samples)
        for span in spans
        if (narration := story.pages[span.page].narration)
    )
    return Timeline(fps, canvas(story.film.size, story.pages), spans, cues)


def frame_edges(lengths: Sequence[int], fps: int) -> list[int]:
    """The frames at which pages of these lengths (samples) begin, and the frame after the last.

    Each edge is the exact one rounded to the nearest frame; the last is rounded up, so that no sound is cut; each page gets one
    frame at least.
    """
    edges, exact = [0], 0
    for length in lengths:
        exact += length
        nearest = (2 * exact * fps + SAMPLE_RATE) // (2 * SAMPLE_RATE)
        edges.append(max(nearest, edges[-1] + 1))
    edges[-1] = max(-(-exact * fps // SAMPLE_RATE), edges[-1])
    return edges


def first_sample(frame: int, fps: int) -> int:
    """The first sample that belongs to a frame or to a later one."""
    return -(-frame * SAMPLE_RATE // fps)


def canvas(size: str, pages: Sequence[Page]) -> Canvas:
    """The film's width and height in even pixels; "auto" is the size of the page with the most pixels."""
    if named := named_canvas(size):
        return named
    largest = max(pages, key=lambda page: page.width * page.height)
    longest, area = max(largest.width, largest.height), largest.width * largest.height
    scale = min(1.0, LARGEST_SIDE / longest, math.sqrt(LARGEST_AREA / area))
    width, height = _even(largest.width * scale), _even(largest.height * scale)
    while coded_area(width, height) > LARGEST_AREA:  # whole macroblocks may take a little more
        width, height = width - 2, height - 2
    return width, height


def _even(length: float) -> int:
    """The nearest even number of pixels that H.264 can store, 16 at least."""
    return max(16, 2 * round(length / 2))

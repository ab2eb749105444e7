"""When everything happens in a film: integer frames and samples, planned before anything is rendered.

Pages follow each other without rounding errors adding up: each picture changes at the frame nearest to the exact sum of the
pages before it, and each narration starts with its picture, to the sample. So no page is ever more than half a frame off. A
transition lies around the change, half of it before and half after: no narration moves for its sake.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from daemon.config import FilmSettings
from daemon.media.samples import SAMPLE_RATE
from daemon.options import LARGEST_AREA, LARGEST_SIDE, Canvas, coded_area, frame_rate, named_canvas
from daemon.story.model import Page, Story


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of frames in which page number `page` (from 0) is on the screen; `first` counts from 0.

    `into`: the page that it gives way to meanwhile. `caption`: lines that are drawn into the picture.
    """

    page: int
    first: int
    frames: int
    into: int | None = None
    caption: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.first + self.frames


@dataclass(frozen=True, slots=True)
class Cue:
    """A narration's place: page number `page` (from 0) sounds from sample `start` on for `samples` samples."""

    page: int
    start: int
    samples: int

    @property
    def end(self) -> int:
        """The sample after the last."""
        return self.start + self.samples


@dataclass(frozen=True, slots=True)
class Timeline:
    """The plan of a film: `fps` frames per second on a canvas of `size` pixels, sound at `SAMPLE_RATE`.

    `pages`: when it is which page's turn. `spans`: the same frames as they are rendered, cut further where something begins to
    move, or changes. `overlaps`: for each change of pages, how many frames before it and after it both are in sight.
    """

    fps: Fraction
    size: Canvas
    pages: tuple[Span, ...]
    spans: tuple[Span, ...]
    overlaps: tuple[int, ...]
    cues: tuple[Cue, ...]

    @property
    def frames(self) -> int:
        """Frames of the whole film."""
        return self.pages[-1].end

    @property
    def samples(self) -> int:
        """Samples of the whole film's sound."""
        return first_sample(self.frames, self.fps)

    @property
    def seconds(self) -> float:
        """The film's length in seconds."""
        return float(self.frames / self.fps)

    def shown(self, page: int) -> tuple[int, int]:
        """The first frame in which a page is in sight, and the frame after the last, transitions included."""
        turn = self.pages[page]
        before = self.overlaps[page - 1] if page else 0
        after = self.overlaps[page] if page < len(self.overlaps) else 0
        return turn.first - before, turn.end + after + (1 if after else 0)


def plan_timeline(story: Story) -> Timeline:
    """Plan a story's film."""
    film, fps = story.film, frame_rate(story.film.fps)
    edges = frame_edges([page.samples for page in story.pages], fps)
    if last := story.pages[
        -1
    ].narration:  # without a gap it may end after the exact sum: it began with its picture
        samples = first_sample(edges[-2], fps) + last.samples
        edges[-1] = max(edges[-1], math.ceil(samples * fps / SAMPLE_RATE))
    pages = tuple(
        Span(page, first, end - first)
        for page, (first, end) in enumerate(itertools.pairwise(edges))
    )
    overlaps = _overlaps(pages, film, fps)
    longest = round(film.keyframe_seconds * fps)
    spans = tuple(
        span for span in _spans(pages, overlaps) for span in _pieces(span, story, longest)
    )
    cues = tuple(
        Cue(turn.page, first_sample(turn.first, fps), narration.samples)
        for turn in pages
        if (narration := story.pages[turn.page].narration)
    )
    return Timeline(fps, canvas(film.size, story.pages), pages, spans, overlaps, cues)


def frame_edges(lengths: Sequence[int], fps: Fraction) -> list[int]:
    """The frames at which pages of these lengths (samples) begin, and the frame after the last.

    Each edge is the exact one rounded to the nearest frame; the last is rounded up, so that no sound is cut; each page gets one
    frame at least.
    """
    edges, exact = [0], 0
    for length in lengths:
        exact += length
        edges.append(max(math.floor(exact * fps / SAMPLE_RATE + Fraction(1, 2)), edges[-1] + 1))
    edges[-1] = max(math.ceil(exact * fps / SAMPLE_RATE), edges[-1])
    return edges


def first_sample(frame: int, fps: Fraction) -> int:
    """The first sample that belongs to a frame or to a later one."""
    return math.ceil(frame * SAMPLE_RATE / fps)


def _overlaps(pages: Sequence[Span], film: FilmSettings, fps: Fraction) -> tuple[int, ...]:
    """For each change, the frames on either side of it that a transition takes; short pages keep a frame of their own."""
    wanted = 0 if film.transition == "cut" else max(1, round(film.transition_seconds * fps / 2))
    return tuple(
        max(0, min(wanted, (min(a.frames, b.frames) - 2) // 2))
        for a, b in itertools.pairwise(pages)
    )


def _spans(pages: Sequence[Span], overlaps: Sequence[int]) -> Iterator[Span]:
    """Pages alone, and between them transitions: of `overlap` frames, the first of the new page, and `overlap` more."""
    begin = 0
    for turn, overlap in zip(pages, [*overlaps, 0], strict=True):
        yield Span(turn.page, begin, turn.end - overlap - begin)
        begin = turn.end
        if overlap:
            yield Span(turn.page, turn.end - overlap, 2 * overlap + 1, into=turn.page + 1)
            begin = turn.end + overlap + 1


def _pieces(span: Span, story: Story, longest: int) -> Iterator[Span]:
    """A span that moves, in pieces of about the same length: each is rendered and held in memory as a whole."""
    if story.pages[span.page].motion == "none" or span.into is not None:
        yield span
        return
    count = -(-span.frames // longest)
    edges = [span.first + span.frames * number // count for number in range(count + 1)]
    for first, end in itertools.pairwise(edges):
        yield Span(span.page, first, end - first)


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


def quarter(size: Canvas) -> Canvas:
    """A canvas with a quarter of the pixels."""
    return _even(size[0] / 2), _even(size[1] / 2)


def _even(length: float) -> int:
    """The nearest even number of pixels that H.264 can store, 16 at least."""
    return max(16, 2 * round(length / 2))

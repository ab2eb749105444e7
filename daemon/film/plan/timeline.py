"""When everything happens in a film: integer frames and samples, planned before rendering.

Rounding errors do not add up. Each picture changes at the frame nearest to the exact sum of the
pages before it, so no page is ever more than half a frame off. Each narration starts with its
picture, to the sample. A transition straddles the page change; narrations are never shifted.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from daemon.config import FilmSettings
from daemon.media.samples import SAMPLE_RATE
from daemon.options import LARGEST_AREA, LARGEST_SIDE, Canvas, coded_area, frame_rate, named_canvas
from daemon.story import Page, Story


@dataclass(frozen=True, slots=True)
class Span:
    """`frames` frames in which page number `page` (from 0) is on the screen; `first` counts from 0.

    `into`: the page that it changes into during a transition. `caption`: lines that are drawn into
    the picture.
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

    def cut(self, frames: Iterable[int]) -> Iterator["Span"]:
        """The span in pieces: a new one begins at each of these frames, which must rise.

        Frames outside the span cut nothing.
        """
        inside = [frame for frame in frames if self.first < frame < self.end]
        for first, end in itertools.pairwise([self.first, *inside, self.end]):
            yield dataclasses.replace(self, first=first, frames=end - first)


@dataclass(frozen=True, slots=True)
class Cue:
    """A narration's place: page number `page` (from 0), `samples` samples from `start` on."""

    page: int
    start: int
    samples: int

    @property
    def end(self) -> int:
        """The sample after the last."""
        return self.start + self.samples


@dataclass(frozen=True, slots=True)
class Timeline:
    """A film of `fps` frames per second on a canvas of `size` pixels, with sound at `SAMPLE_RATE`.

    `pages`: each page's turn, from change to change. `spans`: the same frames as they are rendered:
    turns cut at transitions and captions, and long moving pages cut into pieces. `overlaps`: for
    each page change, the number of frames before it, and after it, in which both pages are visible.
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
        """The first frame in which a page is visible, and the frame after the last.

        Transitions are included.
        """
        turn = self.pages[page]
        first = turn.first
        end = turn.end
        if page > 0:
            first -= self.overlaps[page - 1]
        if page < len(self.overlaps) and self.overlaps[page]:
            end += self.overlaps[page] + 1
        return first, end


# ---- from a story to its timeline ----------------------------------------------------------------


def plan_timeline(story: Story) -> Timeline:
    """Plan when everything happens in a story's film."""
    film = story.film
    fps = frame_rate(film.fps)
    turns = page_turns(story.pages, fps)
    overlaps = page_overlaps(turns, film, fps)
    longest = round(film.keyframe_seconds * fps)
    return Timeline(
        fps=fps,
        size=canvas(film.size, story.pages),
        pages=turns,
        spans=tuple(_spans(story.pages, turns, overlaps, longest)),
        overlaps=overlaps,
        cues=tuple(_cues(story.pages, turns, fps)),
    )


def page_turns(pages: Sequence[Page], fps: Fraction) -> tuple[Span, ...]:
    """The frames of each page, from the change to it to the change to the next one."""
    edges = frame_edges([page.samples for page in pages], fps)
    last = pages[-1].narration
    if last:  # without a gap it may end after the exact sum, because it begins with its picture
        end = first_sample(edges[-2], fps) + last.samples
        edges[-1] = max(edges[-1], math.ceil(end * fps / SAMPLE_RATE))
    return tuple(
        Span(page, first, end - first)
        for page, (first, end) in enumerate(itertools.pairwise(edges))
    )


def frame_edges(lengths: Sequence[int], fps: Fraction) -> list[int]:
    """The frames at which pages of these lengths (in samples) begin, and the frame after the last.

    Each edge is the exact one rounded to the nearest frame. The last is rounded up, so that no
    sound is cut. Each page gets at least one frame.
    """
    edges = [0]
    exact = 0
    for length in lengths:
        exact += length
        edges.append(max(nearest_frame(exact, fps), edges[-1] + 1))
    edges[-1] = max(math.ceil(exact * fps / SAMPLE_RATE), edges[-1])
    return edges


def page_overlaps(turns: Sequence[Span], film: FilmSettings, fps: Fraction) -> tuple[int, ...]:
    """For each page change, the number of frames before it, and after it, that a transition takes.

    Short pages keep a frame of their own.
    """
    wanted = 0 if film.transition == "cut" else max(1, round(film.transition_seconds * fps / 2))
    return tuple(
        max(0, min(wanted, (min(leaving.frames, coming.frames) - 2) // 2))
        for leaving, coming in itertools.pairwise(turns)
    )


def _spans(
    pages: Sequence[Page], turns: Sequence[Span], overlaps: Sequence[int], longest: int
) -> Iterator[Span]:
    """Pages alone, and transitions between them.

    A page that moves is cut into pieces of similar length, at most `longest` frames: each is
    rendered, and held in memory, as a whole. A transition has `overlap` frames of the old page, the
    first of the new page, and `overlap` more.
    """
    begin = 0
    for turn, overlap in zip(turns, [*overlaps, 0], strict=True):
        alone = Span(turn.page, begin, turn.end - overlap - begin)
        pieces = 1 if pages[turn.page].motion == "none" else -(-alone.frames // longest)
        yield from alone.cut(begin + alone.frames * piece // pieces for piece in range(1, pieces))

        begin = turn.end
        if overlap:
            yield Span(turn.page, turn.end - overlap, 2 * overlap + 1, into=turn.page + 1)
            begin = turn.end + overlap + 1


def _cues(pages: Sequence[Page], turns: Sequence[Span], fps: Fraction) -> Iterator[Cue]:
    for page, turn in zip(pages, turns, strict=True):
        if page.narration:
            yield Cue(turn.page, first_sample(turn.first, fps), page.narration.samples)


# ---- frames and samples --------------------------------------------------------------------------


def first_sample(frame: int, fps: Fraction) -> int:
    """The first sample that belongs to a frame or to a later one."""
    return math.ceil(frame * SAMPLE_RATE / fps)


def nearest_frame(sample: int, fps: Fraction) -> int:
    """The frame that begins nearest to a sample; of two, the later one."""
    return math.floor(sample * fps / SAMPLE_RATE + Fraction(1, 2))


# ---- canvas --------------------------------------------------------------------------------------


def canvas(size: str, pages: Sequence[Page]) -> Canvas:
    """The film's size in even pixels; "auto" is the size of the page with the most pixels."""
    if named := named_canvas(size):
        return named
    largest = max(pages, key=lambda page: page.width * page.height)
    longest = max(largest.width, largest.height)
    area = largest.width * largest.height
    scale = min(1.0, LARGEST_SIDE / longest, math.sqrt(LARGEST_AREA / area))

    width = even(largest.width * scale)
    height = even(largest.height * scale)
    while coded_area(width, height) > LARGEST_AREA:  # whole macroblocks may take a little more
        width -= 2
        height -= 2
    return width, height


def quarter(size: Canvas) -> Canvas:
    """A canvas with a quarter of the pixels."""
    width, height = size
    return even(width / 2), even(height / 2)


def even(length: float) -> int:
    """The nearest even number of pixels that H.264 can store: 16 or more."""
    return max(16, 2 * round(length / 2))

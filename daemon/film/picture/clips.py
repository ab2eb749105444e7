"""The pictures of a film as moviepy clips, built one span at a time, when a writer asks for it.

A page that stands still is an `ImageClip` of its final frame, so that a writer can encode it once.
A moving page or a transition is a `MovingClip`: a `VideoClip` that also gives its frames as planes.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from moviepy import ImageClip, VideoClip

from daemon.film.picture import pages, planes
from daemon.film.picture.camera import Camera, enlarged, view
from daemon.film.picture.captions import caption_layer
from daemon.film.picture.layer import Layer
from daemon.film.picture.planes import Frame, Overlay, Planes
from daemon.film.picture.transitions import TRANSITIONS
from daemon.film.plan import Plan
from daemon.film.plan.timeline import Span
from daemon.options import Canvas

Made = TypeVar("Made")

PAGES_KEPT = 3
"""Pages whose pictures stay in memory: the one before, this one, and the next."""

Drawer = Callable[[int], Planes]
"""Draws a frame of the film, by its number."""


class MovingClip(VideoClip):  # type: ignore[misc]  # moviepy publishes no types
    """The clip of a span, drawn frame by frame as planes; `size` in pixels."""

    def __init__(self, draw: Drawer, span: Span, size: Canvas, fps: float) -> None:
        super().__init__(duration=span.frames / fps)
        self._draw = draw
        self._span = span
        self._fps = fps
        self.size = size
        self.frame_function = self._frame_at

    def planes(self, number: int) -> Planes:
        """Frame `number` of the clip, counted from 0."""
        return self._draw(self._span.first + number)

    def _frame_at(self, seconds: float) -> Frame:
        """The frame at a time of the clip.

        moviepy asks for frame k at k/fps, or half a frame later. A quarter of a frame is added, so
        that no rounding error gives another number.
        """
        number = int(seconds * self._fps + 0.25)
        return planes.to_rgb(self.planes(min(number, self._span.frames - 1)))


class _Kept(Generic[Made]):
    """Makes something for each page once, and keeps it for the last few pages.

    A page's own spans and both its transitions share it. Threads that ask for the same page wait
    for the one that makes it.
    """

    def __init__(self, make: Callable[[int], Made]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._futures: dict[int, Future[Made]] = {}

    def get(self, page: int) -> Made:
        """What belongs to a page. Raises what making it raises."""
        with self._lock:
            is_first = page not in self._futures
            future = self._futures.setdefault(page, Future())
            for oldest in list(self._futures)[:-PAGES_KEPT]:
                del self._futures[oldest]

        if is_first:
            try:
                future.set_result(self._make(page))
            except BaseException as error:
                future.set_exception(error)
        return future.result()


class Studio:
    """Makes the clips of one film."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._size = plan.timeline.size
        self._drawers: _Kept[Drawer] = _Kept(self._drawer)
        self._stills: _Kept[Frame] = _Kept(lambda page: self._drawn(page, self._size))

    def clip(self, span: Span) -> VideoClip:
        """A clip as long as the span. Raises UnreadableMedia when a picture does not decode."""
        fps = float(self._plan.timeline.fps)
        words = None
        if span.caption:
            style = self._plan.story.film.caption_style
            words = caption_layer(span.caption, self._size, self._plan.typeface, style)

        if span.into is None and not self._moves(span.page):
            frame = self.at_rest(span.page)
            if words:
                frame = pages.with_words(frame, words)
            return ImageClip(frame, duration=span.frames / fps)

        if span.into is None:
            draw = self._drawers.get(span.page)
        else:
            draw = self._transition(span.page, span.into)
        if words:
            draw = _with_words(draw, words)
        return MovingClip(draw, span, self._size, fps)

    def at_rest(self, page: int) -> Frame:
        """Page number `page` (from 0) without motion and captions.

        Raises UnreadableMedia when its picture does not decode.
        """
        return self._stills.get(page)

    def _drawn(self, page: int, size: Canvas) -> Frame:
        story = self._plan.story
        return pages.page_frame(story, story.pages[page], size, self._plan.typeface)

    def _moves(self, page: int) -> bool:
        return self._plan.motions[page] != "none"

    def _drawer(self, page: int) -> Drawer:
        """What draws a page, from its first visible frame to its last, transitions included."""
        if not self._moves(page):
            still = planes.from_rgb(self.at_rest(page))
            return lambda _: still
        first, end = self._plan.timeline.shown(page)
        motion = self._plan.motions[page]
        picture = planes.from_rgb(self._drawn(page, enlarged(self._size)))
        camera = Camera(picture, self._size)
        steps = max(1, end - 1 - first)
        return lambda frame: camera.frame(view(motion, (frame - first) / steps))

    def _transition(self, page: int, into: int) -> Drawer:
        """What draws the change from one page to the next."""
        timeline = self._plan.timeline
        transition = TRANSITIONS[self._plan.story.film.transition]
        leaving = self._drawers.get(page)
        coming = self._drawers.get(into)
        change = timeline.pages[page].end
        steps = timeline.overlaps[page] + 1
        return lambda frame: transition(
            lambda: leaving(frame), lambda: coming(frame), frame - change, steps
        )


def _with_words(draw: Drawer, words: Layer) -> Drawer:
    overlay = Overlay.of(words.image, words.left, words.top)
    return lambda frame: overlay.drawn_on(draw(frame))

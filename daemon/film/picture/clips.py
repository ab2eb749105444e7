"""The pictures of a film as moviepy clips, built one span at a time, when a writer asks for it.

A page that stands still is an `ImageClip` of its final frame, and whoever writes the film encodes it
once. A page that moves, or gives way to another, is a `MovingClip`: a `VideoClip` that can also be asked
for its frames as planes.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from moviepy import ImageClip, VideoClip

from daemon.film.picture import letters, pages, planes
from daemon.film.picture.camera import Camera, enlarged, view
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
    """A clip of `frames` frames, drawn as planes: `planes(k)` is frame k of the clip."""

    def __init__(self, draw: Drawer, span: Span, size: Canvas, fps: float) -> None:
        super().__init__(duration=span.frames / fps)
        self._draw = draw
        self._span = span
        self.size = size
        # moviepy asks at k/fps, or half a frame later; a quarter of a frame before either, no
        # rounding error changes the number
        self.frame_function = lambda t: planes.to_rgb(
            self.planes(min(int(t * fps + 0.25), span.frames - 1))
        )

    def planes(self, number: int) -> Planes:
        """Frame `number` of the clip."""
        return self._draw(self._span.first + number)


class _Kept(Generic[Made]):
    """What was made for the last few pages: a page's still, its motion and its transitions share it.

    Threads that ask for the same page wait for the one that makes it.
    """

    def __init__(self, make: Callable[[int], Made]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._futures: dict[int, Future[Made]] = {}

    def get(self, page: int) -> Made:
        """What belongs to a page. Raises what making it raises."""
        with self._lock:
            future = self._futures.get(page)
            is_first = future is None
            if future is None:
                future = self._futures[page] = Future()
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
        """The clip of a span, as long as it. Raises UnreadableMedia when a picture does not decode."""
        fps = float(self._plan.timeline.fps)
        if span.into is not None:
            draw = self._transition(span.page, span.into)
        elif self._moves(span.page):
            draw = self._drawers.get(span.page)
        else:
            return ImageClip(self._still(span), duration=span.frames / fps)
        return MovingClip(self._captioned(span, draw), span, self._size, fps)

    def at_rest(self, page: int) -> Frame:
        """Page number `page` (from 0) as it stands, without captions. Raises UnreadableMedia."""
        return self._stills.get(page)

    def _drawn(self, page: int, size: Canvas) -> Frame:
        story = self._plan.story
        return pages.page_frame(story, story.pages[page], size, self._plan.typeface)

    def _moves(self, page: int) -> bool:
        return self._plan.motions[page] != "none"

    def _still(self, span: Span) -> Frame:
        frame = self.at_rest(span.page)
        return pages.with_words(frame, self._caption(span)) if span.caption else frame

    def _drawer(self, page: int) -> Drawer:
        """Draws a page, from the frame that it comes into sight to the one in which it goes."""
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
        """Draws the change from one page to the next."""
        timeline = self._plan.timeline
        transition = TRANSITIONS[self._plan.story.film.transition]
        leaving = self._drawers.get(page)
        coming = self._drawers.get(into)
        change = timeline.pages[page].end
        steps = timeline.overlaps[page] + 1
        return lambda frame: transition(
            lambda: leaving(frame), lambda: coming(frame), frame - change, steps
        )

    def _captioned(self, span: Span, draw: Drawer) -> Drawer:
        if not span.caption:
            return draw
        layer = self._caption(span)
        overlay = Overlay.of(layer.image, layer.left, layer.top)
        return lambda frame: overlay.drawn_on(draw(frame))

    def _caption(self, span: Span) -> letters.Layer:
        style = self._plan.story.film.caption_style
        return letters.caption_layer(span.caption, self._size, self._plan.typeface, style)

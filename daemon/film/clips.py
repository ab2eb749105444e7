"""The pictures of a film as moviepy clips, built one span at a time, when a writer asks for it.

A page that stands still is an `ImageClip` of its final frame, and what writes the film encodes it once. A page that moves, or
gives way to another, is a `MovingClip`: a `VideoClip` that can also be asked for its frames as planes.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from moviepy import ImageClip, VideoClip

from daemon.config import Canvas
from daemon.film import lettering, motion, pictures, planes
from daemon.film.lettering import Typeface
from daemon.film.planes import Frame, Overlay, Planes
from daemon.film.timeline import Span, Timeline
from daemon.story import Story

Made = TypeVar("Made")

PAGES_KEPT = 3
"""Pages whose pictures stay at hand: the one before, this one, and the next."""

Drawer = Callable[[int], Planes]
"""Draws a frame of the film, by its number."""


class MovingClip(VideoClip):  # type: ignore[misc]  # moviepy publishes no types
    """A clip of `frames` frames, drawn as planes: `planes(k)` is frame k of the clip."""

    def __init__(self, draw: Drawer, span: Span, size: Canvas, fps: float) -> None:
        super().__init__(duration=span.frames / fps)
        self._draw, self._span, self.size = draw, span, size
        # `reference` asks at k/fps, or half a frame later: a quarter before either, no rounding error changes the frame
        self.frame_function = lambda t: planes.to_rgb(self.planes(min(int(t * fps + 0.25), span.frames - 1)))

    def planes(self, number: int) -> Planes:
        """Frame `number` of the clip."""
        return self._draw(self._span.first + number)


class _Kept(Generic[Made]):
    """What was made for the last few pages: a page is at rest or moves, and gives way to its neighbours, in spans of its own.

    Threads that ask for the same page wait for the one that makes it.
    """

    def __init__(self, make: Callable[[int], Made]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._futures: dict[int, Future[Made]] = {}

    def get(self, page: int) -> Made:
        """What belongs to a page. Raises what making it raises."""
        with self._lock:
            future = self._futures.get(page)
            if is_first := future is None:
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
    """Makes the clips of one film. `face` is what its words are set in."""

    def __init__(self, story: Story, timeline: Timeline, face: Typeface) -> None:
        self._story, self._timeline, self._face = story, timeline, face
        self._drawers: _Kept[Drawer] = _Kept(self._drawer)
        self._posters: _Kept[Frame] = _Kept(self._frame)

    def clip(self, span: Span) -> VideoClip:
        """A span's clip, with the span's length. Raises UnreadableMedia when a page's picture does not decode."""
        fps = float(self._timeline.fps)
        if span.into is not None:
            draw = self._transition(span, self._drawers.get(span.page), self._drawers.get(span.into))
        elif self._moves(span.page):
            draw = self._drawers.get(span.page)
        else:
            return ImageClip(self._still(span), duration=span.frames / fps)
        return MovingClip(self._captioned(span, draw), span, self._timeline.size, fps)

    def poster(self, page: int) -> Frame:
        """Page number `page` (from 0) as it stands, without captions."""
        return self._posters.get(page)

    def _frame(self, page: int) -> Frame:
        return pictures.page_frame(self._story, self._story.pages[page], self._timeline.size, self._face)

    def _moves(self, page: int) -> bool:
        return self._story.pages[page].motion != "none"

    def _still(self, span: Span) -> Frame:
        frame = self.poster(span.page)
        return pictures.with_words(frame, self._caption(span)) if span.caption else frame

    def _drawer(self, number: int) -> Drawer:
        """Draws a page, from where it comes into sight to where it has gone."""
        page, size = self._story.pages[number], self._timeline.size
        if not self._moves(number):
            still = planes.from_rgb(self.poster(number))
            return lambda _: still
        first, end = self._timeline.shown(number)
        moving = motion.chosen(page.motion, number, self._story.seed)
        picture = pictures.page_frame(self._story, page, motion.enlarged(size), self._face)
        camera = motion.Camera(planes.from_rgb(picture), size)
        return lambda frame: camera.frame(motion.view(moving, (frame - first) / max(1, end - 1 - first)))

    def _transition(self, span: Span, leaving: Drawer, coming: Drawer) -> Drawer:
        """One page gives way to the other: at the middle frame, both have the same share of the picture, or it is black.

        The span may be a part of the transition only, where words change in the midst of it.
        """
        middle, steps = self._timeline.pages[span.page].end, self._timeline.overlaps[span.page] + 1

        def crossfade(frame: int) -> Planes:
            return planes.mixed(leaving(frame), coming(frame), (frame - middle + steps) / (2 * steps))

        def through_black(frame: int) -> Planes:
            return planes.mixed(dark, leaving(frame) if frame < middle else coming(frame), abs(frame - middle) / steps)

        dark = planes.black(self._timeline.size)
        return through_black if self._story.film.transition == "fade-black" else crossfade

    def _captioned(self, span: Span, draw: Drawer) -> Drawer:
        if not span.caption:
            return draw
        layer = self._caption(span)
        overlay = Overlay.of(layer.image, layer.left, layer.top)
        return lambda frame: overlay.drawn_on(draw(frame))

    def _caption(self, span: Span) -> lettering.Layer:
        return lettering.caption_layer(span.caption, self._timeline.size, self._face, self._story.film.caption_style)

"""The pictures of a film as moviepy clips, built one span at a time, when a writer asks for it.

A page that stands still is an `ImageClip` of its final frame, and what writes the film encodes it once. A page that moves, or
gives way to another, is a `MovingClip`: a `VideoClip` that can also be asked for its frames as planes.
"""

from collections.abc import Callable

from moviepy import ImageClip, VideoClip

from daemon.config import Canvas
from daemon.film import lettering, motion, pictures, planes
from daemon.film.lettering import Typeface
from daemon.film.planes import Frame, Overlay, Planes
from daemon.film.timeline import Span, Timeline
from daemon.story import Story

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


class Studio:
    """Makes the clips of one film. `face` is what its words are set in."""

    def __init__(self, story: Story, timeline: Timeline, face: Typeface) -> None:
        self._story, self._timeline, self._face = story, timeline, face

    def clip(self, span: Span) -> VideoClip:
        """A span's clip, with the span's length. Raises UnreadableMedia when a page's picture does not decode."""
        fps = float(self._timeline.fps)
        if span.into is not None:
            draw = self._transition(span, self._page(span.page), self._page(span.into))
        elif self._moves(span.page):
            draw = self._page(span.page)
        else:
            return ImageClip(self._still(span), duration=span.frames / fps)
        return MovingClip(self._captioned(span, draw), span, self._timeline.size, fps)

    def poster(self, page: int) -> Frame:
        """Page number `page` (from 0) as it stands, without captions."""
        return pictures.page_frame(self._story, self._story.pages[page], self._timeline.size, self._face)

    def _moves(self, page: int) -> bool:
        return self._story.pages[page].motion != "none"

    def _still(self, span: Span) -> Frame:
        frame = self.poster(span.page)
        return pictures.with_words(frame, self._caption(span)) if span.caption else frame

    def _page(self, number: int) -> Drawer:
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

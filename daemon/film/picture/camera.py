"""How a picture moves: a camera that glides over it, eased, in parts of a pixel.

The picture is made once, larger than the canvas, and the camera never looks closer than its pixels. Each frame is one bicubic
resampling of it, at positions exact to some hundredths of a pixel: nothing judders, nothing shimmers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from daemon.film.picture import planes
from daemon.film.picture.planes import Planes
from daemon.options import Canvas, Motion

REACH = 1.15
"""How much nearer the camera comes, or how much wider than the canvas the picture is that it pans over."""
ENLARGED = 1.24
"""How much larger than the canvas the picture is made. Not `REACH` itself: where scales are near one, `_cut` has no choice."""
SPARE = 64
BORDER = 128
"""Pixels that are resized beyond the canvas, to choose from; and pixels that the picture's edges are repeated for: more."""


@dataclass(frozen=True, slots=True)
class View:
    """What the camera sees: `zoom` (1: all of the picture), around the point (x, y) given as shares of the picture's sides."""

    zoom: float
    x: float
    y: float


def eased(progress: float) -> float:
    """Half a cosine: from 0 to 1, starting and ending without a jerk."""
    return (1 - math.cos(math.pi * progress)) / 2


def view(motion: Motion, progress: float) -> View:
    """The camera's view when `progress` (0 to 1) of the page has gone by."""
    return MOTIONS[motion](eased(progress))


def _pan(start: View, end: View) -> Callable[[float], View]:
    return lambda way: View(
        start.zoom + (end.zoom - start.zoom) * way,
        start.x + (end.x - start.x) * way,
        start.y + (end.y - start.y) * way,
    )


_NEAREST = 0.5 / REACH
"""The nearest to an edge that the middle of the view may come, as a share of the side."""
_WHOLE = View(1.0, 0.5, 0.5)
_CLOSE = View(REACH, 0.5, 0.5)
_LEFT = View(REACH, _NEAREST, 0.5)
_RIGHT = View(REACH, 1 - _NEAREST, 0.5)
_TOP = View(REACH, 0.5, _NEAREST)
_BOTTOM = View(REACH, 0.5, 1 - _NEAREST)

MOTIONS: Mapping[Motion, Callable[[float], View]] = {
    "none": _pan(_WHOLE, _WHOLE),
    "zoom-in": _pan(_WHOLE, _CLOSE),
    "zoom-out": _pan(_CLOSE, _WHOLE),
    "pan-right": _pan(_LEFT, _RIGHT),
    "pan-left": _pan(_RIGHT, _LEFT),
    "pan-down": _pan(_TOP, _BOTTOM),
    "pan-up": _pan(_BOTTOM, _TOP),
}
"""The view when a share of the way, 0 to 1, is done. "auto" is none of them: the plan decides it."""


def enlarged(size: Canvas) -> Canvas:
    """The size of the picture that the camera moves over, in even pixels.

    Of the canvas's own proportions to half a pixel: what fills the one fills the other, without a hairline at its edge.
    """
    longest, shortest = max(size), min(size)
    long = 2 * math.ceil(longest * ENLARGED / 2)
    while True:  # no further than twice the canvas, which is of its proportions
        short = 2 * round(long * shortest / longest / 2)
        if (round(long * shortest / longest), round(short * longest / shortest)) == (short, long):
            return (long, short) if size[0] == longest else (short, long)
        long += 2


class Camera:
    """Looks at a picture of `enlarged(size)` pixels through a canvas of `size` pixels."""

    def __init__(self, picture: Planes, size: Canvas) -> None:
        self._enlarged, self._size = planes.size_of(picture), size
        self._picture = [_bordered(plane) for plane in planes.split(picture)]

    def frame(self, seen: View) -> Planes:
        """The canvas with what is seen."""
        (across, left), (down, top) = (
            self._line(0, seen.zoom, seen.x),
            self._line(1, seen.zoom, seen.y),
        )
        frame = np.empty((self._size[1] * 3 // 2, self._size[0]), np.uint8)
        luma, *chroma = planes.split(frame)
        _resample(self._picture[0], luma, _Line(across, left), _Line(down, top))
        # a sample of chroma lies on every second column, and between every second pair of rows
        for source, target in zip(self._picture[1:], chroma, strict=True):
            _resample(
                source, target, _Line(across, left / 2), _Line(down, (top + down / 2 - 0.5) / 2)
            )
        return frame

    def _line(self, axis: int, zoom: float, middle: float) -> tuple[float, float]:
        """Along one axis: the picture's pixels from one pixel of the canvas to the next, and the place of the first one."""
        step = self._enlarged[axis] / self._size[axis] / zoom
        return step, middle * self._enlarged[axis] - (self._size[axis] - 1) / 2 * step - 0.5


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a line of pixels is taken from: pixel x at `step` × x + `first` of the source."""

    step: float
    first: float


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a line comes about: `length` pixels of the source from `start` on are resized to `resized`, and `skipped` dropped."""

    start: int
    length: int
    resized: int
    skipped: int


def _cut(line: _Line, pixels: int) -> _Cut:
    """The cut whose pixels lie nearest to where a line of so many pixels wants them.

    OpenCV's `resize` is five times as fast as its `warpAffine`, but takes whole pixels of the source only. Resizing a little
    more than is wanted, and cropping, gives hundreds of pairs of whole numbers to choose from: for one of them both the scale
    and the place are right to some hundredths of a pixel.
    """
    resized = np.arange(pixels, pixels + SPARE)[:, None]
    length = np.rint(resized * line.step)
    step, skipped = length / resized, np.arange(SPARE)[None, :]
    offset = (skipped + 0.5) * step - 0.5
    start = np.rint(line.first + (line.step - step) * (pixels - 1) / 2 - offset)
    at_first = start + offset - line.first
    at_last = at_first + (step - line.step) * (pixels - 1)
    error = np.where(skipped <= resized - pixels, np.maximum(abs(at_first), abs(at_last)), np.inf)
    row, column = np.unravel_index(np.argmin(error), error.shape)
    return _Cut(int(start[row, column]), int(length[row, 0]), int(resized[row, 0]), int(column))


def _resample(source: Planes, target: Planes, across: _Line, down: _Line) -> None:
    """Fill `target` from a bordered source."""
    height, width = target.shape
    x, y = _cut(across, width), _cut(down, height)
    part = source[
        BORDER + y.start : BORDER + y.start + y.length,
        BORDER + x.start : BORDER + x.start + x.length,
    ]
    resized = cv2.resize(part, (x.resized, y.resized), interpolation=cv2.INTER_CUBIC)
    target[:] = resized[y.skipped : y.skipped + height, x.skipped : x.skipped + width]


def _bordered(plane: Planes) -> Planes:
    """A plane with its edges repeated around it: a cut may reach over them before it is cropped."""
    bordered = cv2.copyMakeBorder(plane, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)
    return bordered.astype(np.uint8, copy=False)

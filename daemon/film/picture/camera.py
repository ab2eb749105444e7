"""How a picture moves: a camera glides over it, starting and stopping gently.

The picture is made once, larger than the canvas, and the camera never comes closer than its pixels.
Each frame is one bicubic resampling of it, at positions exact to some hundredths of a pixel:
nothing judders, nothing shimmers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from daemon.film.picture import planes
from daemon.film.picture.planes import Planes
from daemon.options import Canvas, Motion

# ---- where the camera looks ----------------------------------------------------------------------

REACH = 1.15
"""How much closer the camera comes when it zooms. A pan keeps this zoom: it needs the room."""


@dataclass(frozen=True, slots=True)
class View:
    """What the camera sees.

    `zoom`: 1 shows all of the picture. (x, y): the middle of the view, as shares of the picture's
    sides.
    """

    zoom: float
    x: float
    y: float


def view(motion: Motion, progress: float) -> View:
    """The camera's view when a share of the page's time, 0 to 1, has passed. Not for "auto"."""
    return MOTIONS[motion](eased(progress))


def eased(progress: float) -> float:
    """Half a cosine: from 0 to 1, starting and ending without a jerk."""
    return (1 - math.cos(math.pi * progress)) / 2


def straight(start: View, end: View) -> Callable[[float], View]:
    """The straight way from one view to another: the view at a share of it, 0 to 1."""
    return lambda way: View(
        start.zoom + (end.zoom - start.zoom) * way,
        start.x + (end.x - start.x) * way,
        start.y + (end.y - start.y) * way,
    )


NEAREST = 0.5 / REACH
"""How near to an edge the middle of a view at `REACH` may come, as a share of the side."""

WHOLE = View(1.0, 0.5, 0.5)
CLOSE = View(REACH, 0.5, 0.5)
LEFT = View(REACH, NEAREST, 0.5)
RIGHT = View(REACH, 1 - NEAREST, 0.5)
TOP = View(REACH, 0.5, NEAREST)
BOTTOM = View(REACH, 0.5, 1 - NEAREST)

MOTIONS: Mapping[Motion, Callable[[float], View]] = {
    "none": straight(WHOLE, WHOLE),
    "zoom-in": straight(WHOLE, CLOSE),
    "zoom-out": straight(CLOSE, WHOLE),
    "pan-right": straight(LEFT, RIGHT),
    "pan-left": straight(RIGHT, LEFT),
    "pan-down": straight(TOP, BOTTOM),
    "pan-up": straight(BOTTOM, TOP),
}
"""The view at a share of the way, 0 to 1. The plan has turned "auto" into one of these."""

# ---- the camera ----------------------------------------------------------------------------------

ENLARGED = 1.24
"""How much larger than the canvas the picture is made. Not just `REACH`: where a frame has nearly
the scale of the picture, `best_crop` has no choice."""
SPARE = 64
"""Pixels that a line is resized beyond the canvas at most, so that `best_crop` can choose."""
BORDER = 128
"""Pixels that the picture's edges are repeated for. A crop reaches over them less far than this."""


def enlarged(size: Canvas) -> Canvas:
    """The size of the picture that the camera moves over, in even pixels.

    It has the canvas's proportions to half a pixel: what fills the one fills the other, without a
    hairline at its edge.
    """
    longest, shortest = max(size), min(size)
    long = 2 * math.ceil(longest * ENLARGED / 2)
    while True:  # ends at twice the canvas, which has exactly its proportions
        short = 2 * round(long * shortest / longest / 2)
        if (round(long * shortest / longest), round(short * longest / shortest)) == (short, long):
            return (long, short) if size[0] == longest else (short, long)
        long += 2


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line of pixels comes from: pixel x from the source's pixel `step` × x + `first`."""

    step: float
    first: float


class Camera:
    """Looks at a picture of `enlarged(size)` pixels through a canvas of `size` pixels."""

    def __init__(self, picture: Planes, size: Canvas) -> None:
        self._enlarged = planes.size_of(picture)
        self._size = size
        self._picture = [bordered(plane) for plane in planes.split(picture)]

    def frame(self, seen: View) -> Planes:
        """The canvas with what is seen."""
        across = self.line(0, seen.zoom, seen.x)
        down = self.line(1, seen.zoom, seen.y)
        frame = np.empty((self._size[1] * 3 // 2, self._size[0]), np.uint8)
        luma, *chroma = planes.split(frame)
        resample(self._picture[0], luma, across, down)
        for source, target in zip(self._picture[1:], chroma, strict=True):
            resample(source, target, chroma_across(across), chroma_down(down))
        return frame

    def line(self, axis: int, zoom: float, middle: float) -> Line:
        """The line of luma along an axis (0: across, 1: down); `middle` is a share of the side."""
        step = self._enlarged[axis] / self._size[axis] / zoom
        first = middle * self._enlarged[axis] - (self._size[axis] - 1) / 2 * step - 0.5
        return Line(step, first)


def chroma_across(luma: Line) -> Line:
    """The line of chroma: a sample lies on every second column of luma."""
    return Line(luma.step, luma.first / 2)


def chroma_down(luma: Line) -> Line:
    """The line of chroma: a sample lies between every two rows of luma."""
    return Line(luma.step, (luma.first + luma.step / 2 - 0.5) / 2)


# ---- resampling ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crop:
    """How a line is made.

    `length` pixels of the source, from `start` on, are resized to `resized` pixels. The first
    `skipped` of these are dropped, and so are those after the line's end.
    """

    start: int
    length: int
    resized: int
    skipped: int


def best_crop(line: Line, pixels: int) -> Crop:
    """The crop whose pixels lie nearest to where a line of this many pixels wants them.

    OpenCV's `resize` is five times as fast as its `warpAffine`, but takes only whole pixels of the
    source. Resizing a little more than is wanted, and cropping, gives hundreds of pairs of whole
    numbers to choose from. For one of them both the scale and the place are right to some
    hundredths of a pixel.
    """
    resized = np.arange(pixels, pixels + SPARE)[:, None]
    skipped = np.arange(SPARE)[None, :]
    length = np.rint(resized * line.step)
    step = length / resized

    # the start for which the middle of the line is right; then the error that is left at its ends
    offset = (skipped + 0.5) * step - 0.5
    start = np.rint(line.first + (line.step - step) * (pixels - 1) / 2 - offset)
    at_first = start + offset - line.first
    at_last = at_first + (step - line.step) * (pixels - 1)
    error = np.where(skipped <= resized - pixels, np.maximum(abs(at_first), abs(at_last)), np.inf)

    row, column = np.unravel_index(np.argmin(error), error.shape)
    return Crop(int(start[row, column]), int(length[row, 0]), int(resized[row, 0]), int(column))


def resample(source: Planes, target: Planes, across: Line, down: Line) -> None:
    """Fill the plane `target` from `source`, which is `bordered`."""
    height, width = target.shape
    x = best_crop(across, width)
    y = best_crop(down, height)
    left, top = BORDER + x.start, BORDER + y.start
    part = source[top : top + y.length, left : left + x.length]
    resized = cv2.resize(part, (x.resized, y.resized), interpolation=cv2.INTER_CUBIC)
    target[:] = resized[y.skipped : y.skipped + height, x.skipped : x.skipped + width]


def bordered(plane: Planes) -> Planes:
    """A plane with its edges repeated around it: a crop may reach over them."""
    wider = cv2.copyMakeBorder(plane, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)
    return wider.astype(np.uint8, copy=False)

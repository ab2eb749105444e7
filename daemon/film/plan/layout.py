"""Where words may stand on a canvas, and how large captions are."""

from typing import NamedTuple

from daemon.options import Canvas

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the right and bottom ones are outside."""


class Shape(NamedTuple):
    """What differs between canvases; margins are parts of the width and the height."""

    side: float
    top: float
    bottom: float
    size: int
    """Captions are the shorter side divided by this."""
    letters: int
    """Letters in a line of a caption."""


LANDSCAPE = Shape(side=0.05, top=0.05, bottom=0.05, size=20, letters=42)
"""Margins: the graphics-safe area of EBU R 95 and the safe title area of SMPTE ST 2046-1, 90 % of the width and the height.

The line is as long as `captions.LINE`.
"""
SQUARE = Shape(side=0.06, top=0.06, bottom=0.06, size=18, letters=32)
"""Our choice: no standard speaks of squares, and feeds round off their corners."""
PORTRAIT = Shape(side=0.06, top=0.10, bottom=0.15, size=16, letters=28)
"""Our choice: telephone apps lay their buttons and the film's title over the lower part, their tabs over the upper one."""
PORTRAIT_BELOW, LANDSCAPE_ABOVE = 0.7, 1.2
"""Width by height: 2:3 is the squarest portrait, 5:4 the squarest landscape."""
LEAST_PIXELS = 8
"""Captions are not smaller than this unless they must be: smaller letters are blots."""


def safe_area(canvas: Canvas) -> Box:
    """Left, top, right and bottom in pixels: words stay within. The margins' sources stand with the shapes."""
    (width, height), form = canvas, shape(canvas)
    left, top, bottom = (
        round(width * form.side),
        round(height * form.top),
        round(height * form.bottom),
    )
    return left, top, width - left, height - bottom


def shape(canvas: Canvas) -> Shape:
    """Which of the three shapes a canvas is."""
    ratio = canvas[0] / canvas[1]
    if ratio > LANDSCAPE_ABOVE:
        return LANDSCAPE
    return PORTRAIT if ratio < PORTRAIT_BELOW else SQUARE


def caption_pixels(canvas: Canvas) -> int:
    """The size of a caption's letters in pixels."""
    return max(LEAST_PIXELS, round(min(canvas) / shape(canvas).size))

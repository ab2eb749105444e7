"""Where words may stand on a canvas, how large captions are, and how wide their lines.

Breaking lines (`lines`) and drawing them (`daemon.film.picture`) both ask here.
"""

from typing import NamedTuple

from daemon.options import Canvas

# ---- the safe area -------------------------------------------------------------------------------


class Box(NamedTuple):
    """A rectangle in pixels; the pixels at `right` and `bottom` are outside of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from the left edge to the right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from the top edge to the bottom."""
        return self.bottom - self.top


class Format(NamedTuple):
    """What differs between landscape, square and portrait canvases."""

    side_margin: float
    """On the left, and as much on the right: a share of the width."""
    top_margin: float
    bottom_margin: float
    """Shares of the height."""
    caption_divisor: int
    """A caption's letters are the canvas's shorter side divided by this."""
    caption_letters: int
    """Letters in a line of a caption."""


LANDSCAPE = Format(0.05, 0.05, 0.05, caption_divisor=20, caption_letters=42)
"""The margins leave 90 % of the width and the height: the graphics-safe area of EBU R 95, and the
safe title area of SMPTE ST 2046-1. The line is as long as `captions.LINE`."""
SQUARE = Format(0.06, 0.06, 0.06, caption_divisor=18, caption_letters=32)
"""Our choice: no standard speaks of squares, and feeds round off their corners."""
PORTRAIT = Format(0.06, 0.10, 0.15, caption_divisor=16, caption_letters=28)
"""Our choice: telephone apps cover the lower part with buttons and a title, the top with tabs."""

PORTRAIT_BELOW = 0.7
LANDSCAPE_ABOVE = 1.2
"""Width by height: 2:3 is the squarest portrait, 5:4 the squarest landscape."""


def format_of(canvas: Canvas) -> Format:
    """The format of a canvas."""
    width, height = canvas
    if width / height > LANDSCAPE_ABOVE:
        return LANDSCAPE
    if width / height < PORTRAIT_BELOW:
        return PORTRAIT
    return SQUARE


def safe_area(canvas: Canvas) -> Box:
    """The part of a canvas that words stay within: no screen cuts it off, and no app covers it."""
    width, height = canvas
    form = format_of(canvas)
    side = round(width * form.side_margin)
    top = round(height * form.top_margin)
    bottom = round(height * form.bottom_margin)
    return Box(side, top, width - side, height - bottom)


# ---- captions ------------------------------------------------------------------------------------

LEAST_CAPTION_PIXELS = 8
"""Smaller letters cannot be read. They are drawn only where a caption does not fit otherwise."""
LETTER_WIDTH = 0.48
"""Width of a letter of running English as a share of the font's size: measured 0.51 in DejaVu Sans,
0.44 in Pillow's font."""
STROKE = 1 / 14
"""Width of the dark stroke around a caption's letters, as a share of the font's size."""
BOX_PADDING = 0.32
"""From a caption's letters to the edge of their box, as a share of the font's size."""


def caption_pixels(canvas: Canvas) -> int:
    """The size of a caption's letters in pixels."""
    return max(LEAST_CAPTION_PIXELS, round(min(canvas) / format_of(canvas).caption_divisor))


def caption_measure(canvas: Canvas) -> float:
    """How wide a caption's line may be, in pixels.

    It stays within the safe area with its stroke or box, and has no more letters than is usual.
    """
    pixels = caption_pixels(canvas)
    edges = 2 * (pixels * max(STROKE, BOX_PADDING) + 1)
    usual = format_of(canvas).caption_letters * LETTER_WIDTH * pixels
    return min(safe_area(canvas).width - edges, usual)

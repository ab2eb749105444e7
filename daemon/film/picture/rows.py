"""Rows of words: how much room they take, the largest size at which they fit, and drawing them.

Captions and cards are both made of rows.
"""

import math
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from daemon.film.picture.layer import Layer
from daemon.film.plan.layout import Box
from daemon.media.letters import RIGHT_TO_LEFT
from daemon.media.typeface import is_shaped


class Row(NamedTuple):
    """A line of words, centred over x = 0. `baseline`: y in pixels; down is positive."""

    text: str
    font: FreeTypeFont
    baseline: int


# ---- room ----------------------------------------------------------------------------------------

PITCH = 1.22
"""From baseline to baseline as a share of the font's size, unless the font asks for more."""
SHRINK = 0.94
"""The next smaller size that is tried where words do not fit: the eye hardly notices the step."""


def pitch(font: FreeTypeFont) -> int:
    """Pixels from one baseline to the next."""
    return round(max(PITCH * font.size, sum(font.getmetrics())))


def usual_reach(font: FreeTypeFont) -> tuple[float, float]:
    """How far usual letters go above the baseline (negative) and below it, in pixels."""
    _, top, _, bottom = font.getbbox("dflgjpqy", anchor="ms")
    return top, bottom


def extent(rows: Sequence[Row], padding: float) -> Box:
    """The box that the rows cover with `padding`, a share of their font's size, around them.

    It is as high for "one" as for "July".
    """
    if not rows:
        return Box(0, 0, 0, 0)
    direction = reading_direction(rows)
    boxes = []
    for text, font, baseline in rows:
        left, top, right, bottom = font.getbbox(text, direction=direction, anchor="ms")
        usual_top, usual_bottom = usual_reach(font)
        pad = padding * font.size
        upper = baseline + min(top, usual_top) - pad
        lower = baseline + max(bottom, usual_bottom) + pad
        boxes.append((left - pad, upper, right + pad, lower))

    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    left, top = math.floor(min(lefts)), math.floor(min(tops))
    right, bottom = math.ceil(max(rights)), math.ceil(max(bottoms))
    return Box(left, top, right, bottom)


def largest_size(first: int, least: int, fits: Callable[[int], bool]) -> int:
    """The largest size from `first` pixels down to `least` for which `fits` is true; else `least`.

    What fits at one size must fit at every smaller one.
    """
    sizes = [first]
    while sizes[-1] > least:
        smaller = min(sizes[-1] - 1, round(sizes[-1] * SHRINK))
        sizes.append(max(least, smaller))
    place = bisect_left(sizes, True, key=fits)
    return sizes[min(place, len(sizes) - 1)]


# ---- drawing -------------------------------------------------------------------------------------

WHITE = (255, 255, 255)
DARK = (12, 12, 16)
STROKE_OPACITY = 0.88
EDGE = 2
"""Pixels left free around the words while they are drawn, because smoothing adds to them."""


def draw_rows(rows: Sequence[Row], stroke: float) -> Layer:
    """White words with a dark stroke around them, on a layer cropped to what is drawn.

    `stroke`: the width of the stroke as a share of the font's size; all strokes lie under all
    letters. The layer lies as the rows do, around x = 0. Rows of nothing give a transparent pixel.
    """
    words = extent(rows, stroke)
    canvas = Box(words.left - EDGE, words.top - EDGE, words.right + EDGE, words.bottom + EDGE)
    size = canvas.width, canvas.height

    image = Image.new("RGBA", size, (*DARK, 0))
    if stroke:
        dark = coverage(rows, canvas, stroke)
        image.putalpha(dark.point(lambda level: level * STROKE_OPACITY))
    letters = Image.new("RGBA", size, WHITE)
    letters.putalpha(coverage(rows, canvas, 0.0))
    image.alpha_composite(letters)

    drawn = Box(*(image.getchannel("A").getbbox() or (0, 0, 1, 1)))
    return Layer(image.crop(drawn), canvas.left + drawn.left, canvas.top + drawn.top)


def coverage(rows: Sequence[Row], canvas: Box, stroke: float) -> Image.Image:
    """How much of each pixel of `canvas` the letters and their stroke cover, 0 to 255: mode L."""
    mask = Image.new("L", (canvas.width, canvas.height))
    draw = ImageDraw.Draw(mask)
    direction = reading_direction(rows)
    for text, font, baseline in rows:
        place = -canvas.left, baseline - canvas.top
        width = stroke * font.size
        draw.text(place, text, 255, font, "ms", direction=direction, stroke_width=width)
    return mask


def reading_direction(rows: Sequence[Row]) -> str | None:
    """The direction of a text as a whole, "ltr" or "rtl": that of its first letter that has one.

    raqm would guess it for each row alone. None where all letters run from left to right, or where
    raqm does not lay out the font.
    """
    if not all(is_shaped(row.font) for row in rows):
        return None
    classes = [unicodedata.bidirectional(letter) for row in rows for letter in row.text]
    if RIGHT_TO_LEFT.isdisjoint(classes):
        return None
    strong = [each for each in classes if each in ("L", "R", "AL")]
    return "ltr" if strong[:1] == ["L"] else "rtl"

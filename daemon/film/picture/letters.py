"""Words drawn: rows of letters with a stroke or on a box, and the layer of a caption."""

import math
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from daemon.film.plan.layout import Box, caption_pixels, safe_area
from daemon.film.plan.lines import BOX_PADDING, BOX_RADIUS, STROKE
from daemon.media.letters import RIGHT_TO_LEFT
from daemon.media.typeface import Typeface, can_shape, clean
from daemon.options import Canvas

PITCH = 1.22
"""From one baseline to the next as a part of the font's size, unless the font itself asks for more."""
SHRINK = 0.94
"""How much smaller the next size is that is tried where words do not fit."""
WHITE = (255, 255, 255)
DARK = (12, 12, 16)
STROKE_OPACITY, BOX_OPACITY = 0.88, 0.7
"""White on the box over a white ground has a contrast of 6.9:1; WCAG 2.2, 1.4.3 asks for 4.5:1."""
EDGE = 2
"""Pixels around the words while they are drawn, for what smoothing adds; then they are cropped."""
SMOOTH = 4
"""Rounded corners are drawn this much larger and scaled down, since Pillow draws them with steps."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Words on a transparent ground: an RGBA picture, cropped to what is drawn.

    Its top left corner belongs at (left, top) of the canvas, in pixels.
    """

    image: Image.Image
    left: int
    top: int

    @property
    def box(self) -> Box:
        """Where the picture lies on the canvas."""
        return self.left, self.top, self.left + self.image.width, self.top + self.image.height


class Row(NamedTuple):
    """A line of words, centred over 0, its baseline at `baseline` pixels."""

    text: str
    font: ImageFont.FreeTypeFont
    baseline: int


def caption_layer(
    lines: Sequence[str], canvas: Canvas, face: Typeface, style: Literal["stroke", "box"] = "stroke"
) -> Layer:
    """One or two lines, centred at the bottom of the safe area: white with a dark stroke, or on a translucent dark box.

    The last baseline stands at the same height whatever the words are. Lines that do not fit the safe area are drawn
    smaller; lines without anything to draw give a transparent pixel.
    """
    left, top, right, bottom = area = safe_area(canvas)
    padding = STROKE if style == "stroke" else BOX_PADDING

    def rows_at(pixels: int) -> list[Row]:
        return _caption_rows(lines, face.at(pixels), padding)

    def fits_at(pixels: int) -> bool:
        return fits(frame(rows_at(pixels), padding), right - left, bottom - top)

    pixels = largest(caption_pixels(canvas), 1, fits_at)
    rows = rows_at(pixels)
    letters = draw_letters(rows, STROKE if style == "stroke" else 0.0)
    drawn = (
        letters
        if style == "stroke" or is_blank(letters)
        else _boxed(letters, frame(rows, padding), pixels)
    )
    return inside(moved(drawn, (left + right) // 2, bottom), area)


def largest(first: int, least: int, fits: Callable[[int], bool]) -> int:
    """The largest size at which words fit, in pixels; `least` where they never do. Steps are smaller than the eye notices."""
    sizes = [first]
    while sizes[-1] > least:
        sizes.append(max(least, min(sizes[-1] - 1, round(sizes[-1] * SHRINK))))
    return sizes[min(bisect_left(sizes, True, key=fits), len(sizes) - 1)]


def fits(frame: Box, width: int, height: float) -> bool:
    """Whether a frame is no larger than this, in pixels."""
    return frame[2] - frame[0] <= width and frame[3] - frame[1] <= height


def _caption_rows(lines: Sequence[str], font: ImageFont.FreeTypeFont, padding: float) -> list[Row]:
    """The lines over (0, 0), which is the middle of the lower edge of a caption without unusually deep letters."""
    last = -math.ceil(reach(font)[1] + padding * font.size)
    above = range(len(lines) - 1, -1, -1)
    return [
        Row(clean(line), font, last - pitch(font) * number)
        for line, number in zip(lines, above, strict=True)
    ]


def reach(font: ImageFont.FreeTypeFont) -> tuple[float, float]:
    """How far usual letters go above the baseline (negative) and below it, in pixels."""
    _, ascent, _, descent = font.getbbox("dflgjpqy", anchor="ms")
    return ascent, descent


def pitch(font: ImageFont.FreeTypeFont) -> int:
    """Pixels from one baseline to the next."""
    return round(max(PITCH * font.size, sum(font.getmetrics())))


def frame(rows: Sequence[Row], padding: float) -> Box:
    """What the rows cover with `padding`, a part of their size, around them; as high for "one" as for "July"."""
    direction = reading_direction(rows)
    edges = [(0.0, 0.0, 0.0, 0.0)] * (not rows)
    for text, font, baseline in rows:
        left, top, right, bottom = font.getbbox(text, direction=direction, anchor="ms")
        ascent, descent = reach(font)
        pad = padding * font.size
        edges.append(
            (
                left - pad,
                baseline + min(top, ascent) - pad,
                right + pad,
                baseline + max(bottom, descent) + pad,
            )
        )
    lefts, tops, rights, bottoms = zip(*edges, strict=True)
    return (
        math.floor(min(lefts)),
        math.floor(min(tops)),
        math.ceil(max(rights)),
        math.ceil(max(bottoms)),
    )


def reading_direction(rows: Sequence[Row]) -> str | None:
    """The direction of a whole text, which raqm would guess row by row; None where it makes no difference."""
    classes = [unicodedata.bidirectional(letter) for row in rows for letter in row.text]
    if not can_shape() or RIGHT_TO_LEFT.isdisjoint(classes):
        return None
    return next(
        ("ltr" if strong == "L" else "rtl" for strong in classes if strong in ("L", "R", "AL")),
        "rtl",
    )


def draw_letters(rows: Sequence[Row], stroke: float) -> Layer:
    """White words with a dark stroke, a part of their size, around them; all strokes lie under all letters."""
    left, top, right, bottom = frame(rows, stroke)
    origin, size = (EDGE - left, EDGE - top), (right - left + 2 * EDGE, bottom - top + 2 * EDGE)
    image = Image.new("RGBA", size, (*DARK, 0))
    if stroke:
        image.putalpha(
            _mask(rows, origin, size, stroke).point(lambda level: level * STROKE_OPACITY)
        )
    white = Image.new("RGBA", size, WHITE)
    white.putalpha(_mask(rows, origin, size, 0.0))
    image.alpha_composite(white)
    left, top, right, bottom = image.getchannel("A").getbbox() or (0, 0, 1, 1)
    return Layer(image.crop((left, top, right, bottom)), left - origin[0], top - origin[1])


def _mask(rows: Sequence[Row], origin: tuple[int, int], size: Canvas, stroke: float) -> Image.Image:
    mask = Image.new("L", size)
    draw, direction = ImageDraw.Draw(mask), reading_direction(rows)
    for text, font, baseline in rows:
        place = origin[0], origin[1] + baseline
        draw.text(
            place, text, 255, font, "ms", direction=direction, stroke_width=stroke * font.size
        )
    return mask


def is_blank(layer: Layer) -> bool:
    """Whether nothing is drawn on a layer."""
    return layer.image.getchannel("A").getbbox() is None


def _boxed(letters: Layer, frame: Box, pixels: int) -> Layer:
    """Words on a translucent box with round corners."""
    size = frame[2] - frame[0], frame[3] - frame[1]
    large = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH))
    corners, level = round(pixels * BOX_RADIUS * SMOOTH), round(255 * BOX_OPACITY)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), corners, level
    )
    image = Image.new("RGBA", size, DARK)
    image.putalpha(large.reduce(SMOOTH))
    image.alpha_composite(letters.image, (letters.left - frame[0], letters.top - frame[1]))
    return Layer(image, frame[0], frame[1])


def moved(layer: Layer, right: int, down: int) -> Layer:
    """The same layer, so many pixels further to the right and down."""
    return replace(layer, left=layer.left + right, top=layer.top + down)


def inside(layer: Layer, area: Box) -> Layer:
    """Pushed inside the area, and cut off where it is too large even so, which only the smallest canvases see."""
    left = max(area[0], min(layer.left, area[2] - layer.image.width))
    top = max(area[1], min(layer.top, area[3] - layer.image.height))
    kept = min(layer.image.width, area[2] - left), min(layer.image.height, area[3] - top)
    return Layer(layer.image.crop((0, 0, *kept)), left, top)

"""The picture of a caption: its lines at the bottom of the safe area, with a stroke or on a box."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from daemon.film.picture.layer import Layer
from daemon.film.picture.rows import DARK, Row, draw_rows, extent, largest_size, pitch, usual_reach
from daemon.film.plan.layout import BOX_PADDING, STROKE, Box, caption_pixels, safe_area
from daemon.media.typeface import Typeface, clean
from daemon.options import Canvas, CaptionStyle

BOX_OPACITY = 0.7
"""White on the box over a white ground has a contrast of 6.9:1; WCAG 2.2, 1.4.3 asks for 4.5:1."""
BOX_RADIUS = 0.3
"""The box's corners, as a share of the font's size."""
SMOOTH = 4
"""Corners are drawn this much larger and scaled down, because Pillow draws them with steps."""


def caption_layer(
    lines: Sequence[str], canvas: Canvas, face: Typeface, style: CaptionStyle = "stroke"
) -> Layer:
    """The lines, centred at the bottom of the safe area.

    They are white with a dark stroke, or white on a translucent dark box. The last baseline is
    always at the same height. Lines that do not fit the safe area are drawn smaller; lines without
    anything to draw give a transparent pixel.
    """
    area = safe_area(canvas)
    padding = STROKE if style == "stroke" else BOX_PADDING

    def fits(pixels: int) -> bool:
        covered = extent(caption_rows(lines, face.at(pixels), padding), padding)
        return covered.width <= area.width and covered.height <= area.height

    pixels = largest_size(caption_pixels(canvas), 1, fits)
    rows = caption_rows(lines, face.at(pixels), padding)
    if style == "stroke":
        layer = draw_rows(rows, STROKE)
    else:
        layer = on_a_box(draw_rows(rows, 0.0), extent(rows, padding), BOX_RADIUS * pixels)
    return layer.moved((area.left + area.right) // 2, area.bottom).kept_within(area)


def caption_rows(lines: Sequence[str], font: FreeTypeFont, padding: float) -> list[Row]:
    """The lines above y = 0, the lower edge of a caption whose letters have the usual depth.

    `padding`: a share of the font's size.
    """
    _, depth = usual_reach(font)
    last = -math.ceil(depth + padding * font.size)
    first = last - pitch(font) * (len(lines) - 1)
    return [
        Row(clean(line, font), font, first + pitch(font) * number)
        for number, line in enumerate(lines)
    ]


def on_a_box(words: Layer, box: Box, radius: float) -> Layer:
    """Words on a translucent box with round corners of `radius` pixels; no box without words."""
    if words.is_blank:
        return words
    size = box.width, box.height
    large = Image.new("L", (box.width * SMOOTH, box.height * SMOOTH))
    whole = (0, 0, large.width - 1, large.height - 1)
    draw = ImageDraw.Draw(large)
    draw.rounded_rectangle(whole, round(radius * SMOOTH), round(255 * BOX_OPACITY))

    image = Image.new("RGBA", size, DARK)
    image.putalpha(large.reduce(SMOOTH))
    image.alpha_composite(words.image, (words.left - box.left, words.top - box.top))
    return Layer(image, box.left, box.top)

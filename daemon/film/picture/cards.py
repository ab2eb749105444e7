"""Title and end cards: words in the middle of a ground."""

from collections.abc import Sequence

from PIL import Image, ImageFilter, ImageFont

from daemon.film.picture.letters import (
    DARK,
    Row,
    draw_letters,
    fits,
    frame,
    inside,
    is_blank,
    largest,
    moved,
    pitch,
)
from daemon.film.plan.layout import Box, safe_area
from daemon.film.plan.lines import CARD_STROKE, parts, words, wrapped
from daemon.media.typeface import Typeface
from daemon.options import Canvas

HEADING, BELOW = 9, 0.44
"""A card's heading is the shorter side of the safe area divided by the first; what is under it is a part of that."""
CARD_GAP = 0.6
"""Between a card's two texts, beside the usual pitch, as a part of the heading's size."""
CARD_HEIGHT = 0.6
"""Part of the safe height that a card's words fill before they shrink: a card with more looks like a page of a book."""
LEAST_CARD_PIXELS = 5
SHADE_OPACITY, SHADE_AROUND, SHADE_REACH = 0.62, 0.2, 0.08
"""The shade behind a card's words, and elsewhere; how far it reaches beyond them, as a part of the shorter side."""
SHADE_SCALE = 16
"""The shade is made this much smaller: it is blurred anyway."""


def card(ground: Image.Image, heading: str, below: str, face: Typeface) -> Image.Image:
    """A title or end card: the heading large in the middle of the ground, `below` smaller under it, as a new RGB picture.

    The words are wrapped, and smaller the more of them there are, so that they stay within the safe area. A soft shade and
    a stroke keep them readable on any ground; without words the ground stays as it is.
    """
    made = ground.copy() if ground.mode == "RGB" else ground.convert("RGB")
    left, top, right, bottom = area = safe_area(made.size)
    words = draw_letters(_card_rows(heading, below, area, face), CARD_STROKE)
    if is_blank(words):
        return made
    layer = inside(
        moved(words, (left + right) // 2, (top + bottom - words.image.height) // 2 - words.top),
        area,
    )
    made.paste(DARK, mask=_shade(layer.box, made.size))
    made.paste(layer.image, (layer.left, layer.top), layer.image)
    return made


def _card_rows(heading: str, below: str, area: Box, face: Typeface) -> list[Row]:
    """The words at the largest size at which they fit; beyond half of it they fill more of the card, and words are cut."""
    width, height = area[2] - area[0], area[3] - area[1]
    first = max(1, round(min(width, height) / HEADING))

    def rows_at(pixels: int) -> list[Row]:
        large, small, measure = _card_fonts(pixels, width, face)
        return _card_block(
            wrapped(heading, large, measure), wrapped(below, small, measure), large, small
        )

    def fits_at(pixels: int) -> bool:
        large, small, measure = _card_fonts(pixels, width, face)
        if pixels <= first / 2:
            return fits(frame(rows_at(pixels), CARD_STROKE), width, height)
        whole = _is_uncut(heading, large, measure) and _is_uncut(below, small, measure)
        return whole and fits(frame(rows_at(pixels), CARD_STROKE), width, height * CARD_HEIGHT)

    return rows_at(largest(first, min(first, LEAST_CARD_PIXELS), fits_at))


def _card_fonts(
    pixels: int, width: int, face: Typeface
) -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont, float]:
    """The fonts of the heading and of what is below, and the width that both have without their stroke."""
    return (
        face.at(pixels),
        face.at(max(1, round(pixels * BELOW))),
        width - 2 * (pixels * CARD_STROKE + 1),
    )


def _is_uncut(text: str, font: ImageFont.FreeTypeFont, measure: float) -> bool:
    return all(font.getlength(part) <= measure for word in words(text) for part in parts(word))


def _card_block(
    heading: Sequence[str],
    below: Sequence[str],
    large: ImageFont.FreeTypeFont,
    small: ImageFont.FreeTypeFont,
) -> list[Row]:
    rows = [Row(line, large, number * pitch(large)) for number, line in enumerate(heading)]
    start = rows[-1].baseline + pitch(small) + round(large.size * CARD_GAP) if rows else 0
    return [
        *rows,
        *(Row(line, small, start + number * pitch(small)) for number, line in enumerate(below)),
    ]


def _shade(box: Box, size: Canvas) -> Image.Image:
    """How dark each pixel of the ground gets: most behind the words, fading out around them, and a little everywhere."""
    small = max(1, size[0] // SHADE_SCALE), max(1, size[1] // SHADE_SCALE)
    shade = Image.new("L", small, round(255 * SHADE_AROUND))
    reach = min(size) * SHADE_REACH
    left, top, right, bottom = (round(edge / SHADE_SCALE) for edge in box)
    beyond = round(reach / SHADE_SCALE)
    shade.paste(
        round(255 * SHADE_OPACITY), (left - beyond, top - beyond, right + beyond, bottom + beyond)
    )
    return shade.filter(ImageFilter.GaussianBlur(reach / SHADE_SCALE)).resize(
        size, Image.Resampling.BICUBIC
    )

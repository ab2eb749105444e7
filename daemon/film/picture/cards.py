"""Title and end cards: words in the middle of a ground, over a soft shade."""

from PIL import Image, ImageFilter

from daemon.film.picture.rows import DARK, Row, draw_rows, extent, largest_size, pitch
from daemon.film.plan.layout import Box, safe_area
from daemon.film.plan.lines import fits_uncut, wrapped
from daemon.media.typeface import Typeface
from daemon.options import Canvas

# ---- words ---------------------------------------------------------------------------------------

HEADING_DIVISOR = 9
"""A card's heading is the safe area's shorter side divided by this, if it fits at this size."""
LEAST_HEADING_PIXELS = 5
BELOW = 0.44
"""The size of the words under the heading, as a share of the heading's."""
GAP = 0.6
"""Between the two texts, in addition to the usual pitch, as a share of the heading's size."""
STROKE = 1 / 22
"""Width of the stroke as a share of the font's size. With the shade, a thin one is enough."""
FILLED_HEIGHT = 0.6
"""The most of the safe height that words fill before they shrink: more looks like a book's page."""


def card(ground: Image.Image, heading: str, below: str, face: Typeface) -> Image.Image:
    """A card on a ground of any size, as a new RGB picture.

    The heading is large in the middle, `below` smaller under it. Both are wrapped, and set smaller
    the more words there are, so that they stay within the safe area. A soft shade and a stroke keep
    them readable on any ground. Without words the ground stays as it is.
    """
    made = ground.copy() if ground.mode == "RGB" else ground.convert("RGB")
    area = safe_area(made.size)
    words = draw_rows(card_rows(heading, below, area, face), STROKE)
    if words.is_blank:
        return made
    middle = (area.left + area.right) // 2
    top = (area.top + area.bottom - words.image.height) // 2
    layer = words.moved(middle, top - words.top).kept_within(area)
    made.paste(DARK, mask=shade(layer.box, made.size))
    layer.paste_on(made)
    return made


def card_rows(heading: str, below: str, area: Box, face: Typeface) -> list[Row]:
    """A card's rows at the largest size at which they fit the area; the first baseline is y = 0.

    Down to half of the usual size they fill `FILLED_HEIGHT` of the area, and no word is cut. If
    that is not enough, they fill the whole area, and words are cut.
    """
    usual = max(1, round(min(area.width, area.height) / HEADING_DIVISOR))

    def fits(pixels: int) -> bool:
        rows, is_uncut = rows_at(pixels, heading, below, area.width, face)
        words = extent(rows, STROKE)
        if pixels <= usual / 2:
            return words.width <= area.width and words.height <= area.height
        is_low = words.height <= area.height * FILLED_HEIGHT
        return is_uncut and is_low and words.width <= area.width

    pixels = largest_size(usual, min(usual, LEAST_HEADING_PIXELS), fits)
    rows, _ = rows_at(pixels, heading, below, area.width, face)
    return rows


def rows_at(
    pixels: int, heading: str, below: str, width: int, face: Typeface
) -> tuple[list[Row], bool]:
    """The rows at this size of the heading, wrapped to `width` pixels; and if no word is cut."""
    large = face.at(pixels)
    small = face.at(max(1, round(pixels * BELOW)))
    measure = width - 2 * (pixels * STROKE + 1)
    upper = wrapped(heading, large, measure)
    lower = wrapped(below, small, measure)

    rows = [Row(line, large, number * pitch(large)) for number, line in enumerate(upper)]
    start = 0
    if rows:
        start = rows[-1].baseline + pitch(small) + round(large.size * GAP)
    rows += [Row(line, small, start + number * pitch(small)) for number, line in enumerate(lower)]

    is_uncut = fits_uncut(heading, large, measure) and fits_uncut(below, small, measure)
    return rows, is_uncut


# ---- shade ---------------------------------------------------------------------------------------

SHADE_OPACITY = 0.62
"""Behind the words."""
SHADE_AROUND = 0.2
"""Everywhere else."""
SHADE_REACH = 0.08
"""How far the dark part reaches beyond the words, as a share of the canvas's shorter side."""
SHADE_SCALE = 16
"""The shade is made this much smaller: it is blurred anyway."""


def shade(words: Box, size: Canvas) -> Image.Image:
    """How much darker each pixel of a ground gets, 0 to 255: mode L.

    Most behind the words, less and less around them, and a little everywhere.
    """
    small = max(1, size[0] // SHADE_SCALE), max(1, size[1] // SHADE_SCALE)
    made = Image.new("L", small, round(255 * SHADE_AROUND))
    reach = min(size) * SHADE_REACH / SHADE_SCALE
    left, top, right, bottom = (round(edge / SHADE_SCALE) for edge in words)
    beyond = round(reach)
    dark = Box(left - beyond, top - beyond, right + beyond, bottom + beyond)
    made.paste(round(255 * SHADE_OPACITY), dark)
    return made.filter(ImageFilter.GaussianBlur(reach)).resize(size, Image.Resampling.BICUBIC)

"""Words drawn into pictures: captions over a page, title and end cards.

Separate from `pictures`, which knows nothing of fonts, and from `captions`, which knows nothing of pixels: here a text is
measured, wrapped and drawn, and whoever asks for it decides where it goes in the film. All of it is a function of its
arguments; the same words come out as the same bytes.
"""

import functools
import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont, features
from ttf_opensans import OPENSANS_SEMIBOLD

from daemon.config import Canvas
from daemon.errors import StoryreelError

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the right and bottom ones are outside."""


class _Shape(NamedTuple):
    """What differs between canvases; margins are parts of the width and the height."""

    side: float
    top: float
    bottom: float
    size: int
    """Captions are the shorter side divided by this."""
    letters: int
    """Letters in a line of a caption."""


LANDSCAPE = _Shape(side=0.05, top=0.05, bottom=0.05, size=20, letters=42)
"""Margins: the graphics-safe area of EBU R 95 and the safe title area of SMPTE ST 2046-1, 90 % of the width and the height.

The line is as long as `captions.LINE`.
"""
SQUARE = _Shape(side=0.06, top=0.06, bottom=0.06, size=18, letters=32)
"""Our choice: no standard speaks of squares, and feeds round off their corners."""
PORTRAIT = _Shape(side=0.06, top=0.10, bottom=0.15, size=16, letters=28)
"""Our choice: telephone apps lay their buttons and the film's title over the lower part, their tabs over the upper one."""
PORTRAIT_BELOW, LANDSCAPE_ABOVE = 0.7, 1.2
"""Width by height: 2:3 is the squarest portrait, 5:4 the squarest landscape."""

LEAST_PIXELS = 8
"""Captions are not smaller than this unless they must be: smaller letters are blots."""
LETTER = 0.48
"""Width of a letter of running English as a part of the font's size: measured 0.51 in DejaVu Sans, 0.44 in Pillow's font."""
PITCH = 1.22
"""From one baseline to the next as a part of the font's size, unless the font itself asks for more."""
STROKE, CARD_STROKE = 1 / 14, 1 / 22
"""Width of the stroke as a part of the font's size; a card has its shade besides."""
SHRINK = 0.94
"""How much smaller the next size is that is tried where words do not fit."""

WHITE = (255, 255, 255)
DARK = (12, 12, 16)
STROKE_OPACITY, BOX_OPACITY = 0.88, 0.7
"""White on the box over a white ground has a contrast of 6.9:1; WCAG 2.2, 1.4.3 asks for 4.5:1."""
BOX_PADDING, BOX_RADIUS = 0.32, 0.3
"""Parts of the font's size."""
EDGE = 2
"""Pixels around the words while they are drawn, for what smoothing adds; then they are cropped."""
SMOOTH = 4
"""Rounded corners are drawn this much larger and scaled down, since Pillow draws them with steps."""

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

BREAKING_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")
PAUSES = tuple(".,;:!?…–—。、!?।؟،؛")
"""A line that ends with one of these reads better, so it may be somewhat shorter."""
PAUSE_WORTH = 1 / 4
"""A break elsewhere counts like this part of a line left empty."""

COMPLEX = ((0x0900, 0x109F), (0x1100, 0x11FF), (0x1700, 0x18AF), (0x1900, 0x1CFF), (0xA800, 0xAAFF), (0x11000, 0x11FFF))
"""Code points of Indic and South-East Asian scripts, Mongolian, Hangul in parts: letters join, stack or change places."""
SPACELESS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x31FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
SPACELESS_TOO = ((0xFF00, 0xFFEF), (0x20000, 0x3FFFF))
"""Code points of Thai, Lao, Burmese, Khmer, Chinese and Japanese: words are not set apart, lines break between letters."""
NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶะาำๅๆະາຳ")
"""Small kana (JIS X 4051 forbids them at a line's beginning), and vowels of Thai and Lao that stand after their consonant."""
NEVER_LAST = frozenset("เแโใไເແໂໃໄ")
"""Vowels of Thai and Lao that are written before their consonant."""
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
"""Classes of the Unicode Bidirectional Algorithm (UAX #9, table 4)."""
JOINER, VIRAMA = "\u200d", 9


class UnreadableFont(StoryreelError):  # noqa: N818 - it says what the file is, as UnreadableMedia does
    """A file that cannot be used as a font: what it is, and what would help."""

    def __init__(self, file: Path, what: str) -> None:
        self.what, self.mend = what, "Name a TrueType or OpenType font (.ttf, .otf, .ttc)."
        super().__init__(f"{file}: {what}. {self.mend}")


class Typeface:
    """A font at any size; of a collection, its first font. `file` None is Open Sans, which has the letters of Europe.

    Raises UnreadableFont when the file is no TrueType or OpenType font, or cannot be read.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or Path(OPENSANS_SEMIBOLD.path)
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self.at(LEAST_PIXELS)
        if file:
            self._lacks(" ")  # a file that is no font whose letters can be told is refused at once

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels, 1 or more. Raises UnreadableFont when the file has no such size, or is gone."""
        if pixels not in self._sizes:
            layout = ImageFont.Layout.RAQM if can_shape() else ImageFont.Layout.BASIC
            try:
                self._sizes[pixels] = ImageFont.FreeTypeFont(str(self._file), pixels, layout_engine=layout)
            except OSError as error:
                raise UnreadableFont(self._file, f"not a font that can be drawn ({error})") from error
        return self._sizes[pixels]

    def missing(self, text: str) -> str:
        """The letters of `text` that the font cannot show, each once, in their order.

        Spaces and what has no shape of its own (control characters, joiners, variation selectors, marks of direction) are
        never among them.
        """
        letters = dict.fromkeys(unicodedata.normalize("NFC", text))
        return "".join(letter for letter in letters if not letter.isspace() and not _shapeless(letter) and self._lacks(letter))

    def _lacks(self, letter: str) -> bool:
        """Shaping puts a letter together from its parts, if the font has those."""
        parts = unicodedata.normalize("NFD", letter) if can_shape() else letter
        return ord(letter) not in self._code_points and any(ord(part) not in self._code_points for part in parts)

    @functools.cached_property
    def _code_points(self) -> frozenset[int]:
        from fontTools.ttLib import TTFont  # 0.03 s that only films with drawn words need

        try:
            with self._file.open("rb") as file, TTFont(file, fontNumber=0, lazy=True) as font:
                return frozenset(font.getBestCmap() or ())
        except Exception as error:  # fontTools raises whatever a damaged table leads it to
            raise UnreadableFont(self._file, f"not a TrueType or OpenType font ({error})") from error


def can_shape() -> bool:
    """Whether this Pillow has raqm, which orders and joins the letters of every script."""
    return bool(features.check("raqm"))


def needs_shaping(text: str) -> bool:
    """Whether the basic layout, one letter after the other, would set the text wrong."""
    return any(map(_needs_shaping, unicodedata.normalize("NFC", text)))


def _needs_shaping(letter: str) -> bool:
    return (
        unicodedata.bidirectional(letter) in RIGHT_TO_LEFT
        or letter == JOINER
        or (unicodedata.category(letter).startswith("M") and not _shapeless(letter))
        or _within(letter, COMPLEX)
    )


def _within(letter: str, blocks: Sequence[tuple[int, int]]) -> bool:
    return any(first <= ord(letter) <= last for first, last in blocks)


def _shapeless(letter: str) -> bool:
    """Control and format characters, halves of code points, variation selectors, the grapheme joiner."""
    selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef" or letter == "\u034f"
    return selector or unicodedata.category(letter) in ("Cc", "Cf", "Cs")


def _clean(line: str) -> str:
    """A line as it is drawn: what has no shape must not show as an empty box, which is what fonts have for it.

    Shaping knows about format characters and needs them; the basic layout does not, and draws them.
    """
    spaced = " ".join(unicodedata.normalize("NFC", line).split())
    kept = ("Cf", "Mn") if can_shape() else ()
    return "".join(letter for letter in spaced if unicodedata.category(letter) in kept or not _shapeless(letter))


def safe_area(canvas: Canvas) -> Box:
    """Left, top, right and bottom in pixels: words stay within. The margins' sources stand with the shapes."""
    (width, height), shape = canvas, _shape(canvas)
    left, top, bottom = round(width * shape.side), round(height * shape.top), round(height * shape.bottom)
    return left, top, width - left, height - bottom


def _shape(canvas: Canvas) -> _Shape:
    ratio = canvas[0] / canvas[1]
    if ratio > LANDSCAPE_ABOVE:
        return LANDSCAPE
    return PORTRAIT if ratio < PORTRAIT_BELOW else SQUARE


def _caption_pixels(canvas: Canvas) -> int:
    return max(LEAST_PIXELS, round(min(canvas) / _shape(canvas).size))


def caption_lines(text: str, canvas: Canvas, face: Typeface) -> list[str]:
    """The text as lines that fit the safe width at the caption's size: as few as possible, and of similar length.

    A newline in the text ends a line; no line is blank. Words longer than a line are cut, and scripts without spaces break
    between letters. The letters come back in normal form C.
    """
    pixels = _caption_pixels(canvas)
    left, _, right, _ = safe_area(canvas)
    edges = 2 * (pixels * max(STROKE, BOX_PADDING) + 1)
    measure = min(right - left - edges, _shape(canvas).letters * LETTER * pixels)
    return _wrapped(text, face.at(pixels), measure)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, measure: float) -> list[str]:
    """Lines no wider than `measure` pixels, except those of a single letter."""
    length = functools.cache(font.getlength)
    paragraphs = unicodedata.normalize("NFC", text).splitlines()
    return [line for paragraph in paragraphs for line in _balanced(_pieces(paragraph, length, measure), length(" "), measure)]


class _Piece(NamedTuple):
    """Letters that stay on one line, and whether there is a space before them when they are not first in it."""

    text: str
    spaced: bool
    width: float


def _pieces(paragraph: str, length: Callable[[str], float], measure: float) -> list[_Piece]:
    pieces = []
    for word in _words(paragraph):
        for number, part in enumerate(_cut(_parts(word), length, measure)):
            pieces.append(_Piece(part, number == 0, length(part)))
    return pieces


def _words(text: str) -> Iterator[str]:
    return filter(None, map(_clean, BREAKING_SPACE.split(text)))


def _cut(parts: Sequence[str], length: Callable[[str], float], measure: float) -> Iterator[str]:
    """What is too wide for a line goes letter by letter."""
    for part in parts:
        yield from [part] if length(part) <= measure else _clusters(part)


def _parts(word: str) -> list[str]:
    """A word, between whose parts a line may end."""
    parts: list[str] = []
    for cluster in _clusters(word):
        if parts and not _may_part(parts[-1][-1], cluster[0]):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


def _clusters(word: str) -> list[str]:
    """A word's letters, each with the marks that belong to it (much of UAX #29's grapheme clusters, not all)."""
    clusters: list[str] = []
    for letter in word:
        joined = clusters and (clusters[-1][-1] == JOINER or unicodedata.combining(clusters[-1][-1]) == VIRAMA)
        mark = _shapeless(letter) or unicodedata.category(letter).startswith("M") or "\U0001f3fb" <= letter <= "\U0001f3ff"
        if clusters and (joined or mark):
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return clusters


def _may_part(before: str, after: str) -> bool:
    """Whether a line may end between two letters of one word."""
    if not (_spaceless(before) or _spaceless(after)) or after in NEVER_FIRST or before in NEVER_LAST:
        return False
    closing = unicodedata.category(after) in ("Pe", "Pf", "Po", "Lm")
    return not closing and unicodedata.category(before) not in ("Ps", "Pi")


def _spaceless(letter: str) -> bool:
    return _within(letter, SPACELESS) or _within(letter, SPACELESS_TOO)


class _Best(NamedTuple):
    """The best way to set the first pieces: fewest lines, then least uneven, the last line from the piece `start` on."""

    lines: int
    unevenness: float
    start: int


def _balanced(pieces: Sequence[_Piece], space: float, measure: float) -> list[str]:
    """Lines whose empty rests, squared and added up, are the least that this number of lines can have."""
    best = [_Best(0, 0.0, 0)]
    for end in range(1, len(pieces) + 1):
        last = end == len(pieces) or pieces[end - 1].text.endswith(PAUSES)
        worse = 0.0 if last else (measure * PAUSE_WORTH) ** 2
        best.append(
            min(
                _Best(best[start].lines + 1, best[start].unevenness + rest**2 + worse, start)
                for start, rest in _rests(pieces, end, space, measure)
            )
        )
    return _lines(pieces, best)


def _rests(pieces: Sequence[_Piece], end: int, space: float, measure: float) -> Iterator[tuple[int, float]]:
    """For each piece at which a line that stops before `end` may begin: the piece, and the pixels that stay empty."""
    width = pieces[end - 1].width
    yield end - 1, max(0.0, measure - width)
    for start in range(end - 2, -1, -1):
        width += pieces[start].width + space * pieces[start + 1].spaced
        if width > measure:
            return
        yield start, measure - width


def _lines(pieces: Sequence[_Piece], best: Sequence[_Best]) -> list[str]:
    lines: list[str] = []
    end = len(pieces)
    while end:
        start = best[end].start
        lines.append("".join(" " * piece.spaced + piece.text for piece in pieces[start:end]).strip())
        end = start
    return lines[::-1]


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


class _Row(NamedTuple):
    """A line of words, centred over 0, its baseline at `baseline` pixels."""

    text: str
    font: ImageFont.FreeTypeFont
    baseline: int


def caption_layer(lines: Sequence[str], canvas: Canvas, face: Typeface, style: Literal["stroke", "box"] = "stroke") -> Layer:
    """One or two lines, centred at the bottom of the safe area: white with a dark stroke, or on a translucent dark box.

    The last baseline stands at the same height whatever the words are. Lines that do not fit the safe area are drawn
    smaller; lines without anything to draw give a transparent pixel.
    """
    left, top, right, bottom = area = safe_area(canvas)
    padding = STROKE if style == "stroke" else BOX_PADDING

    def rows_at(pixels: int) -> list[_Row]:
        return _caption_rows(lines, face.at(pixels), padding)

    def fits_at(pixels: int) -> bool:
        return _fits(_frame(rows_at(pixels), padding), right - left, bottom - top)

    pixels = _largest(_caption_pixels(canvas), 1, fits_at)
    rows = rows_at(pixels)
    letters = _letters(rows, STROKE if style == "stroke" else 0.0)
    drawn = letters if style == "stroke" or _is_blank(letters) else _boxed(letters, _frame(rows, padding), pixels)
    return _inside(_moved(drawn, (left + right) // 2, bottom), area)


def _largest(first: int, least: int, fits: Callable[[int], bool]) -> int:
    """The largest size at which words fit, in pixels; `least` where they never do. Steps are smaller than the eye notices."""
    sizes = [first]
    while sizes[-1] > least:
        sizes.append(max(least, min(sizes[-1] - 1, round(sizes[-1] * SHRINK))))
    return sizes[min(bisect_left(sizes, True, key=fits), len(sizes) - 1)]


def _fits(frame: Box, width: int, height: float) -> bool:
    return frame[2] - frame[0] <= width and frame[3] - frame[1] <= height


def _caption_rows(lines: Sequence[str], font: ImageFont.FreeTypeFont, padding: float) -> list[_Row]:
    """The lines over (0, 0), which is the middle of the lower edge of a caption without unusually deep letters."""
    last = -math.ceil(_reach(font)[1] + padding * font.size)
    above = range(len(lines) - 1, -1, -1)
    return [_Row(_clean(line), font, last - _pitch(font) * number) for line, number in zip(lines, above, strict=True)]


def _reach(font: ImageFont.FreeTypeFont) -> tuple[float, float]:
    """How far usual letters go above the baseline (negative) and below it, in pixels."""
    _, ascent, _, descent = font.getbbox("dflgjpqy", anchor="ms")
    return ascent, descent


def _pitch(font: ImageFont.FreeTypeFont) -> int:
    return round(max(PITCH * font.size, sum(font.getmetrics())))


def _frame(rows: Sequence[_Row], padding: float) -> Box:
    """What the rows cover with `padding`, a part of their size, around them; as high for "one" as for "July"."""
    direction = _direction(rows)
    edges = [(0.0, 0.0, 0.0, 0.0)] * (not rows)
    for text, font, baseline in rows:
        left, top, right, bottom = font.getbbox(text, direction=direction, anchor="ms")
        ascent, descent = _reach(font)
        pad = padding * font.size
        edges.append((left - pad, baseline + min(top, ascent) - pad, right + pad, baseline + max(bottom, descent) + pad))
    lefts, tops, rights, bottoms = zip(*edges, strict=True)
    return math.floor(min(lefts)), math.floor(min(tops)), math.ceil(max(rights)), math.ceil(max(bottoms))


def _direction(rows: Sequence[_Row]) -> str | None:
    """The direction of a whole text, which raqm would guess row by row; None where it makes no difference."""
    classes = [unicodedata.bidirectional(letter) for row in rows for letter in row.text]
    if not can_shape() or RIGHT_TO_LEFT.isdisjoint(classes):
        return None
    return next(("ltr" if strong == "L" else "rtl" for strong in classes if strong in ("L", "R", "AL")), "rtl")


def _letters(rows: Sequence[_Row], stroke: float) -> Layer:
    """White words with a dark stroke, a part of their size, around them; all strokes lie under all letters."""
    left, top, right, bottom = _frame(rows, stroke)
    origin, size = (EDGE - left, EDGE - top), (right - left + 2 * EDGE, bottom - top + 2 * EDGE)
    image = Image.new("RGBA", size, (*DARK, 0))
    if stroke:
        image.putalpha(_mask(rows, origin, size, stroke).point(lambda level: level * STROKE_OPACITY))
    white = Image.new("RGBA", size, WHITE)
    white.putalpha(_mask(rows, origin, size, 0.0))
    image.alpha_composite(white)
    left, top, right, bottom = image.getchannel("A").getbbox() or (0, 0, 1, 1)
    return Layer(image.crop((left, top, right, bottom)), left - origin[0], top - origin[1])


def _mask(rows: Sequence[_Row], origin: tuple[int, int], size: Canvas, stroke: float) -> Image.Image:
    mask = Image.new("L", size)
    draw, direction = ImageDraw.Draw(mask), _direction(rows)
    for text, font, baseline in rows:
        place = origin[0], origin[1] + baseline
        draw.text(place, text, 255, font, "ms", direction=direction, stroke_width=stroke * font.size)
    return mask


def _is_blank(layer: Layer) -> bool:
    return layer.image.getchannel("A").getbbox() is None


def _boxed(letters: Layer, frame: Box, pixels: int) -> Layer:
    """Words on a translucent box with round corners."""
    size = frame[2] - frame[0], frame[3] - frame[1]
    large = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH))
    corners, level = round(pixels * BOX_RADIUS * SMOOTH), round(255 * BOX_OPACITY)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), corners, level)
    image = Image.new("RGBA", size, DARK)
    image.putalpha(large.reduce(SMOOTH))
    image.alpha_composite(letters.image, (letters.left - frame[0], letters.top - frame[1]))
    return Layer(image, frame[0], frame[1])


def _moved(layer: Layer, right: int, down: int) -> Layer:
    return replace(layer, left=layer.left + right, top=layer.top + down)


def _inside(layer: Layer, area: Box) -> Layer:
    """Pushed inside the area, and cut off where it is too large even so, which only the smallest canvases see."""
    left = max(area[0], min(layer.left, area[2] - layer.image.width))
    top = max(area[1], min(layer.top, area[3] - layer.image.height))
    kept = min(layer.image.width, area[2] - left), min(layer.image.height, area[3] - top)
    return Layer(layer.image.crop((0, 0, *kept)), left, top)


def card(ground: Image.Image, heading: str, below: str, face: Typeface) -> Image.Image:
    """A title or end card: the heading large in the middle of the ground, `below` smaller under it, as a new RGB picture.

    The words are wrapped, and smaller the more of them there are, so that they stay within the safe area. A soft shade and
    a stroke keep them readable on any ground; without words the ground stays as it is.
    """
    made = ground.copy() if ground.mode == "RGB" else ground.convert("RGB")
    left, top, right, bottom = area = safe_area(made.size)
    words = _letters(_card_rows(heading, below, area, face), CARD_STROKE)
    if _is_blank(words):
        return made
    layer = _inside(_moved(words, (left + right) // 2, (top + bottom - words.image.height) // 2 - words.top), area)
    made.paste(DARK, mask=_shade(layer.box, made.size))
    made.paste(layer.image, (layer.left, layer.top), layer.image)
    return made


def _card_rows(heading: str, below: str, area: Box, face: Typeface) -> list[_Row]:
    """The words at the largest size at which they fit; beyond half of it they fill more of the card, and words are cut."""
    width, height = area[2] - area[0], area[3] - area[1]
    first = max(1, round(min(width, height) / HEADING))

    def rows_at(pixels: int) -> list[_Row]:
        large, small, measure = _card_fonts(pixels, width, face)
        return _card_block(_wrapped(heading, large, measure), _wrapped(below, small, measure), large, small)

    def fits_at(pixels: int) -> bool:
        large, small, measure = _card_fonts(pixels, width, face)
        if pixels <= first / 2:
            return _fits(_frame(rows_at(pixels), CARD_STROKE), width, height)
        whole = _is_uncut(heading, large, measure) and _is_uncut(below, small, measure)
        return whole and _fits(_frame(rows_at(pixels), CARD_STROKE), width, height * CARD_HEIGHT)

    return rows_at(_largest(first, min(first, LEAST_CARD_PIXELS), fits_at))


def _card_fonts(pixels: int, width: int, face: Typeface) -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont, float]:
    """The fonts of the heading and of what is below, and the width that both have without their stroke."""
    return face.at(pixels), face.at(max(1, round(pixels * BELOW))), width - 2 * (pixels * CARD_STROKE + 1)


def _is_uncut(text: str, font: ImageFont.FreeTypeFont, measure: float) -> bool:
    return all(font.getlength(part) <= measure for word in _words(text) for part in _parts(word))


def _card_block(
    heading: Sequence[str], below: Sequence[str], large: ImageFont.FreeTypeFont, small: ImageFont.FreeTypeFont
) -> list[_Row]:
    rows = [_Row(line, large, number * _pitch(large)) for number, line in enumerate(heading)]
    start = rows[-1].baseline + _pitch(small) + round(large.size * CARD_GAP) if rows else 0
    return [*rows, *(_Row(line, small, start + number * _pitch(small)) for number, line in enumerate(below))]


def _shade(box: Box, size: Canvas) -> Image.Image:
    """How dark each pixel of the ground gets: most behind the words, fading out around them, and a little everywhere."""
    small = max(1, size[0] // SHADE_SCALE), max(1, size[1] // SHADE_SCALE)
    shade = Image.new("L", small, round(255 * SHADE_AROUND))
    reach = min(size) * SHADE_REACH
    left, top, right, bottom = (round(edge / SHADE_SCALE) for edge in box)
    beyond = round(reach / SHADE_SCALE)
    shade.paste(round(255 * SHADE_OPACITY), (left - beyond, top - beyond, right + beyond, bottom + beyond))
    return shade.filter(ImageFilter.GaussianBlur(reach / SHADE_SCALE)).resize(size, Image.Resampling.BICUBIC)

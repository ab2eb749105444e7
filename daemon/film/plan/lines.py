"""Breaking words into lines: as few as fit a width, and of similar length."""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from PIL import ImageFont

from daemon.film.plan.layout import caption_pixels, safe_area, shape
from daemon.media.letters import clusters, may_part
from daemon.media.typeface import Typeface, clean
from daemon.options import Canvas

LETTER = 0.48
"""Width of a letter of running English as a part of the font's size: measured 0.51 in DejaVu Sans, 0.44 in Pillow's font."""
STROKE, CARD_STROKE = 1 / 14, 1 / 22
"""Width of the stroke as a part of the font's size; a card has its shade besides."""
BOX_PADDING, BOX_RADIUS = 0.32, 0.3
"""Parts of the font's size."""
BREAKING_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")
PAUSES = tuple(".,;:!?…–—。、!?।؟،؛")
"""A line that ends with one of these reads better, so it may be somewhat shorter."""
PAUSE_WORTH = 1 / 4
"""A break elsewhere counts like this part of a line left empty."""


def caption_lines(text: str, canvas: Canvas, face: Typeface) -> list[str]:
    """The text as lines that fit the safe width at the caption's size: as few as possible, and of similar length.

    A newline in the text ends a line; no line is blank. Words longer than a line are cut, and scripts without spaces break
    between letters. The letters come back in normal form C.
    """
    pixels = caption_pixels(canvas)
    left, _, right, _ = safe_area(canvas)
    edges = 2 * (pixels * max(STROKE, BOX_PADDING) + 1)
    measure = min(right - left - edges, shape(canvas).letters * LETTER * pixels)
    return wrapped(text, face.at(pixels), measure)


def wrapped(text: str, font: ImageFont.FreeTypeFont, measure: float) -> list[str]:
    """Lines no wider than `measure` pixels, except those of a single letter."""
    length = functools.cache(font.getlength)
    paragraphs = unicodedata.normalize("NFC", text).splitlines()
    return [
        line
        for paragraph in paragraphs
        for line in _balanced(_pieces(paragraph, length, measure), length(" "), measure)
    ]


class _Piece(NamedTuple):
    """Letters that stay on one line, and whether there is a space before them when they are not first in it."""

    text: str
    spaced: bool
    width: float


def _pieces(paragraph: str, length: Callable[[str], float], measure: float) -> list[_Piece]:
    pieces = []
    for word in words(paragraph):
        for number, part in enumerate(_cut(parts(word), length, measure)):
            pieces.append(_Piece(part, number == 0, length(part)))
    return pieces


def words(text: str) -> Iterator[str]:
    """The words of a text as they are drawn."""
    return filter(None, map(clean, BREAKING_SPACE.split(text)))


def _cut(parts: Sequence[str], length: Callable[[str], float], measure: float) -> Iterator[str]:
    """What is too wide for a line goes letter by letter."""
    for part in parts:
        yield from [part] if length(part) <= measure else clusters(part)


def parts(word: str) -> list[str]:
    """A word, between whose parts a line may end."""
    parts: list[str] = []
    for cluster in clusters(word):
        if parts and not may_part(parts[-1][-1], cluster[0]):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


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


def _rests(
    pieces: Sequence[_Piece], end: int, space: float, measure: float
) -> Iterator[tuple[int, float]]:
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
        lines.append(
            "".join(" " * piece.spaced + piece.text for piece in pieces[start:end]).strip()
        )
        end = start
    return lines[::-1]

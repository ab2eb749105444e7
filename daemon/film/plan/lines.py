"""Breaking text into lines: as few as fit a width, and of similar length.

A text is split into pieces that stay on one line each: words, or parts of them where the script has
no spaces. `balanced` then chooses between which pieces the lines end.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL.ImageFont import FreeTypeFont

from daemon.film.plan.layout import caption_measure, caption_pixels
from daemon.media.letters import clusters, may_break_between
from daemon.media.typeface import Typeface, clean
from daemon.options import Canvas


def caption_lines(text: str, canvas: Canvas, face: Typeface) -> list[str]:
    """The text as lines of a caption, at the size of captions on this canvas; see `wrapped`."""
    return wrapped(text, face.at(caption_pixels(canvas)), caption_measure(canvas))


def wrapped(text: str, font: FreeTypeFont, measure: float) -> list[str]:
    """The text as lines no wider than `measure` pixels, unless one letter alone is wider.

    A newline in the text ends a line; no line is blank. Words longer than a line are cut, and
    scripts without spaces break between letters. The letters come back in Unicode's normal form C.
    """
    space = font.getlength(" ")
    return [
        line
        for paragraph in text.splitlines()
        for line in balanced(pieces(paragraph, font, measure), space, measure)
    ]


def fits_uncut(text: str, font: FreeTypeFont, measure: float) -> bool:
    """Whether the text can be wrapped to `measure` pixels without cutting a word."""
    return all(
        font.getlength(part) <= measure
        for word in words(text, font)
        for part in unbreakable_parts(word)
    )


# ---- pieces --------------------------------------------------------------------------------------

BREAKING_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")


class Piece(NamedTuple):
    """Letters that stay on one line.

    `spaced`: a space comes before them, except at the beginning of a line. `width`: pixels, without
    it.
    """

    text: str
    spaced: bool
    width: float


def pieces(paragraph: str, font: FreeTypeFont, measure: float) -> list[Piece]:
    """The pieces of a paragraph. What is wider than `measure` pixels is cut between its letters."""
    length = functools.cache(font.getlength)
    found = []
    for word in words(paragraph, font):
        parts: list[str] = []
        for part in unbreakable_parts(word):
            parts += [part] if length(part) <= measure else clusters(part)
        found += [Piece(part, number == 0, length(part)) for number, part in enumerate(parts)]
    return found


def words(text: str, font: FreeTypeFont) -> Iterator[str]:
    """The words of a text as the font draws them; words of which nothing is drawn are left out."""
    for word in BREAKING_SPACE.split(text):
        if drawn := clean(word, font):
            yield drawn


def unbreakable_parts(word: str) -> list[str]:
    """The parts of a word between which a line may end; most scripts have only one."""
    parts: list[str] = []
    for cluster in clusters(word):
        if parts and not may_break_between(parts[-1][-1], cluster[0]):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


# ---- lines ---------------------------------------------------------------------------------------

PAUSES = tuple(".,;:!?…–—。、!?।؟،؛")
"""A line that ends with one of these reads better, so it may be somewhat shorter."""
PAUSE_WORTH = 1 / 4
"""A break without a pause counts as if this share of its line were left empty in addition."""


class _Best(NamedTuple):
    """The best way to set the first pieces: the fewest lines, then the least unevenness.

    The last of these lines begins with piece `start`.
    """

    lines: int
    unevenness: float
    start: int


def balanced(pieces: Sequence[Piece], space: float, measure: float) -> list[str]:
    """As few lines as possible, and of these the ones with the least sum of squared empty pixels.

    `space`: a space's width. This is dynamic programming over the first 1, 2, 3… pieces.
    """
    best = [_Best(0, 0.0, 0)]
    for end in range(1, len(pieces) + 1):
        ends_well = end == len(pieces) or pieces[end - 1].text.endswith(PAUSES)
        penalty = 0.0 if ends_well else (measure * PAUSE_WORTH) ** 2
        best.append(
            min(
                _Best(best[start].lines + 1, best[start].unevenness + rest**2 + penalty, start)
                for start, rest in _starts(pieces, end, space, measure)
            )
        )

    lines: list[str] = []
    end = len(pieces)
    while end:
        start = best[end].start
        line = "".join(" " * piece.spaced + piece.text for piece in pieces[start:end])
        lines.append(line.strip())
        end = start
    return lines[::-1]


def _starts(
    pieces: Sequence[Piece], end: int, space: float, measure: float
) -> Iterator[tuple[int, float]]:
    """Where a line that stops before piece `end` may begin: the piece, and the empty pixels."""
    width = pieces[end - 1].width
    yield end - 1, max(0.0, measure - width)
    for start in range(end - 2, -1, -1):
        width += pieces[start].width + space * pieces[start + 1].spaced
        if width > measure:
            return
        yield start, measure - width

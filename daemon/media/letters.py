"""What Unicode says about letters, whatever font they are drawn in.

Some letters draw nothing, some join their neighbours, and some let a line end next to them.
"""

import unicodedata
from collections.abc import Sequence

Blocks = Sequence[tuple[int, int]]
"""Code points, from the first to the last of each block."""

# ---- single letters ------------------------------------------------------------------------------


def is_invisible(letter: str) -> bool:
    """Whether a letter draws nothing itself.

    These are control and format characters, halves of code points, variation selectors, and the
    grapheme joiner.
    """
    is_selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
    is_joiner = letter == "\u034f"
    return is_selector or is_joiner or unicodedata.category(letter) in ("Cc", "Cf", "Cs")


def is_mark(letter: str) -> bool:
    """Whether it is an accent, a vowel sign or the like, which belongs to the letter before it."""
    return unicodedata.category(letter).startswith("M")


def is_in(letter: str, blocks: Blocks) -> bool:
    """Whether a letter is in one of the blocks."""
    return any(first <= ord(letter) <= last for first, last in blocks)


# ---- shaping -------------------------------------------------------------------------------------

COMPLEX: Blocks = (
    (0x0900, 0x109F),
    (0x1100, 0x11FF),
    (0x1700, 0x18AF),
    (0x1900, 0x1CFF),
    (0xA800, 0xAAFF),
    (0x11000, 0x11FFF),
)
"""Indic and South-East Asian scripts, Mongolian, Hangul in parts: letters join, stack, swap."""
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
"""Classes of the Unicode Bidirectional Algorithm (UAX #9, table 4)."""
JOINER = "\u200d"


def needs_shaping(text: str) -> bool:
    """Whether the text comes out wrong where letters are simply put one after the other."""
    return any(
        letter == JOINER
        or unicodedata.bidirectional(letter) in RIGHT_TO_LEFT
        or (is_mark(letter) and not is_invisible(letter))
        or is_in(letter, COMPLEX)
        for letter in unicodedata.normalize("NFC", text)
    )


# ---- clusters ------------------------------------------------------------------------------------

VIRAMA = 9
"""The combining class of signs that join two Indic consonants."""
SKIN_TONES: Blocks = ((0x1F3FB, 0x1F3FF),)


def clusters(word: str) -> list[str]:
    """A word's letters, each with the marks that belong to it.

    These are the grapheme clusters of UAX #29 as far as captions need them, not all of its rules.
    """
    found: list[str] = []
    for letter in word:
        if found and (_extends(letter) or _joins_the_next(found[-1][-1])):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _extends(letter: str) -> bool:
    return is_invisible(letter) or is_mark(letter) or is_in(letter, SKIN_TONES)


def _joins_the_next(letter: str) -> bool:
    return letter == JOINER or unicodedata.combining(letter) == VIRAMA


# ---- line breaks inside words --------------------------------------------------------------------

SPACELESS: Blocks = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x31FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF00, 0xFFEF),
    (0x20000, 0x3FFFF),
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese, which do not put spaces between words."""
NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶะาำๅๆະາຳ")
"""Small kana, which JIS X 4051 forbids at the start of a line, and vowels of Thai and Lao that
stand after their consonant."""
NEVER_LAST = frozenset("เแโใไເແໂໃໄ")
"""Vowels of Thai and Lao that are written before their consonant."""


def may_break_between(before: str, after: str) -> bool:
    """Whether a line may end between two letters of one word."""
    if not (is_in(before, SPACELESS) or is_in(after, SPACELESS)):
        return False
    if before in NEVER_LAST or after in NEVER_FIRST:
        return False
    is_opening = unicodedata.category(before) in ("Ps", "Pi")
    is_closing = unicodedata.category(after) in ("Pe", "Pf", "Po", "Lm")
    return not is_opening and not is_closing

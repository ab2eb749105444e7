"""What Unicode says of letters: which have no shape, which join, and between which a line may end."""

import unicodedata
from collections.abc import Sequence

COMPLEX = (
    (0x0900, 0x109F),
    (0x1100, 0x11FF),
    (0x1700, 0x18AF),
    (0x1900, 0x1CFF),
    (0xA800, 0xAAFF),
    (0x11000, 0x11FFF),
)
"""Code points of Indic and South-East Asian scripts, Mongolian, Hangul in parts: letters join, stack or change places."""
SPACELESS = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x31FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
)
SPACELESS_TOO = ((0xFF00, 0xFFEF), (0x20000, 0x3FFFF))
"""Code points of Thai, Lao, Burmese, Khmer, Chinese and Japanese: words are not set apart, lines break between letters."""
NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶะาำๅๆະາຳ")
"""Small kana (JIS X 4051 forbids them at a line's beginning), and vowels of Thai and Lao that stand after their consonant."""
NEVER_LAST = frozenset("เแโใไເແໂໃໄ")
"""Vowels of Thai and Lao that are written before their consonant."""
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
"""Classes of the Unicode Bidirectional Algorithm (UAX #9, table 4)."""
JOINER, VIRAMA = "\u200d", 9


def needs_shaping(text: str) -> bool:
    """Whether the basic layout, one letter after the other, would set the text wrong."""
    return any(map(_needs_shaping, unicodedata.normalize("NFC", text)))


def _needs_shaping(letter: str) -> bool:
    return (
        unicodedata.bidirectional(letter) in RIGHT_TO_LEFT
        or letter == JOINER
        or (unicodedata.category(letter).startswith("M") and not shapeless(letter))
        or _within(letter, COMPLEX)
    )


def _within(letter: str, blocks: Sequence[tuple[int, int]]) -> bool:
    return any(first <= ord(letter) <= last for first, last in blocks)


def shapeless(letter: str) -> bool:
    """Control and format characters, halves of code points, variation selectors, the grapheme joiner."""
    selector = (
        "\ufe00" <= letter <= "\ufe0f"
        or "\U000e0100" <= letter <= "\U000e01ef"
        or letter == "\u034f"
    )
    return selector or unicodedata.category(letter) in ("Cc", "Cf", "Cs")


def clusters(word: str) -> list[str]:
    """A word's letters, each with the marks that belong to it (much of UAX #29's grapheme clusters, not all)."""
    clusters: list[str] = []
    for letter in word:
        joined = clusters and (
            clusters[-1][-1] == JOINER or unicodedata.combining(clusters[-1][-1]) == VIRAMA
        )
        mark = (
            shapeless(letter)
            or unicodedata.category(letter).startswith("M")
            or "\U0001f3fb" <= letter <= "\U0001f3ff"
        )
        if clusters and (joined or mark):
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return clusters


def may_part(before: str, after: str) -> bool:
    """Whether a line may end between two letters of one word."""
    if (
        not (_spaceless(before) or _spaceless(after))
        or after in NEVER_FIRST
        or before in NEVER_LAST
    ):
        return False
    closing = unicodedata.category(after) in ("Pe", "Pf", "Po", "Lm")
    return not closing and unicodedata.category(before) not in ("Ps", "Pi")


def _spaceless(letter: str) -> bool:
    return _within(letter, SPACELESS) or _within(letter, SPACELESS_TOO)

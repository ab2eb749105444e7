"""Fonts: found by file or family, opened at any size, asked which letters they have."""

import functools
import unicodedata
from pathlib import Path

from PIL import ImageFont, features
from ttf_opensans import OPENSANS_SEMIBOLD

from daemon.errors import UnreadableFont
from daemon.media.boundary import reading
from daemon.media.letters import shapeless

LEAST_PIXELS = 8
"""A font that cannot be drawn at this size cannot be drawn."""


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
                self._sizes[pixels] = ImageFont.FreeTypeFont(
                    str(self._file), pixels, layout_engine=layout
                )
            except OSError as error:
                raise UnreadableFont(
                    self._file, f"not a font that can be drawn ({error})"
                ) from error
        return self._sizes[pixels]

    def missing(self, text: str) -> str:
        """The letters of `text` that the font cannot show, each once, in their order.

        Spaces and what has no shape of its own (control characters, joiners, variation selectors, marks of direction) are
        never among them.
        """
        letters = dict.fromkeys(unicodedata.normalize("NFC", text))
        return "".join(
            letter
            for letter in letters
            if not letter.isspace() and not shapeless(letter) and self._lacks(letter)
        )

    def _lacks(self, letter: str) -> bool:
        """Shaping puts a letter together from its parts, if the font has those."""
        parts = unicodedata.normalize("NFD", letter) if can_shape() else letter
        return ord(letter) not in self._code_points and any(
            ord(part) not in self._code_points for part in parts
        )

    @functools.cached_property
    def _code_points(self) -> frozenset[int]:
        from fontTools.ttLib import TTFont  # 0.03 s that only films with drawn words need

        with (
            reading(self._not_a_font, Exception),
            self._file.open("rb") as file,
            TTFont(file, fontNumber=0, lazy=True) as font,
        ):
            return frozenset(font.getBestCmap() or ())

    def _not_a_font(self, error: Exception) -> UnreadableFont:
        return UnreadableFont(self._file, f"not a TrueType or OpenType font ({error})")


@functools.cache
def open_typeface(font: str) -> Typeface:
    """The typeface of a font's file, opened once in the life of a process; "" is Open Sans."""
    return Typeface(Path(font) if font else None)


def can_shape() -> bool:
    """Whether this Pillow has raqm, which orders and joins the letters of every script."""
    return bool(features.check("raqm"))


def clean(line: str) -> str:
    """A line as it is drawn: what has no shape must not show as an empty box, which is what fonts have for it.

    Shaping knows about format characters and needs them; the basic layout does not, and draws them.
    """
    spaced = " ".join(unicodedata.normalize("NFC", line).split())
    kept = ("Cf", "Mn") if can_shape() else ()
    return "".join(
        letter for letter in spaced if unicodedata.category(letter) in kept or not shapeless(letter)
    )

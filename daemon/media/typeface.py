"""A font: at any size, with the letters that it has, and a line of text prepared for it.

Which file a font is in is decided elsewhere (`fonts`); what Unicode says of letters is in
`letters`.
"""

import functools
import unicodedata
from pathlib import Path

from PIL import ImageFont, features
from ttf_opensans import OPENSANS_SEMIBOLD

from daemon.errors import UnreadableFont
from daemon.media.boundary import reading
from daemon.media.letters import is_invisible

TRIAL_PIXELS = 8
"""A font is opened at this size first, to see whether it can be drawn."""


class Typeface:
    """A font at any size; of a collection, its first font.

    Without a `file` it is Open Sans, which has the letters of Europe. `layout`: how Pillow puts
    letters together; None is raqm where this Pillow has it (see `can_shape`), and one letter after
    the other where not. `is_shaped`: whether it is raqm.

    Raises UnreadableFont when the file is not a TrueType or OpenType font, or cannot be read.
    """

    def __init__(self, file: Path | None = None, layout: ImageFont.Layout | None = None) -> None:
        self._file = file or Path(OPENSANS_SEMIBOLD.path)
        self._layout = layout
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self.is_shaped = is_shaped(self.at(TRIAL_PIXELS))
        if file:
            self.lacks(" ")  # reads the table of letters: a file without one is refused at once

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The font at a size in pixels, 1 or more.

        Raises UnreadableFont when the file does not have that size, or is gone.
        """
        if pixels not in self._sizes:
            try:
                font = ImageFont.FreeTypeFont(str(self._file), pixels, layout_engine=self._layout)
            except OSError as error:
                what = f"not a font that can be drawn ({error})"
                raise UnreadableFont(self._file, what) from error
            self._sizes[pixels] = font
        return self._sizes[pixels]

    def missing(self, text: str) -> str:
        """The letters of `text` that the font cannot show, each once, in their order.

        Spaces are never among them, and neither are letters that draw nothing, such as joiners.
        """
        letters = dict.fromkeys(unicodedata.normalize("NFC", text))
        drawn = (letter for letter in letters if not letter.isspace() and not is_invisible(letter))
        return "".join(letter for letter in drawn if self.lacks(letter))

    def lacks(self, letter: str) -> bool:
        """Whether the font has neither the letter nor, if it is shaped, all parts to build it."""
        if ord(letter) in self._code_points:
            return False
        parts = unicodedata.normalize("NFD", letter) if self.is_shaped else letter
        return any(ord(part) not in self._code_points for part in parts)

    @functools.cached_property
    def _code_points(self) -> frozenset[int]:
        from fontTools.ttLib import TTFont  # takes 0.03 s, which only films with drawn words need

        def fault(error: Exception) -> UnreadableFont:
            return UnreadableFont(self._file, f"not a TrueType or OpenType font ({error})")

        with (
            reading(fault, Exception),
            self._file.open("rb") as file,
            TTFont(file, fontNumber=0, lazy=True) as font,
        ):
            return frozenset(font.getBestCmap() or ())


@functools.cache
def open_typeface(font: str) -> Typeface:
    """The typeface in a font's file, opened once in the life of a process; "" is Open Sans."""
    return Typeface(Path(font) if font else None)


def can_shape() -> bool:
    """Whether this Pillow has raqm, which orders and joins the letters of every script."""
    return bool(features.check("raqm"))


def is_shaped(font: ImageFont.FreeTypeFont) -> bool:
    """Whether raqm lays out this font."""
    return font.layout_engine == ImageFont.Layout.RAQM


def clean(line: str, font: ImageFont.FreeTypeFont) -> str:
    """A line of text as it can be drawn: in normal form C, each run of spaces as one space.

    Fonts show an empty box for letters that draw nothing. Such letters are left out, except format
    characters and marks in a font that is shaped: raqm understands them and needs them.
    """
    spaced = " ".join(unicodedata.normalize("NFC", line).split())
    kept = ("Cf", "Mn") if is_shaped(font) else ()
    return "".join(
        letter
        for letter in spaced
        if unicodedata.category(letter) in kept or not is_invisible(letter)
    )

"""A font is refused where it cannot be used, and says which letters it does not have."""

from pathlib import Path

import pytest
from PIL import ImageFont

from daemon.errors import UnreadableFont
from daemon.media.typeface import Typeface, clean, open_typeface
from tests.helpers.lettering import (
    DEJAVU,
    FACE,
    HELLO_ARABIC,
    SHALOM,
    dejavu,
    needs_dejavu,
    needs_raqm,
)

BITMAP_FONT = """STARTFONT 2.1
FONT -a-b-medium-r-normal--8-80-75-75-c-80-iso10646-1
SIZE 8 75 75
FONTBOUNDINGBOX 8 8 0 0
STARTPROPERTIES 3
PIXEL_SIZE 8
FONT_ASCENT 8
FONT_DESCENT 0
ENDPROPERTIES
CHARS 1
STARTCHAR A
ENCODING 65
SWIDTH 1000 0
DWIDTH 8 0
BBX 8 1 0 0
BITMAP
FF
ENDCHAR
ENDFONT
"""

# ---- letters that a font lacks -------------------------------------------------------------------


def test_missing_letters_are_listed_once_and_in_order() -> None:
    assert FACE.missing("a い b あ あい") == "いあ"


def test_the_bundled_font_has_the_letters_of_europe_and_lists_others_as_missing() -> None:
    assert FACE.missing("“Smörgåsbord”, Łódź – façade … Ελληνικά, Ђурађ €5 ½") == ""
    assert FACE.missing("a 昔 b 昔 ش") == "昔ش"


@needs_dejavu
def test_accents_that_the_font_has_are_not_missing() -> None:
    assert dejavu().missing("é ß ø ł Å ñ ü č – — … “x” ’ €") == ""
    assert dejavu().missing("e\u0301") == ""  # one letter in normal form C


def test_letters_that_draw_nothing_are_never_missing() -> None:
    spaces = " \t\n\r\u00a0\u3000"
    controls = "\x00\x1b\u200b\u200d\u200e\u200f\u2066\u2069\ufe0f\U000e0100\ufeff\u00ad"
    assert FACE.missing(spaces + controls) == ""


@needs_dejavu
def test_another_font_has_other_letters() -> None:
    assert FACE.missing(SHALOM) == SHALOM
    assert dejavu().missing(SHALOM + HELLO_ARABIC) == ""
    assert dejavu().missing("あ") == "あ"


# ---- files that are not fonts --------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"no font", b"\x00\x01\x00\x00" + b"\xff" * 400, b"ttcf" + b"\x00" * 90]
)
def test_a_file_that_is_not_a_font_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "letters.ttf"
    file.write_bytes(content)
    with pytest.raises(UnreadableFont, match=r"letters\.ttf: not a .*font") as caught:
        Typeface(file)
    assert "Name a TrueType" in caught.value.mend


def test_a_bitmap_font_is_refused_although_freetype_opens_it(tmp_path: Path) -> None:
    """Bitmap fonts have one size, and no table of their letters that could be read here."""
    file = tmp_path / "letters.bdf"
    file.write_text(BITMAP_FONT)
    ImageFont.FreeTypeFont(file, 8)
    with pytest.raises(UnreadableFont, match="letters"):
        Typeface(file)


def test_a_font_that_is_not_there_is_refused_and_not_searched_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFont, match="letters"):
        Typeface(tmp_path / "letters.ttf")
    with pytest.raises(UnreadableFont):
        Typeface(Path("DejaVuSans.ttf"))


@needs_dejavu
def test_a_damaged_font_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "half.ttf"
    file.write_bytes(DEJAVU.read_bytes()[:20_000])
    with pytest.raises(UnreadableFont):
        Typeface(file)


# ---- opening and preparing -----------------------------------------------------------------------


def test_a_size_is_loaded_once() -> None:
    assert FACE.at(20) is FACE.at(20)
    assert FACE.at(20).size == 20


def test_a_font_is_opened_once_in_a_process() -> None:
    assert open_typeface("") is open_typeface("")


@needs_raqm
def test_letters_that_draw_nothing_are_left_out_unless_raqm_needs_them() -> None:
    basic = Typeface(layout=ImageFont.Layout.BASIC)
    text = "a\u200d\ufe0f\u200e  \x1bb"
    assert clean(text, basic.at(20)) == "a b"
    assert clean(text, FACE.at(20)) == "a\u200d\ufe0f\u200e b"

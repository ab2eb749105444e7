"""Words in pictures: all of them, inside the safe area, readable on any ground, in every script that the font has."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from daemon.errors import UnreadableFont
from daemon.film.picture import letters
from daemon.film.picture.cards import card
from daemon.film.picture.letters import Layer, caption_layer
from daemon.film.plan.captions import LINE
from daemon.film.plan.layout import safe_area
from daemon.film.plan.lines import caption_lines
from daemon.media import typeface
from daemon.media.letters import needs_shaping
from daemon.media.typeface import Typeface, can_shape
from daemon.options import Canvas

Style = Literal["stroke", "box"]
Pixels = npt.NDArray[np.float64]

LANDSCAPE, PORTRAIT, SQUARE, TINY = (1920, 1080), (1080, 1920), (1080, 1080), (160, 90)
CANVASES = [LANDSCAPE, PORTRAIT, SQUARE, TINY]
STYLES: list[Style] = ["stroke", "box"]
FACE = Typeface()
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
TEXTS = {
    "a word": "Wren",
    "two lines": "On a hill above the sea lived a small fox called Wren. Every evening she watched the light.",
    "deep and high": "ÅÉÎÕÜ gjpqy ÅÉÎÕÜ gjpqy",
    "one long word": "W" * 300,
    "wide letters": "WWWWWWW MMMMMMM " * 8,
}
SHALOM, HELLO_ARABIC = "שלום", "مرحبا"

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

needs_raqm = pytest.mark.skipif(not can_shape(), reason="this Pillow finds no raqm with fribidi")
needs_dejavu = pytest.mark.skipif(
    not DEJAVU.is_file(), reason="DejaVu Sans, which has Hebrew and Arabic, is not installed"
)
every_canvas = pytest.mark.parametrize(
    "canvas", CANVASES, ids=["landscape", "portrait", "square", "tiny"]
)
every_style = pytest.mark.parametrize("style", STYLES)


@pytest.fixture(scope="module")
def dejavu() -> Typeface:
    return Typeface(DEJAVU)


def pairs(lines: list[str]) -> Iterator[list[str]]:
    return (lines[first : first + 2] for first in range(0, len(lines), 2))


def laid(layer: Layer, ground: Image.Image) -> Image.Image:
    """The layer where it belongs on a ground."""
    made = ground.convert("RGBA")
    made.alpha_composite(layer.image, (layer.left, layer.top))
    return made.convert("RGB")


def ink(layer: Layer) -> Pixels:
    """Where the letters' white is, stroke and box left out."""
    pixels = np.asarray(layer.image, dtype=np.float64)
    white: Pixels = pixels[:, :, 3] / 255 * (pixels[:, :, 0] > 200)
    return white


def within(box: tuple[int, int, int, int], area: tuple[int, int, int, int]) -> bool:
    return box[0] >= area[0] and box[1] >= area[1] and box[2] <= area[2] and box[3] <= area[3]


def luminance(colour: Pixels) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    part = colour / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# The safe area


@every_canvas
@every_style
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_pixel_of_a_caption_lies_in_the_safe_area(
    canvas: Canvas, style: Style, text: str
) -> None:
    for lines in pairs(caption_lines(text, canvas, FACE)):
        layer = caption_layer(lines, canvas, FACE, style)
        alone = Image.new("L", canvas)
        alone.paste(layer.image.getchannel("A"), (layer.left, layer.top))
        drawn = alone.getbbox()
        assert drawn is not None
        assert drawn == layer.box  # cropped to what is drawn, and nothing lies off the canvas
        assert within(drawn, safe_area(canvas))


def test_landscape_has_five_per_cent_on_each_side_and_portrait_more_at_the_bottom() -> None:
    assert safe_area(LANDSCAPE) == (96, 54, 1824, 1026)
    left, top, right, bottom = safe_area(PORTRAIT)
    assert 1920 - bottom == 288 > top > left == 1080 - right == 65


@every_style
def test_lines_that_are_too_wide_are_drawn_smaller(style: Style) -> None:
    layer = caption_layer(["word " * 40] * 2, LANDSCAPE, FACE, style)
    assert within(layer.box, safe_area(LANDSCAPE))
    assert layer.image.width > 0.85 * 1728
    assert (
        layer.image.height < 0.5 * caption_layer(["word"] * 2, LANDSCAPE, FACE, style).image.height
    )


@every_style
@pytest.mark.parametrize("canvas", [(16, 16), (4096, 16), (16, 4096)])
def test_no_canvas_is_too_small(canvas: Canvas, style: Style) -> None:
    for lines in pairs(caption_lines("Words of no great length", canvas, FACE)):
        assert within(caption_layer(lines, canvas, FACE, style).box, safe_area(canvas))


@every_canvas
def test_captions_are_in_the_middle_and_stand_on_the_same_line(canvas: Canvas) -> None:
    """The words have no depth and so the same lower edge; "jg" would go lower, and moves nothing."""
    left, _, right, bottom = safe_area(canvas)
    flat, deep = (caption_layer([line], canvas, FACE) for line in ("HH", "HH jgpqy H"))
    assert abs((flat.left + flat.box[2]) - (left + right)) <= 4
    assert flat.box[3] < deep.box[3] <= bottom
    assert baseline(flat) == baseline(deep)


def baseline(layer: Layer) -> int:
    """The row of the canvas below which the letters at the left have no ink; the first letter has no depth."""
    return layer.top + int(
        inked_rows(layer.image.crop((0, 0, layer.image.height // 3, layer.image.height))).max()
    )


def inked_rows(made: Image.Image) -> npt.NDArray[np.intp]:
    """The numbers of the rows that have white in them."""
    return np.flatnonzero((np.asarray(made)[:, :, 0] > 128).max(axis=1))


def test_two_lines_stand_above_each_other_without_touching() -> None:
    assert (np.diff(inked_rows(caption_layer(["gjpqy", "HHH"], LANDSCAPE, FACE).image)) > 1).any()


@every_style
def test_lines_without_anything_to_draw_are_a_transparent_pixel(style: Style) -> None:
    for lines in ([], [""], [" ", "\u200d"]):
        layer = caption_layer(lines, LANDSCAPE, FACE, style)
        assert layer.image.size == (1, 1)
        assert layer.image.getchannel("A").getextrema() == (0, 0)


# Wrapping


@every_canvas
@settings(max_examples=60)
@given(
    text=st.lists(st.text("abcdefgäéñßøł-,.’", min_size=1, max_size=8), max_size=40).map(" ".join)
)
def test_all_words_come_back_in_order(canvas: Canvas, text: str) -> None:
    lines = caption_lines(text, canvas, FACE)
    assert " ".join(lines).split() == text.split()
    assert all(line == line.strip() != "" for line in lines)


@settings(max_examples=200)
@given(text=st.text(st.characters(codec="utf-8"), max_size=120), canvas=st.sampled_from(CANVASES))
def test_no_letter_of_any_script_is_lost(text: str, canvas: Canvas) -> None:
    def letters(of: str) -> list[str]:
        return [
            letter
            for letter in unicodedata.normalize("NFC", of)
            if not letter.isspace() and unicodedata.category(letter) not in ("Cc", "Cf")
        ]

    assert letters("".join(caption_lines(text, canvas, FACE))) == letters(text)


@every_canvas
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_lines_fit_the_safe_width_at_the_full_size(canvas: Canvas, text: str) -> None:
    """As high as a caption of one letter, hence not drawn smaller."""
    high = caption_layer(["W"], canvas, FACE).image.height
    for line in caption_lines(
        text.replace("Å", "A").upper().replace("G", "C").replace(",", ""), canvas, FACE
    ):
        assert caption_layer(["W" + line[1:]], canvas, FACE).image.height >= high


@pytest.mark.parametrize(
    ("canvas", "least", "most"), [(LANDSCAPE, 36, LINE + 6), (PORTRAIT, 22, 31), (SQUARE, 26, 36)]
)
def test_a_line_has_as_many_letters_as_is_usual(canvas: Canvas, least: int, most: int) -> None:
    lines = caption_lines(
        "On a hill above the sea lived a small fox who liked the light. " * 30, canvas, FACE
    )
    longest = max(map(len, lines))
    assert least <= longest <= most
    assert least - 4 <= sum(map(len, lines)) / len(lines)


@every_canvas
def test_a_word_longer_than_a_line_is_cut(canvas: Canvas) -> None:
    lines = caption_lines("a " + "x" * 200 + " b", canvas, FACE)
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == "a" + "x" * 200 + "b"


def test_a_cut_does_not_part_a_letter_from_its_marks() -> None:
    """The vowel of the Indic syllable is as wide as its consonant."""
    for before in range(4):
        lines = caption_lines("x" * before + "क\u093e" * 100, LANDSCAPE, FACE)
        assert len(lines) > 2
        assert not any(line.startswith("\u093e") for line in lines)


@pytest.mark.parametrize(
    "text",
    ["昔々ある所に小さな狐が住んでいました" * 5, "กาลครั้งหนึ่งนานมาแล้วมีสุนัขจิ้งจอก" * 5],
    ids=["Japanese", "Thai"],
)
def test_scripts_without_spaces_break_between_letters(text: str) -> None:
    lines = caption_lines(text, LANDSCAPE, FACE)
    assert len(lines) > 1
    assert "".join(lines) == text
    widths = [FACE.at(54).getlength(line) for line in lines]
    assert min(widths) > 0.7 * max(widths)


@pytest.mark.parametrize("pair", ["狐。", "狐っ", "狐」", "「狐", "กา", "ไก"])
def test_some_letters_stay_with_their_neighbour(pair: str) -> None:
    """A full stop, a small kana and a closing bracket do not begin a line, and an opening one does not end it."""
    for before in range(3):
        lines = caption_lines("狐" * before + pair * 60, LANDSCAPE, FACE)
        assert len(lines) > 2
        assert all(line.startswith(pair) for line in lines[1:])


def test_latin_words_amid_japanese_stay_whole() -> None:
    for length in range(10, 30):
        assert any(
            "Storyreel" in line
            for line in caption_lines("狐" * length + "Storyreel" + "狐" * 20, LANDSCAPE, FACE)
        )


def test_a_newline_ends_a_line_and_no_line_is_blank() -> None:
    assert caption_lines("one\n\n \ntwo three\n", LANDSCAPE, FACE) == ["one", "two three"]
    assert caption_lines(" \n", LANDSCAPE, FACE) == []


def test_a_space_that_does_not_break_holds_two_words_together() -> None:
    for before in range(10):
        lines = caption_lines("x" * before + " ab\u00a0cd" * 60, LANDSCAPE, FACE)
        assert not any(line.startswith("cd") for line in lines)


def test_lines_are_of_similar_length_and_no_word_stands_alone() -> None:
    text = "every evening she watched the lighthouse open its eye"
    assert len(text) > LINE
    first, second = caption_lines(text, LANDSCAPE, FACE)
    assert abs(len(first) - len(second)) <= 5


def test_a_line_ends_rather_after_a_comma_than_in_the_middle_of_a_phrase() -> None:
    lines = caption_lines(
        "She climbed up the winding steps, until her light shone out", LANDSCAPE, FACE
    )
    assert lines[0].endswith("steps,")


# Readable


@every_style
@pytest.mark.parametrize("ground", ["white", "black", "#808080", "#ffe890"])
def test_letters_stand_out_on_any_ground(ground: str, style: Style) -> None:
    layer = caption_layer(["IIII", "IIII"], LANDSCAPE, FACE, style)
    made = laid(layer, Image.new("RGB", LANDSCAPE, ground))
    assert contrast(np.asarray(made.crop(layer.box), dtype=np.float64), ink(layer) > 0.95) >= 4.5


def contrast(made: Pixels, white: npt.NDArray[np.bool_]) -> float:
    """The least contrast of WCAG 2.2 between the upright edges of white letters and what is two pixels beside them."""
    rows, columns = np.nonzero(white[:, :-2] & ~white[:, 1:-1] & ~white[:, 2:])
    assert len(rows) > 50
    sides = max(luminance(colour) for colour in made[rows, columns + 2])
    return (min(luminance(colour) for colour in made[rows, columns]) + 0.05) / (sides + 0.05)


def test_the_box_is_as_high_for_flat_words_as_for_deep_ones_and_round_at_its_corners() -> None:
    flat, deep = (caption_layer([line], LANDSCAPE, FACE, "box") for line in ("noon", "July"))
    assert flat.image.height == deep.image.height
    alpha = np.asarray(flat.image.getchannel("A"))
    assert alpha[0, 0] == alpha[-1, -1] == 0
    assert 100 < alpha[alpha.shape[0] // 2, 1] < 255


@every_style
def test_the_same_words_are_the_same_bytes(style: Style) -> None:
    made = [caption_layer(["one", "two"], LANDSCAPE, Typeface(), style) for _ in range(2)]
    assert made[0].image.tobytes() == made[1].image.tobytes()
    assert made[0].box == made[1].box
    ground = Image.new("RGB", (320, 180), "#406080")
    assert (
        card(ground, "A", "b", Typeface()).tobytes() == card(ground, "A", "b", Typeface()).tobytes()
    )


# Fonts


def test_missing_letters_are_told_each_once_and_in_order() -> None:
    assert FACE.missing("a い b あ あい") == "いあ"


def test_the_font_that_ships_has_the_letters_of_europe_and_says_what_it_lacks() -> None:
    assert FACE.missing("“Smörgåsbord”, Łódź – façade … Ελληνικά, Ђурађ €5 ½") == ""
    assert FACE.missing("a 昔 b 昔 ش") == "昔ش"


@needs_dejavu
def test_accents_that_the_font_has_are_not_missing(dejavu: Typeface) -> None:
    assert dejavu.missing("é ß ø ł Å ñ ü č – — … “x” ’ €") == ""
    assert dejavu.missing("e\u0301") == ""  # one letter once it is normalised
    for letter in (
        "éßøł"
    ):  # and they are drawn as what they are: not as each other, nor as the empty box for none
        others = {
            caption_layer([other], LANDSCAPE, dejavu).image.tobytes()
            for other in "eéßøołl\U0010fffd"
            if other != letter
        }
        assert caption_layer([letter], LANDSCAPE, dejavu).image.tobytes() not in others


def test_what_has_no_shape_is_never_missing() -> None:
    assert (
        FACE.missing(
            " \t\n\r\x00\x1b\u00a0\u3000\u200b\u200d\u200e\u200f\u2066\u2069\ufe0f\U000e0100\ufeff\u00ad"
        )
        == ""
    )


@needs_dejavu
def test_another_font_has_other_letters(dejavu: Typeface) -> None:
    assert FACE.missing(SHALOM) == SHALOM
    assert dejavu.missing(SHALOM + HELLO_ARABIC) == ""
    assert dejavu.missing("あ") == "あ"


@pytest.mark.parametrize(
    "content", [b"", b"no font", b"\x00\x01\x00\x00" + b"\xff" * 400, b"ttcf" + b"\x00" * 90]
)
def test_a_file_that_is_no_font_is_told_by_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "letters.ttf"
    file.write_bytes(content)
    with pytest.raises(UnreadableFont, match=r"letters\.ttf: not a .*font") as caught:
        Typeface(file)
    assert "Name a TrueType" in caught.value.mend


def test_a_font_of_another_kind_is_told_though_freetype_knows_it(tmp_path: Path) -> None:
    """Bitmap fonts have one size, and no table of their letters that could be read here."""
    file = tmp_path / "letters.bdf"
    file.write_text(BITMAP_FONT)
    ImageFont.FreeTypeFont(file, 8)
    with pytest.raises(UnreadableFont, match="letters"):
        Typeface(file)


def test_a_font_that_is_not_there_is_told_and_not_looked_for_elsewhere(tmp_path: Path) -> None:
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


def test_a_size_is_loaded_once() -> None:
    assert FACE.at(20) is FACE.at(20)
    assert FACE.at(20).size == 20


# Scripts that need shaping


@pytest.mark.parametrize(
    "text", [SHALOM, HELLO_ARABIC, "हिन्दी", "ไทย", "x\u0302", "👩\u200d🚀", "a ש"]
)
def test_these_need_shaping(text: str) -> None:
    assert needs_shaping(text)


@pytest.mark.parametrize(
    "text",
    ["", "Plain words.", "é ß ø ł", "e\u0301", "昔々", "Привет", "Γειά", "❤\ufe0f", "한국어"],
)
def test_these_do_not(text: str) -> None:
    assert not needs_shaping(text)


def test_without_raqm_what_has_no_shape_is_not_drawn_as_an_empty_box(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (letters, typeface):
        monkeypatch.setattr(module, "can_shape", lambda: False)
    basic = Typeface()
    plain, marked = (
        caption_layer([line], LANDSCAPE, basic) for line in ("ab", "a\u200d\ufe0f\u200eb")
    )
    assert plain.image.tobytes() == marked.image.tobytes()


@needs_raqm
@needs_dejavu
@pytest.mark.parametrize("word", [SHALOM, HELLO_ARABIC], ids=["Hebrew", "Arabic"])
def test_the_first_letter_of_a_right_to_left_word_is_at_its_right(
    dejavu: Typeface, word: str
) -> None:
    """The word without its first letter has the same ink from its left edge on; the basic layout has it the other way."""
    assert not left_to_right(dejavu, word)


@needs_dejavu
def test_the_basic_layout_does_get_it_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (letters, typeface):
        monkeypatch.setattr(module, "can_shape", lambda: False)
    assert left_to_right(Typeface(DEJAVU), SHALOM)


def left_to_right(face: Typeface, word: str) -> bool:
    """Whether a word's first letter is drawn leftmost: a long dash for the first letter tells where that is."""
    drawn = ink(
        caption_layer(["ـــ" + word if word == HELLO_ARABIC else "־־־" + word], LANDSCAPE, face)
    )
    high = (drawn > 0.5).sum(axis=0)
    third = len(high) // 4
    return float(high[:third].sum()) < float(high[-third:].sum())


@needs_raqm
@needs_dejavu
def test_a_line_that_begins_with_a_foreign_name_keeps_the_direction_of_its_caption(
    dejavu: Typeface,
) -> None:
    """Under a Hebrew line "Wren" stands at the right, as where it comes last in an English caption; by itself at the left."""

    def second_line(lines: list[str]) -> npt.NDArray[np.bool_]:
        layer = caption_layer(lines, LANDSCAPE, dejavu)
        rows: npt.NDArray[np.bool_] = ink(layer)[-48:] > 0.5
        columns = np.flatnonzero(rows.max(axis=0))
        return rows[:, columns.min() : columns.max()]

    wanted = second_line(["Wren", SHALOM + " Wren"])
    assert np.array_equal(second_line([SHALOM, "Wren " + SHALOM]), wanted)
    assert not np.array_equal(second_line(["Wren", "Wren " + SHALOM]), wanted)


@needs_raqm
@needs_dejavu
def test_a_mark_stands_over_its_letter(dejavu: Typeface) -> None:
    """The caret takes no room of its own beside the letters."""
    plain, marked = (
        caption_layer([line], LANDSCAPE, dejavu).image for line in ("xxx", "xx\u0302x")
    )
    assert plain.width == marked.width
    assert marked.height > plain.height


# Cards


@every_canvas
@pytest.mark.parametrize(
    ("heading", "below"),
    [
        ("The Fox and the Lighthouse", "Told by the Storyreel authors"),
        ("The End", ""),
        ("", "Thank you for watching"),
        ("A heading that goes on and on, " * 8, "and so does what is under it, " * 8),
        ("W" * 200, ""),
        ("昔々ある所に小さな狐が住んでいました", "昔々"),
    ],
    ids=["title", "end", "below alone", "long", "one long word", "Japanese"],
)
def test_a_card_s_words_are_there_and_lie_in_the_safe_area(
    canvas: Canvas, heading: str, below: str
) -> None:
    """On mid grey, what is lighter than the ground is ink: shade and stroke are darker."""
    ground = Image.new("RGB", canvas, "#808080")
    made = card(ground, heading, below, FACE)
    assert (made.mode, made.size) == ("RGB", canvas)
    assert ground.getextrema() == ((128, 128),) * 3  # the ground itself stays as it was
    light = Image.fromarray(np.asarray(made)[:, :, 0] > 140)
    box = light.getbbox()
    assert box is not None
    assert within(box, safe_area(canvas))
    left, _, right, _ = safe_area(canvas)
    assert abs((box[0] + box[2]) - (left + right)) <= 0.02 * canvas[0] + 4


@pytest.mark.parametrize("canvas", [(16, 16), (4096, 16), (16, 4096)])
def test_a_card_of_any_size_is_drawn(canvas: Canvas) -> None:
    assert card(Image.new("RGB", canvas), "A heading of some length", "below", FACE).size == canvas


def test_long_headings_shrink() -> None:
    short, long = (
        tallest(card(Image.new("RGB", LANDSCAPE), "H" + " HHHH" * words, "", FACE))
        for words in (2, 60)
    )
    assert 8 < long < 0.8 * short


def test_a_heading_shrinks_rather_than_cut_a_word() -> None:
    high = [
        tallest(card(Image.new("RGB", LANDSCAPE), "H" * length, "", FACE)) for length in (5, 26)
    ]
    assert high[0] > high[1]
    assert len(row_heights(card(Image.new("RGB", LANDSCAPE), "H" * 26, "", FACE))) == 1


def tallest(made: Image.Image) -> int:
    """The height of the first row of letters, in pixels, of words without depth."""
    return row_heights(made)[0]


def row_heights(made: Image.Image) -> list[int]:
    """The heights of all rows of letters, in pixels, of words without depth on a black ground."""
    rows = inked_rows(made)
    return [len(row) for row in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)]


def test_what_is_below_is_below_and_smaller() -> None:
    upper, lower = row_heights(card(Image.new("RGB", LANDSCAPE), "HHH", "HHH", FACE))
    assert 0.35 * upper < lower < 0.6 * upper


@pytest.mark.parametrize("ground", ["white", "black", "#ffe890"])
def test_a_card_is_readable_on_any_ground(ground: str) -> None:
    made = card(Image.new("RGB", LANDSCAPE, ground), "IIIIII", "", FACE).crop((800, 400, 1120, 700))
    pixels = np.asarray(made, dtype=np.float64)
    assert contrast(pixels, pixels.min(axis=2) > 240) >= 4.5


def test_a_card_without_words_is_its_ground() -> None:
    ground = Image.new("RGBA", (320, 180), "#406080")
    made = card(ground, "", " ", FACE)
    assert made.mode == "RGB"
    assert made.tobytes() == ground.convert("RGB").tobytes()


def test_the_shade_is_soft_and_weakest_at_the_edges() -> None:
    made = np.asarray(
        card(Image.new("RGB", LANDSCAPE, "white"), "The End", "", FACE), dtype=np.float64
    )[:, :, 0]
    column = made[:, 700]  # just left of the words
    assert np.abs(np.diff(column)).max() <= 4
    assert column[0] > column[540]
    assert column[0] > 180

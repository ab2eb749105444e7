"""Text is broken into lines that fit, without losing a letter, where a reader expects it."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.film.plan.captions import LINE
from daemon.film.plan.lines import caption_lines, fits_uncut, wrapped
from daemon.options import Canvas
from tests.helpers.lettering import (
    CANVASES,
    FACE,
    LANDSCAPE,
    PORTRAIT,
    SQUARE,
    every_canvas,
)

WORDS = st.lists(st.text("abcdefgäéñßøł-,.’", min_size=1, max_size=8), max_size=40)

# ---- nothing is lost -----------------------------------------------------------------------------


@every_canvas
@settings(max_examples=60)
@given(text=WORDS.map(" ".join))
def test_all_words_come_back_in_order(canvas: Canvas, text: str) -> None:
    lines = caption_lines(text, canvas, FACE)
    assert " ".join(lines).split() == text.split()
    assert all(line == line.strip() != "" for line in lines)


@settings(max_examples=200)
@given(
    text=st.text(st.characters(codec="utf-8"), max_size=120),
    canvas=st.sampled_from(list(CANVASES.values())),
)
def test_no_letter_of_any_script_is_lost(text: str, canvas: Canvas) -> None:
    def letters(of: str) -> list[str]:
        return [
            letter
            for letter in unicodedata.normalize("NFC", of)
            if not letter.isspace() and unicodedata.category(letter) not in ("Cc", "Cf")
        ]

    assert letters("".join(caption_lines(text, canvas, FACE))) == letters(text)


# ---- lines fit -----------------------------------------------------------------------------------


@given(text=WORDS.map(" ".join), measure=st.floats(20, 900))
def test_no_line_is_wider_than_its_measure_unless_it_is_one_letter(
    text: str, measure: float
) -> None:
    font = FACE.at(20)
    for line in wrapped(text, font, measure):
        assert len(line) == 1 or font.getlength(line) <= measure + 1


@pytest.mark.parametrize(
    ("canvas", "least", "most"), [(LANDSCAPE, 36, LINE + 6), (PORTRAIT, 22, 31), (SQUARE, 26, 36)]
)
def test_a_line_has_as_many_letters_as_is_usual(canvas: Canvas, least: int, most: int) -> None:
    text = "On a hill above the sea lived a small fox who liked the light. " * 30
    lines = caption_lines(text, canvas, FACE)
    longest = max(map(len, lines))
    assert least <= longest <= most
    assert least - 4 <= sum(map(len, lines)) / len(lines)


# ---- words that are cut --------------------------------------------------------------------------


@every_canvas
def test_a_word_longer_than_a_line_is_cut(canvas: Canvas) -> None:
    lines = caption_lines("a " + "x" * 200 + " b", canvas, FACE)
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == "a" + "x" * 200 + "b"


def test_it_is_known_beforehand_whether_a_word_must_be_cut() -> None:
    font = FACE.at(20)
    width = font.getlength("lighthouse")
    assert fits_uncut("the lighthouse", font, width)
    assert not fits_uncut("the lighthouse", font, width - 1)
    assert fits_uncut("狐" * 100, font, font.getlength("狐"))


def test_a_cut_keeps_a_letter_and_its_marks_together() -> None:
    """The vowel of the Indic syllable is as wide as its consonant."""
    for before in range(4):
        lines = caption_lines("x" * before + "क\u093e" * 100, LANDSCAPE, FACE)
        assert len(lines) > 2
        assert not any(line.startswith("\u093e") for line in lines)


# ---- scripts without spaces ----------------------------------------------------------------------


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
    """A full stop, a small kana and a closing bracket never begin a line.

    An opening bracket never ends one.
    """
    for before in range(3):
        lines = caption_lines("狐" * before + pair * 60, LANDSCAPE, FACE)
        assert len(lines) > 2
        assert all(line.startswith(pair) for line in lines[1:])


def test_latin_words_within_japanese_stay_whole() -> None:
    for length in range(10, 30):
        lines = caption_lines("狐" * length + "Storyreel" + "狐" * 20, LANDSCAPE, FACE)
        assert any("Storyreel" in line for line in lines)


# ---- where a reader expects the break ------------------------------------------------------------


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


def test_a_line_ends_after_a_comma_rather_than_in_the_middle_of_a_phrase() -> None:
    text = "She climbed up the winding steps, until her light shone out"
    lines = caption_lines(text, LANDSCAPE, FACE)
    assert lines[0].endswith("steps,")

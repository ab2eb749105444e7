"""Rows of words: the right letters in the right order, and the largest size that fits."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from daemon.film.picture.layer import Layer
from daemon.film.picture.rows import Row, draw_rows, extent, largest_size, pitch
from daemon.film.plan.layout import STROKE
from daemon.media.typeface import Typeface
from tests.helpers.lettering import (
    DEJAVU,
    FACE,
    HELLO_ARABIC,
    SHALOM,
    dejavu,
    ink,
    is_within,
    needs_dejavu,
    needs_raqm,
)


def rows(face: Typeface, *lines: str) -> list[Row]:
    font = face.at(54)
    return [Row(line, font, number * pitch(font)) for number, line in enumerate(lines)]


def drawn(face: Typeface, *lines: str) -> Layer:
    """The lines as they are drawn in a caption in full HD."""
    return draw_rows(rows(face, *lines), STROKE)


# ---- size ----------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 600))
def test_the_largest_size_is_the_largest_that_fits_but_for_a_small_step(
    first: int, least: int, most: int
) -> None:
    least = min(first, least)
    size = largest_size(first, least, lambda pixels: pixels <= most)
    assert least <= size <= first
    assert size <= most or size == least
    assert size >= min(first, 0.93 * most - 1)


def test_letters_and_strokes_lie_within_the_rows_extent() -> None:
    for lines in (["Wren"], ["ÅÉ gjpqy", "July"]):
        covered = extent(rows(FACE, *lines), STROKE)
        assert is_within(drawn(FACE, *lines).box, covered)
    assert extent([], STROKE) == (0, 0, 0, 0)


def test_rows_are_as_high_for_flat_words_as_for_deep_ones() -> None:
    flat, deep = (extent(rows(FACE, line), 0.0) for line in ("one", "July"))
    assert (flat.top, flat.bottom) == (deep.top, deep.bottom)


# ---- scripts that need shaping -------------------------------------------------------------------


@needs_raqm
@needs_dejavu
@pytest.mark.parametrize("word", [SHALOM, HELLO_ARABIC], ids=["Hebrew", "Arabic"])
def test_the_first_letter_of_a_right_to_left_word_is_at_its_right(word: str) -> None:
    assert not begins_at_the_left(dejavu(), word)


@needs_dejavu
def test_the_basic_layout_puts_it_at_the_left() -> None:
    assert begins_at_the_left(Typeface(DEJAVU, ImageFont.Layout.BASIC), SHALOM)


def begins_at_the_left(face: Typeface, word: str) -> bool:
    """Whether a word begins at its left.

    A long dash is put in front of it. The side with the dash has less ink.
    """
    dash = "ـــ" if word == HELLO_ARABIC else "־־־"
    high = (ink(drawn(face, dash + word)) > 0.5).sum(axis=0)
    quarter = len(high) // 4
    return float(high[:quarter].sum()) < float(high[-quarter:].sum())


@needs_raqm
@needs_dejavu
def test_a_row_that_begins_with_a_foreign_name_keeps_the_direction_of_the_whole_text() -> None:
    """Under a row of Hebrew, a first word "Wren" stands at the right, as the last in English does.

    Under a row of English it stands at the left.
    """

    def second_row(*lines: str) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = ink(drawn(dejavu(), *lines))[-48:] > 0.5
        columns = np.flatnonzero(found.max(axis=0))
        return found[:, columns.min() : columns.max()]

    wanted = second_row("Wren", SHALOM + " Wren")
    assert np.array_equal(second_row(SHALOM, "Wren " + SHALOM), wanted)
    assert not np.array_equal(second_row("Wren", "Wren " + SHALOM), wanted)


@needs_raqm
@needs_dejavu
def test_a_mark_stands_over_its_letter() -> None:
    """The caret takes no room of its own between the letters."""
    plain, marked = (drawn(dejavu(), line).image for line in ("xxx", "xx\u0302x"))
    assert plain.width == marked.width
    assert marked.height > plain.height

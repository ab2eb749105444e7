"""Title and end cards: all of their words, inside the safe area, readable on any ground."""

import numpy as np
import pytest
from PIL import Image

from daemon.film.picture.cards import card
from daemon.film.plan.layout import safe_area
from daemon.media.typeface import Typeface
from daemon.options import Canvas
from tests.helpers.lettering import (
    FACE,
    LANDSCAPE,
    SMALLEST_CANVASES,
    contrast,
    every_canvas,
    inked_rows,
    is_within,
)


def card_on_black(heading: str, below: str = "") -> Image.Image:
    return card(Image.new("RGB", LANDSCAPE), heading, below, FACE)


def row_heights(made: Image.Image) -> list[int]:
    """The heights of all rows of letters, in pixels; of words without deep letters, on black."""
    rows = inked_rows(made)
    return [len(row) for row in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)]


# ---- words ---------------------------------------------------------------------------------------


@every_canvas
@pytest.mark.parametrize(
    ("heading", "below"),
    [
        ("The Fox and the Lighthouse", "Written by the Storyreel authors"),
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
    assert is_within(box, safe_area(canvas))
    left, _, right, _ = safe_area(canvas)
    assert abs((box[0] + box[2]) - (left + right)) <= 0.02 * canvas[0] + 4


@pytest.mark.parametrize("canvas", SMALLEST_CANVASES)
def test_a_card_of_any_size_is_drawn(canvas: Canvas) -> None:
    assert card(Image.new("RGB", canvas), "A heading of some length", "below", FACE).size == canvas


def test_the_more_words_a_heading_has_the_smaller_they_are() -> None:
    short, long = (row_heights(card_on_black("H" + " HHHH" * words))[0] for words in (2, 60))
    assert 8 < long < 0.8 * short


def test_a_heading_shrinks_before_a_word_is_cut() -> None:
    short, long = (row_heights(card_on_black("H" * length)) for length in (5, 26))
    assert short[0] > long[0]
    assert len(long) == 1


def test_the_second_text_is_under_the_heading_and_smaller() -> None:
    upper, lower = row_heights(card_on_black("HHH", "HHH"))
    assert 0.35 * upper < lower < 0.6 * upper


def test_a_card_without_words_is_its_ground() -> None:
    ground = Image.new("RGBA", (320, 180), "#406080")
    made = card(ground, "", " ", FACE)
    assert made.mode == "RGB"
    assert made.tobytes() == ground.convert("RGB").tobytes()


def test_the_same_card_is_the_same_bytes() -> None:
    ground = Image.new("RGB", (320, 180), "#406080")
    one, other = (card(ground, "A", "b", Typeface()) for _ in range(2))
    assert one.tobytes() == other.tobytes()


# ---- readable ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ground", ["white", "black", "#ffe890"])
def test_a_card_is_readable_on_any_ground(ground: str) -> None:
    made = card(Image.new("RGB", LANDSCAPE, ground), "IIIIII", "", FACE).crop((800, 400, 1120, 700))
    pixels = np.asarray(made, dtype=np.float64)
    assert contrast(pixels, pixels.min(axis=2) > 240) >= 4.5


def test_the_shade_is_soft_and_weakest_at_the_edges() -> None:
    made = card(Image.new("RGB", LANDSCAPE, "white"), "The End", "", FACE)
    column = np.asarray(made, dtype=np.float64)[:, 700, 0]  # just left of the words
    assert np.abs(np.diff(column)).max() <= 4
    assert column[0] > column[540]
    assert column[0] > 180

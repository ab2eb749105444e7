"""Where words may stand, and how large captions are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.film.plan.captions import LINE
from daemon.film.plan.layout import (
    LEAST_CAPTION_PIXELS,
    Box,
    caption_measure,
    caption_pixels,
    format_of,
    safe_area,
)
from daemon.options import LARGEST_SIDE, Canvas
from tests.helpers.lettering import CANVASES, LANDSCAPE, PORTRAIT, SQUARE, is_within

SIDE = st.integers(8, LARGEST_SIDE // 2).map(lambda half: 2 * half)


def test_landscape_has_margins_of_five_per_cent_and_portrait_a_larger_one_at_the_bottom() -> None:
    assert safe_area(LANDSCAPE) == (96, 54, 1824, 1026)
    left, top, right, bottom = safe_area(PORTRAIT)
    assert 1920 - bottom == 288 > top > left == 1080 - right == 65


@given(st.tuples(SIDE, SIDE))
def test_the_safe_area_is_most_of_the_canvas_and_centred_from_left_to_right(canvas: Canvas) -> None:
    width, height = canvas
    area = safe_area(canvas)
    assert is_within(area, Box(0, 0, width, height))
    assert area.left == width - area.right
    assert area.width > 0.8 * width
    assert area.height > 0.7 * height


def test_a_drawn_line_in_landscape_has_as_many_letters_as_one_in_a_caption_file() -> None:
    assert format_of(LANDSCAPE).caption_letters == LINE


@pytest.mark.parametrize(("canvas", "pixels"), [(LANDSCAPE, 54), (PORTRAIT, 68), (SQUARE, 60)])
def test_captions_grow_with_the_shorter_side(canvas: Canvas, pixels: int) -> None:
    width, height = canvas
    assert caption_pixels(canvas) == pixels
    assert caption_pixels((2 * width, 2 * height)) == pytest.approx(2 * pixels, abs=1)


def test_captions_are_never_planned_too_small_to_read() -> None:
    assert caption_pixels(CANVASES["tiny"]) == caption_pixels((16, 16)) == LEAST_CAPTION_PIXELS


@given(st.tuples(SIDE, SIDE))
def test_a_caption_s_line_is_narrower_than_the_safe_area(canvas: Canvas) -> None:
    assert caption_measure(canvas) < safe_area(canvas).width

"""Layers: pictures with their place on the canvas."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from daemon.film.picture.layer import Layer
from daemon.film.plan.layout import Box
from tests.helpers.lettering import is_within

AREA = Box(10, 20, 60, 50)


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 99), st.integers(1, 99))
def test_a_layer_is_kept_within_an_area_and_cut_off_only_where_it_is_too_large(
    left: int, top: int, width: int, height: int
) -> None:
    kept = Layer(Image.new("RGBA", (width, height)), left, top).kept_within(AREA)
    assert is_within(kept.box, AREA)
    assert kept.image.size == (min(width, AREA.width), min(height, AREA.height))


def test_a_layer_that_lies_in_the_area_stays_where_it_is() -> None:
    layer = Layer(Image.new("RGBA", (20, 10)), 30, 25)
    assert layer.kept_within(AREA).box == layer.box == (30, 25, 50, 35)


def test_a_layer_moves_to_the_right_and_down() -> None:
    layer = Layer(Image.new("RGBA", (20, 10)), 30, 25)
    assert layer.moved(3, -5).box == (33, 20, 53, 30)


def test_a_layer_is_blank_as_long_as_nothing_is_drawn_on_it() -> None:
    layer = Layer(Image.new("RGBA", (20, 10), (255, 255, 255, 0)), 0, 0)
    assert layer.is_blank
    layer.image.putpixel((3, 3), (0, 0, 0, 1))
    assert not layer.is_blank


def test_what_is_transparent_on_a_layer_leaves_the_canvas_as_it_was() -> None:
    canvas = Image.new("RGB", (40, 40), "#406080")
    image = Image.new("RGBA", (2, 1))
    image.putpixel((1, 0), (255, 255, 255, 255))
    Layer(image, 30, 25).paste_on(canvas)
    assert canvas.getpixel((30, 25)) == (0x40, 0x60, 0x80)
    assert canvas.getpixel((31, 25)) == (255, 255, 255)

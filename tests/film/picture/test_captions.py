"""Captions as pictures: all of their words, inside the safe area, readable on any ground."""

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageFont

from daemon.film.picture.captions import caption_layer
from daemon.film.picture.layer import Layer
from daemon.film.plan.layout import safe_area
from daemon.film.plan.lines import caption_lines
from daemon.media.typeface import Typeface
from daemon.options import Canvas, CaptionStyle
from tests.helpers.lettering import (
    FACE,
    LANDSCAPE,
    SMALLEST_CANVASES,
    contrast,
    dejavu,
    every_canvas,
    every_style,
    every_text,
    ink,
    inked_rows,
    is_within,
    needs_dejavu,
    pairs,
)

# ---- the safe area -------------------------------------------------------------------------------


@every_canvas
@every_style
@every_text
def test_every_pixel_of_a_caption_lies_in_the_safe_area(
    canvas: Canvas, style: CaptionStyle, text: str
) -> None:
    for lines in pairs(caption_lines(text, canvas, FACE)):
        layer = caption_layer(lines, canvas, FACE, style)
        alone = Image.new("L", canvas)
        alone.paste(layer.image.getchannel("A"), (layer.left, layer.top))
        drawn = alone.getbbox()
        assert drawn is not None
        assert drawn == layer.box  # cropped to what is drawn, and nothing lies off the canvas
        assert is_within(drawn, safe_area(canvas))


@every_style
def test_lines_that_are_too_wide_are_drawn_smaller(style: CaptionStyle) -> None:
    layer = caption_layer(["word " * 40] * 2, LANDSCAPE, FACE, style)
    usual = caption_layer(["word"] * 2, LANDSCAPE, FACE, style)
    assert is_within(layer.box, safe_area(LANDSCAPE))
    assert layer.image.width > 0.85 * 1728
    assert layer.image.height < 0.5 * usual.image.height


@every_canvas
@every_text
def test_lines_that_were_broken_for_a_canvas_are_not_drawn_smaller(
    canvas: Canvas, text: str
) -> None:
    """A caption of any of these lines is as high as one of a single letter."""
    high = caption_layer(["W"], canvas, FACE).image.height
    flat = text.replace("Å", "A").upper().replace("G", "C").replace(",", "")
    for line in caption_lines(flat, canvas, FACE):
        assert caption_layer(["W" + line[1:]], canvas, FACE).image.height >= high


@every_style
@pytest.mark.parametrize("canvas", SMALLEST_CANVASES)
def test_no_canvas_is_too_small(canvas: Canvas, style: CaptionStyle) -> None:
    for lines in pairs(caption_lines("Words of no great length", canvas, FACE)):
        assert is_within(caption_layer(lines, canvas, FACE, style).box, safe_area(canvas))


# ---- places --------------------------------------------------------------------------------------


@every_canvas
def test_captions_are_centred_and_have_the_same_baseline_whatever_their_letters(
    canvas: Canvas,
) -> None:
    """The first has no deep letters. "jgpqy" reaches below the baseline and moves nothing."""
    left, _, right, bottom = safe_area(canvas)
    flat, deep = (caption_layer([line], canvas, FACE) for line in ("HH", "HH jgpqy H"))
    assert abs((flat.left + flat.box.right) - (left + right)) <= 4
    assert flat.box.bottom < deep.box.bottom <= bottom
    assert baseline(flat) == baseline(deep)


def baseline(layer: Layer) -> int:
    """The canvas's last row with ink of the letters at the left, which must not be deep ones."""
    at_the_left = layer.image.crop((0, 0, layer.image.height // 3, layer.image.height))
    return layer.top + int(inked_rows(at_the_left).max())


def test_two_lines_stand_above_each_other_without_touching() -> None:
    layer = caption_layer(["gjpqy", "HHH"], LANDSCAPE, FACE)
    assert (np.diff(inked_rows(layer.image)) > 1).any()


# ---- readable ------------------------------------------------------------------------------------


@every_style
@pytest.mark.parametrize("ground", ["white", "black", "#808080", "#ffe890"])
def test_letters_stand_out_on_any_ground(ground: str, style: CaptionStyle) -> None:
    layer = caption_layer(["IIII", "IIII"], LANDSCAPE, FACE, style)
    shown = Image.new("RGBA", LANDSCAPE, ground)
    shown.alpha_composite(layer.image, (layer.left, layer.top))
    made = np.asarray(shown.convert("RGB").crop(layer.box), dtype=np.float64)
    assert contrast(made, ink(layer) > 0.95) >= 4.5


def test_the_box_is_as_high_for_flat_words_as_for_deep_ones_and_has_round_corners() -> None:
    flat, deep = (caption_layer([line], LANDSCAPE, FACE, "box") for line in ("noon", "July"))
    assert flat.image.height == deep.image.height
    alpha = np.asarray(flat.image.getchannel("A"))
    assert alpha[0, 0] == alpha[-1, -1] == 0
    assert 100 < alpha[alpha.shape[0] // 2, 1] < 255


# ---- letters -------------------------------------------------------------------------------------


@every_style
@pytest.mark.parametrize("lines", [[], [""], [" ", "\u200d"]], ids=["no lines", "empty", "spaces"])
def test_lines_without_anything_to_draw_are_a_transparent_pixel(
    style: CaptionStyle, lines: Sequence[str]
) -> None:
    layer = caption_layer(lines, LANDSCAPE, FACE, style)
    assert layer.image.size == (1, 1)
    assert layer.image.getchannel("A").getextrema() == (0, 0)


@needs_dejavu
def test_accented_letters_are_drawn_as_what_they_are() -> None:
    """Not as each other, and not as the empty box that a font has for letters it lacks."""
    drawn = {
        letter: caption_layer([letter], LANDSCAPE, dejavu()).image.tobytes()
        for letter in "eéßøołl\U0010fffd"
    }
    for letter in "éßøł":
        others = {drawn[other] for other in drawn if other != letter}
        assert drawn[letter] not in others


def test_without_raqm_letters_that_draw_nothing_are_not_drawn_as_an_empty_box() -> None:
    basic = Typeface(layout=ImageFont.Layout.BASIC)
    plain, marked = (
        caption_layer([line], LANDSCAPE, basic) for line in ("ab", "a\u200d\ufe0f\u200eb")
    )
    assert plain.image.tobytes() == marked.image.tobytes()


@every_style
def test_the_same_caption_is_the_same_bytes(style: CaptionStyle) -> None:
    made = [caption_layer(["one", "two"], LANDSCAPE, Typeface(), style) for _ in range(2)]
    assert made[0].image.tobytes() == made[1].image.tobytes()
    assert made[0].box == made[1].box

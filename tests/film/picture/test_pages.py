"""Pages on the canvas: whole, centred, undistorted, in focus; and cards with their words."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from daemon.config import FilmSettings
from daemon.errors import UnreadableMedia
from daemon.film.picture.captions import caption_layer
from daemon.film.picture.cards import card
from daemon.film.picture.pages import DIMMED, fitted, page_frame, with_words
from daemon.media.typeface import Typeface
from daemon.options import Card, Fit
from daemon.story.model import Page, Story
from tests.helpers.pictures import COLOURS, noisy, save
from tests.helpers.stories import checked_story

RED = (255, 0, 0)
GREEN = (0, 255, 0)
BACKGROUND = (0, 0, 255)
SIDE = st.integers(1, 300)
CANVAS = st.tuples(
    st.integers(8, 100).map(lambda half: 2 * half), st.integers(8, 100).map(lambda half: 2 * half)
)


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, green on the right."""
    made = Image.new("RGB", (width, height), RED)
    made.paste(GREEN, (width // 2, 0, width, height))
    return made


def film(fit: Fit) -> FilmSettings:
    return FilmSettings(fit=fit, background="#0000ff")


def colour_at(made: Image.Image, x: int, y: int) -> object:
    return made.getpixel((x, y))


def test_a_picture_of_the_canvas_s_size_comes_through_untouched(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.1])
    noise = noisy(1)
    save(noise, story.pages[0].image)
    assert (page_frame(story, story.pages[0], (160, 90), Typeface()) == noise).all()


def test_contain_shows_all_of_a_wide_picture_between_bars() -> None:
    made = fitted(halves(200, 50), (100, 100), film("contain"))
    column = [colour_at(made, 20, y) for y in range(100)]
    assert (column.count(RED), column.count(BACKGROUND)) == (25, 75)
    assert column[37] == column[61] == RED or column[38] == column[62] == RED
    assert (colour_at(made, 20, 50), colour_at(made, 80, 50)) == (RED, GREEN)


def test_contain_shows_all_of_a_tall_picture_between_bars() -> None:
    made = fitted(halves(50, 200), (100, 100), film("contain"))
    assert [colour_at(made, x, 50) for x in (10, 35, 40, 60, 64, 90)] == [
        BACKGROUND,
        BACKGROUND,
        RED,
        GREEN,
        BACKGROUND,
        BACKGROUND,
    ]


def test_cover_fills_the_canvas_and_crops_both_sides_alike() -> None:
    made = fitted(halves(200, 50), (100, 100), film("cover"))
    assert [colour_at(made, x, y) for x, y in ((0, 0), (40, 99), (60, 0), (99, 99))] == [
        RED,
        RED,
        GREEN,
        GREEN,
    ]


@pytest.mark.parametrize("fit", get_args(Fit))
def test_a_square_stays_square(fit: Fit) -> None:
    """A white square of a third of the height on a tall picture, measured on a wide canvas."""
    made = Image.new("RGB", (120, 240))
    made.paste((255, 255, 255), (20, 80, 100, 160))
    picture = np.asarray(fitted(made, (320, 180), FilmSettings(fit=fit)))
    shown = picture[:, :, 0] > 255 * DIMMED + 1  # no ground is as light
    width, height = (213, 180) if fit == "cover" else (60, 60)  # cover: higher than the canvas
    assert abs(shown.any(axis=1).sum() - height) <= 1
    assert abs(shown.any(axis=0).sum() - width) <= 1


@given(SIDE, SIDE, CANVAS)
def test_cover_leaves_no_bar(width: int, height: int, size: tuple[int, int]) -> None:
    shown = np.asarray(fitted(Image.new("RGB", (width, height), RED), size, film("cover")))
    assert (shown == RED).all()


@given(SIDE, SIDE, CANVAS)
def test_contain_shows_the_picture_as_large_as_it_fits(
    width: int, height: int, size: tuple[int, int]
) -> None:
    if min(width / height, height / width) < 0.1:
        height = width  # very thin ones have a test of their own
    made = fitted(Image.new("RGB", (width, height), RED), size, film("contain"))
    shown = (np.asarray(made) == RED).all(axis=2)
    assert shown.shape == (size[1], size[0])
    scale = min(size[0] / width, size[1] / height)
    assert abs(shown.any(axis=0).sum() - width * scale) <= 1
    assert abs(shown.any(axis=1).sum() - height * scale) <= 1


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (100_000, 10)])
def test_a_very_thin_picture_keeps_a_pixel(size: tuple[int, int]) -> None:
    shown = np.asarray(fitted(Image.new("RGB", size, RED), (160, 90), film("contain")))
    assert (shown == RED).all(axis=2).any()


# ---- blur ----------------------------------------------------------------------------------------


@given(SIDE, SIDE, CANVAS)
def test_blur_shows_the_picture_where_contain_does_and_has_no_bars(
    width: int, height: int, size: tuple[int, int]
) -> None:
    made = halves(width, height)
    blurred, contained = (
        np.asarray(fitted(made, size, film(fit))).astype(int) for fit in ("blur", "contain")
    )
    bars = (contained == BACKGROUND).all(axis=2)
    assert (blurred[~bars] == contained[~bars]).all()
    assert (blurred[bars][:, 2] == 0).all(), "the ground has the picture's colours"
    assert (blurred[bars].sum(axis=1) <= 255 * DIMMED + 2).all()


def test_the_blurred_ground_is_a_soft_and_dimmed_picture_of_the_picture() -> None:
    """Of a tall picture, dark above and light below, with fine stripes, it loses the stripes."""
    made = np.zeros((900, 300, 3), np.uint8)
    made[450:] = 200
    made[:, ::2] = made[:, ::2] // 4 * 3
    picture = fitted(Image.fromarray(made), (1600, 900), film("blur"))
    shown = np.asarray(picture).astype(float)[..., 0]
    ground = shown[:, :600]
    assert np.abs(np.diff(ground, axis=1)).max() <= 1
    assert ground[:300].max() < 20 < ground[600:].min()
    assert abs(ground[700:].mean() / (200 * 7 / 8) - DIMMED) < 0.03
    assert np.abs(np.diff(shown[:, 700:900], axis=1)).max() > 20


# ---- focus ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("focus", "left"),
    [((0.0, 0.5), 0), ((0.25, 0.5), 50), ((0.5, 0.5), 150), ((0.6, 0.1), 190), ((1.0, 0.5), 300)],
)
def test_cover_keeps_the_focus_as_near_to_the_middle_as_the_picture_s_edges_allow(
    focus: tuple[float, float], left: int
) -> None:
    """Each column of the picture has its own number as its colour."""
    columns = np.arange(400)
    row = np.stack([columns // 2, columns % 2, 0 * columns], axis=-1).astype(np.uint8)
    made = np.ascontiguousarray(np.broadcast_to(row, (100, 400, 3)))
    shown = np.asarray(fitted(Image.fromarray(made), (100, 100), film("cover"), focus))
    assert (shown == made[:, left : left + 100]).all()


def test_cover_follows_the_focus_from_top_to_bottom_too() -> None:
    rows = halves(400, 100).transpose(Image.Transpose.ROTATE_270)  # red above, green below
    above, below = (fitted(rows, (100, 100), film("cover"), (0.5, y)) for y in (0.2, 0.8))
    assert (np.asarray(above) == RED).all()
    assert (np.asarray(below) == GREEN).all()


@given(
    st.floats(0, 1), st.floats(0, 1), st.tuples(st.integers(40, 300), st.integers(40, 300)), CANVAS
)
def test_the_middle_of_the_canvas_is_the_focus_or_as_near_as_can_be(
    x: float, y: float, given: tuple[int, int], size: tuple[int, int]
) -> None:
    """Red grows from left to right, green downwards, so a pixel's colour says where it is from."""
    down, across = np.mgrid[0 : given[1], 0 : given[0]]
    red = across * 255 / (given[0] - 1)
    green = down * 255 / (given[1] - 1)
    made = np.stack([red, green, 0 * down], axis=-1).astype(np.uint8)
    shown = np.asarray(fitted(Image.fromarray(made), size, film("cover"), (x, y))).astype(float)
    scale = max(size[0] / given[0], size[1] / given[1])
    rows = slice(size[1] // 2 - 1, size[1] // 2 + 1)
    columns = slice(size[0] // 2 - 1, size[0] // 2 + 1)
    middle = shown[rows, columns].mean(axis=(0, 1))
    for found, focus, length, canvas in zip(middle, (x, y), given, size, strict=False):
        half = min(0.5, canvas / (length * scale) / 2)  # half of the share that the canvas shows
        assert abs(found / 255 - min(1 - half, max(half, focus))) <= 1.5 / length + 0.01


@pytest.mark.parametrize("fit", ["blur", "contain"])
def test_where_all_of_the_picture_is_shown_the_focus_does_not_matter(fit: Fit) -> None:
    one, other = (
        fitted(halves(200, 50), (100, 100), film(fit), focus) for focus in ((0.0, 0.0), (1.0, 0.7))
    )
    assert (np.asarray(one) == np.asarray(other)).all()


def test_a_page_is_cropped_around_its_own_focus(tmp_path: Path) -> None:
    story = checked_story(
        tmp_path / "story", [0.1], pages={"focus": (0.9, 0.5)}, fit="cover", focus=(0.1, 0.5)
    )
    halves(320, 90).save(story.pages[0].image)
    assert (page_frame(story, story.pages[0], (160, 90), Typeface()) == GREEN).all()


# ---- cards ---------------------------------------------------------------------------------------


def card_of(
    folder: Path, ground: str, text: str = "The fox\nby A. Writer", **film: Any
) -> tuple[Story, Page]:
    story = checked_story(folder, [0.1], **film)
    return story, replace(
        story.pages[0], number=0, text=text, narration=None, card=Card(ground=ground)
    )


@pytest.mark.parametrize(
    ("ground", "colour"),
    [
        ("#203040", (0x20, 0x30, 0x40)),
        ("picture", COLOURS[0]),
        ("blurred", tuple(int(DIMMED * part) for part in COLOURS[0])),
    ],
)
def test_a_card_stands_on_a_colour_or_on_the_picture_of_the_page_next_to_it(
    ground: str, colour: tuple[int, ...], tmp_path: Path
) -> None:
    story, page = card_of(tmp_path / "story", ground)
    expected = card(Image.new("RGB", (320, 180), colour), "The fox", "by A. Writer", Typeface())
    frame = page_frame(story, page, (320, 180), Typeface())
    assert np.abs(frame.astype(int) - np.asarray(expected)).max() <= 1
    assert frame.max() > 200, "the words are white"


def test_a_card_s_first_line_is_its_heading(tmp_path: Path) -> None:
    story, page = card_of(tmp_path / "story", "#203040", "One\nTwo\nThree")
    expected = card(Image.new("RGB", (320, 180), "#203040"), "One", "Two\nThree", Typeface())
    assert (page_frame(story, page, (320, 180), Typeface()) == np.asarray(expected)).all()


def test_a_card_of_a_colour_needs_no_picture(tmp_path: Path) -> None:
    story, page = card_of(tmp_path / "story", "#203040")
    page.image.unlink()
    assert page_frame(story, page, (320, 180), Typeface()).shape == (180, 320, 3)


def test_a_card_over_a_damaged_picture_is_an_error(tmp_path: Path) -> None:
    story, page = card_of(tmp_path / "story", "picture")
    page.image.write_bytes(page.image.read_bytes()[:-30])
    with pytest.raises(UnreadableMedia, match="damaged"):
        page_frame(story, page, (320, 180), Typeface())


def test_words_change_the_picture_in_their_own_box_only() -> None:
    frame = noisy(1, (320, 180))
    layer = caption_layer(["Words"], (320, 180), Typeface())
    shown = with_words(frame, layer)
    left, top, right, bottom = layer.box
    outside = np.ones((180, 320), bool)
    outside[top:bottom, left:right] = False
    assert (shown[outside] == frame[outside]).all()
    assert (shown[~outside] != frame[~outside]).any()
    assert (shown[~outside].min(axis=1) > 240).any(), "the words are white"

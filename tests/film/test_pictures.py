"""Pages on the canvas: whole, centred, undistorted, and read only when their turn comes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from daemon.film.pictures import clip, fitted, page_frame
from daemon.film.timeline import plan
from daemon.media import UnreadableMedia
from tests.stories import COLOURS, planned

RED, GREEN, BACKGROUND = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BLUE = "#0000ff"
SIDE = st.integers(1, 300)
CANVAS = st.tuples(st.integers(8, 100).map(lambda half: 2 * half), st.integers(8, 100).map(lambda half: 2 * half))


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, green on the right."""
    made = Image.new("RGB", (width, height), RED)
    made.paste(GREEN, (width // 2, 0, width, height))
    return made


def colour_at(made: Image.Image, x: int, y: int) -> object:
    return made.getpixel((x, y))


def test_a_picture_of_the_canvas_s_size_comes_through_untouched(tmp_path: Path) -> None:
    story = planned(tmp_path / "story")
    noise = np.random.default_rng(1).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(story.pages[0].image)
    assert (page_frame(story.pages[0], (160, 90), "contain", BLUE) == noise).all()


def test_contain_shows_all_of_a_wide_picture_between_bars() -> None:
    made = fitted(halves(200, 50), (100, 100), "contain", BLUE)
    column = [colour_at(made, 20, y) for y in range(100)]
    assert (column.count(RED), column.count(BACKGROUND)) == (25, 75)
    assert column[37] == column[61] == RED or column[38] == column[62] == RED
    assert (colour_at(made, 20, 50), colour_at(made, 80, 50)) == (RED, GREEN)


def test_contain_shows_all_of_a_tall_picture_between_bars() -> None:
    made = fitted(halves(50, 200), (100, 100), "contain", BLUE)
    assert [colour_at(made, x, 50) for x in (10, 35, 40, 60, 64, 90)] == [
        BACKGROUND,
        BACKGROUND,
        RED,
        GREEN,
        BACKGROUND,
        BACKGROUND,
    ]


def test_cover_fills_the_canvas_and_crops_both_sides_alike() -> None:
    made = fitted(halves(200, 50), (100, 100), "cover", BLUE)
    assert [colour_at(made, x, y) for x, y in ((0, 0), (40, 99), (60, 0), (99, 99))] == [RED, RED, GREEN, GREEN]


@pytest.mark.parametrize("fit", ["contain", "cover"])
def test_a_square_stays_square(fit: str) -> None:
    """A white square of a third of the height on a tall picture, measured on a wide canvas."""
    made = Image.new("RGB", (120, 240))
    made.paste((255, 255, 255), (20, 80, 100, 160))
    shown = np.asarray(fitted(made, (320, 180), "contain" if fit == "contain" else "cover", "#000000"))[:, :, 0] > 127
    height, width = shown.any(axis=1).sum(), shown.any(axis=0).sum()
    expected = 60 if fit == "contain" else 180  # cover: more than the canvas is high
    assert abs(height - expected) <= 1
    assert abs(width - (60 if fit == "contain" else 213)) <= 1


@given(SIDE, SIDE, CANVAS)
def test_cover_leaves_no_bar(width: int, height: int, size: tuple[int, int]) -> None:
    shown = np.asarray(fitted(Image.new("RGB", (width, height), RED), size, "cover", BLUE))
    assert (shown == RED).all()


@given(SIDE, SIDE, CANVAS)
def test_contain_gives_the_picture_all_the_room_it_can_have(width: int, height: int, size: tuple[int, int]) -> None:
    if min(width / height, height / width) < 0.1:
        height = width  # very thin ones have a test of their own
    shown = (np.asarray(fitted(Image.new("RGB", (width, height), RED), size, "contain", BLUE)) == RED).all(axis=2)
    assert shown.shape == (size[1], size[0])
    scale = min(size[0] / width, size[1] / height)
    assert abs(shown.any(axis=0).sum() - width * scale) <= 1
    assert abs(shown.any(axis=1).sum() - height * scale) <= 1


def test_there_is_a_clip_for_each_span_as_long_as_the_span(tmp_path: Path) -> None:
    story = planned(tmp_path / "story", [0.4, 0.6, 0.5])
    timeline = plan(story)
    made = [clip(story, timeline, span) for span in timeline.spans]
    assert [round(each.duration * timeline.fps, 6) for each in made] == [span.frames for span in timeline.spans]
    assert [tuple(each.get_frame(0)[45, 80]) for each in made] == list(COLOURS[:3])


def test_bars_and_transparent_parts_have_the_story_s_background(tmp_path: Path) -> None:
    story = planned(tmp_path / "story", [0.1], background=BLUE, size="160x90")
    Image.new("RGBA", (90, 90), (0, 0, 0, 0)).save(story.pages[0].image)
    timeline = plan(story)
    assert (clip(story, timeline, timeline.spans[0]).get_frame(0) == BACKGROUND).all()


def test_a_picture_that_does_not_decode_is_told_as_unreadable(tmp_path: Path) -> None:
    story = planned(tmp_path / "story", [0.1])
    timeline, image = plan(story), story.pages[0].image
    image.write_bytes(image.read_bytes()[:-30])
    with pytest.raises(UnreadableMedia, match="damaged"):
        clip(story, timeline, timeline.spans[0])


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (100_000, 10)])
def test_a_very_thin_picture_keeps_a_pixel(size: tuple[int, int]) -> None:
    shown = np.asarray(fitted(Image.new("RGB", size, RED), (160, 90), "contain", BLUE))
    assert (shown == RED).all(axis=2).any()

"""The poster and the cover: the wanted page, without captions."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from daemon.errors import UnreadableMedia
from daemon.film.picture import Studio, make_poster
from daemon.film.plan import Plan
from daemon.options import Canvas
from tests.helpers.pictures import COLOURS
from tests.helpers.stories import checked_story, plan_of

JPEG_ERROR = 4
"""Codes by which a flat colour may differ after JPEG."""


def plan(folder: Path, **film: Any) -> Plan:
    return plan_of(checked_story(folder / "story", [0.4, 0.4, 0.4], **film))


def poster_and_cover(plan: Plan, target: Path) -> tuple[Image.Image, Image.Image]:
    cover = make_poster(plan, Studio(plan), target)
    return Image.open(io.BytesIO(target.read_bytes())), Image.open(io.BytesIO(cover))


def off(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    """The most by which any pixel differs from a colour."""
    return int(np.abs(np.asarray(picture).astype(int) - colour).max())


@pytest.mark.parametrize("page", [1, 2, 3])
def test_poster_and_cover_show_the_wanted_page(page: int, tmp_path: Path) -> None:
    for picture in poster_and_cover(plan(tmp_path, poster_page=page), tmp_path / "poster.jpg"):
        assert picture.format == "JPEG"
        assert off(picture, COLOURS[page - 1]) <= JPEG_ERROR


def test_they_show_no_captions(tmp_path: Path) -> None:
    planned = plan(tmp_path, captions="burned", size="320x180")
    assert planned.timeline.spans[0].caption
    for picture in poster_and_cover(planned, tmp_path / "poster.jpg"):
        assert off(picture, COLOURS[0]) <= JPEG_ERROR


@pytest.mark.parametrize(
    ("canvas", "cover_size"),
    [
        ((160, 90), (160, 90)),
        ((1920, 1080), (640, 360)),
        ((1080, 1920), (360, 640)),
        ((1080, 1080), (640, 640)),
    ],
    ids=["tiny", "landscape", "portrait", "square"],
)
def test_the_poster_has_the_film_s_size_and_the_cover_at_most_640_pixels_a_side(
    canvas: Canvas, cover_size: Canvas, tmp_path: Path
) -> None:
    planned = plan(tmp_path, size=f"{canvas[0]}x{canvas[1]}")
    poster, cover = poster_and_cover(planned, tmp_path / "poster.jpg")
    assert poster.size == canvas
    assert cover.size == cover_size


def test_a_poster_of_a_damaged_picture_is_an_error(tmp_path: Path) -> None:
    planned = plan(tmp_path, poster_page=2)
    image = planned.story.pages[1].image
    image.write_bytes(image.read_bytes()[:-30])
    with pytest.raises(UnreadableMedia, match="damaged"):
        make_poster(planned, Studio(planned), tmp_path / "poster.jpg")
    assert not (tmp_path / "poster.jpg").exists()

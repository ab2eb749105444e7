"""Rendering a plan by either writer: the film, its poster, its cover, and what goes wrong."""

import io
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from daemon.errors import UnreadableMedia
from daemon.film import Plan, render_film, verify_film
from daemon.film.encode import WRITERS
from daemon.film.plan.timeline import plan_timeline
from daemon.story import Story
from tests.helpers.films import covers
from tests.helpers.folders import names
from tests.helpers.pictures import likeness, noisy, photographic, save
from tests.helpers.stories import checked_story, plan_of

SIZE = (1280, 720)

each_writer = pytest.mark.parametrize("writer", WRITERS)


def story_of_two_pages(folder: Path, writer: str) -> Story:
    """Its poster shows the second page."""
    story = checked_story(
        folder, (1.4, 0.6), writer=writer, size=f"{SIZE[0]}x{SIZE[1]}", poster_page=2
    )
    for page in story.pages:
        save(photographic(page.number), page.image)
    return story


class Rendered(NamedTuple):
    """A film and its poster, their plan, and the progress that was reported."""

    plan: Plan
    film: Path
    poster: Path
    progress: list[float]


@pytest.fixture(scope="module", params=WRITERS)
def rendered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    folder = tmp_path_factory.mktemp("rendered")
    made = folder / "made"
    made.mkdir()
    plan = plan_of(story_of_two_pages(folder / "story", request.param))
    progress: list[float] = []
    render_film(plan, made / "film.mp4", made / "poster.jpg", progress.append)
    return Rendered(plan, made / "film.mp4", made / "poster.jpg", progress)


def test_the_film_and_the_poster_are_written_and_nothing_else(rendered: Rendered) -> None:
    assert names(rendered.film.parent) == ["film.mp4", "poster.jpg"]
    facts = verify_film(rendered.film, rendered.plan.timeline)
    assert (facts.width, facts.height) == SIZE


def test_the_poster_shows_its_page_at_the_film_s_size(rendered: Rendered) -> None:
    page = rendered.plan.story.pages[1]
    with Image.open(rendered.poster) as poster, Image.open(page.image) as picture:
        assert poster.format == "JPEG"
        assert poster.size == SIZE
        expected = picture.resize(SIZE, Image.Resampling.BICUBIC)
        assert likeness(np.asarray(poster), np.asarray(expected)) > 40


def test_the_cover_in_the_film_is_the_poster_scaled_down(rendered: Rendered) -> None:
    [cover] = covers(rendered.film)
    with Image.open(io.BytesIO(cover)) as small, Image.open(rendered.poster) as poster:
        assert small.format == "JPEG"
        assert small.size == (640, 360)
        expected = poster.resize(small.size, Image.Resampling.BICUBIC)
        assert likeness(np.asarray(small), np.asarray(expected)) > 40


def test_progress_rises_from_0_to_1(rendered: Rendered) -> None:
    assert len(rendered.progress) >= 3
    assert rendered.progress == sorted(rendered.progress)
    assert 0 <= rendered.progress[0] < 0.1
    assert rendered.progress[-1] == 1.0


# ---- broken pictures -----------------------------------------------------------------------------


def break_picture(path: Path) -> None:
    """Leave only the first half: the picture opens, and does not decode."""
    save(noisy(1), path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@each_writer
@pytest.mark.parametrize("page", [0, 1])
def test_a_broken_picture_raises_unreadable_media(writer: str, page: int, tmp_path: Path) -> None:
    story = story_of_two_pages(tmp_path / "story", writer)
    break_picture(story.pages[page].image)
    with pytest.raises(UnreadableMedia):
        render_film(plan_of(story), tmp_path / "film.mp4", tmp_path / "poster.jpg", lambda _: None)


@each_writer
def test_a_broken_poster_raises_unreadable_media_though_the_film_is_fine(
    writer: str, tmp_path: Path
) -> None:
    """The film shows the first page only, the poster the second."""
    story = story_of_two_pages(tmp_path / "story", writer)
    break_picture(story.pages[1].image)
    whole = plan_timeline(story)
    first = replace(
        whole, pages=whole.pages[:1], spans=whole.spans[:1], overlaps=(), cues=whole.cues[:1]
    )
    plan = plan_of(story, first, captions=(), chapters=(), poster_page=1)
    with pytest.raises(UnreadableMedia):
        render_film(plan, tmp_path / "film.mp4", tmp_path / "poster.jpg", lambda _: None)

"""The whole plan: what is decided of a film before anything is rendered."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daemon.config import Music, Sound
from daemon.film.plan import Plan, plan_film
from daemon.film.plan.background import plan_background
from daemon.film.plan.captions import burned, plan_captions
from daemon.film.plan.chapters import plan_chapters
from daemon.film.plan.levels import plan_levels
from daemon.film.plan.lines import caption_lines
from daemon.film.plan.motions import plan_motions
from daemon.film.plan.timeline import plan_timeline
from daemon.film.sound import mix
from daemon.media.library import Track
from daemon.media.samples import Samples
from daemon.media.typeface import Typeface
from daemon.options import Card
from daemon.story import Story
from daemon.story.admission import measured
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import checked_story, page

FACE = Typeface()
TEXT = "The fox saw the light of the lighthouse, and it went up all of the stairs to look at it."
QUIET = Sound(loudness_lufs=-30)
"""So quiet that the limiter has nothing to do."""


def planned(story: Story, sound: Sound = QUIET, music: Music | None = None, **how: Any) -> Plan:
    return plan_film(story, sound, music or Music(), FACE, **how)


def story_with_music(folder: Path, **film: Any) -> Story:
    folder.mkdir()
    path = wav(folder / "music.wav", sine(0.7, 2000.0, 0.3))
    _, powers = measured(path)
    track = Track("music", path, powers)
    return checked_story(folder / "story", [0.9, 0.4, 0.6], track, {"text": TEXT}, **film)


def sound_of(plan: Plan) -> Samples:
    return np.concatenate(list(mix(plan)), axis=1)


# ---- the poster's page ---------------------------------------------------------------------------


def story_of_pages(folder: Path, poster: int, *, title: bool = False, end: bool = False) -> Story:
    """Three pages, with cards around them."""
    story = checked_story(folder / "story", [0.1] * 3, poster_page=poster)
    card = page(0, story.pages[0].image, card=Card())
    return replace(story, pages=(*[card] * title, *story.pages, *[card] * end))


@pytest.mark.parametrize(("wanted", "place"), [(1, 0), (2, 1), (3, 2)])
def test_the_poster_shows_the_page_that_the_story_names(
    wanted: int, place: int, tmp_path: Path
) -> None:
    assert planned(story_of_pages(tmp_path, wanted)).poster_page == place


@pytest.mark.parametrize("wanted", [4, 1000])
def test_a_story_shorter_than_the_poster_s_page_has_its_last_page_on_it(
    wanted: int, tmp_path: Path
) -> None:
    assert planned(story_of_pages(tmp_path, wanted)).poster_page == 2


@pytest.mark.parametrize(("wanted", "place"), [(1, 1), (3, 3), (4, 3)])
def test_cards_do_not_count_as_pages_for_the_poster(
    wanted: int, place: int, tmp_path: Path
) -> None:
    """The plan numbers them all the same, because they are in the film."""
    story = story_of_pages(tmp_path, wanted, title=True, end=True)
    assert planned(story).poster_page == place


# ---- previews ------------------------------------------------------------------------------------


def test_a_preview_has_a_quarter_of_the_pixels_and_is_otherwise_the_same(tmp_path: Path) -> None:
    story = story_with_music(tmp_path / "made", size="320x180")
    film = planned(story)
    preview = planned(story, preview=True)
    assert film.timeline.size == (320, 180)
    assert preview.timeline.size == (160, 90)
    assert replace(preview, timeline=replace(preview.timeline, size=(320, 180))) == film


def drawn_lines(plan: Plan, number: int) -> list[str]:
    """The lines that are drawn into a page's pictures."""
    captions = [span.caption for span in plan.timeline.spans if span.page == number]
    return [line for caption in captions for line in caption]


@pytest.mark.parametrize("preview", [False, True])
def test_burned_captions_are_wrapped_for_the_size_of_the_film_or_its_preview(
    preview: bool, tmp_path: Path
) -> None:
    story = story_with_music(tmp_path / "made", size="200x112", captions="burned")
    plan = planned(story, preview=preview)
    film_lines = caption_lines(TEXT, (200, 112), FACE)
    preview_lines = caption_lines(TEXT, (100, 56), FACE)
    assert film_lines != preview_lines
    assert drawn_lines(plan, 0) == (preview_lines if preview else film_lines)


# ---- captions ------------------------------------------------------------------------------------


def test_burned_captions_cut_the_timeline_s_spans(tmp_path: Path) -> None:
    """At their own times, in the lines that are drawn; nothing else of the timeline changes."""
    story = story_with_music(tmp_path / "made", size="320x180", captions="burned")
    plain = plan_timeline(story)
    drawn = plan_captions(story, plain, lambda text: caption_lines(text, (320, 180), FACE))
    timeline = planned(story).timeline
    assert timeline == burned(plain, drawn)
    assert len(timeline.spans) > len(plain.spans)
    assert replace(timeline, spans=plain.spans) == plain


def test_soft_captions_cut_nothing(tmp_path: Path) -> None:
    story = story_with_music(tmp_path / "made", captions="soft")
    assert planned(story).timeline == plan_timeline(story)


@pytest.mark.parametrize("captions", ["soft", "burned"])
def test_the_film_s_own_captions_are_the_same_whether_they_are_burned_in_or_not(
    captions: str, tmp_path: Path
) -> None:
    story = story_with_music(tmp_path / "made", captions=captions)
    plan = planned(story)
    assert plan.captions == tuple(plan_captions(story, plan_timeline(story)))
    assert plan.captions


# ---- sound ---------------------------------------------------------------------------------------


def test_the_levels_are_planned_for_the_background_that_is_mixed(tmp_path: Path) -> None:
    story = story_with_music(tmp_path / "made")
    music = Music(volume_db=-3.0, duck_db=-20.0, fade_seconds=0.2, crossfade_seconds=0.1)
    plan = planned(story, QUIET, music)
    assert plan.background == plan_background(story.music, plan.timeline, music)
    assert plan.levels == plan_levels(story, plan.timeline, plan.background, QUIET, -3.0)
    assert plan.loudness_lufs == QUIET.loudness_lufs


def test_the_mix_uses_the_plan_s_levels(tmp_path: Path) -> None:
    plan = planned(story_with_music(tmp_path / "made"))
    half = replace(plan.levels, whole=plan.levels.whole / 2)
    assert np.abs(sound_of(replace(plan, levels=half)) - sound_of(plan) / 2).max() < 1e-6


def test_the_mix_uses_the_plan_s_background_and_asks_the_story_for_no_music(
    tmp_path: Path,
) -> None:
    plan = planned(story_with_music(tmp_path / "made"))
    assert (sound_of(replace(plan, story=replace(plan.story, music=None))) == sound_of(plan)).all()

    silenced = replace(plan, background=replace(plan.background, track=None))
    only_words = replace(plan, levels=replace(plan.levels, music=0.0))
    assert (sound_of(silenced) == sound_of(only_words)).all()
    assert not (sound_of(silenced) == sound_of(plan)).all()


def test_the_music_in_the_mix_follows_the_plan_s_factors(tmp_path: Path) -> None:
    """The music alone, over the same music without ducking and fades: what remains is the plan."""
    plan = planned(story_with_music(tmp_path / "made"), music=Music(crossfade_seconds=0.0))
    unspoken = dict.fromkeys(plan.levels.voices, 0.0)
    plan = replace(plan, levels=replace(plan.levels, voices=unspoken))
    at = np.arange(plan.timeline.samples)
    track = np.resize(0.3 * np.sin(2 * np.pi * 2000 * np.arange(33_600) / 48_000), len(at))
    expected = track * plan.levels.background * plan.background.factors(at)
    assert np.abs(sound_of(plan)[0] - expected).max() < 1e-4
    assert np.abs(expected).max() > 0.01


# ---- the whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "film",
    [
        {},
        {"captions": "burned", "size": "320x180"},
        {"transition": "crossfade", "fps": 29.97, "poster_page": 2},
    ],
    ids=str,
)
def test_the_same_story_gives_an_equal_plan(film: dict[str, Any], tmp_path: Path) -> None:
    story = story_with_music(tmp_path / "made", **film)
    assert planned(story) == planned(replace(story))
    assert planned(story) != planned(replace(story, title="Another"))


def test_every_part_of_the_plan_is_its_own_planner_s(tmp_path: Path) -> None:
    story = story_with_music(tmp_path / "made", transition="crossfade")
    story = replace(story, pages=tuple(replace(each, motion="auto") for each in story.pages))
    plan = planned(story)
    assert plan.story is story
    assert plan.typeface is FACE
    assert plan.timeline == plan_timeline(story)
    assert plan.chapters == tuple(plan_chapters(story, plan.timeline))
    assert plan.motions == plan_motions(story)

"""The manifest's model: what the maker of a story may write."""

import json
from typing import Any, get_type_hints

import pytest
from pydantic import ValidationError

from daemon.config import FilmSettings, Mark
from daemon.options import Card
from daemon.story.manifest import FilmChoices, Manifest, Mood, PageEntry
from tests.story.steps import PAGE, SILENT, files, reading

OWN_FILM_KEYS = [
    key for key, field in FilmSettings.model_fields.items() if Mark.STORY in field.metadata
]
OTHER_FILM_KEYS = [key for key in FilmSettings.model_fields if key not in OWN_FILM_KEYS]


def manifest(**keys: object) -> Manifest:
    """The manifest of one page with further keys, which must have no fault."""
    found = reading({"pages": [PAGE], **keys})
    assert found.problems == ()
    assert found.manifest is not None
    return found.manifest


@pytest.mark.parametrize(
    ("written", "music"),
    [
        ("calm/harbour.ogg", "calm/harbour.ogg"),
        ("./own.mp3", "own.mp3"),
        ({"mood": "calm"}, Mood(mood="calm")),
        (False, False),
        (None, None),
    ],
)
def test_music_is_a_track_a_mood_none_or_left_to_chance(written: object, music: object) -> None:
    assert manifest(music=written).music == music


def test_a_comment_may_have_several_lines() -> None:
    assert manifest(comment="Made in spring.\nCC0").comment == "Made in spring.\nCC0"


@pytest.mark.parametrize("language", ["", "en", "pt-BR", "zh-Hant-TW", "gsw"])
def test_a_language_is_a_tag(language: str) -> None:
    assert manifest(language=language).language == language


@pytest.mark.parametrize("text", ["", "Zeile\nZeile\tTab\r\n", "🦊 Füchse שועל", "x" * 20_000])
def test_any_printable_text_may_be_spoken(text: str) -> None:
    found = reading({"pages": [PAGE | {"text": text}]})
    assert [page.text for page in found.pages] == [text]


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("./01.png", "01.png"),
        ("a//b.png", "a/b.png"),
        ("a/./b.png", "a/b.png"),
        ("..png", "..png"),
        ("bild 1 (ä).png", "bild 1 (ä).png"),
    ],
)
def test_a_file_s_name_has_one_normal_form(written: str, file: str) -> None:
    found = reading({"pages": [SILENT | {"image": written}], "files": {written: {"size": 1}}})
    assert (files(found), list(found.facts)) == ([file], [file])


# ---- pages ---------------------------------------------------------------------------------------


def test_a_page_may_have_a_motion_a_title_and_a_chapter() -> None:
    keys = {
        "text": "Words",
        "title": "Once",
        "chapter": "One",
        "motion": "pan-left",
        "focus": [0.2, 1],
    }
    [page] = reading({"pages": [PAGE | keys]}).pages
    assert page == PageEntry(
        image="01.png",
        audio="01.mp3",
        text="Words",
        title="Once",
        chapter="One",
        motion="pan-left",
        focus=(0.2, 1.0),
    )


def test_what_a_page_does_not_say_is_left_to_the_film() -> None:
    [page] = reading({"pages": [PAGE]}).pages
    assert (page.motion, page.focus, page.title, page.chapter) == (None, None, "", "")


# ---- film ----------------------------------------------------------------------------------------


def test_a_story_may_set_every_key_of_its_film() -> None:
    keys = {
        "size": "square",
        "fps": 29.97,
        "fit": "cover",
        "focus": [0.5, 0.25],
        "background": "#ffffff",
        "gap_seconds": 1,
        "motion": "auto",
        "transition": "crossfade",
        "transition_seconds": 1.5,
        "captions": "burned",
        "caption_style": "box",
        "title_card": {"text": "The fox\nA tale", "seconds": 4, "ground": "#203040"},
        "end_card": True,
        "poster_page": 2,
    }
    assert set(keys) == set(FilmChoices.model_fields)
    chosen = manifest(film=keys).film
    assert chosen.model_dump(mode="json") == keys | {"end_card": Card().model_dump(mode="json")}
    assert isinstance(dict(chosen)["title_card"], Card)


@pytest.mark.parametrize(
    ("written", "card"),
    [
        (False, False),
        (True, Card()),
        ({}, Card()),
        ({"text": "Hello"}, Card(text="Hello")),
        (None, None),
    ],
)
def test_a_card_is_off_on_described_or_left_to_the_settings(written: object, card: object) -> None:
    assert dict(manifest(film={"title_card": written}).film)["title_card"] == card


def test_the_film_s_keys_are_the_settings_that_are_marked_for_stories() -> None:
    assert list(FilmChoices.model_fields) == OWN_FILM_KEYS
    assert OTHER_FILM_KEYS == ["font", "keyframe_seconds", "writer"]


@pytest.mark.parametrize("key", OWN_FILM_KEYS)
def test_a_key_of_the_film_has_the_type_and_the_meaning_of_its_setting(key: str) -> None:
    choice = FilmChoices.model_fields[key]
    assert choice.description == FilmSettings.model_fields[key].description
    assert choice.default is None
    types = get_type_hints(FilmSettings, include_extras=True)
    assert get_type_hints(FilmChoices, include_extras=True)[key] == types[key] | None


VALUES = [
    *(False, True, 0, 1, 2, 60, 61, -1, 0.5, "", "x", [], [0.5, 0.5], [2, 0], {}, {"x": 1}),
    *("auto", "square", "100x100", "17x17", "blur", "cover", "#ff00FF", "red", "none", "zoom-in"),
    *("cut", "crossfade", "soft", "burned", "stroke", "box", {"text": "Hello"}, {"seconds": 0}),
]


@pytest.mark.parametrize("key", OWN_FILM_KEYS)
def test_a_story_may_set_what_the_settings_may_and_nothing_else(key: str) -> None:
    for value in VALUES:
        assert accepted(FilmChoices, key, value) == accepted(FilmSettings, key, value), value


def accepted(model: Any, key: str, value: object) -> tuple[bool, object]:
    """Whether a model accepts a value, and what becomes of it."""
    try:
        return True, getattr(model.model_validate_json(json.dumps({key: value})), key)
    except ValidationError:
        return False, None


@pytest.mark.parametrize("key", OTHER_FILM_KEYS)
def test_a_setting_that_is_not_marked_for_stories_is_an_unknown_key(key: str) -> None:
    value = getattr(FilmSettings(), key)
    [problem] = reading({"pages": [PAGE], "film": {key: value}}).problems
    assert (problem.where, problem.what) == ("film", f'unknown key "{key}"')
    assert problem.mend == f"Known here: {', '.join(OWN_FILM_KEYS)}."


def test_a_story_s_own_keys_replace_the_settings_and_leave_the_others() -> None:
    settings = FilmSettings(fps=25, fit="cover", font="/a.ttf")
    made = manifest(film={"fps": 30, "title_card": False})
    assert made.own_film_keys() == {"fps": 30, "title_card": False}
    assert made.film_settings(settings) == settings.model_copy(update={"fps": 30})

"""Reading manifests: every fault in words, the files that even a faulty one mentions, and pages paired by name."""

import json
import os
from pathlib import PurePosixPath
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon import validation
from daemon.config import FilmSettings
from daemon.errors import Problem
from daemon.media import PICTURE_ENDINGS, SOUND_ENDINGS
from daemon.options import Card
from daemon.story.manifest import FilmChoices, Manifest, Mood, PageEntry
from daemon.story.reading import MOST_PAGES, Reading, pair, read
from daemon.validation import MOST_PROBLEMS

PAGE = {"image": "01.png", "audio": "01.mp3"}
SILENT = {"image": "01.png", "duration": 4.0}


def reading(content: object, *names: str) -> Reading:
    return read(json.dumps(content).encode(), names)


def files(found: Reading) -> list[str]:
    return [mention.file for mention in found.mentions]


def sound(**keys: object) -> Manifest:
    """The manifest of one page with further keys, which has to be without fault."""
    found = reading({"pages": [PAGE], **keys})
    assert found.problems == ()
    assert found.manifest is not None
    return found.manifest


# ---- what is right --------------------------------------------------------------------------------------------------------


def test_the_manifest_of_the_design_is_sound() -> None:
    found = reading(
        {
            "title": "The fox who sailed",
            "author": "A. Nonymous",
            "comment": "For children from five to ninety-nine.",
            "language": "en",
            "pages": [PAGE | {"text": "Once upon a time …", "chapter": "Departure"}, {"image": "02.jpg", "duration": 4.0}],
            "music": "calm/harbour.mp3",
            "film": {"size": "portrait", "fps": 30, "fit": "cover", "background": "#ffFFff", "gap_seconds": 0},
            "files": {"01.png": {"size": 2386436, "sha256": "aB" * 32}},
        }
    )  # fmt: skip
    assert found.problems == ()
    assert found.manifest is not None
    assert found.pages == found.manifest.pages
    assert [(mention.where, mention.kind, mention.file) for mention in found.mentions] == [
        ("page 1", "picture", "01.png"),
        ("page 1", "sound", "01.mp3"),
        ("page 2", "picture", "02.jpg"),
    ]
    assert found.facts["01.png"].size == 2386436


@pytest.mark.parametrize(
    ("told", "music"),
    [
        ("calm/harbour.ogg", "calm/harbour.ogg"),
        ("./own.mp3", "own.mp3"),
        ({"mood": "calm"}, Mood(mood="calm")),
        (False, False),
        (None, None),
    ],
)
def test_music_is_a_track_a_mood_none_or_left_to_chance(told: object, music: object) -> None:
    assert sound(music=told).music == music


def test_a_page_may_say_how_it_moves_what_it_is_called_and_where_a_chapter_begins() -> None:
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


def test_a_film_may_choose_all_that_settings_say_of_its_look() -> None:
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
    chosen = sound(film=keys).film
    assert chosen.model_dump(mode="json") == keys | {"end_card": Card().model_dump(mode="json")}
    assert isinstance(dict(chosen)["title_card"], Card)


@pytest.mark.parametrize(
    ("told", "card"),
    [
        (False, False),
        (True, Card()),
        ({}, Card()),
        ({"text": "Hello"}, Card(text="Hello")),
        (None, None),
    ],
)
def test_a_card_is_off_on_an_object_or_as_the_settings_say(told: object, card: object) -> None:
    assert dict(sound(film={"title_card": told}).film)["title_card"] == card


def test_every_choice_of_a_film_is_a_setting_of_the_same_kind_and_meaning() -> None:
    for key, choice in FilmChoices.model_fields.items():
        setting = FilmSettings.model_fields[key]
        assert choice.description == setting.description
        assert choice.default is None


def test_a_comment_may_have_several_lines() -> None:
    assert sound(comment="Made in spring.\nCC0").comment == "Made in spring.\nCC0"


@pytest.mark.parametrize("language", ["", "en", "pt-BR", "zh-Hant-TW", "gsw"])
def test_a_language_is_a_tag(language: str) -> None:
    assert sound(language=language).language == language


@pytest.mark.parametrize("text", ["", "Zeile\nZeile\tTab\r\n", "🦊 Füchse שועל", "x" * 20_000])
def test_any_printable_text_may_be_spoken(text: str) -> None:
    found = reading({"pages": [PAGE | {"text": text}]})
    assert [page.text for page in found.pages] == [text]


@pytest.mark.parametrize(
    ("told", "file"),
    [
        ("./01.png", "01.png"),
        ("a//b.png", "a/b.png"),
        ("a/./b.png", "a/b.png"),
        ("..png", "..png"),
        ("bild 1 (ä).png", "bild 1 (ä).png"),
    ],
)
def test_a_file_s_name_is_written_in_one_way(told: str, file: str) -> None:
    found = reading({"pages": [SILENT | {"image": told}], "files": {told: {"size": 1}}})
    assert (files(found), list(found.facts)) == ([file], [file])


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps({"pages": [PAGE]}).encode(), ()).manifest is not None


# ---- what is wrong --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b'{"title": "half wri',
        b'{"pages": [],}',
        b"{'title': 'x'}",
        b"\xff\xfe{\x00}\x00",
        b'{"title": "\xe4"}',
        b'{"pages": NaN}',
        b'{"pages": -Infinity}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"pages": 1' + b"0" * 5000 + b"}",
        b"{}{}",
        b"\x00" * 100,
    ],
)
def test_what_is_not_json_is_told_as_such_and_may_still_be_half_written(data: bytes) -> None:
    found = read(data, ("01.png", "01.mp3"))
    assert (found.parsed, found.manifest, found.mentions) == (False, None, ())
    [problem] = found.problems
    assert (problem.where, problem.what[:8]) == ("manifest", "not JSON")


@pytest.mark.parametrize("content", [[], None, 1, "x", True, [PAGE]])
def test_json_that_is_no_object_is_a_fault(content: object) -> None:
    found = reading(content, "01.png", "01.mp3")
    assert (found.parsed, found.manifest) == (True, None)
    assert [problem.what for problem in found.problems] == ["not a JSON object"]


PAGE_KEYS = "Known here: image, audio, duration, text, title, chapter, motion, focus."
FILM_KEYS = "Known here: size, fps, fit, focus, background, gap_seconds, motion, transition, transition_seconds, captions, "
INSIDE = "leaves the story's folder"


@pytest.mark.parametrize(
    ("keys", "where", "what", "mend"),
    [
        # keys
        ({"titel": "x"}, "manifest", 'unknown key "titel"', 'Did you mean "title"?'),
        ({"xyz": 1}, "manifest", 'unknown key "xyz"', "Known here: title, author, comment, language, pages, mus"),
        ({"pages": [PAGE | {"picture": "x"}]}, "page 1", 'unknown key "picture"', PAGE_KEYS),
        ({"pages": [PAGE, PAGE | {"txt": "x"}]}, "page 2", 'unknown key "txt"', 'Did you mean "text"?'),
        ({"film": {"fbs": 3}}, "film", 'unknown key "fbs"', 'Did you mean "fps"?'),
        ({"film": {"writer": "moviepy"}}, "film", 'unknown key "writer"', FILM_KEYS),
        ({"files": {"a.png": {"sise": 1}}}, 'files, "a.png"', 'unknown key "sise"', 'Did you mean "size"?'),
        ({"music": {"mood": "calm", "volume": 1}}, "music", 'unknown key "volume"', "Known here: mood."),
        # pages
        ({"pages": []}, "pages", "an empty list", "List the pages, or leave the key out."),
        ({"pages": {}}, "pages", "should be a valid tuple", "Expected: the pages in order"),
        ({"pages": "01.png"}, "pages", "should be a valid tuple (got '01.png')", "Expected: the pages in order"),
        ({"pages": [PAGE, 7]}, "page 2", "should be an object in braces", "Expected: "),
        ({"pages": [{"audio": "01.mp3"}]}, "page 1", '"image" is missing', "Add it: the picture's file, such as"),
        ({"pages": [{"image": "01.png"}]}, "page 1", "neither audio nor duration", 'Add "audio": "01.mp3"'),
        ({"pages": [{"image": "01.png", "audio": None}]}, "page 1", "neither audio nor duration", 'Add "audio": "01.mp3"'),
        ({"pages": [PAGE, PAGE | SILENT]}, "page 2", "both audio and duration", "Keep one of them."),
        ({"pages": [SILENT | {"duration": 0}]}, "page 1, duration", "should be greater than 0 (got 0)", "Expected: seconds"),
        ({"pages": [SILENT | {"duration": -1}]}, "page 1, duration", "should be greater than 0 (got -1)", "Expected: seconds"),
        ({"pages": [SILENT | {"duration": 3601}]}, "page 1, duration", "should be less than or equal to 3600", "Expected: "),
        ({"pages": [SILENT | {"duration": "long"}]}, "page 1, duration", "should be a valid number", "Expected: seconds"),
        ({"pages": [PAGE | {"text": "\x1b[31m"}]}, "page 1, text", "holds control characters", "Expected: the words"),
        ({"pages": [PAGE | {"text": "x" * 20_001}]}, "page 1, text", "string should have at most 20000", "Expected: "),
        ({"pages": [PAGE | {"text": 5}]}, "page 1, text", "should be a valid string (got 5)", "Expected: "),
        ({"pages": [PAGE | {"motion": "zoom"}]}, "page 1, motion", "should be 'none', 'zoom-in'", "Expected: how the picture"),
        ({"pages": [PAGE | {"focus": [0.5]}]}, "page 1, focus", '"1" is missing', 'Add it: what "cover" keeps in sight'),
        ({"pages": [PAGE | {"focus": [0, -1]}]}, "page 1, focus[1]", "should be greater than or equal to 0", "Expected: what"),
        ({"pages": [PAGE | {"title": "x" * 501}]}, "page 1, title", "string should have at most 500", "Expected: what the pa"),
        ({"pages": [PAGE | {"chapter": "a\x1b"}]}, "page 1, chapter", "holds control characters", "Expected: begins a chapter"),
        # files
        ({"pages": [SILENT | {"image": "../a.png"}]}, "page 1, image", INSIDE, "Expected: the picture's file"),
        ({"pages": [SILENT | {"image": "a/../../b.png"}]}, "page 1, image", INSIDE, "Expected: the picture's file"),
        ({"pages": [SILENT | {"image": "a/.."}]}, "page 1, image", INSIDE, "Expected: the picture's file"),
        ({"pages": [PAGE | {"audio": "/etc/passwd"}]}, "page 1, audio", INSIDE, "Expected: the narration's file"),
        ({"pages": [PAGE | {"audio": "//etc/passwd"}]}, "page 1, audio", INSIDE, "Expected: the narration's file"),
        ({"pages": [SILENT | {"image": "a\\b.png"}]}, "page 1, image", "a backslash in a file's name", "Expected: "),
        ({"pages": [SILENT | {"image": ""}]}, "page 1, image", "not the name of a file", "Expected: "),
        ({"pages": [SILENT | {"image": "."}]}, "page 1, image", "not the name of a file", "Expected: "),
        ({"pages": [SILENT | {"image": "a/"}]}, "page 1, image", "not the name of a file", "Expected: "),
        ({"pages": [SILENT | {"image": "a\0.png"}]}, "page 1, image", "not the name of a file", "Expected: "),
        ({"pages": [SILENT | {"image": "x" * 1001}]}, "page 1, image", "string should have at most 1000 ", "Expected: "),
        ({"pages": [SILENT | {"image": "\ud800.png"}]}, "page 1, image", "should be a valid string", "Expected: "),
        ({"pages": [SILENT | {"image": ["a.png"]}]}, "page 1, image", "should be a valid string", "Expected: "),
        ({"files": {"../a": {"size": 1}}}, 'files, "../a"', INSIDE, "Expected: "),
        ({"files": {"a": {"size": -1}}}, 'files, "a"', "should be greater than or equal to 0", "Expected: the file's length"),
        ({"files": {"a": {"sha256": "ab"}}}, 'files, "a"', "string should match pattern", "Expected: the file's SHA-256"),
        ({"files": {"a": {"sha256": "g" * 64}}}, 'files, "a"', "string should match pattern", "Expected: the file's SHA-256"),
        ({"files": {"a": 1}}, 'files, "a"', "should be an object in braces", "Expected: "),
        ({"files": ["a"]}, "files", "should be a valid dictionary", "Expected: sizes and hashes"),
        # words
        ({"title": 5}, "title", "should be a valid string (got 5)", "Expected: the film's title"),
        ({"title": None}, "title", "should be a valid string", "Expected: the film's title"),
        ({"title": "x" * 501}, "title", "string should have at most 500 characters", "Expected: the film's title"),
        ({"title": "a\0b"}, "title", "holds control characters", "Expected: the film's title"),
        ({"title": "a\x9bb"}, "title", "holds control characters", "Expected: the film's title"),
        ({"title": "\ud800"}, "title", "should be a valid string", "Expected: the film's title"),
        ({"author": "\x1b]0;x\x07"}, "author", "holds control characters", "Expected: who made the story."),
        ({"comment": "\x1b[31m"}, "comment", "holds control characters", "Expected: a note that"),
        ({"comment": "x" * 20_001}, "comment", "string should have at most 20000", "Expected: a note that"),
        ({"language": "english please"}, "language", "string should match pattern", "Expected: the language as a tag"),
        ({"language": "en\n"}, "language", "string should match pattern", "Expected: the language as a tag"),
        # music
        ({"music": True}, "music", "should be False (got True)", 'Expected: a track ("calm/harbour.ogg")'),
        ({"music": 3}, "music", "should be a valid string (got 3)", "Expected: a track"),
        ({"music": ["a.mp3"]}, "music", "should be a valid string", "Expected: a track"),
        ({"music": "../../a.mp3"}, "music", INSIDE, "Expected: a track"),
        ({"music": {}}, "music", '"mood" is missing', "Add it: a folder of the music library"),
        ({"music": {"mood": 5}}, "music.mood", "should be a valid string (got 5)", "Expected: a folder of the music library"),
        # film
        ({"film": []}, "film", "should be an object in braces", "Expected: keys of config.toml's [film]"),
        ({"film": {"size": "huge"}}, "film.size", "not one of auto, landscape, portrait", 'Expected: "auto"'),
        ({"film": {"size": "17x17"}}, "film.size", "not one of auto, landscape, portrait", 'Expected: "auto"'),
        ({"film": {"fps": 0}}, "film.fps", "should be greater than or equal to 1", "Expected: frames per second"),
        ({"film": {"fps": 60.1}}, "film.fps", "should be less than or equal to 60", "Expected: frames per second"),
        ({"film": {"fps": "fast"}}, "film.fps", "should be a valid number", "Expected: frames per second"),
        ({"film": {"fit": "stretch"}}, "film.fit", "should be 'blur', 'contain' or 'cover'", 'Expected: "blur"'),
        ({"film": {"focus": [2, 0]}}, "film.focus[0]", "should be less than or equal to 1", 'Expected: what "cover" keeps'),
        ({"film": {"motion": "zoom"}}, "film.motion", "should be 'none', 'zoom-in'", 'Expected: "none", "zoom-in"'),
        ({"film": {"transition": "wipe"}}, "film.transition", "should be 'cut', 'crossfade' or", 'Expected: "cut", "cross'),
        ({"film": {"transition_seconds": 0}}, "film.transition_seconds", "should be greater than 0", "Expected: seconds th"),
        ({"film": {"captions": "hard"}}, "film.captions", "should be 'soft' or 'burned'", 'Expected: "soft"'),
        ({"film": {"caption_style": "red"}}, "film.caption_style", "should be 'stroke' or 'box'", 'Expected: burned captions'),
        ({"film": {"font": "Comic"}}, "film", 'unknown key "font"', FILM_KEYS),
        ({"film": {"poster_page": 0}}, "film.poster_page", "should be greater than or equal to 1", "Expected: the number of"),
        ({"film": {"title_card": "x"}}, "film.title_card", "should be an object in braces", "Expected: false, true, or {text"),
        ({"film": {"title_card": {"txt": "x"}}}, "film.title_card", 'unknown key "txt"', 'Did you mean "text"?'),
        ({"film": {"end_card": {"seconds": 0}}}, "film.end_card.seconds", "should be greater than or equal", "Expected: sec"),
        ({"film": {"end_card": {"ground": "red"}}}, "film.end_card.ground", "string should match patt", 'Expected: "picture"'),
        ({"film": {"background": "red"}}, "film.background", "string should match pattern", "Expected: the colour"),
        ({"film": {"gap_seconds": 61}}, "film.gap_seconds", "should be less than or equal to 60", "Expected: seconds of rest"),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is_what_it_is_and_how_to_mend_it(
    keys: dict[str, Any], where: str, what: str, mend: str
) -> None:
    found = reading({"pages": [PAGE], **keys})
    assert (found.parsed, found.manifest) == (True, None)
    [problem] = found.problems
    assert problem.where == where
    assert problem.what.startswith(what)
    assert problem.mend.startswith(mend)


def test_a_duration_beyond_all_numbers_is_a_fault() -> None:
    [problem] = read(b'{"pages": [{"image": "01.png", "duration": 1e999}]}', ()).problems
    assert (problem.where, problem.what) == (
        "page 1, duration",
        "should be a finite number (got inf)",
    )


def test_all_faults_are_told_at_once() -> None:
    found = reading(
        {
            "titel": 1,
            "pages": [{"image": "/a"}, {"audio": "b.mp3"}, PAGE | SILENT],
            "film": {"fps": 99},
            "music": 1,
        }
    )
    assert sorted(problem.where for problem in found.problems) == sorted(
        ["manifest", "page 1, image", "page 1", "page 2", "page 3", "film.fps", "music"]
    )


# ---- mentions -------------------------------------------------------------------------------------------------------------


def test_a_manifest_with_faults_still_tells_which_files_it_mentions() -> None:
    pages = [
        {"image": "a.png", "adio": "a.mp3"},
        7,
        {"image": "../b.png", "audio": "b.mp3"},
        {"image": 5, "audio": "./c/c.mp3"},
        PAGE,
    ]
    found = reading({"titel": "x", "pages": pages})
    assert found.manifest is None
    assert [(mention.where, mention.file) for mention in found.mentions] == [
        ("page 1", "a.png"),
        ("page 3", "b.mp3"),
        ("page 4", "c/c.mp3"),
        ("page 5", "01.png"),
        ("page 5", "01.mp3"),
    ]


@pytest.mark.parametrize("pages", [{"image": "a.png"}, "a.png", None, 5, {"0": PAGE}])
def test_pages_that_are_no_list_mention_nothing(pages: object) -> None:
    assert reading({"titel": 1, "pages": pages}).mentions == ()


# ---- pairing --------------------------------------------------------------------------------------------------------------


def images(names: list[str]) -> list[str]:
    return [page.image for page in pair(names)[0]]


def test_pictures_and_sounds_of_one_name_are_pages_in_natural_order() -> None:
    names = [f"{number}.{ending}" for number in (10, 9, 100, 1, 2) for ending in ("mp3", "png")]
    pages, problems = pair(names)
    assert pages == tuple(
        PageEntry(image=f"{number}.png", audio=f"{number}.mp3") for number in (1, 2, 9, 10, 100)
    )
    assert problems == []


@pytest.mark.parametrize("ending", PICTURE_ENDINGS)
def test_every_kind_of_picture_pairs_with_a_sound(ending: str) -> None:
    assert images([f"a{ending.upper()}", "a.mp3"]) == [f"a{ending.upper()}"]


@pytest.mark.parametrize("ending", SOUND_ENDINGS)
def test_every_kind_of_sound_pairs_with_a_picture(ending: str) -> None:
    assert images(["a.png", f"a{ending.upper()}"]) == ["a.png"]


@pytest.mark.parametrize(
    ("names", "in_order"),
    [
        (["page 2.png", "page 10.png", "Page 1.png"], ["Page 1.png", "page 2.png", "page 10.png"]),
        (["a1b10.png", "a1b9.png", "a10b1.png"], ["a1b9.png", "a1b10.png", "a10b1.png"]),
        (["v1.2.png", "v1.10.png"], ["v1.2.png", "v1.10.png"]),
        (["a.png", "B.png", "c.png"], ["a.png", "B.png", "c.png"]),
    ],
)
def test_natural_order_reads_numbers_as_people_do(names: list[str], in_order: list[str]) -> None:
    assert images([*names, *(f"{PurePosixPath(name).stem}.mp3" for name in names)]) == in_order


def several(names: str) -> Problem:
    return Problem(
        "pages", f"several files for one page: {names}", 'Keep one, or list "pages".', "1"
    )


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["1.png"], Problem("pages", "no narration for it", 'Add "1.mp3", or list "pages".', "1.png")),
        (["1.mp3"], Problem("pages", "no picture for it", 'Add "1.png", or list "pages".', "1.mp3")),
        (["1.png", "1.jpg", "1.mp3"], several("1.jpg, 1.png, 1.mp3")),
        (["1.png", "1.mp3", "1.ogg"], several("1.png, 1.mp3, 1.ogg")),
        ([], Problem("manifest", "no pages", 'List "pages", or add pictures and sounds of the same name.')),
        (["notes.txt"], Problem("manifest", "no pages", 'List "pages", or add pictures and sounds of the same name.')),
    ],
)  # fmt: skip
def test_what_finds_no_partner_is_told(names: list[str], problem: Problem) -> None:
    assert pair(names) == ((), [problem])


def test_hidden_files_other_kinds_and_folders_make_no_pages() -> None:
    names = [
        "1.png",
        "1.mp3",
        "._1.png",
        ".1.mp3",
        "sub/1.png",
        "2.txt",
        "manifest.json",
        "1",
        ".png",
        ".mp3",
    ]
    assert pair(names) == ((PageEntry(image="1.png", audio="1.mp3"),), [])


@pytest.mark.parametrize("content", [{}, {"pages": None}])
def test_a_manifest_without_pages_is_paired_and_mentions_the_pairs(content: object) -> None:
    found = reading(content, "2.png", "2.mp3", "1.png", "1.mp3", "3.png")
    assert found.manifest is not None
    assert files(found) == ["1.png", "1.mp3", "2.png", "2.mp3"]
    assert [problem.file for problem in found.unpaired] == ["3.png"]


def test_a_track_of_the_folder_is_no_narration() -> None:
    found = reading({"music": "./song.mp3"}, "1.png", "1.mp3", "song.mp3")
    assert (files(found), found.unpaired) == (["1.png", "1.mp3"], ())


def test_names_beside_a_manifest_with_pages_do_not_matter() -> None:
    assert reading({"pages": [PAGE]}, "7.png") == reading({"pages": [PAGE]})


# ---- properties -----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=10,
)
NAMES = st.text(st.sampled_from("aä1/.\\\0\n \ud800"), max_size=8) | JSON
FAULTY_PAGE = st.dictionaries(st.sampled_from([*PageEntry.model_fields, "x"]), NAMES, max_size=5)
FAULTY = st.dictionaries(
    st.sampled_from(list(Manifest.model_fields)),
    st.lists(FAULTY_PAGE | JSON, max_size=3)
    | st.dictionaries(st.sampled_from([*FilmChoices.model_fields, "mood", "a/b"]), JSON)
    | NAMES,
)
STEMS = st.from_regex(r"[a-cA-C0-2 .-]{1,4}", fullmatch=True).filter(
    lambda stem: not stem.startswith(".")
)


def is_consistent(found: Reading) -> bool:
    """What holds of every reading: faults and no manifest, or a manifest; each fault in full; no file outside."""
    told = [*found.problems, *found.unpaired]
    return (
        (found.manifest is None) == bool(found.problems)
        and (found.parsed or not found.mentions)
        and all(problem.where and problem.what and problem.mend for problem in told)
        and all(os.path.normpath(f"/story/{file}").startswith("/story/") for file in files(found))
    )


@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from('{}[]",:0e-\\u \n'), max_size=40).map(str.encode)
)
@example(b'{"a": "\\ud800"}')
def test_no_bytes_at_all_make_reading_raise(data: bytes) -> None:
    assert is_consistent(read(data, ("1.png", "1.mp3")))


@settings(max_examples=200)
@given(JSON | FAULTY)
def test_no_json_at_all_makes_reading_raise(content: object) -> None:
    assert is_consistent(reading(content, "1.png", "1.mp3"))


@given(
    st.dictionaries(
        STEMS,
        st.tuples(st.sampled_from(PICTURE_ENDINGS), st.sampled_from(SOUND_ENDINGS)),
        min_size=1,
    ),
    st.randoms(),
)
def test_every_pair_is_one_page_whatever_the_order_of_the_names(
    stems: dict[str, tuple[str, str]], random: Any
) -> None:
    names = [stem + ending for stem, endings in stems.items() for ending in endings]
    pages, problems = pair(names)
    random.shuffle(names)
    assert pair(names) == (pages, problems)
    assert problems == []
    assert sorted(page.image for page in pages) == sorted(
        stem + picture for stem, (picture, _) in stems.items()
    )
    assert all(
        PurePosixPath(page.image).stem == PurePosixPath(page.audio or "").stem for page in pages
    )


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True))
def test_pages_named_by_numbers_come_in_the_order_of_the_numbers(numbers: list[int]) -> None:
    names = [f"{number}{ending}" for number in numbers for ending in (".png", ".mp3")]
    assert images(names) == [f"{number}.png" for number in sorted(numbers)]


def test_names_that_are_equal_in_natural_order_have_one_order_still() -> None:
    """The order of a set differs from process to process; the same story has to give the same bytes."""
    names = [f"{'0' * zeros}1{ending}" for zeros in range(5) for ending in (".png", ".mp3")]
    assert images(names) == sorted(names[::2])


@settings(max_examples=200)
@given(st.lists(st.text(st.sampled_from("a1.\\\n\udcff\0/ ") | st.characters(), max_size=5).flatmap(
    lambda stem: st.sampled_from([f"{stem}.png", f"{stem}.mp3", f"{stem}/1.png"])), max_size=6))  # fmt: skip
@example(["a\\b.png", "a\\b.mp3"])
@example(["\udcff.png", "\udcff.mp3"])
def test_no_names_at_all_make_reading_raise(names: list[str]) -> None:
    """A file's name on disk is any bytes: those of a Latin-1 machine, a backslash."""
    assert is_consistent(read(b"{}", names))


def test_every_mention_is_a_name_that_the_system_can_be_asked_for() -> None:
    """A lone surrogate out of JSON is no name of a file: opening it is a ValueError and no OSError."""
    assert files(reading({"pages": [PAGE | {"image": "\ud800.png"}]})) == ["01.mp3"]


@pytest.mark.parametrize("page", [b"0", b'{"imag":1}'])
def test_a_manifest_of_nothing_but_faults_does_not_hold_up_the_others(page: bytes) -> None:
    """The watcher reads it among all others: 4 MiB of faulty pages may not cost a minute and 3 GiB of memory."""
    data = b'{"pages":[' + b",".join([page] * (2**17 // (len(page) + 1))) + b"]}"
    assert 1 <= len(read(data, ()).problems) <= 1000


@pytest.mark.parametrize(
    ("count", "last"),
    [
        (MOST_PROBLEMS, f"page {MOST_PROBLEMS}: should be an object in braces"),
        (MOST_PROBLEMS + 7, "manifest: 7 more problems"),
        (MOST_PAGES, f"manifest: {MOST_PAGES - MOST_PROBLEMS} more problems"),
        (MOST_PAGES + 1, f"pages: more than {MOST_PAGES}"),
    ],
)
def test_of_very_many_faults_the_first_are_told_and_how_many_more_there_are(
    count: int, last: str
) -> None:
    told = [
        f"{problem.where}: {problem.what}" for problem in reading({"pages": [0] * count}).problems
    ]
    assert told[-1] == last
    assert len(told) <= MOST_PROBLEMS + 1


def test_a_key_of_the_writer_that_begins_with_a_hash_is_named() -> None:
    assert [problem.what for problem in reading({"pages": [PAGE], "#comment": "x"}).problems] == [
        'unknown key "#comment"'
    ]
    assert [
        problem.where
        for problem in reading({"pages": [PAGE], "files": {"#1.png": {"size": -1}}}).problems
    ] == ['files, "#1.png"']


KEYS = {f"a{number}": 1 for number in range(3000)}


@pytest.mark.parametrize(
    "content", [KEYS, {"pages": [KEYS]}, {"files": KEYS}, {"pages": [{"a": 1, "b": 2}] * 3000}]
)
def test_faults_that_nobody_will_be_told_of_are_not_put_into_words(
    content: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words and remedies are what costs: 4 MiB of unknown keys took the watcher twenty seconds."""
    counting = Mock(
        wraps=validation._problem
    )  # seconds would tell as much of the machine as of the code
    monkeypatch.setattr(validation, "_problem", counting)
    assert len(reading(content).problems) > 1
    assert counting.call_count <= 1000

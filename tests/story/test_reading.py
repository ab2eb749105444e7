"""Reading manifests: every fault in words, every file that is mentioned, pages paired by name."""

import json
import os
import sys
from pathlib import PurePosixPath
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon import validation
from daemon.errors import Problem
from daemon.media import PICTURE_ENDINGS, SOUND_ENDINGS
from daemon.story.manifest import FilmChoices, Manifest, PageEntry
from daemon.story.reading import MOST_FILES, MOST_PAGES, Declared, Reading, pair, read
from daemon.validation import MOST_PROBLEMS
from tests.story.steps import PAGE, SILENT, files, reading


def test_a_manifest_with_every_kind_of_key_is_read_without_a_fault() -> None:
    found = reading(
        {
            "title": "The fox who sailed",
            "author": "A. Nonymous",
            "comment": "For children from five to ninety-nine.",
            "language": "en",
            "pages": [
                PAGE | {"text": "Once upon a time …", "chapter": "Departure"},
                {"image": "02.jpg", "duration": 4.0},
            ],
            "music": "calm/harbour.mp3",
            "film": {
                "size": "portrait",
                "fps": 30,
                "fit": "cover",
                "background": "#ffFFff",
                "gap_seconds": 0,
            },
            "files": {"01.png": {"size": 2386436, "sha256": "aB" * 32}},
        }
    )
    assert found.problems == ()
    assert found.manifest is not None
    assert found.pages == found.manifest.pages
    assert [(mention.where, mention.kind, mention.file) for mention in found.mentions] == [
        ("page 1", "picture", "01.png"),
        ("page 1", "sound", "01.mp3"),
        ("page 2", "picture", "02.jpg"),
    ]
    assert found.facts == {"01.png": Declared(2386436, "ab" * 32)}


def test_a_byte_order_mark_is_skipped() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps({"pages": [PAGE]}).encode(), ()).manifest is not None


# ---- faults --------------------------------------------------------------------------------------


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
def test_a_manifest_that_is_not_json_may_still_be_half_written(data: bytes) -> None:
    found = read(data, ("01.png", "01.mp3"))
    assert (found.parsed, found.manifest, found.mentions) == (False, None, ())
    [problem] = found.problems
    assert (problem.where, problem.what[:8]) == ("manifest", "not JSON")


@pytest.mark.parametrize("content", [[], None, 1, "x", True, [PAGE]])
def test_json_that_is_not_an_object_is_a_fault(content: object) -> None:
    found = reading(content, "01.png", "01.mp3")
    assert (found.parsed, found.manifest) == (True, None)
    assert [problem.what for problem in found.problems] == ["not a JSON object"]


PAGE_KEYS = "Known here: image, audio, duration, text, title, chapter, motion, focus."
FILM_KEYS = (
    "Known here: size, fps, fit, focus, background, gap_seconds, motion, transition,"
    " transition_seconds, captions, "
)
OUTSIDE = "leaves the story's folder"
NO_NAME = "not the name of a file"
NO_STRING = "should be a valid string"
CONTROLS = "holds control characters"
PICTURE = "Expected: the picture's file"
NARRATION = "Expected: the narration's file"
TITLE = "Expected: the film's title"


def page(**keys: object) -> dict[str, object]:
    """The keys of a manifest with one page, narrated, and changed like this."""
    return {"pages": [PAGE | keys]}


def silent(**keys: object) -> dict[str, object]:
    """The same for a page with a duration."""
    return {"pages": [SILENT | keys]}


def film(**keys: object) -> dict[str, object]:
    """The keys of a manifest that chooses these for its film."""
    return {"film": keys}


@pytest.mark.parametrize(
    ("keys", "where", "what", "mend"),
    [
        # keys
        ({"titel": "x"}, "manifest", 'unknown key "titel"', 'Did you mean "title"?'),
        (
            {"xyz": 1},
            "manifest",
            'unknown key "xyz"',
            "Known here: title, author, comment, language, pages, mus",
        ),
        (page(picture="x"), "page 1", 'unknown key "picture"', PAGE_KEYS),
        (
            {"pages": [PAGE, PAGE | {"txt": "x"}]},
            "page 2",
            'unknown key "txt"',
            'Did you mean "text"?',
        ),
        (film(fbs=3), "film", 'unknown key "fbs"', 'Did you mean "fps"?'),
        (film(writer="moviepy"), "film", 'unknown key "writer"', FILM_KEYS),
        (
            {"files": {"a.png": {"sise": 1}}},
            'files, "a.png"',
            'unknown key "sise"',
            'Did you mean "size"?',
        ),
        (
            {"music": {"mood": "calm", "volume": 1}},
            "music",
            'unknown key "volume"',
            "Known here: mood.",
        ),
        # pages
        ({"pages": []}, "pages", "an empty list", "List the pages, or leave the key out."),
        ({"pages": {}}, "pages", "should be a valid tuple", "Expected: the pages in order"),
        (
            {"pages": "01.png"},
            "pages",
            "should be a valid tuple (got '01.png')",
            "Expected: the pages in order",
        ),
        ({"pages": [PAGE, 7]}, "page 2", "should be an object in braces", "Expected: "),
        (
            {"pages": [{"audio": "01.mp3"}]},
            "page 1",
            '"image" is missing',
            "Add it: the picture's file, such as",
        ),
        (
            {"pages": [{"image": "01.png"}]},
            "page 1",
            "neither audio nor duration",
            'Add "audio": "01.mp3"',
        ),
        (
            {"pages": [{"image": "01.png", "audio": None}]},
            "page 1",
            "neither audio nor duration",
            'Add "audio": "01.mp3"',
        ),
        (
            {"pages": [PAGE, PAGE | SILENT]},
            "page 2",
            "both audio and duration",
            "Keep one of them.",
        ),
        (
            silent(duration=0),
            "page 1, duration",
            "should be greater than 0 (got 0)",
            "Expected: seconds",
        ),
        (
            silent(duration=-1),
            "page 1, duration",
            "should be greater than 0 (got -1)",
            "Expected: seconds",
        ),
        (
            silent(duration=3601),
            "page 1, duration",
            "should be less than or equal to 3600",
            "Expected: ",
        ),
        (
            silent(duration="long"),
            "page 1, duration",
            "should be a valid number",
            "Expected: seconds",
        ),
        (page(text="\x1b[31m"), "page 1, text", CONTROLS, "Expected: the words"),
        (page(text="x" * 20_001), "page 1, text", "string should have at most 20000", "Expected: "),
        (page(text=5), "page 1, text", "should be a valid string (got 5)", "Expected: "),
        (
            page(motion="zoom"),
            "page 1, motion",
            "should be 'none', 'zoom-in'",
            "Expected: how the picture",
        ),
        (
            page(focus=[0.5]),
            "page 1, focus",
            '"1" is missing',
            'Add it: what "cover" keeps in sight',
        ),
        (
            page(focus=[0, -1]),
            "page 1, focus[1]",
            "should be greater than or equal to 0",
            "Expected: what",
        ),
        (
            page(title="x" * 501),
            "page 1, title",
            "string should have at most 500",
            "Expected: what the pa",
        ),
        (page(chapter="a\x1b"), "page 1, chapter", CONTROLS, "Expected: begins a chapter"),
        # files
        (silent(image="../a.png"), "page 1, image", OUTSIDE, PICTURE),
        (silent(image="a/../../b.png"), "page 1, image", OUTSIDE, PICTURE),
        (silent(image="a/.."), "page 1, image", OUTSIDE, PICTURE),
        (page(audio="/etc/passwd"), "page 1, audio", OUTSIDE, NARRATION),
        (page(audio="//etc/passwd"), "page 1, audio", OUTSIDE, NARRATION),
        (silent(image="a\\b.png"), "page 1, image", "a backslash in a file's name", "Expected: "),
        (silent(image=""), "page 1, image", NO_NAME, "Expected: "),
        (silent(image="."), "page 1, image", NO_NAME, "Expected: "),
        (silent(image="a/"), "page 1, image", NO_NAME, "Expected: "),
        (silent(image="a\0.png"), "page 1, image", NO_NAME, "Expected: "),
        (
            silent(image="x" * 1001),
            "page 1, image",
            "string should have at most 1000 ",
            "Expected: ",
        ),
        (silent(image="\ud800.png"), "page 1, image", NO_STRING, "Expected: "),
        (silent(image=["a.png"]), "page 1, image", NO_STRING, "Expected: "),
        ({"files": {"../a": {"size": 1}}}, 'files, "../a"', OUTSIDE, "Expected: "),
        (
            {"files": {"a": {"size": -1}}},
            'files, "a"',
            "should be greater than or equal to 0",
            "Expected: the file's length",
        ),
        (
            {"files": {"a": {"sha256": "ab"}}},
            'files, "a"',
            "string should match pattern",
            "Expected: the file's SHA-256",
        ),
        (
            {"files": {"a": {"sha256": "g" * 64}}},
            'files, "a"',
            "string should match pattern",
            "Expected: the file's SHA-256",
        ),
        ({"files": {"a": 1}}, 'files, "a"', "should be an object in braces", "Expected: "),
        ({"files": ["a"]}, "files", "should be a valid dictionary", "Expected: sizes and hashes"),
        # words
        ({"title": 5}, "title", "should be a valid string (got 5)", TITLE),
        ({"title": None}, "title", NO_STRING, TITLE),
        ({"title": "x" * 501}, "title", "string should have at most 500 characters", TITLE),
        ({"title": "a\0b"}, "title", CONTROLS, TITLE),
        ({"title": "a\x9bb"}, "title", CONTROLS, TITLE),
        ({"title": "\ud800"}, "title", NO_STRING, TITLE),
        ({"author": "\x1b]0;x\x07"}, "author", CONTROLS, "Expected: who made the story."),
        ({"comment": "\x1b[31m"}, "comment", CONTROLS, "Expected: a note that"),
        (
            {"comment": "x" * 20_001},
            "comment",
            "string should have at most 20000",
            "Expected: a note that",
        ),
        (
            {"language": "english please"},
            "language",
            "string should match pattern",
            "Expected: the language as a tag",
        ),
        (
            {"language": "en\n"},
            "language",
            "string should match pattern",
            "Expected: the language as a tag",
        ),
        # music
        (
            {"music": True},
            "music",
            "should be False (got True)",
            'Expected: a track ("calm/harbour.ogg")',
        ),
        ({"music": 3}, "music", "should be a valid string (got 3)", "Expected: a track"),
        ({"music": ["a.mp3"]}, "music", NO_STRING, "Expected: a track"),
        ({"music": "../../a.mp3"}, "music", OUTSIDE, "Expected: a track"),
        ({"music": {}}, "music", '"mood" is missing', "Add it: a folder of the music library"),
        (
            {"music": {"mood": 5}},
            "music.mood",
            "should be a valid string (got 5)",
            "Expected: a folder of the music library",
        ),
        # film
        (
            {"film": []},
            "film",
            "should be an object in braces",
            "Expected: keys of config.toml's [film]",
        ),
        (
            film(size="huge"),
            "film.size",
            "not one of auto, landscape, portrait",
            'Expected: "auto"',
        ),
        (
            film(size="17x17"),
            "film.size",
            "not one of auto, landscape, portrait",
            'Expected: "auto"',
        ),
        (
            film(fps=0),
            "film.fps",
            "should be greater than or equal to 1",
            "Expected: frames per second",
        ),
        (
            film(fps=60.1),
            "film.fps",
            "should be less than or equal to 60",
            "Expected: frames per second",
        ),
        (film(fps="fast"), "film.fps", "should be a valid number", "Expected: frames per second"),
        (
            film(fit="stretch"),
            "film.fit",
            "should be 'blur', 'contain' or 'cover'",
            'Expected: "blur"',
        ),
        (
            film(focus=[2, 0]),
            "film.focus[0]",
            "should be less than or equal to 1",
            'Expected: what "cover" keeps',
        ),
        (
            film(motion="zoom"),
            "film.motion",
            "should be 'none', 'zoom-in'",
            'Expected: "none", "zoom-in"',
        ),
        (
            film(transition="wipe"),
            "film.transition",
            "should be 'cut', 'crossfade'",
            'Expected: "cut", "cross',
        ),
        (
            film(transition_seconds=0),
            "film.transition_seconds",
            "should be greater than 0",
            "Expected: seconds th",
        ),
        (
            film(captions="hard"),
            "film.captions",
            "should be 'soft' or 'burned'",
            'Expected: "soft"',
        ),
        (
            film(caption_style="red"),
            "film.caption_style",
            "should be 'stroke' or 'box'",
            "Expected: burned captions",
        ),
        (film(font="Comic"), "film", 'unknown key "font"', FILM_KEYS),
        (
            film(poster_page=0),
            "film.poster_page",
            "should be greater than or equal to 1",
            "Expected: the number of",
        ),
        (
            film(title_card="x"),
            "film.title_card",
            "should be an object in braces",
            "Expected: false, true, or {text",
        ),
        (
            film(title_card={"txt": "x"}),
            "film.title_card",
            'unknown key "txt"',
            'Did you mean "text"?',
        ),
        (
            film(end_card={"seconds": 0}),
            "film.end_card.seconds",
            "should be greater than or equal",
            "Expected: sec",
        ),
        (
            film(end_card={"ground": "red"}),
            "film.end_card.ground",
            "string should match patt",
            'Expected: "picture"',
        ),
        (
            film(background="red"),
            "film.background",
            "string should match pattern",
            "Expected: the colour",
        ),
        (
            film(gap_seconds=61),
            "film.gap_seconds",
            "should be less than or equal to 60",
            "Expected: seconds of rest",
        ),
    ],
)
def test_a_fault_says_where_it_is_what_it_is_and_how_to_mend_it(
    keys: dict[str, Any], where: str, what: str, mend: str
) -> None:
    found = reading({"pages": [PAGE], **keys})
    assert (found.parsed, found.manifest) == (True, None)
    [problem] = found.problems
    assert problem.where == where
    assert problem.what.startswith(what)
    assert problem.mend.startswith(mend)


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "a", "title": "b"}',
        '{"pages": [{"image": "01.png", "duration": 1, "duration": 2}]}',
        '{"files": {"01.png": {}, "01.png": {}}}',
    ],
)
def test_a_key_that_is_there_twice_is_a_fault_that_names_it(text: str) -> None:
    """JSON readers keep the last one and drop the others without a word."""
    key = max(("title", "duration", "01.png"), key=text.count)
    [problem] = read(text.encode(), ["01.png"]).problems
    assert problem == Problem(
        "manifest", f'the key "{key}" twice in one object', "Keep one of them."
    )


def test_a_manifest_with_more_keys_than_it_can_mean_is_one_fault() -> None:
    """It took 511 MiB and 1.6 s in the service's process to find all that was wrong with one."""
    page = {f"k{number}": 0 for number in range(50)}
    [problem] = read(json.dumps({"pages": [page] * 4000}).encode(), []).problems
    assert problem.what == "more than 150000 keys"


def test_too_many_pages_are_the_fault_rather_than_their_keys() -> None:
    page = {"image": "01.png", "duration": 1}
    [problem] = read(json.dumps({"pages": [page] * 80_000}).encode(), []).problems
    assert (problem.where, problem.what) == ("pages", "more than 10000")


def test_an_infinite_duration_is_a_fault() -> None:
    [problem] = read(b'{"pages": [{"image": "01.png", "duration": 1e999}]}', ()).problems
    assert (problem.where, problem.what) == (
        "page 1, duration",
        "should be a finite number (got inf)",
    )


def test_all_faults_are_found_at_once() -> None:
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


def test_an_unknown_key_that_begins_with_a_hash_is_named() -> None:
    [problem] = reading({"pages": [PAGE], "#comment": "x"}).problems
    assert problem.what == 'unknown key "#comment"'
    [problem] = reading({"pages": [PAGE], "files": {"#1.png": {"size": -1}}}).problems
    assert problem.where == 'files, "#1.png"'


# ---- mentions ------------------------------------------------------------------------------------


def test_a_manifest_with_faults_still_says_which_files_it_mentions() -> None:
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
def test_pages_that_are_not_a_list_mention_nothing(pages: object) -> None:
    assert reading({"titel": 1, "pages": pages}).mentions == ()


def test_every_mention_is_a_possible_name_of_a_file() -> None:
    """Opening a file whose name has a lone surrogate is a ValueError, not an OSError."""
    assert files(reading({"pages": [PAGE | {"image": "\ud800.png"}]})) == ["01.mp3"]


# ---- pairing -------------------------------------------------------------------------------------


def images(names: list[str]) -> list[str]:
    """The pictures of the pages that these names make."""
    return [page.image for page in pair(names)[0]]


def test_pictures_and_sounds_of_one_stem_are_pages_in_natural_order() -> None:
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


def test_names_that_are_equal_in_natural_order_still_have_one_order() -> None:
    """The order of a set varies between processes; the same story must give the same bytes."""
    names = [f"{'0' * zeros}1{ending}" for zeros in range(5) for ending in (".png", ".mp3")]
    assert images(names) == sorted(names[::2])


NO_PAGES = Problem(
    "manifest", "no pages", 'List "pages", or add pictures and sounds of the same name.'
)


def several(names: str) -> Problem:
    """The problem of several files for the page "1"."""
    what = f"several files for one page: {names}"
    return Problem("pages", what, 'Keep one, or list "pages".', "1")


def alone(file: str, what: str, partner: str) -> Problem:
    """The problem of a file without a partner."""
    return Problem("pages", what, f'Add "{partner}", or list "pages".', file)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["1.png"], alone("1.png", "no narration for it", "1.mp3")),
        (["1.mp3"], alone("1.mp3", "no picture for it", "1.png")),
        (["1.png", "1.jpg", "1.mp3"], several("1.jpg, 1.png, 1.mp3")),
        (["1.png", "1.mp3", "1.ogg"], several("1.png, 1.mp3, 1.ogg")),
        ([], NO_PAGES),
        (["notes.txt"], NO_PAGES),
    ],
)
def test_a_file_without_a_partner_is_a_problem(names: list[str], problem: Problem) -> None:
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
def test_a_manifest_without_pages_mentions_the_files_that_pair(content: object) -> None:
    found = reading(content, "2.png", "2.mp3", "1.png", "1.mp3", "3.png")
    assert found.manifest is not None
    assert files(found) == ["1.png", "1.mp3", "2.png", "2.mp3"]
    assert [problem.file for problem in found.unpaired] == ["3.png"]


def test_a_track_in_the_folder_is_not_a_narration() -> None:
    found = reading({"music": "./song.mp3"}, "1.png", "1.mp3", "song.mp3")
    assert (files(found), found.unpaired) == (["1.png", "1.mp3"], ())


def test_names_next_to_a_manifest_with_pages_do_not_matter() -> None:
    assert reading({"pages": [PAGE]}, "7.png") == reading({"pages": [PAGE]})


# ---- properties ----------------------------------------------------------------------------------


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
ODD_NAMES = st.text(st.sampled_from("a1.\\\n\udcff\0/ ") | st.characters(), max_size=5).flatmap(
    lambda stem: st.sampled_from([f"{stem}.png", f"{stem}.mp3", f"{stem}/1.png"])
)
STEMS = st.from_regex(r"[a-cA-C0-2 .-]{1,4}", fullmatch=True).filter(
    lambda stem: not stem.startswith(".")
)


def is_consistent(found: Reading) -> bool:
    """What is true of every reading.

    It has faults or a manifest, each fault is complete, and no file is outside of the folder.
    """
    faults = [*found.problems, *found.unpaired]
    return (
        (found.manifest is None) == bool(found.problems)
        and (found.parsed or not found.mentions)
        and all(fault.where and fault.what and fault.mend for fault in faults)
        and all(os.path.normpath(f"/story/{file}").startswith("/story/") for file in files(found))
    )


@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from('{}[]",:0e-\\u \n'), max_size=40).map(str.encode)
)
@example(b'{"a": "\\ud800"}')
def test_no_bytes_make_reading_raise(data: bytes) -> None:
    assert is_consistent(read(data, ("1.png", "1.mp3")))


@settings(max_examples=200)
@given(JSON | FAULTY)
def test_no_json_makes_reading_raise(content: object) -> None:
    assert is_consistent(reading(content, "1.png", "1.mp3"))


@settings(max_examples=200)
@given(st.lists(ODD_NAMES, max_size=6))
@example(["a\\b.png", "a\\b.mp3"])
@example(["\udcff.png", "\udcff.mp3"])
def test_no_names_make_reading_raise(names: list[str]) -> None:
    """A name on disk may be any bytes, such as a backslash or a Latin-1 letter."""
    assert is_consistent(read(b"{}", names))


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


# ---- very many faults ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", [b"0", b'{"imag":1}'])
def test_a_manifest_full_of_faults_does_not_hold_up_the_others(page: bytes) -> None:
    """The watcher reads all manifests: 4 MiB of faults must not cost a minute and 3 GiB."""
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
def test_of_very_many_faults_the_first_are_listed_and_the_others_counted(
    count: int, last: str
) -> None:
    found = reading({"pages": [0] * count}).problems
    assert f"{found[-1].where}: {found[-1].what}" == last
    assert len(found) <= MOST_PROBLEMS + 1


def declaring(count: int) -> dict[str, object]:
    """The keys of a manifest that declares the size and the hash of this many files."""
    facts = {f"{number:06d}.png": {"size": number, "sha256": "aB" * 32} for number in range(count)}
    return silent() | {"files": facts}


def test_more_declared_files_than_a_story_can_have_are_one_fault() -> None:
    """M8: they are read in the service, for each folder of the inbox."""
    found = reading(declaring(MOST_FILES + 1))
    assert (found.manifest, found.facts, found.mentions) == (None, {}, ())
    [problem] = found.problems
    assert (problem.where, problem.what) == ("files", "more than 20000")


def test_the_largest_reading_takes_little_memory() -> None:
    """M8: the readings of all folders in the inbox are kept."""
    found = reading(declaring(MOST_FILES))
    size = sys.getsizeof(found.facts)
    for name, declared in found.facts.items():
        size += sum(map(sys.getsizeof, (name, declared, declared.size, declared.sha256)))
        assert not hasattr(declared, "__dict__")
    assert size < 8 * 2**20
    assert len(found.facts) == MOST_FILES
    assert found.manifest is not None
    assert found.manifest.files == {}


KEYS = {f"a{number}": 1 for number in range(3000)}


@pytest.mark.parametrize(
    "content", [KEYS, {"pages": [KEYS]}, {"files": KEYS}, {"pages": [{"a": 1, "b": 2}] * 3000}]
)
def test_faults_that_are_not_listed_are_not_put_into_words(
    content: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding words and remedies is what takes time: 20 s for 4 MiB of unknown keys.

    Calls are counted, because seconds depend on the machine.
    """
    counting = Mock(wraps=validation.problem_of)
    monkeypatch.setattr(validation, "problem_of", counting)
    assert len(reading(content).problems) > 1
    assert counting.call_count <= 1000

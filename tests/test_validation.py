"""Pydantic's errors become problems in the words of whoever wrote the input."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from daemon.errors import Problem
from daemon.story.manifest import Manifest
from daemon.validation import Location, closest, is_near, key_path, nearest, problems_of

SPOKES = "the number of spokes, such as 36."


class Wheel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    spokes: int = Field(description=SPOKES)


class Basket(BaseModel):
    model_config = ConfigDict(extra="forbid")
    litres: float = Field(description="what fits into it.")


def _load_tag(value: object) -> str:
    return "union#basket" if isinstance(value, dict) else "union#none"


Load = Annotated[
    Annotated[Literal[False], Tag("union#none")] | Annotated[Basket, Tag("union#basket")],
    Discriminator(_load_tag),
]


class Bicycle(BaseModel):
    model_config = ConfigDict(extra="forbid")
    colour: str = Field("red", max_length=5, description="a short word.")
    wheels: list[Wheel] | None = Field(None, description="its wheels.")
    spares: dict[str, Wheel] = Field(default_factory=dict, description="wheels by name.")
    load: Load = Field(False, description="a basket, or false.")
    bare: int = 0


def problems(content: object) -> list[Problem]:
    """The faults of a bicycle."""
    with pytest.raises(ValidationError) as caught:
        Bicycle.model_validate(content)
    return problems_of(caught.value, Bicycle, key_path)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ((), ""),
        (("film",), "film"),
        (("film", "fps"), "film.fps"),
        (("pages", 2, "image"), "pages[2].image"),
        (("a", 0, 1), "a[0][1]"),
        ((3, "a"), "[3].a"),
    ],
)
def test_a_key_path_reads_as_people_write_it(location: Location, path: str) -> None:
    assert key_path(location) == path


@given(st.lists(st.integers(0, 99) | st.from_regex(r"[a-z]+", fullmatch=True), max_size=6))
def test_two_places_never_have_the_same_key_path(steps: list[int | str]) -> None:
    words = key_path(tuple(steps)).replace("[", ".").replace("]", "").removeprefix(".").split(".")
    assert words == ([str(step) for step in steps] or [""])


# ---- misspelled names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # case and spelling
        ("01.PNG", "01.png"),
        ("06.MP3", "06.mp3"),
        ("Fox.png", "fox.png"),
        ("Mu\u0308ller.png", "M\u00fcller.png"),
        # separators and leading zeros
        ("page_01.png", "page-01.png"),
        ("page 1.png", "page01.png"),
        ("6.mp3", "06.mp3"),
        ("gapseconds", "gap_seconds"),
        ("the-fox-07", "the fox 7"),
        # another ending
        ("06.wav", "06.mp3"),
        ("06", "06.mp3"),
        ("01.jpeg", "01.jpg"),
        ("fox.pgn", "fox.png"),
        ("fuchs.jpg", "fuchs.jpeg"),
        # letters that are missing, transposed or wrong
        ("titel", "title"),
        ("txt", "text"),
        ("fbs", "fps"),
        ("color", "colour"),
        ("clam", "calm"),
        ("gap_second", "gap_seconds"),
        ("transtion_seconds", "transition_seconds"),
        ("the-fix", "the-fox"),
        ("calm/harbor.ogg", "calm/harbour.ogg"),
        ("page-01.png", "pgae-01.png"),
    ],
)
def test_a_misspelled_name_is_near(one: str, other: str) -> None:
    assert is_near(one, other)
    assert is_near(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # other numbers: other pages
        ("03.mp3", "06.mp3"),
        ("1.png", "10.png"),
        ("10.png", "100.png"),
        ("page-001-of-120.png", "page-002-of-120.png"),
        ("page1.png", "page.png"),
        ("v1.2", "v1.3"),
        ("the-fox-and-the-lighthouse-2024", "the-fox-and-the-lighthouse-2025"),
        # other letters that count: other pages
        ("1a.png", "1b.png"),
        ("page-a.png", "page-b.png"),
        ("a.png", "b.png"),
        # other words
        ("page-one.png", "page-two.png"),
        ("the-fox-and-the-lighthouse-one.mp3", "the-fox-and-the-lighthouse-two.mp3"),
        ("picture", "image"),
        ("mood", "motion"),
        ("narration", "duration"),
        ("image", "page"),
        ("lighthouse.png", "light.png"),
        ("fox.png", "owl.png"),
        ("🦊.png", "🐺.png"),
        # too long to be a slip
        ("x" * 256, "x" * 257),
    ],
)
def test_another_name_is_not_near(one: str, other: str) -> None:
    assert not is_near(one, other)
    assert not is_near(other, one)


@given(st.text(max_size=255))
def test_every_name_is_near_itself(name: str) -> None:
    assert is_near(name, name)


ASCII = st.text(st.characters(max_codepoint=127), max_size=20)


@given(ASCII, ASCII)
def test_being_near_does_not_depend_on_capitals(one: str, other: str) -> None:
    assert is_near(one, other) == is_near(one.upper(), other) == is_near(one, other.upper())


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(1, 4), st.sampled_from(["", "p-"]))
def test_names_with_different_numbers_are_never_near(
    one: int, other: int, digits: int, before: str
) -> None:
    names = f"{before}{one:0{digits}}.png", f"{before}{other}.jpg"
    assert is_near(*names) == (one == other)


def test_the_closest_of_several_near_names_is_found() -> None:
    assert closest("06.mp3", ["6.ogg", "06.mp4", "06.MP3"]) == "06.MP3"
    assert closest("fps", ["focus", "fit"]) is None
    assert closest("fps", []) is None


@pytest.mark.parametrize(
    ("word", "known", "remedy"),
    [
        ("titel", ["title", "pages"], 'Did you mean "title"?'),
        ("xyz", ["title", "pages"], "Known here: title, pages."),
        ("xyz", [], "Leave it out."),
        ("page7", ["page1", "page2"], "Known here: page1, page2."),
    ],
)
def test_the_remedy_for_an_unknown_word_is_the_nearest_known_one_or_all(
    word: str, known: list[str], remedy: str
) -> None:
    assert nearest(word, known) == remedy


# ---- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "where", "what", "mend"),
    [
        ({"color": "red"}, "", 'unknown key "color"', 'Did you mean "colour"?'),
        (
            {"wheels": [{"spokes": 1}, {"spoke": 1, "spokes": 2}]},
            "wheels[1]",
            'unknown key "spoke"',
            'Did you mean "spokes"?',
        ),
        ({"wheels": [{}]}, "wheels[0]", '"spokes" is missing', f"Add it: {SPOKES}"),
        ({"spares": {"front": {}}}, "spares.front", '"spokes" is missing', f"Add it: {SPOKES}"),
        (
            {"load": {"litres": 1, "liters": 2}},
            "load",
            'unknown key "liters"',
            'Did you mean "litres"?',
        ),
        ({"load": True}, "load", "should be False (got True)", "Expected: a basket, or false."),
        ({"wheels": [7]}, "wheels[0]", "should be an object in braces", "Expected: its wheels."),
        (
            {"bare": "x"},
            "bare",
            "should be a valid integer, unable to parse string as an integer (got 'x')",
            "Expected: see `storyreel schema`.",
        ),
        (
            {"colour": "crimson"},
            "colour",
            "string should have at most 5 characters (got 'crimson')",
            "Expected: a short word.",
        ),
    ],
)
def test_a_fault_says_where_what_and_how_to_mend_it(
    content: object, where: str, what: str, mend: str
) -> None:
    assert problems(content) == [Problem(where, what, mend)]


def test_all_faults_are_found_at_once() -> None:
    found = problems({"colour": 5, "wheels": [{"spokes": "x"}, {}], "bell": 1})
    assert [problem.where for problem in found] == ["colour", "wheels[0].spokes", "wheels[1]", ""]


def test_a_long_value_is_shortened_and_an_odd_one_escaped() -> None:
    [problem] = problems({"colour": "\x1b[31m\n\ud800" + "x" * 500})
    assert len(problem.what) < 200
    assert problem.what.isprintable()


@given(
    st.dictionaries(
        st.sampled_from(["title", "pages", "music", "film", "files", "x"]),
        st.none() | st.integers() | st.text(),
    )
)
def test_every_problem_says_what_is_wrong_and_how_to_mend_it(content: dict[str, object]) -> None:
    try:
        Manifest.model_validate(content)
    except ValidationError as error:
        found = problems_of(error, Manifest, lambda location: key_path(location) or "manifest")
        assert len(found) >= 1
        assert all(problem.where and problem.what and problem.mend for problem in found)


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ({"#comment": 1}, "", 'unknown key "#comment"'),
        ({"spares": {"#1": {}}}, "spares.#1", '"spokes" is missing'),
    ],
)
def test_an_unknown_key_that_begins_with_a_hash_is_not_taken_for_a_tag_of_ours(
    content: object, where: str, what: str
) -> None:
    [problem] = problems(content)
    assert (problem.where, problem.what) == (where, what)


def test_a_dictionary_s_key_that_is_named_like_a_field_does_not_hide_the_remedy() -> None:
    [problem] = problems({"spares": {"spokes": {"spokes": "x"}}})
    assert problem.mend == f"Expected: {SPOKES}"

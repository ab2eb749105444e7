"""Pydantic's errors become problems in the words of whoever wrote the input."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from daemon.errors import Problem
from daemon.story.manifest import Manifest
from daemon.validation import Location, key_path, nearest, problems_of

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


@pytest.mark.parametrize(
    ("word", "known", "remedy"),
    [
        ("titel", ["title", "pages"], 'Did you mean "title"?'),
        ("xyz", ["title", "pages"], "Known here: title, pages."),
        ("xyz", [], "Leave it out."),
    ],
)
def test_an_unknown_word_is_answered_with_the_nearest_known_one_or_all(
    word: str, known: list[str], remedy: str
) -> None:
    assert nearest(word, known) == remedy


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"color": "red"}, Problem("", 'unknown key "color"', 'Did you mean "colour"?')),
        ({"wheels": [{"spokes": 1}, {"spoke": 1, "spokes": 2}]},
         Problem("wheels[1]", 'unknown key "spoke"', 'Did you mean "spokes"?')),
        ({"wheels": [{}]}, Problem("wheels[0]", '"spokes" is missing', f"Add it: {SPOKES}")),
        ({"spares": {"front": {}}}, Problem("spares.front", '"spokes" is missing', f"Add it: {SPOKES}")),
        ({"load": {"litres": 1, "liters": 2}}, Problem("load", 'unknown key "liters"', 'Did you mean "litres"?')),
        ({"load": True}, Problem("load", "should be False (got True)", "Expected: a basket, or false.")),
        ({"wheels": [7]}, Problem("wheels[0]", "should be an object in braces", "Expected: its wheels.")),
        ({"bare": "x"}, Problem("bare", "should be a valid integer, unable to parse string as an integer (got 'x')",
                                "Expected: see `storyreel schema`.")),
        ({"colour": "crimson"},
         Problem("colour", "string should have at most 5 characters (got 'crimson')", "Expected: a short word.")),
    ],
)  # fmt: skip
def test_a_fault_says_where_what_and_how_to_mend_it(content: object, problem: Problem) -> None:
    assert problems(content) == [problem]


def test_all_faults_are_told_at_once() -> None:
    found = problems({"colour": 5, "wheels": [{"spokes": "x"}, {}], "bell": 1})
    assert [problem.where for problem in found] == ["colour", "wheels[0].spokes", "wheels[1]", ""]


def test_a_long_value_is_shown_in_part_and_an_odd_one_escaped() -> None:
    [problem] = problems({"colour": "\x1b[31m\n\ud800" + "x" * 500})
    assert len(problem.what) < 200
    assert problem.what.isprintable()


@given(
    st.dictionaries(
        st.sampled_from(["title", "pages", "music", "film", "files", "x"]),
        st.none() | st.integers() | st.text(),
    )
)
def test_every_problem_names_what_is_wrong_and_how_to_mend_it(content: dict[str, object]) -> None:
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
def test_a_key_of_the_writer_that_begins_with_a_hash_is_not_taken_for_a_tag_of_ours(
    content: object, where: str, what: str
) -> None:
    [problem] = problems(content)
    assert (problem.where, problem.what) == (where, what)


def test_a_key_of_a_dictionary_that_is_called_like_a_field_does_not_hide_the_remedy() -> None:
    [problem] = problems({"spares": {"spokes": {"spokes": "x"}}})
    assert problem.mend == f"Expected: {SPOKES}"

"""The tree of errors, and problems as people read them."""

import ast
import re
from pathlib import Path

import pytest

from daemon import errors
from daemon.errors import ConfigError, NotArrived, Problem, StoryError, StoryreelError

PROBLEMS = [
    Problem("page 3", "picture missing", "Add it.", "03.png"),
    Problem("film.fps", "too high", "Take 24."),
]
CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, StoryreelError)
]


def test_a_problem_reads_as_two_sentences_with_its_place_first() -> None:
    assert [str(problem) for problem in PROBLEMS] == [
        "page 3 (03.png): picture missing. Add it.",
        "film.fps: too high. Take 24.",
    ]


@pytest.mark.parametrize("kind", [StoryError, ConfigError])
def test_an_error_lists_every_problem(kind: type[StoryError] | type[ConfigError]) -> None:
    error = kind(PROBLEMS)
    assert error.problems == tuple(PROBLEMS)
    assert str(error).splitlines() == [str(problem) for problem in PROBLEMS]


def test_a_story_that_has_not_arrived_says_how_its_files_differ_and_what_else_is_wrong() -> None:
    error = NotArrived(PROBLEMS[:1], PROBLEMS[1:])
    assert error.differences == tuple(PROBLEMS[:1])
    assert error.problems == tuple(PROBLEMS)


@pytest.mark.parametrize("kind", [StoryError, ConfigError])
def test_an_error_without_a_problem_cannot_be_raised(
    kind: type[StoryError] | type[ConfigError],
) -> None:
    with pytest.raises(ValueError, match="without a problem"):
        kind([])


def test_the_drawn_tree_is_the_tree() -> None:
    """The indentation of a name in the module's docstring is its depth; inner helper classes are
    not drawn."""
    drawn = {
        name: len(indent) // 4
        for indent, name in re.findall(r"^    ([│ ├└─]*)(\w+)", errors.__doc__ or "", re.MULTILINE)
    }
    public = {
        kind.__name__: [
            base for base in kind.__mro__ if base in CLASSES and not base.__name__.startswith("_")
        ]
        for kind in CLASSES
    }
    assert drawn == {
        name: len(line) - 1 for name, line in public.items() if not name.startswith("_")
    }


def test_the_tree_imports_nothing_of_the_package() -> None:
    tree = ast.parse(Path(errors.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"collections.abc", "dataclasses", "pathlib"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))

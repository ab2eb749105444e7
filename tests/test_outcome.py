"""Outcomes: values that cross the border of a process and say whether to try again."""

import pickle
from pathlib import Path

import pytest

from daemon.attempt import Failure, Film, Kind, Outcome
from daemon.errors import Problem

PROBLEM = Problem("page 1", "missing", "Add it.", "01.png")


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        (Kind.STORY, False),
        (Kind.MACHINE, True),
        (Kind.FILM, True),
        (Kind.DIED, True),
        (Kind.TIMEOUT, True),
        (Kind.EXHAUSTED, False),
        (Kind.PROGRAM, False),
    ],
)
def test_only_what_may_pass_is_tried_again(kind: Kind, retryable: bool) -> None:
    assert Failure("job", kind, (PROBLEM,)).retryable is retryable


def test_every_kind_of_failure_is_decided() -> None:
    assert [kind.value for kind in Kind] == [
        "story",
        "machine",
        "film",
        "died",
        "timeout",
        "exhausted",
        "program",
    ]


@pytest.mark.parametrize(
    "outcome",
    [Film("job", Path("attempt-1"), 1.5), Failure("job", Kind.PROGRAM, (PROBLEM,), "trace")],
)
def test_outcomes_survive_the_way_between_processes(outcome: Outcome) -> None:
    assert pickle.loads(pickle.dumps(outcome)) == outcome

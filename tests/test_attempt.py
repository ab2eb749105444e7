"""Orders and outcomes: values that cross a process border. An outcome says whether to try again."""

import pickle
from pathlib import Path

import pytest

from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import Problem

PROBLEM = Problem("page 1", "missing", "Add it.", "01.png")


def test_an_order_reaches_a_worker_unchanged_with_its_settings(settings: Settings) -> None:
    order = Order("job", "the-fox\udcff", 2, Path("source"), Path("attempt-2"), settings)
    arrived = pickle.loads(pickle.dumps(order))
    assert arrived == order
    assert arrived.settings.folders == settings.folders


@pytest.mark.parametrize(
    "outcome",
    [Film("job", Path("attempt-1"), 1.5), Failure("job", Kind.PROGRAM, (PROBLEM,), "trace")],
)
def test_an_outcome_comes_back_from_a_worker_unchanged(outcome: Outcome) -> None:
    assert pickle.loads(pickle.dumps(outcome)) == outcome


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        (Kind.STORY, False),
        (Kind.ARRIVING, False),
        (Kind.MACHINE, True),
        (Kind.FILM, True),
        (Kind.DIED, True),
        (Kind.TIMEOUT, True),
        (Kind.EXHAUSTED, False),
        (Kind.PROGRAM, False),
    ],
)
def test_only_a_failure_whose_cause_may_pass_is_tried_again(kind: Kind, retryable: bool) -> None:
    assert Failure("job", kind, (PROBLEM,)).retryable is retryable


def test_every_kind_of_failure_is_covered_by_the_test_above() -> None:
    assert [kind.value for kind in Kind] == [
        "story",
        "arriving",
        "machine",
        "film",
        "died",
        "timeout",
        "exhausted",
        "program",
    ]


def test_a_failure_with_one_cause_names_its_kind_as_the_place() -> None:
    failure = Failure.of("job", Kind.TIMEOUT, "not finished after 5 s", "Make two stories of it.")
    assert failure == Failure(
        "job",
        Kind.TIMEOUT,
        (Problem("timeout", "not finished after 5 s", "Make two stories of it."),),
    )

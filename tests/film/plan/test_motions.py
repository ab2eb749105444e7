"""Motions: "auto" takes turns, and other motions stay as the story says."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from daemon.film.plan.motions import TURNS, plan_motions
from daemon.options import Motion
from daemon.story import Story
from tests.helpers.stories import imagined_story, page


def story_of(seed: int, motions: list[Motion]) -> Story:
    pages = [
        page(number, Path("01.png"), motion=motion) for number, motion in enumerate(motions, 1)
    ]
    return imagined_story(pages, seed=seed)


@given(st.integers(0, 2**64), st.integers(0, 1000))
def test_auto_takes_turns_and_never_gives_two_neighbours_the_same_motion(
    seed: int, first: int
) -> None:
    turns = plan_motions(story_of(seed, ["auto"] * (first + 8)))[first:]
    assert all(one != other for one, other in pairwise(turns))
    assert set(turns[:4]) == set(turns[4:]) == set(TURNS)


def test_a_page_s_own_motion_stays() -> None:
    story = story_of(1, ["pan-up", "none", "auto"])
    assert plan_motions(story)[:2] == ("pan-up", "none")
    assert plan_motions(replace(story, seed=2))[2] != plan_motions(story)[2]

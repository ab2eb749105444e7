"""The one rule: when is a folder ready?"""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import Watch
from daemon.inbox.entries import Entry
from daemon.inbox.readiness import Sighting, State, Verdict, Watched, judge, remember
from tests.inbox.sightings import (
    ABSENT,
    COMPLETE,
    COPYING,
    ENTRIES,
    ENTRY,
    FAULTY,
    FILES,
    KINDS,
    LACKING,
    TORN,
    WATCH,
    entries,
    of_size,
)

SIGHTINGS = st.sampled_from(KINDS)
SECONDS = st.integers(0, 5000)
WATCHES = st.builds(
    Watch,
    settle_seconds=st.integers(1, 50),
    patience_seconds=st.integers(1, 100),
    give_up_seconds=st.just(0) | st.integers(1, 1000),
)


def after(quiet: float, sighting: Sighting, watch: Watch = WATCH, since: float = 0) -> Verdict:
    """The verdict on a folder that has looked like this for `quiet` seconds."""
    return judge(Watched(sighting.entries, since), sighting, since + quiet, watch)


# ---- remembering --------------------------------------------------------------------------------


def test_the_first_look_starts_the_quiet_time() -> None:
    assert remember(None, COMPLETE, 7) == Watched(ENTRIES, 7)


def test_a_look_that_finds_the_same_files_does_not_restart_the_quiet_time() -> None:
    watched = Watched(ENTRIES, 3)
    assert remember(watched, LACKING, 9) is watched


@pytest.mark.parametrize("field", [field.name for field in fields(Entry)])
def test_a_change_of_anything_about_any_file_restarts_the_quiet_time(field: str) -> None:
    change: dict[str, Any] = {field: "other" if field == "name" else 999}
    changed = replace(ENTRY, **change)
    for files in ((changed, FILES[1]), (FILES[0], changed)):
        seen = replace(COMPLETE, entries=entries(*files))
        assert remember(Watched(ENTRIES, 3), seen, 9) == Watched(entries(*files), 9)


@pytest.mark.parametrize(
    "files", [(), FILES[:1], FILES[1:], (*FILES, replace(ENTRY, name="notes.txt"))]
)
def test_a_file_more_or_less_restarts_the_quiet_time(files: tuple[Entry, ...]) -> None:
    seen = replace(COMPLETE, entries=entries(*files))
    assert remember(Watched(ENTRIES, 3), seen, 9).since == 9


def test_the_order_in_which_files_are_found_does_not_restart_the_quiet_time() -> None:
    seen = replace(COMPLETE, entries=entries(*reversed(FILES)))
    assert remember(Watched(ENTRIES, 3), seen, 9).since == 3


# ---- the rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sighting", "quiet", "state", "again"),
    [
        (COMPLETE, 0, State.SETTLING, 5),
        (COMPLETE, 4, State.SETTLING, 1),
        (COMPLETE, 5, State.READY, None),
        (FAULTY, 4, State.SETTLING, 1),
        (FAULTY, 5, State.READY, None),
        (COPYING, 5, State.WAITING, 995),
        (COPYING, 1000, State.READY, None),
        (TORN, 4, State.SETTLING, 1),
        (TORN, 5, State.WAITING, 25),
        (TORN, 29, State.WAITING, 1),
        (TORN, 30, State.READY, None),
        (LACKING, 4, State.SETTLING, 1),
        (LACKING, 5, State.WAITING, 995),
        (LACKING, 999, State.WAITING, 1),
        (LACKING, 1000, State.READY, None),
        (ABSENT, 5, State.WAITING, 995),
        (ABSENT, 1000, State.READY, None),
    ],
)
def test_each_kind_of_folder_becomes_ready_in_its_own_time(
    sighting: Sighting, quiet: float, state: State, again: float | None
) -> None:
    assert after(quiet, sighting) == Verdict(state, quiet, sighting.lacking, again)


@pytest.mark.parametrize("sighting", [LACKING, ABSENT, COPYING])
def test_without_a_time_to_give_up_an_incomplete_folder_waits_for_ever(sighting: Sighting) -> None:
    verdict = after(10**9, sighting, WATCH.model_copy(update={"give_up_seconds": 0}))
    assert verdict == Verdict(State.WAITING, 10**9, sighting.lacking, None)


@given(SIGHTINGS, SECONDS, WATCHES)
def test_a_folder_is_settling_until_the_settle_time_and_no_longer(
    sighting: Sighting, quiet: int, watch: Watch
) -> None:
    verdict = after(quiet, sighting, watch)
    assert (verdict.state is State.SETTLING) == (quiet < watch.settle_seconds)


@given(SECONDS, WATCHES)
def test_a_complete_folder_is_ready_from_the_settle_time_on(quiet: int, watch: Watch) -> None:
    assert (after(quiet, COMPLETE, watch).state is State.READY) == (quiet >= watch.settle_seconds)


@given(st.sampled_from([LACKING, ABSENT, COPYING]), SECONDS, WATCHES)
def test_a_folder_that_lacks_files_is_ready_only_when_it_is_given_up(
    sighting: Sighting, quiet: int, watch: Watch
) -> None:
    needed = max(watch.settle_seconds, watch.give_up_seconds)
    is_given_up = watch.give_up_seconds > 0 and quiet >= needed
    assert (after(quiet, sighting, watch).state is State.READY) == is_given_up


@given(SECONDS, WATCHES)
def test_a_torn_manifest_is_given_the_patience_to_be_finished(quiet: int, watch: Watch) -> None:
    needed = max(watch.settle_seconds, watch.patience_seconds)
    assert (after(quiet, TORN, watch).state is State.READY) == (quiet >= needed)


@given(SIGHTINGS, SECONDS, SECONDS, WATCHES, SECONDS)
def test_time_alone_never_takes_a_folder_back(
    sighting: Sighting, one: int, other: int, watch: Watch, since: int
) -> None:
    order = list(State)
    earlier = after(min(one, other), sighting, watch, since)
    later = after(max(one, other), sighting, watch, since)
    assert order.index(earlier.state) <= order.index(later.state)


@given(SIGHTINGS, SECONDS, WATCHES)
def test_a_verdict_says_when_time_alone_changes_it(
    sighting: Sighting, quiet: int, watch: Watch
) -> None:
    verdict = after(quiet, sighting, watch)
    if verdict.again is None:
        assert after(10**9, sighting, watch).state is verdict.state
    else:
        assert verdict.again > 0
        assert after(quiet + verdict.again / 2, sighting, watch).state is verdict.state
        assert after(quiet + verdict.again, sighting, watch).state is not verdict.state


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from([COMPLETE, LACKING, TORN]), st.integers(1, 2)),
        min_size=1,
        max_size=30,
    )
)
def test_in_any_history_ready_means_complete_and_unchanged_for_the_settle_time(
    looks: list[tuple[int, Sighting, int]],
) -> None:
    """Looks at any times, changes of size at any times, against the rule in its plainest form."""
    now = 100
    watched = None
    history: list[tuple[int, int]] = []
    for passed, kind, size in looks:
        now += passed
        sighting = of_size(kind, size)
        watched = remember(watched, sighting, now)
        history.append((now, size))

        last_change = max(
            index
            for index in range(len(history))
            if index == 0 or history[index - 1][1] != history[index][1]
        )
        quiet = now - history[last_change][0]
        needed = {COMPLETE: 5, TORN: 30, LACKING: 1000}[kind]
        verdict = judge(watched, sighting, now, WATCH)
        assert verdict.quiet == quiet
        assert (verdict.state is State.READY) == (quiet >= needed)


@pytest.mark.parametrize(
    "name", ["sub/.01.png.AbC123", "sub/.syncthing.01.png", "sub/~syncthing~01.png"]
)
def test_an_unfinished_copy_in_a_subfolder_of_a_faulty_story_is_waited_for(name: str) -> None:
    """`test_view` tests that such a path is recognised."""
    assert after(5, replace(FAULTY, lacking=(name,))).state is State.WAITING

"""Times by name: the earliest is found without going through all of them."""

import math
import timeit

from hypothesis import given
from hypothesis import strategies as st

from daemon.inbox.agenda import Agenda

NAMES = st.sampled_from("abcd")
TIMES = st.one_of(st.integers(0, 5).map(float), st.just(math.inf))


@given(puts=st.lists(st.tuples(NAMES, TIMES), max_size=60), now=st.integers(0, 5))
def test_the_latest_time_of_each_name_counts(puts: list[tuple[str, float]], now: int) -> None:
    agenda = Agenda()
    times = dict.fromkeys("abcd", math.inf)
    for name, time in puts:
        agenda.put(name, time)
        times[name] = time
        assert agenda.first() == min(times.values())
        assert agenda.due(now) == {name for name in times if times[name] <= now}
        assert [agenda.time_of(name) for name in times] == [*times.values()]


def test_those_that_are_due_stay_due_until_they_get_another_time() -> None:
    agenda = Agenda()
    agenda.put("fox", 1.0)
    assert agenda.due(2.0) == agenda.due(2.0) == {"fox"}
    agenda.put("fox", math.inf)
    assert agenda.due(2.0) == set()


def test_times_that_were_replaced_do_not_pile_up() -> None:
    agenda = Agenda()
    agenda.put("first", 0.0)  # so that no later time comes up and is passed over
    for turn in range(10_000):
        agenda.put("fox", math.inf if turn % 2 else 5.0)
    assert len(agenda._heap) < 200


def seconds_of_a_question(names: int) -> float:
    """How long it takes to ask an agenda of so many names what is first and what is due."""
    agenda = Agenda()
    for number in range(names):
        agenda.put(f"fox {number}", 1000.0 + number)
    return min(timeit.repeat(lambda: (agenda.first(), agenda.due(1.0)), number=100))


def test_ten_thousand_names_cost_a_question_hardly_more_than_ten_do() -> None:
    assert seconds_of_a_question(10_000) < 20 * seconds_of_a_question(10)

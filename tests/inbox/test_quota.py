"""How many lines the log gets about folders."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.inbox.quota import MOST_LINES, WINDOW_SECONDS, Quota


def test_lines_beyond_the_quota_are_counted_by_kind_and_told_when_their_time_is_over() -> None:
    quota = Quota()
    assert all(quota.allows("detected", 100.0) for _ in range(MOST_LINES))
    assert not quota.allows("detected", 101.0)
    assert not quota.allows("waiting", 101.0)
    assert not quota.allows("waiting", 102.0)
    assert quota.counted(102.0) == {}
    assert quota.counted(100.0 + WINDOW_SECONDS) == {"detected": 1, "waiting": 2}
    assert quota.counted(100.0 + WINDOW_SECONDS) == {}
    assert quota.allows("detected", 100.0 + WINDOW_SECONDS)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 400)), max_size=60))
def test_no_line_is_both_logged_and_counted_and_none_is_forgotten(
    bursts: list[tuple[float, int]],
) -> None:
    quota = Quota()
    now = 0.0
    lines = logged = counted = 0
    for seconds, burst in bursts:
        now += seconds
        for _ in range(burst):
            lines += 1
            logged += quota.allows("waiting", now)
        counted += sum(quota.counted(now).values())
    counted += sum(quota.counted(now + WINDOW_SECONDS).values())
    assert logged + counted == lines


@given(st.lists(st.floats(0, 40), min_size=1, max_size=20))
def test_no_window_has_more_lines_than_two_quotas(pauses: list[float]) -> None:
    quota = Quota()
    now = 0.0
    logged = []
    for pause in pauses:
        now += pause
        quota.counted(now)
        logged += [now for _ in range(MOST_LINES + 1) if quota.allows("waiting", now)]
    for first, last in zip(logged, logged[2 * MOST_LINES :], strict=False):
        assert last - first >= WINDOW_SECONDS

"""What the log says of the notifications: once when they stop arriving, once when they return."""

from itertools import groupby

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import LogCapture

from daemon.inbox.health import FAULTS_UNTIL_DEGRADED, Health
from tests.helpers.logs import events
from tests.helpers.waiting import Clock


def test_one_check_without_a_fault_resets_the_count_of_faults(log_lines: LogCapture) -> None:
    health = Health(Clock())
    for fault in ["x", "x", "", "x", "x", "", "x"]:
        health.note(fault)
    assert log_lines.entries == []
    health.note("x")
    health.note("the third in a row")
    assert [line["reason"] for line in log_lines.entries] == ["the third in a row"]


def test_degraded_is_an_error_that_says_what_to_look_at(log_lines: LogCapture) -> None:
    Health(Clock()).note_listing("Permission denied")
    [line] = log_lines.entries
    assert (line["event"], line["log_level"]) == ("watcher.degraded", "error")
    assert line["reason"] == "the inbox cannot be read: Permission denied"
    assert "fs.inotify.max_user_watches" in line["mend"]


def test_faults_that_go_on_are_logged_once(log_lines: LogCapture) -> None:
    health = Health(Clock())
    for _ in range(10):
        health.note("x")
        health.note_listing("y")
    assert len(log_lines.entries) == 1


def test_a_recovery_says_how_long_notifications_were_missing(log_lines: LogCapture) -> None:
    clock = Clock()
    health = Health(clock)
    health.note_listing("x")
    clock.now += 12.3456
    health.note_listing("")
    health.note_listing("")
    recovered = events(log_lines, "watcher.recovered")
    assert [(line["log_level"], line["seconds"]) for line in recovered] == [("info", 12.346)]


def test_a_loss_after_a_recovery_is_logged_again(log_lines: LogCapture) -> None:
    health = Health(Clock())
    for fault in ["x"] * FAULTS_UNTIL_DEGRADED + [""] + ["x"] * FAULTS_UNTIL_DEGRADED:
        health.note(fault)
    assert [line["event"] for line in log_lines.entries] == [
        "watcher.degraded",
        "watcher.recovered",
        "watcher.degraded",
    ]


def test_a_recovery_needs_both_notifications_and_a_listing(log_lines: LogCapture) -> None:
    """L8: "recovered" was said while the inbox could not be listed."""
    health = Health(Clock())
    health.note_listing("Stale file handle")
    health.note("")
    assert events(log_lines, "watcher.recovered") == []
    for _ in range(FAULTS_UNTIL_DEGRADED):
        health.note("x")
    health.note_listing("")
    assert events(log_lines, "watcher.recovered") == []
    health.note("")
    assert len(events(log_lines, "watcher.recovered")) == 1


@given(st.lists(st.sampled_from(["x", ""]), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_degraded_and_recovered_take_turns_in_any_history(
    log_lines: LogCapture, faults: list[str]
) -> None:
    log_lines.entries.clear()
    health = Health(Clock())
    for fault in faults:
        health.note(fault)

    expected: list[str] = []
    for fault, run in groupby(faults):
        if fault and len(list(run)) >= FAULTS_UNTIL_DEGRADED:
            expected.append("watcher.degraded")
        elif not fault and expected and expected[-1] == "watcher.degraded":
            expected.append("watcher.recovered")
    assert [line["event"] for line in log_lines.entries] == expected

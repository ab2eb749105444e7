"""The log: documented events, one line each, and nothing in a name that could forge another one."""

import io
import json
import logging
import os
import re
import unicodedata
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from daemon import log
from daemon.config import Log
from daemon.log import EVENTS, Event, events_table, logger

ROOT = Path(__file__).parent.parent
TRICKY = 'fox\n{"event": "story.delivered"}\r\x1b]0;x\x07\x1b[2J\x9b31m\u2028\u202e\ud800\x00'
TEXTS = st.text(
    st.characters() | st.sampled_from('\n\r\x1b\x9b\x07\x00\x7f"\\\ud800\udcff\u2028\u202e'),
    max_size=20,
)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Each test sets logging up for itself, and leaves it as it was."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, show = root.handlers, warnings.showwarning
    yield
    logging.captureWarnings(capture=False)
    root.handlers, warnings.showwarning = handlers, show
    structlog.configure(**before)


def set_up(form: str = "json", level: str = "info") -> io.StringIO:
    """Logging to a text that can be looked at."""
    stream = io.StringIO()
    log.setup(Log.model_validate({"format": form, "level": level}), stream)
    return stream


def objects(stream: io.StringIO) -> list[dict[str, Any]]:
    assert stream.getvalue() == "" or stream.getvalue().endswith("\n")
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


# ---- the events -----------------------------------------------------------------------------------------------------------


def test_the_documented_table_is_that_of_the_code() -> None:
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    assert page.split("<!-- events -->\n")[1].split("<!-- /events -->")[0] == events_table()


def test_every_event_is_described_in_one_row() -> None:
    assert list(EVENTS) == list(Event)
    rows = events_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [str(event) for event in Event]
    assert all(row.count(" | ") == 2 and row.endswith(". |") for row in rows)


def test_every_event_is_said_somewhere_and_none_goes_by_another_name() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "daemon").rglob("*.py"))
    assert set(re.findall(r"Event\.([A-Z_]+)[,)]", code)) == {event.name for event in Event}


# ---- JSON -----------------------------------------------------------------------------------------------------------------


def test_a_line_tells_when_how_serious_what_and_of_which_story_first() -> None:
    stream = set_up()
    logger().info(Event.STORY_DELIVERED, seconds=1.5, film="/x", attempt=2, job="j", story="fox")
    [told] = objects(stream)
    assert list(told) == [
        "timestamp",
        "level",
        "event",
        "story",
        "job",
        "attempt",
        "seconds",
        "film",
    ]
    assert (told["level"], told["event"], told["seconds"], told["story"]) == (
        "info",
        "story.delivered",
        1.5,
        "fox",
    )
    when = datetime.fromisoformat(told["timestamp"])
    assert when.utcoffset() == timedelta(0)
    assert abs(datetime.now(when.tzinfo) - when) < timedelta(seconds=5)


@given(TEXTS, TEXTS)
@example(TRICKY, TRICKY)
def test_whatever_a_story_is_called_its_line_is_one_line_of_plain_characters(
    name: str, other: str
) -> None:
    stream = set_up()
    logger().warning(Event.STORY_WAITING, story=name, lacking=[other], seconds=0.0)
    text = stream.getvalue()
    assert text.endswith("\n")
    assert all(" " <= letter <= "~" for letter in text[:-1])
    [told] = objects(stream)
    assert (told["event"], told["story"], told["lacking"]) == ("story.waiting", name, [other])


def test_values_of_other_types_are_told_all_the_same() -> None:
    stream = set_up()
    logger().info(Event.WATCHER_STARTED, inbox=Path("/srv/in"), rescan_seconds=None, odd=b"\x1b")
    [told] = objects(stream)
    assert "/srv/in" in told["inbox"]
    assert told["rescan_seconds"] is None
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_what_is_less_serious_than_the_level_is_not_said(level: str, said: list[str]) -> None:
    stream = set_up(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(logger(), name)(Event.STORY_READY, story="fox")
    assert [told["level"] for told in objects(stream)] == said


def test_setting_up_again_takes_the_new_stream_and_level() -> None:
    first, second = set_up(), set_up(level="error")
    logger().info(Event.STORY_READY, story="fox")
    logger().error(Event.STORY_FAILED, story="fox")
    logging.getLogger("library").error("once")
    assert (first.getvalue(), len(objects(second))) == ("", 2)


# ---- console --------------------------------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
@example(TRICKY, TRICKY)
def test_on_a_console_no_name_breaks_the_line_or_reaches_the_terminal_as_a_command(
    name: str, other: str
) -> None:
    stream = set_up("console")
    logger().warning(Event.STORY_WAITING, story=name, lacking=[other], problems={name: other})
    text = stream.getvalue()
    assert text.endswith("\n")
    assert not [
        letter
        for letter in text[:-1]
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]
    assert "story.waiting" in text


def terminal_output(form: str) -> bytes:
    """What a terminal gets to see of a tricky name; a pseudo-terminal is one."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        log.setup(Log.model_validate({"format": form}), stream)
        logger().info(Event.STORY_READY, story=TRICKY)
        output = os.read(ours, 100_000)
    os.close(ours)
    return output


def test_auto_is_colours_on_a_terminal_and_the_colours_are_ours_alone() -> None:
    output = terminal_output("auto")
    commands = re.findall(rb"\x1b(\[[0-9;]*m)?", output)
    assert len(commands) > 2
    assert all(commands), "an escape that is no colour"
    assert b"story.ready" in output
    assert b"\x07" not in output
    assert output.count(b"\n") == 1


def test_auto_is_json_elsewhere_and_json_is_json_on_a_terminal_too() -> None:
    stream = set_up("auto")
    logger().info(Event.STORY_READY, story="fox")
    assert objects(stream)[0]["story"] == "fox"
    assert json.loads(terminal_output("json"))["story"] == TRICKY


# ---- libraries ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["warning", "error", "critical"])
def test_what_a_library_warns_of_becomes_an_event(level: str) -> None:
    stream = set_up()
    logging.getLogger("some.library").log(getattr(logging, level.upper()), "bad %s\n%d", "thing", 5)
    [told] = objects(stream)
    assert told.pop("timestamp")
    assert told == {
        "level": level,
        "event": "library.message",
        "logger": "some.library",
        "message": "bad thing\n5",
    }


def test_what_a_library_merely_tells_is_passed_over() -> None:
    stream = set_up(level="debug")
    chatty = logging.getLogger("chatty.library")
    chatty.setLevel(logging.DEBUG)
    chatty.info("hello")
    chatty.debug("hello")
    assert stream.getvalue() == ""


def test_a_python_warning_becomes_an_event() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        stream = set_up()
        warnings.warn("old\nthing", DeprecationWarning, stacklevel=1)
        [told] = objects(stream)
    assert (told["event"], told["level"], told["logger"]) == (
        "library.message",
        "warning",
        "py.warnings",
    )
    assert "DeprecationWarning: old\nthing" in told["message"]


def test_a_level_that_a_library_made_up_does_not_make_its_message_raise() -> None:
    stream = set_up()
    logging.getLogger("some.library").log(35, "notice")
    assert [told["message"] for told in objects(stream)] == ["notice"]


def test_a_message_that_cannot_be_formatted_does_not_raise_into_the_library(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Handlers of the standard library tell of it on standard error, through handleError."""
    stream = set_up()
    logging.getLogger("some.library").warning("%d", "no number")
    assert "no number" in stream.getvalue() + capsys.readouterr().err


def test_the_traceback_that_a_library_gives_is_not_lost() -> None:
    """asyncio tells of a task's forgotten exception in this way only."""
    stream = set_up()
    try:
        raise ValueError("the cause")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    [told] = objects(stream)
    assert "ValueError: the cause" in json.dumps(told)

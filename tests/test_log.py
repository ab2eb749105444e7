"""The log: documented events, one line each, and no name can forge another line."""

import io
import json
import logging
import os
import re
import resource
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
from daemon.log import EVENTS, MOST_REMEMBERED, REPEAT_SECONDS, Event, events_table, logger
from tests.helpers.children import in_child
from tests.helpers.waiting import Clock

ROOT = Path(__file__).parent.parent
TRICKY = 'fox\n{"event": "story.delivered"}\r\x1b]0;x\x07\x1b[2J\x9b31m\u2028\u202e\ud800\x00'
TEXTS = st.text(
    st.characters() | st.sampled_from('\n\r\x1b\x9b\x07\x00\x7f"\\\ud800\udcff\u2028\u202e'),
    max_size=20,
)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Each test sets logging up for itself, and leaves it as it was."""
    root = logging.getLogger()
    handlers = root.handlers
    show = warnings.showwarning
    before = structlog.get_config()
    yield
    logging.captureWarnings(capture=False)
    root.handlers = handlers
    warnings.showwarning = show
    structlog.configure(**before)


def set_up(form: str = "json", level: str = "info") -> io.StringIO:
    """Set logging up to write into the stream that is returned."""
    stream = io.StringIO()
    log.setup(Log.model_validate({"format": form, "level": level}), stream)
    return stream


def objects(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines written so far, each a JSON object."""
    assert stream.getvalue() == "" or stream.getvalue().endswith("\n")
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


# ---- the events ----------------------------------------------------------------------------------


def test_the_documented_table_is_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    assert page.split("<!-- events -->\n")[1].split("<!-- /events -->")[0] == events_table()


def test_every_event_is_described_in_one_row() -> None:
    assert list(EVENTS) == list(Event)
    rows = events_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [str(event) for event in Event]
    assert all(row.count(" | ") == 2 and row.endswith(". |") for row in rows)


def test_every_event_is_logged_somewhere_and_only_known_events_are() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "daemon").rglob("*.py"))
    assert set(re.findall(r"Event\.([A-Z_]+)[,)]", code)) == {event.name for event in Event}


# ---- JSON ----------------------------------------------------------------------------------------


def test_a_line_begins_with_the_time_the_level_the_event_and_the_story() -> None:
    stream = set_up()
    logger().info(Event.STORY_DELIVERED, seconds=1.5, film="/x", attempt=2, job="j", story="fox")
    [line] = objects(stream)
    assert list(line) == [
        "timestamp",
        "level",
        "event",
        "story",
        "job",
        "attempt",
        "seconds",
        "film",
    ]
    assert (line["level"], line["event"], line["seconds"], line["story"]) == (
        "info",
        "story.delivered",
        1.5,
        "fox",
    )
    when = datetime.fromisoformat(line["timestamp"])
    assert when.utcoffset() == timedelta(0)
    assert abs(datetime.now(when.tzinfo) - when) < timedelta(seconds=5)


@given(TEXTS, TEXTS)
@example(TRICKY, TRICKY)
def test_no_name_of_a_story_breaks_its_line_or_puts_control_characters_into_it(
    name: str, other: str
) -> None:
    stream = set_up()
    logger().warning(Event.STORY_WAITING, story=name, lacking=[other], seconds=0.0)
    text = stream.getvalue()
    assert text.endswith("\n")
    assert all(" " <= letter <= "~" for letter in text[:-1])
    [line] = objects(stream)
    assert (line["event"], line["story"], line["lacking"]) == ("story.waiting", name, [other])


def test_values_of_other_types_are_logged_too() -> None:
    stream = set_up()
    logger().info(Event.WATCHER_STARTED, inbox=Path("/srv/in"), rescan_seconds=None, odd=b"\x1b")
    [line] = objects(stream)
    assert "/srv/in" in line["inbox"]
    assert line["rescan_seconds"] is None
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_events_below_the_level_are_not_logged(level: str, logged: list[str]) -> None:
    stream = set_up(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(logger(), name)(Event.STORY_READY, story="fox")
    assert [line["level"] for line in objects(stream)] == logged


def test_setting_up_again_takes_the_new_stream_and_level() -> None:
    first = set_up()
    second = set_up(level="error")
    logger().info(Event.STORY_READY, story="fox")
    logger().error(Event.STORY_FAILED, story="fox")
    logging.getLogger("library").error("once")
    assert (first.getvalue(), len(objects(second))) == ("", 2)


# ---- console -------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
@example(TRICKY, TRICKY)
def test_on_a_console_no_name_breaks_the_line_or_sends_a_command_to_the_terminal(
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
    """What a terminal receives for a tricky name, from a pseudo-terminal."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        log.setup(Log.model_validate({"format": form}), stream)
        logger().info(Event.STORY_READY, story=TRICKY)
        output = os.read(ours, 100_000)
    os.close(ours)
    return output


def test_auto_means_colours_on_a_terminal_and_no_other_control_sequences() -> None:
    output = terminal_output("auto")
    commands = re.findall(rb"\x1b(\[[0-9;]*m)?", output)
    assert len(commands) > 2
    assert all(commands), "an escape sequence that is not a colour"
    assert b"story.ready" in output
    assert b"\x07" not in output
    assert output.count(b"\n") == 1


def test_auto_means_json_elsewhere_and_json_means_json_on_a_terminal_too() -> None:
    stream = set_up("auto")
    logger().info(Event.STORY_READY, story="fox")
    assert objects(stream)[0]["story"] == "fox"
    assert json.loads(terminal_output("json"))["story"] == TRICKY


# ---- libraries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["warning", "error", "critical"])
def test_a_warning_or_an_error_of_a_library_becomes_an_event(level: str) -> None:
    stream = set_up()
    logging.getLogger("some.library").log(getattr(logging, level.upper()), "bad %s\n%d", "thing", 5)
    [line] = objects(stream)
    assert line.pop("timestamp")
    assert line == {
        "level": level,
        "event": "library.message",
        "logger": "some.library",
        "message": "bad thing\n5",
    }


def test_what_a_library_says_again_and_again_is_logged_once_a_minute() -> None:
    """N23"""
    stream = set_up()
    [forwarder] = logging.getLogger().handlers
    clock = Clock()
    vars(forwarder)["_clock"] = clock
    library = logging.getLogger("some.library")
    for number in range(3):
        library.warning("overflow %d", number)
        library.warning("%s", f"a warning of Python's, {number}")
        clock.now += 1
    clock.now += REPEAT_SECONDS
    library.warning("overflow %d", 3)
    assert [line["message"] for line in objects(stream)] == [
        "overflow 0",
        *(f"a warning of Python's, {number}" for number in range(3)),
        "overflow 3",
    ]


def test_different_messages_take_no_memory() -> None:
    stream = set_up()
    for number in range(1000):
        logging.getLogger("some.library").warning(f"message {number}")
    [forwarder] = logging.getLogger().handlers
    assert len(objects(stream)) == 1000
    assert len(vars(forwarder)["_said"]) <= MOST_REMEMBERED


def test_lesser_messages_of_a_library_are_dropped() -> None:
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
        [line] = objects(stream)
    assert (line["event"], line["level"], line["logger"]) == (
        "library.message",
        "warning",
        "py.warnings",
    )
    assert "DeprecationWarning: old\nthing" in line["message"]


def test_a_message_with_a_level_that_a_library_made_up_does_not_raise() -> None:
    stream = set_up()
    logging.getLogger("some.library").log(35, "notice")
    assert [line["message"] for line in objects(stream)] == ["notice"]


def test_a_message_that_cannot_be_formatted_does_not_raise_into_the_library(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The standard library reports such a message on standard error, through handleError."""
    stream = set_up()
    logging.getLogger("some.library").warning("%d", "no number")
    assert "no number" in stream.getvalue() + capsys.readouterr().err


def test_the_traceback_that_a_library_logs_is_kept() -> None:
    """asyncio reports an exception that nobody fetched from its task in this way only."""
    stream = set_up()
    try:
        raise ValueError("the cause")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    [line] = objects(stream)
    assert "ValueError: the cause" in json.dumps(line)


# ---- a disk that is full -------------------------------------------------------------------------


def test_a_line_that_cannot_be_written_raises_nothing() -> None:
    """N13: It ended the service, or the story that it was about."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        log.setup(Log(), stream)
        logger().info(Event.STORY_READY, story="fox", seconds=1.0)
        logging.getLogger("some.library").warning("thing")


def test_lines_are_whole_when_the_disk_has_room_again(tmp_path: Path) -> None:
    """A line was cut off, and the next one went on in it, where standard output has no buffer."""
    ended = in_child(lambda: log_past_a_limit(tmp_path / "log"))
    assert ended.code == 0, ended.said
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["seconds"] for line in lines] == list(range(40))


def log_past_a_limit(file: Path) -> None:
    """Log forty lines, of which the file takes 1000 bytes at first (setrlimit(2))."""
    with io.TextIOWrapper(file.open("wb", buffering=0), write_through=True) as stream:
        log.setup(Log(), stream)
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, unlimited[1]))
        for number in range(40):
            if number == 30:
                resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
            logger().info(Event.STORY_READY, story="fox", seconds=number)

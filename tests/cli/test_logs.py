"""`storyreel logs`: structured lines made readable, also while they are being written."""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.helpers.processes import storyreel

LINES: list[dict[str, object]] = [
    {
        "timestamp": "2026-11-22T10:00:00.123456Z",
        "level": "info",
        "event": "story.claimed",
        "story": "fox",
        "job": "j1",
    },
    {
        "timestamp": "2026-11-22T10:00:01.000000Z",
        "level": "error",
        "event": "story.failed",
        "story": "owl",
        "problems": ["page 1: a"],
    },
    {
        "timestamp": "2026-11-22T10:00:02.000000Z",
        "level": "debug",
        "event": "inbox.scanned",
        "folders": 3,
        "strays": [],
    },
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_text(
        "".join(json.dumps(line) + "\n" for line in LINES) + "Started storyreel.service.\n"
    )
    return path


def test_our_lines_become_readable_and_others_are_shown_as_they_are(file: Path) -> None:
    assert storyreel("logs", str(file)).stdout.splitlines() == [
        "2026-11-22 10:00:00.123 info    story.claimed      fox job=j1",
        "2026-11-22 10:00:01.000 error   story.failed       owl",
        "    page 1: a",
        "2026-11-22 10:00:02.000 debug   inbox.scanned      folders=3 strays=–",
        "Started storyreel.service.",
    ]


def test_lines_can_be_limited_to_one_story_or_to_serious_ones(file: Path) -> None:
    of_fox = storyreel("logs", str(file), "--story", "fox").stdout
    assert [line.split()[3] for line in of_fox.splitlines()] == ["story.claimed"]
    serious = storyreel("logs", str(file), "--level", "warning").stdout
    assert "story.claimed" not in serious
    assert "story.failed" in serious


def test_standard_input_is_read_where_no_file_is_named(file: Path) -> None:
    command = [sys.executable, "-m", "daemon", "logs"]
    done = subprocess.run(
        command, input=file.read_text(), capture_output=True, text=True, check=True
    )
    assert done.stdout == storyreel("logs", str(file)).stdout


def test_no_line_can_command_the_terminal(tmp_path: Path) -> None:
    evil = LINES[0] | {"story": "\x1b]0;owned\x07", "extra": "a\nb"}
    (tmp_path / "log").write_text(json.dumps(evil) + "\n\x1b[2Jraw\n")
    shown = storyreel("logs", str(tmp_path / "log")).stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert len(shown.splitlines()) == 2


def test_not_even_an_event_can_command_the_terminal(tmp_path: Path) -> None:
    """M10: the file may be anybody's."""
    line = {"timestamp": "2026-01-01T00:00:00Z", "level": "info", "event": "\x1b[2J"}
    (tmp_path / "log").write_text(f"{json.dumps(line)}\n{json.dumps(line | {'event': 7})}\n")
    done = storyreel("logs", str(tmp_path / "log"))
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J" in done.stdout
    assert "7" in done.stdout.splitlines()[1]


def test_following_shows_new_lines_also_after_truncation_and_replacement(file: Path) -> None:
    command = [sys.executable, "-m", "daemon", "logs", "-f", str(file), "--level", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        read_until(process.stdout, "owl")
        file.write_text(failure_of("hen"))  # truncated and written again
        read_until(process.stdout, "hen")
        file.rename(file.with_suffix(".1"))
        file.write_text(failure_of("fox") + failure_of("cat"))
        read_until(process.stdout, "fox")
        read_until(process.stdout, "cat")
        process.kill()


def failure_of(story: str) -> str:
    """The log's line about a failed story."""
    return json.dumps(LINES[1] | {"story": story}) + "\n"


def read_until(lines: IO[str], word: str) -> None:
    """Read up to the line with a word; where none comes, the test's time limit ends this."""
    assert any(word in line for line in iter(lines.readline, ""))


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    done = storyreel("logs", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "No such file" in done.stderr

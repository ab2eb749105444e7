"""Progress through a small file: written by a worker, read by the service and by `status`."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import progress
from daemon.progress import SCRATCH, Progress


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    (tmp_path / SCRATCH).mkdir()
    return tmp_path


@given(st.text(), st.floats(0, 1))
def test_what_is_reported_is_read(stage: str, done: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, SCRATCH).mkdir()
        progress.reporter(Path(folder), every_seconds=0)(stage, done)
        assert progress.read(Path(folder)) == Progress(stage, round(done, 3))
        assert [file.name for file in Path(folder, SCRATCH).iterdir()] == ["progress.json"]


def test_within_a_stage_progress_is_written_at_most_once_in_the_interval(attempt: Path) -> None:
    report = progress.reporter(attempt, every_seconds=3600)
    report("sound", 0.1)
    report("sound", 0.2)
    assert progress.read(attempt) == Progress("sound", 0.1)


def test_a_new_stage_is_written_at_once(attempt: Path) -> None:
    report = progress.reporter(attempt, every_seconds=3600)
    report("sound", 0.1)
    report("film", 0.0)
    assert progress.read(attempt) == Progress("film", 0.0)


def test_after_the_interval_progress_is_written_again(attempt: Path) -> None:
    report = progress.reporter(attempt, every_seconds=0)
    report("sound", 0.1)
    report("sound", 0.2)
    assert progress.read(attempt) == Progress("sound", 0.2)


TORN = [
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"stage": "x"}',
    '{"done": 1}',
    '{"stage": "x", "done": "much"}',
    '{"stage": "x", "done": null}',
]


@pytest.mark.parametrize("content", TORN)
def test_a_torn_file_reads_as_no_progress(attempt: Path, content: str) -> None:
    (attempt / SCRATCH / "progress.json").write_text(content)
    assert progress.read(attempt) is None


def test_bytes_that_are_not_text_read_as_no_progress(attempt: Path) -> None:
    (attempt / SCRATCH / "progress.json").write_bytes(b"\xff\xfe")
    assert progress.read(attempt) is None


def test_an_attempt_that_has_not_begun_or_is_over_has_no_progress(tmp_path: Path) -> None:
    assert progress.read(tmp_path) is None
    assert progress.read(tmp_path / "gone") is None


def test_reporting_into_a_folder_that_is_gone_raises_the_machines_error(
    tmp_path: Path,
) -> None:
    with pytest.raises(FileNotFoundError):
        progress.reporter(tmp_path / "gone")("sound", 0.0)


@pytest.mark.parametrize(
    "content",
    [json.dumps({"stage": "x", "done": 10**400}), "[" * 100_000],
    ids=["huge number", "deep nesting"],
)
def test_content_that_only_another_program_could_write_reads_as_no_progress(
    attempt: Path, content: str
) -> None:
    (attempt / SCRATCH / "progress.json").write_text(content)
    assert progress.read(attempt) is None

"""Progress through a small file: told by a worker, read by the service and by `status`."""

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


def test_within_a_stage_it_is_told_at_most_once_in_a_while(attempt: Path) -> None:
    report = progress.reporter(attempt, every_seconds=3600)
    report("sound", 0.1)
    report("sound", 0.2)
    assert progress.read(attempt) == Progress("sound", 0.1)


def test_a_new_stage_is_told_at_once(attempt: Path) -> None:
    report = progress.reporter(attempt, every_seconds=3600)
    report("sound", 0.1)
    report("film", 0.0)
    assert progress.read(attempt) == Progress("film", 0.0)


def test_a_while_later_it_is_told_again(attempt: Path) -> None:
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


@pytest.mark.parametrize("told", TORN)
def test_what_is_torn_tells_nothing(attempt: Path, told: str) -> None:
    (attempt / SCRATCH / "progress.json").write_text(told)
    assert progress.read(attempt) is None


def test_bytes_that_are_no_text_tell_nothing(attempt: Path) -> None:
    (attempt / SCRATCH / "progress.json").write_bytes(b"\xff\xfe")
    assert progress.read(attempt) is None


def test_an_attempt_that_has_not_begun_or_is_over_tells_nothing(tmp_path: Path) -> None:
    assert progress.read(tmp_path) is None
    assert progress.read(tmp_path / "gone") is None


def test_a_report_from_an_attempt_whose_folder_is_gone_is_the_machine_s_error(
    tmp_path: Path,
) -> None:
    with pytest.raises(FileNotFoundError):
        progress.reporter(tmp_path / "gone")("sound", 0.0)


@pytest.mark.parametrize(
    "told",
    [json.dumps({"stage": "x", "done": 10**400}), "[" * 100_000],
    ids=["huge number", "deep nesting"],
)
def test_what_no_program_of_ours_wrote_tells_nothing(attempt: Path, told: str) -> None:
    (attempt / SCRATCH / "progress.json").write_text(told)
    assert progress.read(attempt) is None

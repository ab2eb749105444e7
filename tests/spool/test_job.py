"""The record of a job, which is the only memory that a job has."""

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.spool import job
from daemon.spool.job import Job

NAMES = (
    st.binary(min_size=1)
    .map(os.fsdecode)
    .filter(lambda name: name not in (".", "..") and "/" not in name)
)
WHOLE = {
    "id": "20260101T000000-00000000",
    "name": "the-fox",
    "attempts": 2,
    "target": "",
    "claimed_at": "2026-01-01T00:00:00+00:00",
}


def written(folder: Path, content: Any) -> Path:
    """The folder with a record in it: a string as it is, anything else as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / job.RECORD).write_text(text)
    return folder


@given(NAMES, st.integers(0, 10**6), st.just("") | NAMES, st.text())
def test_a_recorded_job_is_read_as_it_was(
    name: str, attempts: int, target: str, claimed_at: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recorded = Job("20260101T000000-00000000", name, Path(folder), attempts, target, claimed_at)
        job.record(recorded)
        assert job.read_job(Path(folder)) == recorded
        assert [file.name for file in Path(folder).iterdir()] == [job.RECORD]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        "7",
        '"text"',
        "[]",
        "{}",
        "\ufeff{}",
        *({key: value for key, value in WHOLE.items() if key != absent} for absent in WHOLE),
        *(
            WHOLE | {"name": name}
            for name in ("", ".", "..", "a/b", "/etc", "../x", None, 7, ["x"])
        ),
        *(WHOLE | {"target": target} for target in (".", "..", "a/b", "/etc", 7, ["x"])),
        *(WHOLE | {"attempts": attempts} for attempts in (None, "many", [], ["1"], float("nan"))),
    ],
    ids=str,
)
def test_a_record_that_is_not_whole_counts_as_torn(tmp_path: Path, content: Any) -> None:
    assert job.read_job(written(tmp_path, WHOLE)) is not None
    assert job.read_job(written(tmp_path, content)) is None


def test_bytes_that_are_not_text_count_as_torn(tmp_path: Path) -> None:
    (tmp_path / job.RECORD).write_bytes(b"\xff\xfe\x00" + os.urandom(64))
    assert job.read_job(tmp_path) is None


def test_a_record_that_is_not_there_or_is_a_folder_counts_as_torn(tmp_path: Path) -> None:
    assert job.read_job(tmp_path) is None
    (tmp_path / job.RECORD).mkdir()
    assert job.read_job(tmp_path) is None
    assert job.read_job(tmp_path / "gone") is None


def test_a_negative_number_of_attempts_counts_as_torn(tmp_path: Path) -> None:
    assert job.read_job(written(tmp_path, WHOLE | {"attempts": -5})) is None


def test_a_job_knows_its_places(tmp_path: Path) -> None:
    known = Job("id", "the-fox", tmp_path, attempts=3)
    assert known.source == tmp_path / "source"
    assert known.attempt_folder == tmp_path / "attempt-3"


def test_a_rebuilt_job_is_named_by_its_id_and_has_one_attempt_charged(tmp_path: Path) -> None:
    folder = tmp_path / "20260101T000000-00000000"
    found = job.rebuilt(folder)
    assert (found.id, found.name, found.folder) == (folder.name, folder.name, folder)
    assert (found.attempts, found.target) == (1, "")


def test_times_are_utc_to_the_second() -> None:
    recorded = datetime.fromisoformat(job.now())
    assert recorded.utcoffset() == timedelta(0)
    assert recorded.microsecond == 0
    assert abs(datetime.now(UTC) - recorded) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(WHOLE | {"attempts": float("inf")}),
        "[" * 100_000,
        json.dumps(WHOLE | {"id": "../../outside"}),
    ],
    ids=["endless attempts", "deep nesting", "an id that is a path"],
)
def test_a_record_that_this_program_did_not_write_counts_as_torn(
    tmp_path: Path, content: str
) -> None:
    assert job.read_job(written(tmp_path, content)) is None

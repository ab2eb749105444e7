"""The record of a job: the only memory that a job has."""

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
SOUND = {
    "id": "20260101T000000-00000000",
    "name": "the-fox",
    "attempts": 2,
    "target": "",
    "claimed_at": "2026-01-01T00:00:00+00:00",
}


def written(folder: Path, told: Any) -> Path:
    (folder / job.RECORD).write_text(told if isinstance(told, str) else json.dumps(told))
    return folder


@given(NAMES, st.integers(0, 10**6), st.just("") | NAMES, st.text())
def test_what_is_recorded_is_read_again(
    name: str, attempts: int, target: str, claimed_at: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recorded = Job("20260101T000000-00000000", name, Path(folder), attempts, target, claimed_at)
        job.record(recorded)
        assert job.read_job(Path(folder)) == recorded
        assert [file.name for file in Path(folder).iterdir()] == [job.RECORD]


@pytest.mark.parametrize(
    "told",
    [
        "",
        "{",
        "null",
        "7",
        '"text"',
        "[]",
        "{}",
        "\ufeff{}",
        *({key: value for key, value in SOUND.items() if key != absent} for absent in SOUND),
        *(
            SOUND | {"name": name}
            for name in ("", ".", "..", "a/b", "/etc", "../x", None, 7, ["x"])
        ),
        *(SOUND | {"target": target} for target in (".", "..", "a/b", "/etc", 7, ["x"])),
        *(SOUND | {"attempts": attempts} for attempts in (None, "many", [], ["1"], float("nan"))),
    ],
    ids=str,
)
def test_a_record_that_is_not_whole_counts_as_torn(tmp_path: Path, told: Any) -> None:
    assert job.read_job(written(tmp_path, SOUND)) is not None
    assert job.read_job(written(tmp_path, told)) is None


def test_bytes_that_are_no_text_count_as_torn(tmp_path: Path) -> None:
    (tmp_path / job.RECORD).write_bytes(b"\xff\xfe\x00" + os.urandom(64))
    assert job.read_job(tmp_path) is None


def test_a_record_that_is_not_there_or_is_a_folder_counts_as_torn(tmp_path: Path) -> None:
    assert job.read_job(tmp_path) is None
    (tmp_path / job.RECORD).mkdir()
    assert job.read_job(tmp_path) is None
    assert job.read_job(tmp_path / "gone") is None


def test_no_record_gives_attempts_back(tmp_path: Path) -> None:
    assert job.read_job(written(tmp_path, SOUND | {"attempts": -5})) is None


def test_a_job_knows_its_places(tmp_path: Path) -> None:
    known = Job("id", "the-fox", tmp_path, attempts=3)
    assert known.source == tmp_path / "source"
    assert known.attempt_folder == tmp_path / "attempt-3"


def test_a_rebuilt_job_has_its_id_for_a_name_and_one_attempt_charged(tmp_path: Path) -> None:
    folder = tmp_path / "20260101T000000-00000000"
    found = job.rebuilt(folder)
    assert (found.id, found.name, found.folder, found.attempts, found.target) == (
        folder.name,
        folder.name,
        folder,
        1,
        "",
    )


def test_times_are_utc_to_the_second() -> None:
    told = datetime.fromisoformat(job.now())
    assert told.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "told",
    [
        json.dumps(SOUND | {"attempts": float("inf")}),
        "[" * 100_000,
        json.dumps(SOUND | {"id": "../../outside"}),
    ],
    ids=["endless attempts", "deep nesting", "an id that is a path"],
)
def test_a_record_that_no_program_wrote_counts_as_torn(tmp_path: Path, told: str) -> None:
    assert job.read_job(written(tmp_path, told)) is None

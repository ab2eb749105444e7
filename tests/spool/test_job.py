"""The record of a job, which is the only memory that a job has."""

import errno
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


NUMBERS = st.integers(0, 10**6)


@given(NAMES, NUMBERS, st.just("") | NAMES, st.text(), st.text(), NUMBERS)
def test_a_recorded_job_is_read_as_it_was(
    name: str, attempts: int, target: str, claimed_at: str, fingerprint: str, interruptions: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recorded = Job(
            "20260101T000000-00000000",
            name,
            Path(folder),
            attempts,
            target,
            claimed_at,
            fingerprint,
            interruptions,
        )
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
    folder.mkdir()
    found = job.rebuilt(folder)
    assert (found.id, found.name, found.folder) == (folder.name, folder.name, folder)
    assert (found.attempts, found.target) == (1, "")


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    found = job.read_job(written(tmp_path, WHOLE))
    assert found
    assert (found.attempts, found.fingerprint, found.interruptions) == (2, "", 0)


@pytest.mark.parametrize("interruptions", [None, "many", -1, 0.5, []])
def test_interruptions_that_are_no_number_count_as_torn(
    tmp_path: Path, interruptions: object
) -> None:
    assert job.read_job(written(tmp_path, WHOLE | {"interruptions": interruptions})) is None


@pytest.mark.parametrize("kind", ["pipe", "link", "giant"])
def test_a_trap_in_the_place_of_a_record_counts_as_torn(tmp_path: Path, kind: str) -> None:
    """M4: a worker that was taken over may write into work/."""
    record = tmp_path / job.RECORD
    if kind == "pipe":
        os.mkfifo(record)
    elif kind == "link":
        record.symlink_to("/dev/zero")
    else:
        with record.open("wb") as file:
            file.truncate(2**40)
    assert job.read_job(tmp_path) is None


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_a_record_that_cannot_be_read_now_is_not_a_torn_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """C1: it would be rebuilt, and the story would lose its name."""
    written(tmp_path, WHOLE)

    def failing(*_: object) -> bytes:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(job, "read_plain", failing)
        with pytest.raises(OSError, match=os.strerror(error)):
            job.read_job(tmp_path)
    assert job.read_job(tmp_path)


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

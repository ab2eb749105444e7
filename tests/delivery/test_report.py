"""Reports: written with each film, and read again, whoever has written them."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.delivery import report
from daemon.delivery.report import PageTimes, Report, SoundFacts
from tests.helpers.children import ordinary_user

TEXT = st.text(st.characters(exclude_categories=())) | st.binary().map(os.fsdecode)
"""Any text, also half surrogate pairs and what stands for bytes that are not UTF-8."""
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.text(max_size=8)
FACTS = st.dictionaries(KEYS, st.none() | st.booleans() | st.integers() | NUMBERS | TEXT)
PAGES = st.builds(
    PageTimes,
    page=st.integers(0, 2000),
    start=NUMBERS,
    seconds=NUMBERS,
    narration_seconds=NUMBERS,
    text=TEXT,
)
SOUNDS = st.builds(
    SoundFacts,
    loudness_lufs=st.none() | NUMBERS,
    narrations_db=st.lists(NUMBERS).map(tuple),
    music_db=st.none() | NUMBERS,
    ducking=st.lists(st.tuples(NUMBERS, NUMBERS)).map(tuple),
)
REPORTS = st.builds(
    Report,
    job=TEXT,
    story=TEXT,
    attempt=st.integers(1, 100),
    title=TEXT,
    film=FACTS,
    pages=st.lists(PAGES, max_size=3).map(tuple),
    music=st.none() | TEXT,
    sound=SOUNDS,
    seed=st.integers(0, 2**64),
    settings=FACTS,
    inputs=st.lists(FACTS, max_size=2).map(tuple),
    render_seconds=NUMBERS,
    versions=st.dictionaries(KEYS, TEXT),
)


def written(path: Path, content: Any) -> Path:
    """A file: bytes or a string as they are, anything else as JSON."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


# ---- written and read ---------------------------------------------------------------------------


@given(REPORTS)
def test_a_written_report_is_read_as_it_was(made: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        report.write(made, path)
        assert report.read(path) == made
        path.read_text("utf-8")


def test_a_report_is_text_for_people_too(tmp_path: Path) -> None:
    report.write(Report(title="Der Füchsin Tag 🦊"), tmp_path / "report.json")
    lines = (tmp_path / "report.json").read_text("utf-8").splitlines()
    assert '  "title": "Der Füchsin Tag 🦊",' in lines


# ---- reports of earlier versions ----------------------------------------------------------------


@pytest.mark.parametrize("absent", list(Report.model_fields))
def test_a_report_that_lacks_a_field_is_read(absent: str, tmp_path: Path) -> None:
    whole = Report(job="x", title="The fox", pages=(PageTimes(start=0.0, seconds=1.0),))
    fields = whole.model_dump(mode="json")
    del fields[absent]
    found = report.read(written(tmp_path / "report.json", fields))
    expected = whole.model_copy(update={absent: Report.model_fields[absent].default})
    assert found == expected


def test_pages_and_sound_that_lack_fields_are_read(tmp_path: Path) -> None:
    content = {"pages": [{"start": 1.5, "seconds": 2}], "sound": {"music_db": -12.0}}
    found = report.read(written(tmp_path / "report.json", content))
    assert found
    assert found.pages == (PageTimes(start=1.5, seconds=2.0),)
    assert found.sound == SoundFacts(music_db=-12.0)


def test_fields_of_other_versions_are_ignored(tmp_path: Path) -> None:
    content = {"title": "The fox", "colour": "red", "sound": {"echo": 1}}
    assert report.read(written(tmp_path / "report.json", content)) == Report(title="The fox")


# ---- reports that cannot be read ----------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"job": "x"',
        "null",
        "7",
        "[]",
        '"text"',
        b"\xff\xfe\x00\x01",
        {"pages": 7},
        {"pages": [{"start": "soon", "seconds": 1}]},
        {"pages": [{"seconds": 1}]},
        {"title": ["The fox"]},
        {"sound": None},
    ],
    ids=str,
)
def test_a_torn_or_foreign_report_cannot_be_read(content: Any, tmp_path: Path) -> None:
    assert report.read(written(tmp_path / "report.json", content)) is None


@pytest.mark.parametrize("opening", ["[", '{"film":', '{"film":{"x":['])
def test_deep_json_cannot_be_read(opening: str, tmp_path: Path) -> None:
    assert report.read(written(tmp_path / "report.json", opening * 100_000)) is None


def test_a_report_that_is_too_large_cannot_be_read(tmp_path: Path) -> None:
    path = written(tmp_path / "report.json", {"title": "x" * report.LARGEST})
    assert report.read(path) is None
    with path.open("wb") as file:
        file.truncate(2**40)
    assert report.read(path) is None


def test_a_report_that_cannot_be_read_now_is_not_a_missing_one(tmp_path: Path) -> None:
    """C1: after an error of a share, a film in the outbox would count as not published."""
    path = written(tmp_path / "report.json", {"job": "x"})
    path.chmod(0)
    with ordinary_user():
        assert report.read(path) is None
        with pytest.raises(PermissionError):
            report.load(path)


@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe", "link", "device"])
def test_only_a_plain_file_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(written(tmp_path / "private.json", {"title": "private"}))
    elif kind == "device":
        path = Path("/dev/zero")
    assert report.read(path) is None

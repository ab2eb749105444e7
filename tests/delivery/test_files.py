"""The files of a delivered film: their endings and names, and reading what others put there."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.delivery import files

MADE = [files.REPORT, *(f"film{ending}" for ending in files.ENDINGS)]
"""All files of an attempt."""


def attempt_in(folder: Path, *names: str) -> Path:
    """An attempt's folder with these files, each with its own name as its content."""
    attempt = folder / "attempt-1"
    attempt.mkdir()
    for name in names:
        (attempt / name).write_text(name)
    return attempt


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


# ---- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", files.ENDINGS)
def test_a_draft_has_a_known_ending(ending: str, tmp_path: Path) -> None:
    draft = files.draft(tmp_path, ending)
    assert draft.parent == tmp_path
    assert draft.name.endswith(ending)
    draft.touch()
    assert files.unknown(tmp_path) == []


@pytest.mark.parametrize("ending", ["", ".txt", "mp4", ".MP4", ".wav", ".mp4.part", files.REPORT])
def test_a_draft_with_an_unknown_ending_is_an_error(ending: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not one of"):
        files.draft(tmp_path, ending)


def test_no_ending_is_part_of_another_one() -> None:
    for one in files.ENDINGS:
        assert [other for other in files.ENDINGS if other.endswith(one)] == [one]


def test_files_that_would_not_be_published_are_listed(tmp_path: Path) -> None:
    strangers = ["film.wav", "film.txt", "another.mp4", "film", ".hidden"]
    attempt = attempt_in(tmp_path, *MADE, *strangers)
    assert files.unknown(attempt) == sorted(strangers)


def test_all_files_of_an_attempt_are_known(tmp_path: Path) -> None:
    assert files.unknown(attempt_in(tmp_path, *MADE)) == []


def test_all_files_get_the_published_name_and_the_report_keeps_its_own(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, *MADE)
    files.name_all(attempt, "the-fox")
    expected = {f"the-fox{ending}": f"film{ending}" for ending in files.ENDINGS}
    assert contents(attempt) == expected | {files.REPORT: files.REPORT}


@pytest.mark.parametrize("name", ["film", "the-fox-2", "a.mp4", "x.chapters.txt", "report.json"])
def test_files_can_be_named_again(name: str, tmp_path: Path) -> None:
    """As when somebody takes the name between the record and the rename."""
    attempt = attempt_in(tmp_path, *MADE)
    files.name_all(attempt, "the-fox")
    files.name_all(attempt, name)
    expected = {f"{name}{ending}": f"film{ending}" for ending in files.ENDINGS}
    assert contents(attempt) == expected | {files.REPORT: files.REPORT}


def test_one_regular_file_of_each_ending_is_publishable_and_the_attempts_own_comes_first(
    tmp_path: Path,
) -> None:
    """M4"""
    attempt = attempt_in(tmp_path, *MADE, "another.mp4", "zebra.mp4", "notes.txt")
    expected = {ending: attempt / f"film{ending}" for ending in files.ENDINGS}
    assert files.publishable(attempt) == expected | {files.REPORT: attempt / files.REPORT}
    for ending in files.ENDINGS:
        (attempt / f"film{ending}").unlink()
    (attempt / "film.jpg").mkdir()
    (attempt / "film.srt").symlink_to(tmp_path)
    os.mkfifo(attempt / "film.vtt")
    assert files.publishable(attempt) == {
        files.FILM: attempt / "another.mp4",
        files.REPORT: attempt / files.REPORT,
    }


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "device"])
def test_only_a_regular_file_is_opened(kind: str, tmp_path: Path) -> None:
    """M4"""
    path = tmp_path / "film.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/dev/null")
    else:
        path = Path("/dev/zero")
    with pytest.raises(OSError, match=r"regular|symbolic"):
        files.open_regular(path)


def test_no_file_adds_more_to_a_name_than_the_longest_addition() -> None:
    endings = [*files.ENDINGS, f".{files.REPORT}"]
    assert max(len(os.fsencode(ending)) for ending in endings) == files.LONGEST_ADDITION


# ---- next to other films ------------------------------------------------------------------------


def test_an_attempt_is_placed_next_to_other_films(tmp_path: Path) -> None:
    (tmp_path / "other.mp4").write_text("theirs")
    film = files.place_in(attempt_in(tmp_path, *MADE), tmp_path, "the-fox")
    assert film == tmp_path / "the-fox.mp4"
    (tmp_path / "attempt-1").rmdir()
    expected = {f"the-fox{ending}": f"film{ending}" for ending in files.ENDINGS}
    report = {"the-fox.report.json": files.REPORT}
    assert contents(tmp_path) == expected | report | {"other.mp4": "theirs"}


def test_earlier_files_of_the_same_names_are_replaced(tmp_path: Path) -> None:
    for name in [f"the-fox{ending}" for ending in files.ENDINGS] + ["the-fox.report.json"]:
        (tmp_path / name).write_text("earlier")
    files.place_in(attempt_in(tmp_path, *MADE), tmp_path, "the-fox")
    (tmp_path / "attempt-1").rmdir()
    assert "earlier" not in contents(tmp_path).values()


def test_files_that_an_attempt_has_not_made_are_not_missed(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "film.mp4", "film.jpg")
    assert files.place_in(attempt, tmp_path, "fox").read_text() == "film.mp4"
    attempt.rmdir()
    assert sorted(contents(tmp_path)) == ["fox.jpg", "fox.mp4"]


def test_the_film_is_moved_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for the film then finds everything else with it."""
    moved: list[str] = []
    replace = os.replace

    def recorded(source: Path, target: Path) -> None:
        moved.append(Path(target).name)
        replace(source, target)

    attempt = attempt_in(tmp_path, *MADE)
    monkeypatch.setattr(os, "replace", recorded)
    files.place_in(attempt, tmp_path, "fox")
    assert len(moved) == len(MADE)
    assert moved[-1] == "fox.mp4"


# ---- finding ------------------------------------------------------------------------------------


def test_the_report_of_a_film_is_found_in_its_folder_or_under_its_name(tmp_path: Path) -> None:
    film = tmp_path / "fox.mp4"
    assert files.report_of(film) is None
    (tmp_path / "fox.report.json").touch()
    assert files.report_of(film) == tmp_path / "fox.report.json"
    (tmp_path / files.REPORT).touch()
    assert files.report_of(film) == tmp_path / files.REPORT


@pytest.mark.parametrize(
    ("names", "film"),
    [
        ([], None),
        (["fox.mp4"], None),
        ([files.REPORT], None),
        ([files.REPORT, "fox.jpg"], None),
        ([files.REPORT, "fox.mp4"], "fox.mp4"),
        (["manifest.json", "01.mp4"], None),
    ],
    ids=str,
)
def test_only_a_folder_with_a_film_and_a_report_has_a_film(
    names: list[str], film: str | None, tmp_path: Path
) -> None:
    attempt = attempt_in(tmp_path, *names)
    assert files.film_in(attempt) == (attempt / film if film else None)
    assert files.film_in(tmp_path / "gone") is None


# ---- reading ------------------------------------------------------------------------------------


@given(data=st.binary(), most=st.integers(0, 40))
def test_only_the_first_bytes_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, most: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "file"
    path.write_bytes(data)
    assert files.read_plain(path, most) == data[:most]


@pytest.mark.parametrize("target", ["file", "pipe", "nothing", "/dev/zero"])
def test_a_link_is_refused(target: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("private")
    os.mkfifo(tmp_path / "pipe")
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(OSError, match=r"symbolic link"):
        files.read_plain(link, 100)


def test_a_pipe_reads_as_empty_and_does_not_block(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert files.read_plain(pipe, 100) == b""

    # Somebody has the pipe open and has written into it.
    descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    os.write(descriptor, b"words")
    assert files.read_plain(pipe, 100) == b""
    os.close(descriptor)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom"])
def test_a_device_reads_as_empty(device: str) -> None:
    assert files.read_plain(Path(device), 100) == b""


def test_a_folder_or_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        files.read_plain(tmp_path, 100)
    with pytest.raises(FileNotFoundError):
        files.read_plain(tmp_path / "gone", 100)

"""`storyreel check`: what is fine is summarised, what is wrong is listed whole."""

import errno
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from daemon.cli import check
from daemon.cli.check import check_folders
from daemon.cli.console import FINE, STORY_AT_FAULT, TRY_AGAIN
from daemon.errors import Problem, StoryError
from daemon.story.untrusted import UntrustedFolder
from tests.helpers.folders import contents
from tests.helpers.pictures import noisy, picture, save
from tests.helpers.processes import storyreel
from tests.helpers.stories import story, write_manifest


def test_a_fine_story_is_summarised(tmp_path: Path) -> None:
    done = storyreel("check", str(story(tmp_path / "fox", (0.4, 0.6))))
    assert (done.returncode, done.stdout) == (0, "fox: fine, 2 pages, 0:02.0\n")


def test_every_problem_of_every_story_is_listed_with_place_file_and_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    picture(folder / "1.png")
    (folder / "2.png").write_text("no picture")
    (folder / "3.png").symlink_to("/etc/passwd")
    (folder / "4.png").touch()
    pages = [
        {"image": "1.png", "audio": "missing.mp3"},
        {"image": "2.png", "duration": 1},
        {"image": "3.png", "duration": 1},
        {"image": "4.png"},
        {"image": "/etc/passwd", "duration": 1},
    ]
    write_manifest(folder, {"titel": "x", "pages": pages})
    done = storyreel("check", str(folder), str(story(tmp_path / "fox")))
    assert done.returncode == 1
    assert done.stdout.startswith("fox: fine")
    link = "the picture is a link. Put the file itself into the folder."
    neither = 'Add "audio": "01.mp3", or "duration": 4.0 (seconds).'
    leaves = "leaves the story's folder (got '/etc/passwd')."
    expected = """Expected: the picture's file, such as "image": "01.png"."""
    missing = "the sound is missing. Add it, or correct its name in the manifest."
    assert done.stderr.splitlines() == [
        "broken: 7 problems",
        '  manifest: unknown key "titel". Did you mean "title"?',
        f"  page 1 (missing.mp3): {missing}",
        "  page 2 (2.png): the picture is not a PNG, JPEG or WebP picture. Save it as PNG or JPEG.",
        f"  page 3 (3.png): {link}",
        f"  page 4 (4.png): neither audio nor duration. {neither}",
        "  page 4 (4.png): the picture is empty. Copy it again.",
        f"  page 5, image: {leaves} {expected}",
    ]


def test_a_story_is_checked_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """M11: it was copied into the folder for temporary files, which often is memory."""
    folder = story(tmp_path / "fox", (0.2,))
    save(noisy(1), folder / "01.png")
    data = (folder / "01.png").read_bytes()
    (folder / "01.png").write_bytes(data[: len(data) // 2])
    before = contents(folder)
    monkeypatch.setattr(UntrustedFolder, "copy", None)
    monkeypatch.setattr(tempfile, "mkdtemp", None)
    assert check_folders([folder], None) == STORY_AT_FAULT
    monkeypatch.undo()
    assert "page 1 (01.png): the picture is damaged" in capsys.readouterr().err
    assert contents(folder) == before


def test_a_file_that_differs_from_its_declared_hash_is_a_problem(tmp_path: Path) -> None:
    """C2: to the service it has not arrived; to whoever checks it, it is something to mend."""
    folder = story(tmp_path / "fox", (0.2,), files={"01.wav": {"sha256": "0" * 64}})
    done = storyreel("check", str(folder))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "fox: 1 problem",
        "  files (01.wav): its SHA-256 is not the declared one. Copy the file again.",
    ]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), STORY_AT_FAULT, "not readable for"),
        (OSError(errno.EIO, "Input/output error"), TRY_AGAIN, "Input/output error. Look at"),
    ],
)
def test_a_folder_that_cannot_be_read_is_said_to_be_so(
    error: OSError,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """L1: scripted, because root can read every folder."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("daemon.cli.check.inspect", fail)
    assert check_folders([tmp_path], None) == code
    assert said in capsys.readouterr().err


def test_of_several_stories_one_at_fault_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = iter([TRY_AGAIN, FINE, STORY_AT_FAULT])
    monkeypatch.setattr("daemon.cli.check.check_folder", lambda *_: next(codes))
    assert check_folders([tmp_path] * 3, None) == STORY_AT_FAULT


def test_a_folder_without_a_manifest_gets_an_example_of_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = storyreel("check", str(tmp_path / "empty"))
    assert done.returncode == 1
    assert 'manifest (manifest.json): missing. Add one: {"pages"' in done.stderr


def test_what_is_checked_is_decoded_in_a_confined_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = story(tmp_path / "fox", (0.2,))
    (tmp_path / "private").write_text("private")
    acts: dict[str, Callable[[], object]] = {
        "read another file": (tmp_path / "private").read_text,
        "write into the story": (folder / "new").touch,
        "open a socket": socket.socket,
        "start a program": lambda: os.execv("/bin/true", ["true"]),
        "make a process": os.fork,
    }

    def inspected(*_: object) -> NoReturn:
        problems = []
        for what, act in acts.items():
            try:
                act()
            except PermissionError:
                problems.append(Problem(what, "refused", ""))
        raise StoryError(problems)

    monkeypatch.setattr(check, "inspect", inspected)
    assert check_folders([folder], None) == STORY_AT_FAULT
    assert f"{len(acts)} problems" in capsys.readouterr().err


def test_a_child_that_dies_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "inspect", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    assert check_folders([story(tmp_path / "fox", (0.2,))], None) == STORY_AT_FAULT
    assert "fox: the worker ended (exit code -9)" in capsys.readouterr().err

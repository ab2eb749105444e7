"""`storyreel sheet`: which film is drawn, where the picture goes, and the exit codes."""

import errno
from pathlib import Path

import pytest
from PIL import Image

from daemon.cli import sheet
from daemon.cli.console import FINE, STORY_AT_FAULT, TRY_AGAIN, USAGE
from tests.helpers.processes import storyreel
from tests.helpers.sounds import RATE
from tests.helpers.stories import story

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story `fox`, its film `made/fox.mp4`, and the film's folder in an outbox, `outbox/fox`."""
    folder = tmp_path_factory.mktemp("films")
    source = story(folder / "fox", (0.3, 0.3))
    done = storyreel("compile", str(source), "-o", str(folder / "made"))
    assert done.returncode == FINE, done.stderr
    delivered = folder / "outbox" / "fox"
    delivered.mkdir(parents=True)
    (delivered / "fox.mp4").write_bytes((folder / "made" / "fox.mp4").read_bytes())
    report = (folder / "made" / "fox.report.json").read_bytes()
    (delivered / "report.json").write_bytes(report)
    return folder


@pytest.mark.parametrize("subject", ["made/fox.mp4", "outbox/fox", "fox"])
def test_a_film_its_folder_or_a_story_makes_a_picture(
    subject: str, films: Path, tmp_path: Path
) -> None:
    done = storyreel("sheet", str(films / subject), "-o", str(tmp_path / "sheet.png"))
    assert (done.returncode, done.stdout.strip()) == (FINE, str(tmp_path / "sheet.png"))
    with Image.open(tmp_path / "sheet.png") as drawn:
        assert drawn.width == 1600


@pytest.mark.parametrize("subject", ["made/fox.mp4", "outbox/fox"])
def test_without_a_target_the_picture_is_named_by_the_film(
    subject: str, films: Path, tmp_path: Path
) -> None:
    assert sheet.draw_sheet(films / subject, None, None) == FINE
    assert (tmp_path / "fox.sheet.png").is_file()


@pytest.mark.parametrize("content", [b"", b"no film", RATE.to_bytes(4, "big") * 1000])
def test_a_file_that_is_not_a_film_is_reported(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    done = storyreel("sheet", str(tmp_path / "x.mp4"))
    assert done.returncode == STORY_AT_FAULT
    assert "x.mp4: not a film" in done.stderr


def test_a_story_with_faults_makes_no_sheet_but_a_list(tmp_path: Path) -> None:
    source = story(tmp_path / "fox", (0.2,))
    (source / "01.wav").unlink()
    done = storyreel("sheet", str(source), "-o", str(tmp_path / "sheet.png"))
    assert done.returncode == STORY_AT_FAULT
    assert "01.wav" in done.stderr
    assert not (tmp_path / "sheet.png").exists()


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (MemoryError(), "not enough memory"),
    ],
    ids=["disk", "memory"],
)
def test_a_fault_of_the_machine_is_not_the_fault_of_the_film(
    films: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    what: str,
) -> None:
    def broken(_film: Path) -> Image.Image:
        raise error

    monkeypatch.setattr(sheet, "draw", broken)
    assert sheet.draw_sheet(films / "made" / "fox.mp4", None, None) == TRY_AGAIN
    assert f"fox.mp4: {what}" in capsys.readouterr().err


def test_a_target_that_names_no_kind_of_picture_is_reported(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sheet.draw_sheet(films / "made" / "fox.mp4", tmp_path / "fox.doc", None) == USAGE
    assert "fox.doc" in capsys.readouterr().err
    assert not (tmp_path / "fox.doc").exists()


def test_a_target_that_cannot_be_written_is_reported(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "gone" / "fox.png"
    assert sheet.draw_sheet(films / "made" / "fox.mp4", target, None) == TRY_AGAIN
    assert f"{target}: No such file" in capsys.readouterr().err

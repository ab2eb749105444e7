"""`storyreel compile`: a film and its files in a folder, or the reasons for its absence."""

import re
from pathlib import Path

import av
import pytest

from daemon.attempt import Failure, Kind
from daemon.cli.compile import compile_folder
from daemon.cli.console import STORY_AT_FAULT
from tests.helpers.folders import names
from tests.helpers.processes import storyreel, storyreel_on_a_terminal
from tests.helpers.stories import story

pytestmark = pytest.mark.slow


def test_a_folder_becomes_a_film_with_its_other_files_next_to_it(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.3, 0.4))
    films = tmp_path / "films"
    done = storyreel("compile", str(folder), "-o", str(films))
    assert (done.returncode, done.stdout.strip()) == (0, str(films / "fox.mp4"))
    endings = [".chapters.txt", ".jpg", ".mp4", ".report.json", ".srt", ".vtt"]
    assert names(films) == [f"fox{ending}" for ending in endings]
    with av.open(films / "fox.mp4") as film:
        assert sum(1 for _ in film.decode(video=0)) == round((0.3 + 0.4 + 2 * 0.5) * 24 + 0.4)


def test_nothing_but_the_films_name_is_printed_into_a_pipe(tmp_path: Path) -> None:
    done = storyreel("compile", str(story(tmp_path / "fox", (0.2,))), "-o", str(tmp_path))
    assert (done.stdout, done.stderr) == (f"{tmp_path}/fox.mp4\n", "")


def test_a_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    """M10: the folder may come from a stranger."""
    folder = story(tmp_path / "fox\x1b[31m", (0.2,))
    done = storyreel("compile", str(folder), "-o", str(tmp_path))
    assert (done.stdout, done.stderr) == (f"{tmp_path}/fox\\x1b[31m.mp4\n", "")


def test_the_trace_of_a_bug_is_shown_in_lines_and_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """M10: an exception's words may hold a stranger's names."""
    failure = Failure.of("compile", Kind.PROGRAM, "a bug", "Report it.", "line 1\nfox\x1b[31m")
    monkeypatch.setattr("daemon.cli.compile.compile_alone", lambda *_: failure)
    assert compile_folder(tmp_path, tmp_path, None) == STORY_AT_FAULT
    assert capsys.readouterr().err.splitlines()[-2:] == ["line 1", "fox\\x1b[31m"]


@pytest.mark.slow
def test_a_terminal_shows_a_progress_bar(tmp_path: Path) -> None:
    """By moviepy, because the default writer is done before a bar is drawn."""
    (tmp_path / "config.toml").write_text('[film]\nwriter = "moviepy"\n')
    shown = storyreel_on_a_terminal(
        "compile", str(story(tmp_path / "fox", (4.0,))), "-o", str(tmp_path)
    )
    assert "fox: film" in shown
    assert re.search(r"\b[1-9]\d? %", shown)
    assert f"{tmp_path}/fox.mp4" in shown


def test_a_story_with_faults_exits_with_1_and_leaves_nothing(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.2,), unknown=1)
    done = storyreel("compile", str(folder), "-o", str(tmp_path / "films"))
    assert done.returncode == 1
    assert 'unknown key "unknown"' in done.stderr
    assert list((tmp_path / "films").iterdir()) == []


def test_an_earlier_film_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.2,))
    (tmp_path / "fox.mp4").write_bytes(b"an earlier film")
    assert storyreel("compile", str(folder), "-o", str(tmp_path)).returncode == 0
    assert (tmp_path / "fox.mp4").stat().st_size > 1000


def test_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    assert storyreel("compile", str(tmp_path / "nowhere")).returncode == 2


def test_a_preview_has_a_quarter_of_the_pixels_and_a_name_of_its_own(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.3, 0.4))
    done = storyreel("compile", str(folder), "--preview", "-o", str(tmp_path))
    assert done.stdout == f"{tmp_path}/fox.preview.mp4\n"
    with av.open(tmp_path / "fox.preview.mp4") as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (80, 44)

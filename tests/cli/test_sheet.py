"""`storyreel sheet`: what was made, on one picture."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageColor

from daemon.delivery.sheet import DUCKED, MUSIC, VOICE, draw
from daemon.errors import UnusableFilm
from tests.helpers.pictures import COLOURS
from tests.helpers.processes import storyreel
from tests.helpers.sounds import RATE, sine, wav
from tests.helpers.stories import story


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of three pages of two seconds, with gaps of two seconds in which the music comes up again."""
    folder = tmp_path_factory.mktemp("films")
    source = story(folder / "fox", (2.0, 2.0, 2.0), music="tone.wav", film={"gap_seconds": 2.0})
    wav(source / "tone.wav", sine(3.0, 1000.0))
    assert storyreel("compile", str(source), "-o", str(folder / "made")).returncode == 0
    return folder


def pixels(sheet: Image.Image, colour: str) -> npt.NDArray[np.bool_]:
    """Where a sheet has just this colour."""
    found: npt.NDArray[np.bool_] = (np.asarray(sheet) == ImageColor.getrgb(colour)).all(axis=2)
    return found


def test_every_page_is_there_in_its_order(films: Path) -> None:
    shown = np.asarray(draw(films / "made/fox.mp4")).astype(int)
    lefts = []
    for colour in COLOURS[:3]:
        near = (np.abs(shown - colour).max(axis=2) <= 4).nonzero()
        assert len(near[0]) > 10_000
        lefts.append(near[1].min())
    assert lefts == sorted(lefts)


def test_narration_and_pauses_have_colours_of_their_own_where_they_are(films: Path) -> None:
    sheet = draw(films / "made/fox.mp4")
    chart = slice(sheet.height - 470, sheet.height - 60)
    voice, music = (
        np.flatnonzero(pixels(sheet, colour)[chart].any(axis=0)) for colour in (VOICE, MUSIC)
    )
    left, width = 56, 1600 - 56 - 24
    for columns, expected in ((voice, [0, 4, 8]), (music, [2, 6, 10])):
        seconds = (columns - left) / width * 12
        for start in expected:
            inside = (seconds > start + 0.1) & (seconds < start + 1.8)
            assert inside.sum() > 150
    assert len(np.intersect1d(voice, music)) < 20


def test_the_line_of_ducking_goes_down_and_up_three_times(films: Path) -> None:
    line = pixels(draw(films / "made/fox.mp4"), DUCKED)
    line[-60:] = False  # the legend
    tops = np.array([int(np.argmax(column)) for column in line.T if column.any()])
    low = tops > (tops.min() + tops.max()) / 2
    assert (np.diff(low.astype(int)) == 1).sum() + int(low[0]) == 3


@pytest.mark.parametrize("subject", ["made/fox.mp4", "fox"])
def test_a_film_or_a_story_makes_a_picture(subject: str, films: Path, tmp_path: Path) -> None:
    done = storyreel("sheet", str(films / subject), "-o", str(tmp_path / "sheet.png"))
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / "sheet.png"))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 1600


def test_a_film_without_its_report_is_told_by_its_chapters(films: Path, tmp_path: Path) -> None:
    (tmp_path / "lonely.mp4").write_bytes((films / "made/fox.mp4").read_bytes())
    assert pixels(draw(tmp_path / "lonely.mp4"), MUSIC).any()


@pytest.mark.parametrize("content", [b"", b"no film", RATE.to_bytes(4, "big") * 1000])
def test_what_is_no_film_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(UnusableFilm, match="no film"):
        draw(tmp_path / "x.mp4")
    done = storyreel("sheet", str(tmp_path / "x.mp4"))
    assert done.returncode == 1
    assert "x.mp4: no film" in done.stderr


def test_a_story_with_faults_makes_no_sheet_but_a_list(tmp_path: Path) -> None:
    source = story(tmp_path / "fox", (0.2,))
    (source / "01.wav").unlink()
    done = storyreel("sheet", str(source), "-o", str(tmp_path / "sheet.png"))
    assert done.returncode == 1
    assert "01.wav" in done.stderr
    assert not (tmp_path / "sheet.png").exists()

"""The sheet of a film: what was made, on one picture."""

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageColor

from daemon.delivery import report, sheet
from daemon.delivery.report import PageTimes, Report
from daemon.delivery.sheet import DUCKED, MUSIC, VOICE, draw
from daemon.errors import UnusableFilm
from daemon.media.samples import Samples
from tests.helpers.broken import damaged
from tests.helpers.pictures import COLOURS
from tests.helpers.processes import storyreel
from tests.helpers.sounds import RATE, sine, wav
from tests.helpers.stories import story


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of three pages of two seconds, with gaps of two seconds in which the music rises."""
    folder = tmp_path_factory.mktemp("films")
    source = story(folder / "fox", (2.0, 2.0, 2.0), music="tone.wav", film={"gap_seconds": 2.0})
    wav(source / "tone.wav", sine(3.0, 1000.0))
    assert storyreel("compile", str(source), "-o", str(folder / "made")).returncode == 0
    return folder / "made" / "fox.mp4"


def pixels(drawn: Image.Image, colour: str) -> npt.NDArray[np.bool_]:
    """Where a sheet has exactly this colour."""
    found: npt.NDArray[np.bool_] = (np.asarray(drawn) == ImageColor.getrgb(colour)).all(axis=2)
    return found


def alone(film: Path, folder: Path) -> Path:
    """A copy of a film without its report."""
    return shutil.copyfile(film, folder / "alone.mp4")


# ---- what is drawn ------------------------------------------------------------------------------


def test_every_page_is_there_in_its_order(film: Path) -> None:
    shown = np.asarray(draw(film)).astype(int)
    lefts = []
    for colour in COLOURS[:3]:
        near = (np.abs(shown - colour).max(axis=2) <= 4).nonzero()
        assert len(near[0]) > 10_000
        lefts.append(near[1].min())
    assert lefts == sorted(lefts)


def test_narration_and_pauses_have_colours_of_their_own_where_they_are(film: Path) -> None:
    drawn = draw(film)
    chart = slice(drawn.height - 470, drawn.height - 60)
    voice = np.flatnonzero(pixels(drawn, VOICE)[chart].any(axis=0))
    music = np.flatnonzero(pixels(drawn, MUSIC)[chart].any(axis=0))
    left = 56
    width = 1600 - 56 - 24
    for columns, expected in ((voice, [0, 4, 8]), (music, [2, 6, 10])):
        seconds = (columns - left) / width * 12
        for start in expected:
            inside = (seconds > start + 0.1) & (seconds < start + 1.8)
            assert inside.sum() > 150
    assert len(np.intersect1d(voice, music)) < 20


def test_the_line_of_ducking_goes_down_and_up_three_times(film: Path) -> None:
    line = pixels(draw(film), DUCKED)
    line[-60:] = False  # the legend
    tops = np.array([int(np.argmax(column)) for column in line.T if column.any()])
    low = tops > (tops.min() + tops.max()) / 2
    assert (np.diff(low.astype(int)) == 1).sum() + int(low[0]) == 3


def test_a_film_without_its_report_is_drawn_from_its_chapters(film: Path, tmp_path: Path) -> None:
    drawn = draw(alone(film, tmp_path))
    assert pixels(drawn, MUSIC).any()
    assert not pixels(drawn, DUCKED).any()


def test_a_report_without_pages_does_not_count(film: Path, tmp_path: Path) -> None:
    report.write(Report(title="Another"), tmp_path / "report.json")
    facts = sheet.read_facts(alone(film, tmp_path))
    assert facts.title == "A test"
    assert [page.text for page in facts.pages] == [f"Words of page {n}." for n in (1, 2, 3)]
    assert facts.seconds == pytest.approx(12, abs=0.1)


# ---- how it is drawn ----------------------------------------------------------------------------


@pytest.mark.parametrize("pages", [1, 6, 7, 16, 17, 48, 49, 1000, 20_000])
def test_any_number_of_pages_has_columns_that_fit_the_sheet(pages: int) -> None:
    columns = sheet.columns_for(pages)
    width = sheet.cell_width(pages)
    assert width >= 100
    assert sheet.MARGIN + columns * (width + sheet.MARGIN) <= sheet.WIDTH


@pytest.mark.parametrize("pages", [1, 7, 60])
def test_a_sheet_of_any_number_of_pages_can_be_drawn(pages: int) -> None:
    times = [
        PageTimes(page=number, start=number - 1.0, seconds=1.0) for number in range(1, 1 + pages)
    ]
    picture = Image.new("RGB", (sheet.cell_width(pages), 50), COLOURS[0])
    levels = [-20.0] * sheet.CHART_WIDTH
    facts = sheet.Facts("The fox", times, ducking=())
    drawn = sheet.draw_sheet(facts, [picture] * pages, sheet.Loudness(levels, levels))
    assert drawn.width == sheet.WIDTH
    shown = (np.asarray(drawn) == COLOURS[0]).all(axis=2).sum()
    assert shown == pages * picture.width * picture.height


def test_words_are_cut_between_words_and_only_where_they_must_be() -> None:
    words = "The fox sees the lighthouse"
    room = sheet.font(17).getlength(words)
    assert sheet.shortened(words, room, 17) == words
    assert sheet.shortened(words, room - 1, 17) == "The fox sees the …"
    assert sheet.shortened(words, 1, 17) == ""
    assert sheet.shortened("", 0, 17) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00.0"), (1.04, "0:01.0"), (59.96, "1:00.0"), (75.25, "1:15.2"), (3600, "60:00.0")],
)
def test_times_are_shown_in_minutes_seconds_and_tenths(seconds: float, shown: str) -> None:
    assert sheet.clock(seconds) == shown


@pytest.mark.parametrize("second", [0.0, 2.5, 10.0])
def test_the_chart_begins_at_the_axis_and_ends_at_the_margin(second: float) -> None:
    chart = sheet.Chart(top=100, seconds=10.0)
    assert chart.x(second) == pytest.approx(sheet.AXIS + second / 10 * sheet.CHART_WIDTH)
    assert (chart.y(0.0), chart.y(-60.0)) == (chart.top, chart.bottom)
    assert (chart.y(6.0), chart.y(-120.0)) == (chart.top, chart.bottom)


# ---- what cannot be drawn -----------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"no film", RATE.to_bytes(4, "big") * 1000])
def test_a_file_that_is_not_a_film_is_reported(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(UnusableFilm, match="not a film"):
        draw(tmp_path / "x.mp4")


def test_a_playlist_is_not_a_film(film: Path, tmp_path: Path) -> None:
    """A demuxer of playlists would open other files."""
    alone(film, tmp_path)
    (tmp_path / "x.mp4").write_text("ffconcat version 1.0\nfile alone.mp4\n")
    with pytest.raises(UnusableFilm, match="not a film"):
        draw(tmp_path / "x.mp4")


@pytest.mark.parametrize(
    ("pages", "what"),
    [
        (
            [PageTimes(start=0, seconds=2), PageTimes(start=1000, seconds=2)],
            "page 2 of 2 is missing",
        ),
        ([PageTimes(start=0, seconds=0)], "length"),
        ([PageTimes(start=0, seconds=float("inf"))], "length"),
        ([PageTimes(start=0, seconds=float("nan"))], "length"),
        ([PageTimes(start=1e300, seconds=1), PageTimes(start=0, seconds=2)], "not a film"),
    ],
    ids=["too long", "no length", "endless", "not a number", "far away"],
)
def test_a_report_that_does_not_fit_the_film_is_reported(
    film: Path, tmp_path: Path, pages: list[PageTimes], what: str
) -> None:
    report.write(Report(pages=tuple(pages)), tmp_path / "report.json")
    with pytest.raises(UnusableFilm, match=what):
        draw(alone(film, tmp_path))


def test_a_sound_file_is_not_a_film(tmp_path: Path) -> None:
    wav(tmp_path / "x.mp4", sine(0.5))
    with pytest.raises(UnusableFilm, match="not a film"):
        draw(tmp_path / "x.mp4")


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_film_is_drawn_or_reported(film: Path, tmp_path: Path, seed: int) -> None:
    chance = np.random.default_rng(seed)
    data = film.read_bytes()
    places = [(int(chance.integers(len(data))), int(chance.integers(256))) for _ in range(40)]
    broken = alone(film, tmp_path)
    broken.write_bytes(damaged(data, places))
    with contextlib.suppress(UnusableFilm, MemoryError):  # FFmpeg allocates what a header asks for
        assert draw(broken).width == sheet.WIDTH


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_torn_film_is_drawn_or_reported(film: Path, tmp_path: Path, part: float) -> None:
    data = film.read_bytes()
    torn = alone(film, tmp_path)
    torn.write_bytes(data[: int(part * len(data))])
    with contextlib.suppress(UnusableFilm):
        assert draw(torn).width == sheet.WIDTH


# ---- the machine's faults -----------------------------------------------------------------------


def test_a_film_that_is_gone_is_not_called_a_bad_film(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        draw(tmp_path / "gone.mp4")


def test_a_disk_that_breaks_is_not_called_a_bad_film(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_file: object, _rate: int) -> Iterator[Samples]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sheet, "sound_blocks", broken)
    with pytest.raises(OSError, match="Input/output error"):
        draw(film)

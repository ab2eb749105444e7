"""A film on one sheet of paper: its pages with their times, above how loud it is from its start to its end.

Everything is read from the finished film and the report beside it: the sheet shows what was made, and not what was meant.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from ttf_opensans import OPENSANS_REGULAR

from daemon.delivery import files
from daemon.delivery.report import PageTimes, read
from daemon.errors import UnusableFilm
from daemon.media.samples import SAMPLE_RATE, SampleStream
from daemon.media.sounds import sound_blocks
from daemon.media.typeface import Typeface

WIDTH, MARGIN, LABEL = 1600, 24, 46
CHART, AXIS = 320, 56
FLOOR_DB = -60
PAPER, INK, FAINT, LINE = "#fbf8f2", "#3b3648", "#8d8798", "#d8d2c8"
VOICE, VOICE_PEAK, MUSIC, MUSIC_PEAK, DUCKED = "#4a6fa5", "#b9c9e2", "#d98a3d", "#f3d6b8", "#b03a5b"
Levels = npt.NDArray[np.float64]
_FACE = Typeface(Path(OPENSANS_REGULAR.path))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a film: its title, its pages, and the music's line of ducking.

    That is points of (seconds, decibels).
    """

    title: str
    pages: Sequence[PageTimes]
    ducking: Sequence[tuple[float, float]]


def draw(film: Path) -> Image.Image:
    """The sheet of a film, an RGB picture. Raises UnusableFilm when it is none of ours, or does not decode."""
    try:
        facts = _facts(film)
        frames = list(_middle_frames(film, facts.pages))
        peaks, powers = _levels(film, WIDTH - AXIS - MARGIN)
    except (av.error.FFmpegError, OSError, StopIteration, KeyError, ValueError) as error:
        raise UnusableFilm(f"no film that a sheet can be drawn of: {error}") from error
    return _Paper(facts, frames).drawn(peaks, powers)


# ---- reading --------------------------------------------------------------------------------------------------------------


def _facts(film: Path) -> Facts:
    """The film's report; a film that has lost it still has its chapters."""
    path = files.report_of(film)
    report = read(path) if path else None
    if report and report.pages:
        return Facts(report.title, report.pages, report.sound.ducking)
    with av.open(film) as opened:
        chapters: Any = opened.chapters()
        title = opened.metadata.get("title", film.stem)
        pages = [_of_chapter(chapter) for chapter in chapters]
    if not pages:
        raise UnusableFilm("no report beside the film, and no chapters in it")
    return Facts(title, pages, ())


def _of_chapter(chapter: dict[str, Any]) -> PageTimes:
    seconds = chapter["time_base"]
    return PageTimes(
        start=float(chapter["start"] * seconds),
        seconds=float((chapter["end"] - chapter["start"]) * seconds),
        text=str(chapter["metadata"].get("title", "")),
    )


def _name(page: PageTimes) -> str:
    text = " ".join(page.text.split())
    return f"{page.page}  {text}" if page.page else text


def _middle_frames(film: Path, pages: Sequence[PageTimes]) -> Iterator[Image.Image]:
    """The picture half-way through each page."""
    with av.open(film) as opened:
        stream = opened.streams.video[0]
        for page in pages:
            wanted = page.start + page.seconds / 2
            opened.seek(int(wanted * av.time_base), backward=True)
            shown = next(
                frame for frame in opened.decode(stream) if (frame.time or 0) >= wanted - 0.001
            )
            yield Image.fromarray(shown.to_ndarray(format="rgb24").astype(np.uint8, copy=False))


def _levels(film: Path, columns: int) -> tuple[Levels, Levels]:
    """The peak and the mean power of each column's part of the film's sound, in dBFS."""
    with av.open(film) as opened:
        samples = int((opened.duration or 0) * SAMPLE_RATE // av.time_base)
    edges = [samples * column // columns for column in range(columns + 1)]
    with film.open("rb") as file:
        stream = SampleStream(sound_blocks(file, SAMPLE_RATE))
        parts = [stream.read(end - start) for start, end in itertools.pairwise(edges)]
    peaks = [float(np.abs(part).max(initial=0)) for part in parts]
    powers = [
        float(np.sqrt(np.square(part, dtype=np.float64).mean())) if part.size else 0.0
        for part in parts
    ]
    return _decibels(peaks), _decibels(powers)


def _decibels(amplitudes: Sequence[float]) -> Levels:
    decibels: Levels = 20 * np.log10(np.maximum(np.array(amplitudes), 1e-6))
    return decibels


# ---- drawing --------------------------------------------------------------------------------------------------------------


class _Paper:
    """The sheet while it is drawn: a title, the pages in rows, the chart."""

    def __init__(self, facts: Facts, frames: Sequence[Image.Image]) -> None:
        self._facts, self._frames = facts, frames
        self._columns = next(
            columns
            for columns, most in ((3, 6), (4, 16), (6, 48), (10, 10_000))
            if len(frames) <= most
        )
        self._cell = (WIDTH - MARGIN) // self._columns - MARGIN
        self._picture = max(1, self._cell * frames[0].height // frames[0].width)
        rows = -(-len(frames) // self._columns)
        self._top = 2 * MARGIN + 40
        self._chart_top = self._top + rows * (self._picture + LABEL) + MARGIN
        self._image = Image.new("RGB", (WIDTH, self._chart_top + CHART + 3 * MARGIN + 24), PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self._seconds = facts.pages[-1].start + facts.pages[-1].seconds

    def drawn(self, peaks: Levels, powers: Levels) -> Image.Image:
        self._words(MARGIN, MARGIN, self._facts.title, 30, INK)
        self._words_right(
            WIDTH - MARGIN,
            MARGIN + 10,
            f"{len(self._facts.pages)} pages, {_clock(self._seconds)}",
            18,
            FAINT,
        )
        for number, (page, frame) in enumerate(zip(self._facts.pages, self._frames, strict=True)):
            self._page(number, page, frame)
        self._scale()
        self._loudness(peaks, powers)
        self._page_lines()
        self._ducking()
        self._legend()
        return self._image

    def _page(self, number: int, page: PageTimes, frame: Image.Image) -> None:
        left = MARGIN + number % self._columns * (self._cell + MARGIN)
        top = self._top + number // self._columns * (self._picture + LABEL)
        self._image.paste(
            frame.resize((self._cell, self._picture), Image.Resampling.LANCZOS), (left, top)
        )
        time = _clock(page.start)
        self._words(left, top + self._picture + 6, time, 17, VOICE)
        room = self._cell - self._draw.textlength(time, _font(17)) - 12
        self._words(
            left + self._cell - room,
            top + self._picture + 6,
            _shortened(_name(page), room, 17),
            17,
            INK,
        )

    def _scale(self) -> None:
        """Lines of dBFS, and the seconds below."""
        for decibels in range(0, FLOOR_DB - 1, -12):
            y = self._y(decibels)
            self._draw.line([(AXIS, y), (WIDTH - MARGIN, y)], LINE)
            self._words_right(AXIS - 8, y - 9, str(decibels), 14, FAINT)
        self._words(MARGIN // 2, self._chart_top - 24, "dBFS", 14, FAINT)
        step = next(
            step
            for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
            if self._seconds / step <= 20 or step == 1800
        )
        for second in range(0, int(self._seconds) + 1, step):
            self._draw.line(
                [(self._x(second), self._y(FLOOR_DB)), (self._x(second), self._y(FLOOR_DB) + 5)],
                FAINT,
            )
            self._words_middle(
                self._x(second), self._y(FLOOR_DB) + 8, _clock(second).removesuffix(".0"), 14, FAINT
            )

    def _loudness(self, peaks: Levels, powers: Levels) -> None:
        """A bar for each column: up to the power dark, up to the peak light; where somebody speaks, in another colour."""
        for column, (peak, power) in enumerate(zip(peaks, powers, strict=True)):
            spoken = self._is_spoken(column * self._seconds / len(peaks))
            for level, colour in (
                (peak, VOICE_PEAK if spoken else MUSIC_PEAK),
                (power, VOICE if spoken else MUSIC),
            ):
                if level > FLOOR_DB:
                    self._draw.line(
                        [(AXIS + column, self._y(FLOOR_DB)), (AXIS + column, self._y(level))],
                        colour,
                    )

    def _is_spoken(self, second: float) -> bool:
        return any(
            page.start <= second < page.start + page.narration_seconds for page in self._facts.pages
        )

    def _page_lines(self) -> None:
        for page in self._facts.pages[1:]:
            x = self._x(page.start)
            self._draw.line([(x, self._chart_top - 8), (x, self._y(FLOOR_DB))], INK)

    def _ducking(self) -> None:
        """How far the music is lowered, hung from the line of 0 dB."""
        if self._facts.ducking:
            points = [
                (0.0, self._facts.ducking[0][1]),
                *self._facts.ducking,
                (self._seconds, self._facts.ducking[-1][1]),
            ]
            shown = [
                (self._x(min(max(at, 0.0), self._seconds)), self._y(decibels))
                for at, decibels in points
            ]
            self._draw.line(shown, DUCKED, 3)

    def _legend(self) -> None:
        x, y = AXIS, self._image.height - MARGIN - 14
        entries = [
            (VOICE, "narration, with music under it"),
            (MUSIC, "music alone"),
            (VOICE_PEAK, "peaks"),
            (INK, "a new page"),
        ]
        for colour, words in [
            *entries,
            *([(DUCKED, "how far the music is lowered")] if self._facts.ducking else []),
        ]:
            self._draw.rectangle([x, y + 2, x + 14, y + 14], colour)
            self._words(x + 22, y - 2, words, 15, INK)
            x += 22 + int(self._draw.textlength(words, _font(15))) + 32

    def _x(self, second: float) -> float:
        return AXIS + second / self._seconds * (WIDTH - MARGIN - AXIS)

    def _y(self, decibels: float) -> float:
        return self._chart_top + CHART * max(0.0, min(1.0, decibels / FLOOR_DB))

    def _words(self, left: float, top: float, words: str, size: int, colour: str) -> None:
        self._draw.text((left, top), words, colour, _font(size))

    def _words_right(self, right: float, top: float, words: str, size: int, colour: str) -> None:
        self._words(right - self._draw.textlength(words, _font(size)), top, words, size, colour)

    def _words_middle(self, middle: float, top: float, words: str, size: int, colour: str) -> None:
        self._words(
            middle - self._draw.textlength(words, _font(size)) / 2, top, words, size, colour
        )


def _font(size: int) -> ImageFont.FreeTypeFont:
    return _FACE.at(size)


def _shortened(words: str, room: float, size: int) -> str:
    """As many of the words as there is room for."""
    font = _font(size)
    if font.getlength(words) <= room:
        return words
    while words and font.getlength(f"{words} …") > room:
        words = words.rpartition(" ")[0]
    return f"{words} …" if words else ""


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"

"""A film on one sheet: its pages with their times, above a chart of its sound from start to end.

Everything is read from the finished film and its report. The sheet shows what was made, not what
was planned.
"""

import contextlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from PIL import Image, ImageDraw, ImageFont
from ttf_opensans import OPENSANS_REGULAR

from daemon.delivery import files, report
from daemon.delivery.report import PageTimes
from daemon.errors import UnreadableMedia, UnusableFilm
from daemon.media.boundary import reading
from daemon.media.samples import SAMPLE_RATE, SampleStream, decibels
from daemon.media.sounds import sound_blocks
from daemon.media.typeface import open_typeface

FILM_FORMATS = "mov,mp4,m4a"
"""FFmpeg's name for the demuxer of our films. Some of its others would open further files."""

# All lengths are in pixels.
WIDTH = 1600
MARGIN = 24
HEADER = 2 * MARGIN + 40
LABEL = 46
"""The height of a page's label, with the space below it."""
AXIS = 56
"""The width of the decibels to the left of the chart."""
CHART_WIDTH = WIDTH - AXIS - MARGIN
CHART_HEIGHT = 320
FOOTER = 3 * MARGIN + 24

FLOOR_DB = -60
"""The level at the bottom of the chart, in dBFS; 0 dBFS is at its top."""
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
"""Seconds between two marks of the time axis; the first that gives at most `MOST_MARKS` is used."""
MOST_MARKS = 20

PAPER = "#fbf8f2"
INK = "#3b3648"
FAINT = "#8d8798"
LINE = "#d8d2c8"
VOICE = "#4a6fa5"
VOICE_PEAK = "#b9c9e2"
MUSIC = "#d98a3d"
MUSIC_PEAK = "#f3d6b8"
DUCKED = "#b03a5b"


def draw(film: Path) -> Image.Image:
    """The sheet of a film, an RGB picture.

    Raises UnusableFilm for a file that is not a film or does not decode, and the machine's OSError.
    """
    with reading(_unreadable, FFmpegError, ValueError, OverflowError):
        facts = read_facts(film)
        pictures = page_pictures(film, facts.pages)
        loudness = measure(film)
    return draw_sheet(facts, pictures, loudness)


def _unreadable(error: Exception) -> UnusableFilm:
    what = error.strerror if isinstance(error, FFmpegError) else str(error)
    return UnusableFilm(f"not a film that can be read ({what})")


# ---- reading the facts --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a film.

    `ducking`: how far the music is lowered, as points of (seconds, decibels).
    """

    title: str
    pages: Sequence[PageTimes]
    ducking: Sequence[tuple[float, float]]

    @property
    def seconds(self) -> float:
        """The length of the film."""
        return self.pages[-1].start + self.pages[-1].seconds


def read_facts(film: Path) -> Facts:
    """The facts from the film's report; without a report, from the film's own chapters.

    Raises UnusableFilm when there are neither.
    """
    path = files.report_of(film)
    found = report.read(path) if path else None
    if found and found.pages:
        facts = Facts(found.title, found.pages, found.sound.ducking)
    else:
        facts = facts_of_chapters(film)

    if not facts.pages:
        raise UnusableFilm("not a film with a report or with chapters")
    if not 0 < facts.seconds < math.inf:
        raise UnusableFilm("not a film with a length")
    return facts


def facts_of_chapters(film: Path) -> Facts:
    """The title and the chapters in the film itself; a chapter is a page without a number."""
    with open_film(film) as opened:
        title = opened.metadata.get("title", film.stem)
        chapters: Any = opened.chapters()
    pages = []
    for chapter in chapters:
        start = float(chapter["start"] * chapter["time_base"])
        end = float(chapter["end"] * chapter["time_base"])
        text = str(chapter["metadata"].get("title", ""))
        pages.append(PageTimes(start=start, seconds=end - start, text=text))
    return Facts(title, pages, ducking=())


def open_film(film: Path) -> InputContainer:
    """The film, open for reading. Raises FFmpegError, also for the machine's faults."""
    options = {"format_whitelist": FILM_FORMATS}
    return av.open(film, options=options, metadata_errors="replace")


def page_pictures(film: Path, pages: Sequence[PageTimes]) -> list[Image.Image]:
    """The frame half-way through each page, already in the size in which it is drawn.

    Raises UnusableFilm when the film has no pictures, or none for some page.
    """
    width = cell_width(len(pages))
    pictures = []
    with open_film(film) as opened:
        if not opened.streams.video:
            raise UnusableFilm("not a film: it has no pictures")
        for number, page in enumerate(pages, 1):
            wanted = page.start + page.seconds / 2
            frame = frame_at(opened, wanted)
            if frame is None:
                raise UnusableFilm(f"not a whole film: page {number} of {len(pages)} is missing")
            height = max(1, width * frame.height // frame.width)
            pixels = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            full = Image.fromarray(pixels)
            pictures.append(full.resize((width, height), Image.Resampling.LANCZOS))
    return pictures


def frame_at(opened: InputContainer, seconds: float) -> av.VideoFrame | None:
    """The first frame at this time or after it; None when the film has no such frame."""
    try:
        opened.seek(int(seconds * av.time_base), backward=True)
    except av.error.PermissionError:  # FFmpeg returns -1 (EPERM) for a time that it cannot find
        return None
    for frame in opened.decode(opened.streams.video[0]):
        if (frame.time or 0) >= seconds - 0.001:
            return frame
    return None


# ---- measuring the sound ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loudness:
    """The peak and the mean power (RMS) of each column of the chart, in dBFS."""

    peaks: Sequence[float]
    powers: Sequence[float]


def measure(film: Path) -> Loudness:
    """How loud the film is in each column of the chart.

    Raises UnusableFilm when it has no sound, or its sound does not decode.
    """
    with open_film(film) as opened:
        samples = int((opened.duration or 0) * SAMPLE_RATE // av.time_base)
    edges = [samples * column // CHART_WIDTH for column in range(CHART_WIDTH + 1)]
    peaks = []
    powers = []

    try:
        with (
            film.open("rb") as file,
            contextlib.closing(SampleStream(sound_blocks(file, SAMPLE_RATE))) as stream,
        ):
            for start, end in itertools.pairwise(edges):
                part = stream.read(end - start)
                energy = float(np.square(part, dtype=np.float64).sum())
                peaks.append(decibels(float(np.abs(part).max(initial=0))))
                powers.append(decibels(math.sqrt(energy / max(1, part.size))))
    except UnreadableMedia as error:
        raise UnusableFilm(f"not a film whose sound can be read: {error.what}") from error
    return Loudness(peaks, powers)


# ---- drawing the sheet --------------------------------------------------------------------------


def draw_sheet(facts: Facts, pictures: Sequence[Image.Image], loudness: Loudness) -> Image.Image:
    """The sheet: the title, the pages in rows, the chart and its legend.

    `pictures`: one for each page, `cell_width` wide, all of the same height.
    """
    columns = columns_for(len(pictures))
    row_height = pictures[0].height + LABEL
    rows = math.ceil(len(pictures) / columns)
    chart = Chart(HEADER + rows * row_height + MARGIN, facts.seconds)
    sheet = Image.new("RGB", (WIDTH, chart.bottom + FOOTER), PAPER)
    pen = ImageDraw.Draw(sheet)

    summary = f"{len(facts.pages)} pages, {clock(facts.seconds)}"
    write(pen, (MARGIN, MARGIN), facts.title, 30, INK)
    write(pen, (WIDTH - MARGIN, MARGIN + 10), summary, 18, FAINT, anchor="ra")
    for number, (page, picture) in enumerate(zip(facts.pages, pictures, strict=True)):
        left = MARGIN + number % columns * (picture.width + MARGIN)
        top = HEADER + number // columns * row_height
        sheet.paste(picture, (left, top))
        draw_label(pen, page, left, top + picture.height + 6, picture.width)

    draw_axes(pen, chart)
    draw_loudness(pen, chart, facts.pages, loudness)
    draw_page_changes(pen, chart, facts.pages)
    draw_ducking(pen, chart, facts.ducking)
    draw_legend(pen, sheet.height - MARGIN - 14, has_ducking=bool(facts.ducking))
    return sheet


def columns_for(pages: int) -> int:
    """How many pages are in a row."""
    for columns, most in ((3, 6), (4, 16), (6, 48)):
        if pages <= most:
            return columns
    return 10


def cell_width(pages: int) -> int:
    """How wide the picture of each page is, in pixels."""
    return (WIDTH - MARGIN) // columns_for(pages) - MARGIN


def draw_label(pen: ImageDraw.ImageDraw, page: PageTimes, left: int, top: int, width: int) -> None:
    """Write when a page begins, then its number and as much of its text as fits in the width."""
    begins = clock(page.start)
    write(pen, (left, top), begins, 17, VOICE)

    words = " ".join(page.text.split())
    name = f"{page.page}  {words}" if page.page else words
    used = font(17).getlength(begins) + 12
    write(pen, (left + used, top), shortened(name, width - used, 17), 17, INK)


# ---- drawing the chart --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chart:
    """Where the chart is, and where seconds and decibels are in it."""

    top: int
    seconds: float

    @property
    def bottom(self) -> int:
        """Where `FLOOR_DB` is."""
        return self.top + CHART_HEIGHT

    def x(self, second: float) -> float:
        """Where a second of the film is."""
        return AXIS + second / self.seconds * CHART_WIDTH

    def y(self, level: float) -> float:
        """Where a level in decibels is; levels outside of the chart are at its edge."""
        return self.top + CHART_HEIGHT * max(0.0, min(1.0, level / FLOOR_DB))


def draw_axes(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    """Draw a line every 12 dB, and the times below the chart."""
    write(pen, (MARGIN // 2, chart.top - 24), "dBFS", 14, FAINT)
    for level in range(0, FLOOR_DB - 1, -12):
        y = chart.y(level)
        pen.line([(AXIS, y), (WIDTH - MARGIN, y)], LINE)
        write(pen, (AXIS - 8, y - 9), str(level), 14, FAINT, anchor="ra")

    fitting = [step for step in TIME_STEPS if chart.seconds / step <= MOST_MARKS]
    step = fitting[0] if fitting else TIME_STEPS[-1]
    for second in range(0, int(chart.seconds) + 1, step):
        x = chart.x(second)
        time = clock(second).removesuffix(".0")
        pen.line([(x, chart.bottom), (x, chart.bottom + 5)], FAINT)
        write(pen, (x, chart.bottom + 8), time, 14, FAINT, anchor="ma")


def draw_loudness(
    pen: ImageDraw.ImageDraw, chart: Chart, pages: Sequence[PageTimes], loudness: Loudness
) -> None:
    """Draw a bar for each column: light up to the peak, dark up to the power.

    Narration and music alone have different colours.
    """
    for column, (peak, power) in enumerate(zip(loudness.peaks, loudness.powers, strict=True)):
        if is_narrated(pages, column * chart.seconds / CHART_WIDTH):
            bars = [(peak, VOICE_PEAK), (power, VOICE)]
        else:
            bars = [(peak, MUSIC_PEAK), (power, MUSIC)]
        x = AXIS + column
        for level, colour in bars:
            if level > FLOOR_DB:
                pen.line([(x, chart.bottom), (x, chart.y(level))], colour)


def is_narrated(pages: Sequence[PageTimes], second: float) -> bool:
    """Whether a narration sounds at a second of the film."""
    return any(page.start <= second < page.start + page.narration_seconds for page in pages)


def draw_page_changes(pen: ImageDraw.ImageDraw, chart: Chart, pages: Sequence[PageTimes]) -> None:
    """Draw a vertical line where a new page begins."""
    for page in pages[1:]:
        x = chart.x(page.start)
        pen.line([(x, chart.top - 8), (x, chart.bottom)], INK)


def draw_ducking(
    pen: ImageDraw.ImageDraw, chart: Chart, ducking: Sequence[tuple[float, float]]
) -> None:
    """Draw how far the music is lowered, as a line below 0 dB; it is level before and after."""
    if not ducking:
        return
    points = [(0.0, ducking[0][1]), *ducking, (chart.seconds, ducking[-1][1])]
    line = []
    for second, level in points:
        shown = min(max(second, 0.0), chart.seconds)
        line.append((chart.x(shown), chart.y(level)))
    pen.line(line, DUCKED, 3)


def draw_legend(pen: ImageDraw.ImageDraw, top: int, *, has_ducking: bool) -> None:
    """Draw what the colours mean, in one line."""
    entries = [
        (VOICE, "narration, with music under it"),
        (MUSIC, "music alone"),
        (VOICE_PEAK, "peaks"),
        (INK, "a new page"),
    ]
    if has_ducking:
        entries.append((DUCKED, "how far the music is lowered"))
    x = AXIS
    for colour, words in entries:
        pen.rectangle([x, top + 2, x + 14, top + 14], colour)
        write(pen, (x + 22, top - 2), words, 15, INK)
        x += 22 + int(font(15).getlength(words)) + 32


# ---- words --------------------------------------------------------------------------------------


def write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    words: str,
    size: int,
    colour: str,
    anchor: str = "la",
) -> None:
    """Write one line; `place` is its top left, its top middle ("ma") or its top right ("ra")."""
    pen.text(place, words, colour, font(size), anchor)


def font(size: int) -> ImageFont.FreeTypeFont:
    """Open Sans at a size in pixels; its file is opened for the first sheet of the process."""
    return open_typeface(OPENSANS_REGULAR.path).at(size)


def shortened(words: str, room: float, size: int) -> str:
    """The words that fit into `room` pixels, with an ellipsis where some are left out."""
    letters = font(size)
    if letters.getlength(words) <= room:
        return words
    shown = ""
    for word in words.split(" "):
        longer = f"{shown} {word}" if shown else word
        if letters.getlength(f"{longer} …") > room:
            break
        shown = longer
    return f"{shown} …" if shown else ""


def clock(seconds: float) -> str:
    """Seconds as minutes, seconds and tenths: 75.25 is "1:15.2"."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"

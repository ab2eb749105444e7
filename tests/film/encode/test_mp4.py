"""What a film carries beside pictures and sound, read back from the file by two readers."""

import io
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition
from PIL import Image

from daemon.film.encode import Particulars
from daemon.film.encode.verify import verify_film
from daemon.film.plan import captions, chapters
from daemon.film.plan.captions import Caption
from daemon.film.plan.chapters import Chapter
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.samples import SAMPLE_RATE
from daemon.story.model import Story
from tests.helpers.films import by_moviepy, filmed
from tests.helpers.stories import COLOURS, checked_story, cover, particulars

WRITERS: dict[str, Callable[..., Path]] = {"still-stream": filmed, "moviepy": by_moviepy}
TITLE, AUTHOR, COMMENT = (
    "Der Fuchs & das „Licht“ 🦊",
    "Žofie Nováková",
    "Made for 子供たち;\nwith = and # and \\",
)
WORDS = (
    "Once upon a time there was a fox who lived beside the sea, in a house that was rather too small for a fox.",
    "Ægir <b>sagði</b> „nei“ & fór — 狐は海辺に住んでいた 🦊",
    "-->",
)


def told(folder: Path, **film: Any) -> tuple[Story, Timeline, Particulars]:
    """A story with words of many kinds, its plan, and all that its film is to carry."""
    story = checked_story(folder, [0.7, 0.9, 0.5], **film)
    pages = [
        replace(page, text=text, title=f"Kapitel {page.number} – „Ж“")
        for page, text in zip(story.pages, WORDS, strict=True)
    ]
    story = replace(
        story, pages=tuple(pages), title=TITLE, author=AUTHOR, comment=COMMENT, language="de"
    )
    timeline = plan_timeline(story)
    words, parts = captions.plan_captions(story, timeline), chapters.plan_chapters(story, timeline)
    return story, timeline, Particulars(TITLE, AUTHOR, COMMENT, "de", words, parts)


Times = list[tuple[Fraction, Fraction, str]]
"""From when, until when (in seconds), and what."""


@dataclass(frozen=True)
class Read:
    """What PyAV finds in a film."""

    kinds: list[str]
    names: dict[str, str]
    languages: list[str | None]
    captions: Times
    chapters: Times
    covers: list[bytes]


def read(film: Path) -> Read:
    with av.open(film) as opened:
        kinds = [str(stream.type) for stream in opened.streams]
        languages = [stream.metadata.get("language") for stream in opened.streams]
        covers = [
            stream
            for stream in opened.streams.video
            if stream.disposition & Disposition.attached_pic
        ]
        packets = [packet for packet in opened.demux() if packet.size]
        return Read(
            kinds,
            dict(opened.metadata),
            languages,
            [
                timed_text(packet)
                for packet in packets
                if packet.stream.type == "subtitle" and packet.size > 2
            ],
            [titled(chapter) for chapter in opened.chapters()],
            [bytes(packet) for packet in packets if packet.stream in covers],
        )


def timed_text(packet: Any) -> tuple[Fraction, Fraction, str]:
    """A caption as 3GPP has it: two bytes of length, and the words."""
    data = bytes(packet)
    (length,) = struct.unpack(">H", data[:2])
    return (
        packet.pts * packet.time_base,
        (packet.pts + packet.duration) * packet.time_base,
        data[2 : 2 + length].decode(),
    )


def titled(chapter: Any) -> tuple[Fraction, Fraction, str]:
    base = chapter["time_base"]
    return chapter["start"] * base, chapter["end"] * base, chapter["metadata"]["title"]


def probed(film: Path, *what: str) -> dict[str, Any]:
    """What the program ffprobe finds in a film."""
    command = ["ffprobe", "-v", "error", "-of", "json", *what, str(film)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    )
    return found


@pytest.fixture(scope="module", params=WRITERS)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Timeline, Particulars, Path]:
    """A film at the rate of television with all that there can be, by either writer."""
    folder = tmp_path_factory.mktemp("movie")
    story, timeline, words = told(folder / "story", fps=29.97)
    film = WRITERS[request.param](story, timeline, folder / "film.mp4", words=words)
    return timeline, words, film


def test_captions_are_a_track_of_their_own_with_their_words_and_times(
    made: tuple[Timeline, Particulars, Path],
) -> None:
    _, words, film = made
    expected = [
        (Fraction(shown.start, SAMPLE_RATE), Fraction(shown.end, SAMPLE_RATE), shown.text)
        for shown in words.captions
    ]
    assert len(expected) >= 4
    assert in_milliseconds(read(film).captions) == in_milliseconds(expected)


def in_milliseconds(times: Times) -> list[tuple[int, int, str]]:
    return [(round(start * 1000), round(end * 1000), text) for start, end, text in times]


def test_chapters_have_their_titles_and_begin_with_their_pages(
    made: tuple[Timeline, Particulars, Path],
) -> None:
    """29.97 frames a second: page 2 begins after 0.8 s, which is frame 24, page 3 after 1.8 s, frame 54."""
    timeline, _, film = made
    frame = Fraction(1001, 30_000)
    edges = [0 * frame, 24 * frame, 54 * frame, timeline.frames * frame]
    titles = [f"Kapitel {number} – „Ж“" for number in (1, 2, 3)]
    expected = list(zip(edges, edges[1:], titles, strict=False))
    assert in_milliseconds(read(film).chapters) == in_milliseconds(expected)


def test_the_cover_is_the_jpeg_that_was_given(made: tuple[Timeline, Particulars, Path]) -> None:
    _, _, film = made
    assert read(film).covers == [cover()]
    with Image.open(io.BytesIO(read(film).covers[0])) as picture:
        assert (picture.format, picture.size) == ("JPEG", (16, 9))
        assert all(
            abs(have - want) < 8
            for have, want in zip(picture.getpixel((8, 4)), COLOURS[1], strict=True)
        )


def test_the_film_says_what_it_is_called_by_whom_and_in_which_language(
    made: tuple[Timeline, Particulars, Path],
) -> None:
    _, _, film = made
    found = read(film)
    assert [found.names.get(name) for name in ("title", "artist", "comment")] == [
        TITLE,
        AUTHOR,
        COMMENT,
    ]
    assert found.kinds == [
        "video",
        "audio",
        "subtitle",
        "data",
        "video",
    ]  # the data are the chapters, as QuickTime has them
    assert found.languages[:3] == ["deu"] * 3


def test_the_rate_of_television_is_the_exact_fraction(
    made: tuple[Timeline, Particulars, Path],
) -> None:
    timeline, _, film = made
    with av.open(film) as opened:
        stream = opened.streams.video[0]
        assert stream.average_rate == stream.guessed_rate == Fraction(30_000, 1001)
        times = [
            (packet.pts or 0) * packet.time_base for packet in opened.demux(stream) if packet.size
        ]
    assert sorted(times) == [number * Fraction(1001, 30_000) for number in range(timeline.frames)]
    assert verify_film(film, timeline).frames == timeline.frames == 72


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs the program ffprobe")
def test_ffprobe_reads_the_same(made: tuple[Timeline, Particulars, Path]) -> None:
    _, words, film = made
    found = probed(film, "-show_streams", "-show_format", "-show_chapters")
    streams = [stream for stream in found["streams"] if stream["codec_type"] != "data"]
    assert [stream["codec_name"] for stream in streams] == ["h264", "aac", "mov_text", "mjpeg"]
    video, audio, subtitle, picture = streams
    assert (video["r_frame_rate"], video["avg_frame_rate"]) == ("30000/1001", "30000/1001")
    assert [stream["disposition"]["attached_pic"] for stream in streams] == [0, 0, 0, 1]
    assert (picture["width"], picture["height"]) == (16, 9)
    assert [stream["tags"]["language"] for stream in (video, audio, subtitle)] == ["deu"] * 3
    assert {name: found["format"]["tags"].get(name) for name in ("title", "artist", "comment")} == {
        "title": TITLE,
        "artist": AUTHOR,
        "comment": COMMENT,
    }
    assert [chapter["tags"]["title"] for chapter in found["chapters"]] == [
        chapter.title for chapter in words.chapters
    ]
    assert [float(chapter["start_time"]) for chapter in found["chapters"]] == pytest.approx(
        [0, 24 * 1.001 / 30, 54 * 1.001 / 30], abs=5e-4
    )


def blocks(subrip: str) -> list[tuple[list[int], str]]:
    """The captions of an .srt file: from and until when, in milliseconds, and the words without marks of a font."""
    found = []
    for block in subrip.strip().split("\n\n"):
        _, times, text = block.split("\n", 2)
        clock = [int(digits) for digits in re.findall(r"\d+", times)]
        milliseconds = [
            ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
            for hours, minutes, seconds, rest in (clock[:4], clock[4:])
        ]
        found.append((milliseconds, re.sub(r"</?font[^>]*>", "", text)))
    return found


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs the program ffmpeg")
def test_the_captions_that_a_player_finds_are_those_of_the_file_beside_the_film(
    made: tuple[Timeline, Particulars, Path],
) -> None:
    """But for an arrow, which an .srt file cannot hold; and FFmpeg rounds up where we round down."""
    _, words, film = made
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-map", "0:s:0", "-f", "srt", "-"]
    shown = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    found, beside = blocks(shown), blocks(captions.subrip(words.captions))
    assert [text.replace("-->", "→").replace("\r", "") for _, text in found] == [
        text for _, text in beside
    ]
    for (times, _), (own, _) in zip(found, beside, strict=True):
        assert times == pytest.approx(own, abs=1)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_film_without_words_has_neither_captions_nor_names(writer: str, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.2])
    found = read(WRITERS[writer](story, plan_timeline(story), tmp_path / "film.mp4"))
    assert found.kinds == ["video", "audio", "video"]
    assert found.captions == found.chapters == []
    assert not {"title", "artist", "comment"} & found.names.keys()
    assert len(found.covers) == 1


@pytest.mark.parametrize(
    ("tag", "letters"),
    [
        ("de", "deu"),
        ("DE-at", "deu"),
        ("pt-BR", "por"),
        ("fr", "fra"),
        ("zh-Hant", "zho"),
        ("ja", "jpn"),
        ("nds", "nds"),
        ("cs", "ces"),
        ("eng", "eng"),
        ("", "und"),
        ("nonsense", "und"),
        ("!", "und"),
        ("de_DE.UTF-8", "und"),
        ("x-klingon", "und"),
        ("zz", "und"),
        ("42", "und"),
    ],
)
def test_a_language_is_three_letters(tag: str, letters: str, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.1])
    timeline = plan_timeline(story)
    words = particulars(language=tag, captions=[Caption(0, 4800, ("Words.",))])
    found = read(filmed(story, timeline, tmp_path / "film.mp4", words=words)).languages[:3]
    assert found == [letters] * 3


@pytest.mark.parametrize("writer", WRITERS)
def test_two_runs_make_the_same_file_to_the_last_byte(writer: str, tmp_path: Path) -> None:
    story, timeline, words = told(tmp_path / "story", transition="crossfade")
    films = [
        WRITERS[writer](story, timeline, tmp_path / name, words=words).read_bytes()
        for name in ("one.mp4", "two.mp4")
    ]
    assert films[0] == films[1]
    assert b"Lavf" not in films[0]


def test_long_captions_and_titles_come_through_whole(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.5])
    timeline = plan_timeline(story)
    words = [
        Caption(number * 480, number * 480 + 480, ("語" * 42, "🦊" * 42)) for number in range(50)
    ]
    parts = [Chapter("Ж" * 60 + str(number), number, number + 1) for number in range(12)]
    found = read(
        filmed(
            story,
            timeline,
            tmp_path / "film.mp4",
            words=particulars(captions=words, chapters=parts),
        )
    )
    assert [text for _, _, text in found.captions] == [shown.text for shown in words]
    assert [title for _, _, title in found.chapters] == [part.title for part in parts]

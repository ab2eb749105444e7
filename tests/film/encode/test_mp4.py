"""What a film carries next to pictures and sound, read back from the file by two readers."""

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
from typing import Any, NamedTuple

import av
import pytest
from PIL import Image

from daemon.film.encode import Particulars
from daemon.film.encode.verify import verify_film
from daemon.film.plan import captions
from daemon.film.plan.captions import Caption
from daemon.film.plan.chapters import Chapter
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.samples import SAMPLE_RATE
from daemon.story.model import Story
from tests.helpers.films import by_moviepy, covers, filmed, frame_times, particulars, particulars_of
from tests.helpers.pictures import COLOURS, cover
from tests.helpers.stories import checked_story

WRITERS: dict[str, Callable[..., Path]] = {"still-stream": filmed, "moviepy": by_moviepy}
TITLE = "Der Fuchs & das „Licht“ 🦊"
AUTHOR = "Žofie Nováková"
COMMENT = "Made for 子供たち;\nwith = and # and \\"
WORDS = (
    (
        "Once upon a time there was a fox who lived beside the sea, "
        "in a house that was rather too small for a fox."
    ),
    "Ægir <b>sagði</b> „nei“ & fór — 狐は海辺に住んでいた 🦊",
    "-->",
)


def wordy(folder: Path, **film: Any) -> tuple[Story, Timeline, Particulars]:
    """A story with words in many scripts, its plan, and everything that its film must carry."""
    story = checked_story(folder, [0.7, 0.9, 0.5], **film)
    pages = [
        replace(page, text=text, title=f"Kapitel {page.number} – „Ж“")
        for page, text in zip(story.pages, WORDS, strict=True)
    ]
    story = replace(
        story, pages=tuple(pages), title=TITLE, author=AUTHOR, comment=COMMENT, language="de"
    )
    timeline = plan_timeline(story)
    words = particulars_of(
        story, timeline, title=TITLE, author=AUTHOR, comment=COMMENT, language="de"
    )
    return story, timeline, words


Times = list[tuple[Fraction, Fraction, str]]
"""Start and end in seconds, and the text."""


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
        streams = opened.streams
        packets = [packet for packet in opened.demux() if packet.size]
        texts = [
            packet for packet in packets if packet.stream.type == "subtitle" and packet.size > 2
        ]
        return Read(
            kinds=[str(stream.type) for stream in streams],
            names=dict(opened.metadata),
            languages=[stream.metadata.get("language") for stream in streams],
            captions=[timed_text(packet) for packet in texts],
            chapters=[titled(chapter) for chapter in opened.chapters()],
            covers=covers(film),
        )


def timed_text(packet: Any) -> tuple[Fraction, Fraction, str]:
    """A caption in 3GPP's form: two bytes of length, and the words."""
    data = bytes(packet)
    [length] = struct.unpack(">H", data[:2])
    start = packet.pts * packet.time_base
    end = (packet.pts + packet.duration) * packet.time_base
    return start, end, data[2 : 2 + length].decode()


def titled(chapter: Any) -> tuple[Fraction, Fraction, str]:
    base = chapter["time_base"]
    return chapter["start"] * base, chapter["end"] * base, chapter["metadata"]["title"]


def probed(film: Path, *what: str) -> dict[str, Any]:
    """What the program ffprobe finds in a film."""
    command = ["ffprobe", "-v", "error", "-of", "json", *what, str(film)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def in_milliseconds(times: Times) -> list[tuple[int, int, str]]:
    return [(round(start * 1000), round(end * 1000), text) for start, end, text in times]


class Made(NamedTuple):
    """A film, its plan, and what it must carry."""

    timeline: Timeline
    words: Particulars
    film: Path


@pytest.fixture(scope="module", params=WRITERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A film at an NTSC rate with everything that a film can carry, by either writer."""
    folder = tmp_path_factory.mktemp("movie")
    story, timeline, words = wordy(folder / "story", fps=29.97)
    film = WRITERS[request.param](story, timeline, folder / "film.mp4", words=words)
    return Made(timeline, words, film)


def test_captions_are_a_track_of_their_own_with_their_words_and_times(made: Made) -> None:
    _, words, film = made
    expected = [
        (Fraction(shown.start, SAMPLE_RATE), Fraction(shown.end, SAMPLE_RATE), shown.text)
        for shown in words.captions
    ]
    assert len(expected) >= 4
    assert in_milliseconds(read(film).captions) == in_milliseconds(expected)


def test_chapters_have_their_titles_and_begin_with_their_pages(made: Made) -> None:
    """At 29.97 frames a second.

    Page 2 begins after 0.8 s, which is frame 24, page 3 after 1.8 s, which is frame 54.
    """
    timeline, _, film = made
    frame = Fraction(1001, 30_000)
    edges = [0 * frame, 24 * frame, 54 * frame, timeline.frames * frame]
    titles = [f"Kapitel {number} – „Ж“" for number in (1, 2, 3)]
    expected = list(zip(edges, edges[1:], titles, strict=False))
    assert in_milliseconds(read(film).chapters) == in_milliseconds(expected)


def test_the_cover_is_the_jpeg_that_was_given(made: Made) -> None:
    found = read(made.film).covers
    assert found == [cover()]
    with Image.open(io.BytesIO(found[0])) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (16, 9)
        middle = picture.getpixel((8, 4))
    for have, want in zip(middle, COLOURS[1], strict=True):
        assert abs(have - want) < 8


def test_the_film_has_its_title_author_comment_and_language(made: Made) -> None:
    found = read(made.film)
    assert found.names.get("title") == TITLE
    assert found.names.get("artist") == AUTHOR
    assert found.names.get("comment") == COMMENT
    # data: QuickTime's chapters
    assert found.kinds == ["video", "audio", "subtitle", "data", "video"]
    assert found.languages[:3] == ["deu"] * 3


def test_an_ntsc_rate_is_the_exact_fraction(made: Made) -> None:
    timeline, _, film = made
    with av.open(film) as opened:
        stream = opened.streams.video[0]
        assert stream.average_rate == stream.guessed_rate == Fraction(30_000, 1001)
    expected = [number * Fraction(1001, 30_000) for number in range(timeline.frames)]
    assert sorted(frame_times(film)) == expected
    assert verify_film(film, timeline).frames == timeline.frames == 72


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs the program ffprobe")
def test_ffprobe_reads_the_same(made: Made) -> None:
    _, words, film = made
    found = probed(film, "-show_streams", "-show_format", "-show_chapters")
    streams = [stream for stream in found["streams"] if stream["codec_type"] != "data"]
    assert [stream["codec_name"] for stream in streams] == ["h264", "aac", "mov_text", "mjpeg"]
    video, audio, subtitle, picture = streams
    assert video["r_frame_rate"] == "30000/1001"
    assert video["avg_frame_rate"] == "30000/1001"
    assert [stream["disposition"]["attached_pic"] for stream in streams] == [0, 0, 0, 1]
    assert (picture["width"], picture["height"]) == (16, 9)
    assert [stream["tags"]["language"] for stream in (video, audio, subtitle)] == ["deu"] * 3
    tags = found["format"]["tags"]
    assert tags.get("title") == TITLE
    assert tags.get("artist") == AUTHOR
    assert tags.get("comment") == COMMENT
    titles = [chapter["tags"]["title"] for chapter in found["chapters"]]
    assert titles == [chapter.title for chapter in words.chapters]
    starts = [float(chapter["start_time"]) for chapter in found["chapters"]]
    assert starts == pytest.approx([0, 24 * 1.001 / 30, 54 * 1.001 / 30], abs=5e-4)


def blocks(subrip: str) -> list[tuple[list[int], str]]:
    """The captions of an .srt file.

    Each is its start and end in milliseconds, and the words without font tags.
    """
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
def test_the_captions_in_the_film_are_those_of_the_srt_file(made: Made) -> None:
    """Except for arrows and tags, which an .srt file cannot hold; FFmpeg rounds up, we down."""
    _, words, film = made
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-map", "0:s:0", "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    found = blocks(done.stdout.decode())
    ours = blocks(captions.subrip(words.captions))
    texts = [text.replace("-->", "→").replace("\r", "") for _, text in found]
    assert texts == [text.replace(captions.WORD_JOINER, "") for _, text in ours]
    for (times, _), (own, _) in zip(found, ours, strict=True):
        assert times == pytest.approx(own, abs=1)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_film_without_words_has_no_captions_and_no_names(writer: str, tmp_path: Path) -> None:
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
def test_a_language_becomes_three_letters(tag: str, letters: str, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.1])
    timeline = plan_timeline(story)
    words = particulars(language=tag, captions=[Caption(0, 4800, ("Words.",))])
    found = read(filmed(story, timeline, tmp_path / "film.mp4", words=words)).languages[:3]
    assert found == [letters] * 3


@pytest.mark.parametrize("writer", WRITERS)
def test_two_runs_write_the_same_bytes(writer: str, tmp_path: Path) -> None:
    story, timeline, words = wordy(tmp_path / "story", transition="crossfade")
    films = [
        WRITERS[writer](story, timeline, tmp_path / name, words=words).read_bytes()
        for name in ("one.mp4", "two.mp4")
    ]
    assert films[0] == films[1]
    assert b"Lavf" not in films[0]


def test_long_captions_and_titles_are_not_cut_off(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.5])
    timeline = plan_timeline(story)
    words = [
        Caption(number * 480, number * 480 + 480, ("語" * 42, "🦊" * 42)) for number in range(50)
    ]
    parts = [Chapter("Ж" * 60 + str(number), number, number + 1) for number in range(12)]
    carried = particulars(captions=words, chapters=parts)
    found = read(filmed(story, timeline, tmp_path / "film.mp4", words=carried))
    assert [text for _, _, text in found.captions] == [shown.text for shown in words]
    assert [title for _, _, title in found.chapters] == [part.title for part in parts]

"""No writer is trusted: `verify_film` says in which way a film is not as planned."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition, Stream

from daemon.errors import FilmError
from daemon.film.encode.verify import FilmFacts, verify_film
from daemon.film.plan.timeline import Timeline, plan_timeline
from tests.helpers.films import by_moviepy, mixed, particulars_of, untouched
from tests.helpers.pictures import SIZE, noisy, save
from tests.helpers.stories import checked_story


@dataclass(frozen=True)
class Sample:
    """A good film with a cover, its plan, and its video packets in the file: (position, size)."""

    data: bytes
    timeline: Timeline
    packets: tuple[tuple[int, int], ...]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Three pages of noise, which no decoder can guess, of half a second."""
    folder = tmp_path_factory.mktemp("film")
    film = folder / "film.mp4"
    story = checked_story(folder / "story", [0.4, 0.4, 0.4])
    for page in story.pages:
        save(noisy(page.number), page.image)
    timeline = plan_timeline(story)
    by_moviepy(story, timeline, film, mixed(story, timeline, untouched(story)))
    with av.open(film) as opened:
        packets = tuple(
            (packet.pos or 0, packet.size) for packet in opened.demux(video=0) if packet.size
        )
    return Sample(film.read_bytes(), timeline, packets)


def verdict(data: bytes, timeline: Timeline, tmp_path: Path) -> str:
    """Why this film is refused."""
    (tmp_path / "film.mp4").write_bytes(data)
    with pytest.raises(FilmError) as caught:
        verify_film(tmp_path / "film.mp4", timeline)
    return str(caught.value)


def remuxed(
    data: bytes,
    tmp_path: Path,
    *,
    audio: bool = True,
    cover: bool = True,
    faststart: bool = True,
    slower: int = 1,
) -> bytes:
    """The same packets in another file; the times of the pictures are multiplied by `slower`."""
    (tmp_path / "source.mp4").write_bytes(data)
    options = {"movflags": "+faststart"} if faststart else {}
    wanted = {"video", "audio"} if audio else {"video"}
    with (
        av.open(tmp_path / "source.mp4") as source,
        av.open(tmp_path / "target.mp4", "w", options=options) as target,
    ):
        streams = [
            stream
            for stream in source.streams
            if stream.type in wanted and (cover or not is_cover(stream))
        ]
        made = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        for stream in filter(is_cover, streams):
            made[stream.index].disposition = Disposition.attached_pic
        for packet in source.demux(streams):
            if packet.size:
                if packet.stream.index == 0 and packet.pts is not None and packet.dts is not None:
                    packet.pts *= slower
                    packet.dts *= slower
                packet.stream = made[packet.stream.index]
                target.mux(packet)
    return (tmp_path / "target.mp4").read_bytes()


def is_cover(stream: Stream) -> bool:
    return stream.disposition == Disposition.attached_pic


# ---- good films ----------------------------------------------------------------------------------


def test_a_good_film_s_facts_are_returned(good: Sample, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(good.data)
    assert verify_film(tmp_path / "film.mp4", good.timeline) == FilmFacts(
        1.5, 36, 24, *SIZE, len(good.data)
    )


def test_a_film_with_a_cover_and_one_without_are_both_accepted(
    good: Sample, tmp_path: Path
) -> None:
    for cover in (True, False):
        data = remuxed(good.data, tmp_path, cover=cover)
        (tmp_path / "film.mp4").write_bytes(data)
        with av.open(tmp_path / "film.mp4") as film:
            assert [is_cover(stream) for stream in film.streams.video] == [False, True][: 1 + cover]
        assert verify_film(tmp_path / "film.mp4", good.timeline).frames == 36


def test_a_film_with_captions_and_chapters_is_accepted(good: Sample, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.4, 0.4, 0.4])
    timeline = plan_timeline(story)
    assert timeline == good.timeline
    sound = mixed(story, timeline, untouched(story))
    words = particulars_of(story, timeline, title="A test", language="en")
    by_moviepy(story, timeline, tmp_path / "film.mp4", sound, words)
    with av.open(tmp_path / "film.mp4") as film:
        found = sorted(stream.type for stream in film.streams)
    # data: QuickTime's chapters
    assert found == ["audio", "data", "subtitle", "video", "video"]
    assert verify_film(tmp_path / "film.mp4", timeline).frames == 36


def test_the_same_film_muxed_again_is_accepted(good: Sample, tmp_path: Path) -> None:
    """So what is refused below is the change, and not the muxing."""
    (tmp_path / "film.mp4").write_bytes(remuxed(good.data, tmp_path))
    assert verify_film(tmp_path / "film.mp4", good.timeline).frames == good.timeline.frames


# ---- files that are not whole films --------------------------------------------------------------


@pytest.mark.parametrize("part", [0.0, 0.001, 0.01, 0.3, 0.5, 0.9, 0.99])
def test_a_truncated_film_is_refused(part: float, good: Sample, tmp_path: Path) -> None:
    assert verdict(good.data[: int(part * len(good.data))], good.timeline, tmp_path)


def test_a_film_that_lacks_its_last_byte_is_refused(good: Sample, tmp_path: Path) -> None:
    assert verdict(good.data[:-1], good.timeline, tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\0" * 100_000,
        b"text" * 1000,
        b"\0\0\0\x08moov",
        b"\0\0\0\x10moov\0\0\0\x08mvhd",
    ],
)
def test_a_file_that_is_not_a_film_is_refused(data: bytes, good: Sample, tmp_path: Path) -> None:
    """N6: a file that does not open was called a bug of the program, and not tried again."""
    assert verdict(data, good.timeline, tmp_path)


def test_a_film_with_its_index_at_the_end_is_refused(good: Sample, tmp_path: Path) -> None:
    data = remuxed(good.data, tmp_path, faststart=False)
    assert "no index at its front" in verdict(data, good.timeline, tmp_path)


# ---- films that differ from the plan -------------------------------------------------------------


def another_size(timeline: Timeline) -> Timeline:
    return replace(timeline, size=(160, 92))


def two_pages(timeline: Timeline) -> Timeline:
    return replace(timeline, pages=timeline.pages[:2])


def a_longer_last_page(timeline: Timeline) -> Timeline:
    first, second, third = timeline.pages
    return replace(timeline, pages=(first, second, replace(third, frames=13)))


def twice_the_rate(timeline: Timeline) -> Timeline:
    return replace(timeline, fps=Fraction(48))


def half_the_rate(timeline: Timeline) -> Timeline:
    return replace(timeline, fps=Fraction(12))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (another_size, "size (160, 90) instead of (160, 92)"),
        (two_pages, "36 frames instead of 24"),
        (a_longer_last_page, "36 frames instead of 37"),
        (twice_the_rate, "1.500 s of sound instead of 0.750 s"),
        (half_the_rate, "1.500 s of sound instead of 3.000 s"),
    ],
)
def test_a_film_of_another_plan_is_refused(
    change: Callable[[Timeline], Timeline], words: str, good: Sample, tmp_path: Path
) -> None:
    assert words in verdict(good.data, change(good.timeline), tmp_path)


def test_all_differences_are_reported_at_once(good: Sample, tmp_path: Path) -> None:
    other = replace(good.timeline, size=(320, 180), pages=good.timeline.pages[:1])
    words = verdict(good.data, other, tmp_path)
    assert "size" in words
    assert "36 frames instead of 12" in words
    assert "1.500 s of sound instead of 0.500 s" in words


def test_a_film_without_sound_is_refused(good: Sample, tmp_path: Path) -> None:
    data = remuxed(good.data, tmp_path, audio=False)
    assert "1 video and 0 audio streams" in verdict(data, good.timeline, tmp_path)


def test_a_film_that_runs_at_half_its_speed_is_refused(good: Sample, tmp_path: Path) -> None:
    """It has all frames, and sound of the right length, but the pictures come too late."""
    data = remuxed(good.data, tmp_path, slower=2)
    assert "page 1: 6 of 12 frames" in verdict(data, good.timeline, tmp_path)


def test_another_codec_is_refused(good: Sample, tmp_path: Path) -> None:
    with av.open(tmp_path / "other.mp4", "w", options={"movflags": "+faststart"}) as film:
        video = film.add_stream("mpeg4", rate=24)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        audio = film.add_stream("aac", rate=48_000)
        for number in range(good.timeline.frames):
            frame = av.VideoFrame(*SIZE, "yuv420p")
            frame.pts = number
            frame.time_base = Fraction(1, 24)
            film.mux(video.encode(frame))
        for start in range(0, good.timeline.samples, 1024):
            silent = np.zeros((2, 1024), np.float32)
            sound = av.AudioFrame.from_ndarray(silent, format="fltp", layout="stereo")
            sound.rate = 48_000
            sound.pts = start
            film.mux(audio.encode(sound))
        film.mux([*video.encode(None), *audio.encode(None)])
    words = verdict((tmp_path / "other.mp4").read_bytes(), good.timeline, tmp_path)
    assert "codecs ('mpeg4', 'aac') instead of ('h264', 'aac')" in words


# ---- films whose pictures are damaged ------------------------------------------------------------


def with_garbage(good: Sample, packet: int, skip: int, garbage: Callable[[int], bytes]) -> bytes:
    """The film with a packet's contents replaced from its byte `skip` on."""
    data = bytearray(good.data)
    position, size = good.packets[packet]
    data[position + skip : position + size] = garbage(size - skip)
    return bytes(data)


@pytest.mark.parametrize("page", [0, 2], ids=["first", "last"])
@pytest.mark.parametrize("garbage", [np.random.default_rng(1).bytes, bytes], ids=["noise", "zeros"])
def test_garbage_in_place_of_a_page_s_picture_is_refused(
    page: int, garbage: Callable[[int], bytes], good: Sample, tmp_path: Path
) -> None:
    packet = good.timeline.pages[page].first
    assert "decode" in verdict(with_garbage(good, packet, 0, garbage), good.timeline, tmp_path)


@pytest.mark.parametrize("page", [0, 2], ids=["first", "last"])
@pytest.mark.parametrize("garbage", [np.random.default_rng(1).bytes, bytes], ids=["noise", "zeros"])
def test_garbage_in_the_middle_of_a_page_s_picture_is_refused(
    page: int, garbage: Callable[[int], bytes], good: Sample, tmp_path: Path
) -> None:
    packet = good.timeline.pages[page].first
    half = good.packets[packet][1] // 2
    assert "decode" in verdict(with_garbage(good, packet, half, garbage), good.timeline, tmp_path)

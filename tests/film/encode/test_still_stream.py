"""The default writer against the reference, against the plan, and against more than one decoder."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moviepy import ImageClip, VideoClip
from PIL import Image

from daemon.errors import FilmError
from daemon.film.encode import Material, Particulars, aac, still_stream
from daemon.film.encode.h264 import Coding
from daemon.film.encode.verify import verify_film
from daemon.film.plan.captions import burned, plan_captions
from daemon.film.plan.chapters import plan_chapters
from daemon.film.plan.timeline import Span, Timeline, plan_timeline
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.options import frame_rate
from daemon.story.model import Story
from tests.helpers import films
from tests.helpers.films import filmed
from tests.helpers.stories import checked_story, cover, mixed, particulars, sine, untouched, wav

SIZE = (160, 96)
CODING = Coding(SIZE, Fraction(24), 20, 240)
UNDER = 0.1
"""The music's level: 20 dB below what it was recorded at."""


def written(folder: Path, story: Story, timeline: Timeline) -> Path:
    """The film of a story, by the default writer."""
    target = folder / "stills.mp4"
    sound = mixed(story, timeline, untouched(story, UNDER))
    return filmed(story, timeline, target, sound, 20, particulars_of(story, timeline))


def by_moviepy(folder: Path, story: Story, timeline: Timeline) -> Path:
    """The same film, by the reference writer."""
    sound = mixed(story, timeline, untouched(story, UNDER))
    target = folder / "moviepy.mp4"
    return films.by_moviepy(story, timeline, target, sound, particulars_of(story, timeline))


def particulars_of(story: Story, timeline: Timeline) -> Particulars:
    return particulars(
        captions=plan_captions(story, timeline), chapters=plan_chapters(story, timeline)
    )


def standing_pages(*lengths: int) -> Timeline:
    """The plan of pages that stand for so many frames each, hard cuts between them, without narrations."""
    spans = tuple(
        Span(page, first, frames)
        for page, (first, frames) in enumerate(
            zip(accumulate([0, *lengths]), lengths, strict=False)
        )
    )
    return Timeline(Fraction(24), SIZE, spans, spans, (0,) * (len(spans) - 1), ())


def written_silent(
    clip_of: Callable[[Span], VideoClip],
    timeline: Timeline,
    target: Path,
    progress: Callable[[float], None] = lambda _: None,
) -> Path:
    """A film of these clips without a sound."""
    sound = silence(timeline.samples)
    material = Material(timeline, 10, clip_of, sound, particulars(), cover)
    still_stream.write_film(material, target, progress, CODING.crf)
    return target


def frames(path: Path) -> list[npt.NDArray[np.float64]]:
    """Every frame's brightness, 0 to 255: the luma of BT.709, stretched to the full range."""
    with av.open(path) as film:
        return [(luma(frame) - 16) / 219 * 255 for frame in film.decode(video=0)]


def luma(frame: av.VideoFrame) -> npt.NDArray[np.float64]:
    plane = frame.planes[0]
    return (
        np.frombuffer(bytes(plane), np.uint8)
        .reshape(plane.height, plane.line_size)[:, : plane.width]
        .astype(np.float64)
    )


def heard(path: Path) -> npt.NDArray[np.float64]:
    with av.open(path) as film:
        return np.concatenate(
            [frame.to_ndarray() for frame in film.decode(audio=0)], axis=1
        ).astype(np.float64)


def photograph(path: Path, seed: int) -> None:
    """A picture with texture on several scales, each half as strong as the one above it, as in nature."""
    chance = np.random.default_rng(seed)
    layers = [
        Image.fromarray(chance.integers(0, 256, (6 * 2**k, 10 * 2**k, 3), np.uint8))
        for k in range(3)
    ]
    large = [
        np.asarray(layer.resize(SIZE, Image.Resampling.BICUBIC), dtype=np.float64)
        for layer in layers
    ]
    Image.fromarray(np.average(large, axis=0, weights=[4, 2, 1]).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Timeline, Path, Path]:
    """A story with music and textured pages, its plan, and its film by both writers."""
    folder = tmp_path_factory.mktemp("pair")
    track = Track("tone", wav(folder / "track.wav", sine(1.3, 3000.0)))
    story = checked_story(
        folder / "story", (0.9, 0.4, 1.1, 0.7), track, gap_seconds=0.3, size=f"{SIZE[0]}x{SIZE[1]}"
    )
    for number, page in enumerate(story.pages):
        photograph(page.image, number)
    timeline = plan_timeline(story)
    return story, timeline, written(folder, story, timeline), by_moviepy(folder, story, timeline)


def test_both_writers_make_films_that_are_as_planned(
    pair: tuple[Story, Timeline, Path, Path],
) -> None:
    _, timeline, stills, moviepy = pair
    assert (
        verify_film(stills, timeline).frames
        == verify_film(moviepy, timeline).frames
        == timeline.frames
    )


def test_the_middle_of_each_page_is_its_picture(pair: tuple[Story, Timeline, Path, Path]) -> None:
    """At least 38 dB: both writers against the source's own brightness (BT.709)."""
    story, timeline, *films = pair
    for film in films:
        shown = frames(film)
        for span in timeline.pages:
            with Image.open(story.pages[span.page].image) as picture:
                source = np.asarray(picture, dtype=np.float64) @ (0.2126, 0.7152, 0.0722)
            error = shown[span.first + span.frames // 2] - source
            assert 10 * np.log10(255**2 / np.mean(error**2)) >= 38


def test_both_writers_films_sound_the_same(pair: tuple[Story, Timeline, Path, Path]) -> None:
    """More than 40 dB below it, but for the first frame of sound, whose overlap is left out."""
    _, timeline, stills, moviepy = pair
    inside = slice(2 * aac.FRAME, timeline.samples - 2 * aac.FRAME)
    one, other = heard(stills)[:, inside], heard(moviepy)[:, inside]
    assert 10 * np.log10(np.mean((one - other) ** 2) / np.mean(other**2)) < -40


def test_every_frame_of_a_page_is_the_same_and_pages_change_where_they_should(
    pair: tuple[Story, Timeline, Path, Path],
) -> None:
    _, timeline, stills, _ = pair
    shown = frames(stills)
    for span in timeline.spans:
        stretch = shown[span.first : span.first + span.frames]
        assert all((frame == stretch[0]).all() for frame in stretch)
    for span in timeline.spans[1:]:
        assert (shown[span.first] != shown[span.first - 1]).any()


def test_the_file_is_one_for_players(pair: tuple[Story, Timeline, Path, Path]) -> None:
    _, timeline, stills, _ = pair
    with av.open(stills) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.start_time, audio.start_time) == (0, 0)
        for stream in (video, audio):
            own = [packet for packet in film.demux(stream) if packet.size]
            film.seek(0)
            assert [packet.dts for packet in own] == [packet.pts for packet in own]
            length = sum(packet.duration or 0 for packet in own) * (own[0].time_base or 0)
            assert length == pytest.approx(timeline.seconds, abs=2e-5)
    assert b"Lavf" not in stills.read_bytes()
    assert b"x264" not in stills.read_bytes()


def test_a_second_decoder_shows_the_same(
    pair: tuple[Story, Timeline, Path, Path], tmp_path: Path
) -> None:
    """OpenH264, through GStreamer: frame for frame what FFmpeg shows."""
    if (
        not shutil.which("gst-launch-1.0")
        or subprocess.run(["gst-inspect-1.0", "openh264dec"], capture_output=True).returncode
    ):
        pytest.skip("needs Debian's gstreamer1.0-tools and gstreamer1.0-plugins-{base,good,bad}")
    _, timeline, stills, _ = pair
    road = f"filesrc location={stills} ! qtdemux ! h264parse ! openh264dec ! video/x-raw,format=I420 ! filesink location="
    subprocess.run(
        ["gst-launch-1.0", "-q", *f"{road}{tmp_path}/raw".split()],
        check=True,
        capture_output=True,
        timeout=60,
    )
    raw = np.fromfile(tmp_path / "raw", np.uint8).reshape(-1, SIZE[0] * SIZE[1] * 3 // 2)
    assert len(raw) == timeline.frames
    with av.open(stills) as film:
        for ours, frame in zip(raw, film.decode(video=0), strict=True):
            assert (ours == frame.to_ndarray(format="yuv420p").reshape(-1)).all()


def silence(samples: int) -> Iterator[Samples]:
    yield np.zeros((2, samples), np.float32)


def test_a_clip_that_moves_is_encoded_frame_by_frame_amid_stills(tmp_path: Path) -> None:
    timeline = standing_pages(10, 12, 10)

    def clip_of(span: Span) -> VideoClip:
        if span.page == 1:
            return VideoClip(
                lambda t: np.full((SIZE[1], SIZE[0], 3), round(t * 24) * 15, np.uint8), duration=0.5
            )
        return ImageClip(np.full((SIZE[1], SIZE[0], 3), 100 + span.page, np.uint8))

    written_silent(clip_of, timeline, tmp_path / "film.mp4")
    verify_film(tmp_path / "film.mp4", timeline)
    brightness = [frame.mean() for frame in frames(tmp_path / "film.mp4")]
    assert np.allclose(brightness[10:22], [15 * number for number in range(12)], atol=1.5)
    assert len(set(brightness[:10])) == len(set(brightness[22:])) == 1


@pytest.mark.parametrize("fps", [23.976, 29.97, 59.94, 12.5])
def test_every_frame_has_its_exact_time_at_fractional_rates(fps: float, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", (2.0, 1.0), fps=fps, size="64x64")
    timeline = plan_timeline(story)
    film = written(tmp_path, story, timeline)
    assert verify_film(film, timeline).fps == float(frame_rate(fps))
    with av.open(film) as container:
        assert container.streams.video[0].average_rate == frame_rate(fps)
        times = [
            (packet.pts or 0) * (packet.time_base or 0)
            for packet in container.demux(video=0)
            if packet.size
        ]
    assert times == [number / frame_rate(fps) for number in range(timeline.frames)]


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_both_writers_show_the_same_where_pages_move_give_way_and_bear_words(
    transition: str, tmp_path: Path
) -> None:
    """Frame for frame, 36 dB at least: with B-frames and without, by way of RGB and without."""
    story = checked_story(
        tmp_path / "story",
        (0.9, 0.4, 1.1),
        pages={"motion": "auto"},
        gap_seconds=0.3,
        transition=transition,
        size=f"{SIZE[0]}x{SIZE[1]}",
        keyframe_seconds=1,
    )
    for number, page in enumerate(story.pages):
        photograph(page.image, number)
    timeline = plan_timeline(story)
    timeline = burned(timeline, plan_captions(story, timeline))
    assert (
        {span.into is None for span in timeline.spans}
        == {bool(span.caption) for span in timeline.spans}
        == {True, False}
    )
    stills, moviepy = written(tmp_path, story, timeline), by_moviepy(tmp_path, story, timeline)
    assert (
        verify_film(stills, timeline).frames
        == verify_film(moviepy, timeline).frames
        == timeline.frames
    )
    for one, other in zip(frames(stills), frames(moviepy), strict=True):
        assert 10 * np.log10(255**2 / np.mean((one - other) ** 2)) >= 36


@given(st.lists(st.integers(1, 3), min_size=1))
def test_keyframes_in_a_row_never_have_one_id(spans: list[int]) -> None:
    ids = still_stream.idr_pic_ids(spans)
    assert all(
        one != other for frames, one, other in zip(spans, ids, ids[1:], strict=False) if frames == 1
    )
    assert all(one == 0 for frames, one in zip(spans, ids, strict=True) if frames > 1)


def test_pages_of_one_frame_each_decode_to_their_own_pictures(tmp_path: Path) -> None:
    count = 9
    timeline, target = standing_pages(*[1] * count), tmp_path / "film.mp4"
    written_silent(
        lambda span: ImageClip(np.full((SIZE[1], SIZE[0], 3), 25 * span.page, np.uint8)),
        timeline,
        target,
    )
    assert [round(frame.mean() / 25) for frame in frames(target)] == list(range(count))


@pytest.mark.parametrize("fps", [24, 23.976])
def test_each_narration_begins_with_its_picture_however_long_the_story_is(
    fps: float, tmp_path: Path
) -> None:
    """Five hundred pages, each a change of brightness and a click: they stay within a frame of each other to the end.

    The first page has no click: a decoder fades the first 21 ms of a film in, for there is nothing before them to overlap with.
    """
    pages = 500
    lengths = [0.083 + 0.011 * (number % 7) for number in range(pages)]
    story = checked_story(tmp_path / "story", lengths, gap_seconds=0.0317, size="64x64", fps=fps)
    for number, page in enumerate(story.pages):
        Image.new("RGB", (64, 64), (250, 250, 250) if number % 2 else (5, 5, 5)).save(page.image)
        click = np.zeros(round(lengths[number] * SAMPLE_RATE))
        click[: SAMPLE_RATE // 200] = 0.9 * np.sign(sine(0.005, 2000.0)) if number else 0.0
        assert page.narration
        wav(page.narration.path, click)
    timeline = plan_timeline(story)
    film = written(tmp_path, story, timeline)
    shown, samples = frames(film), np.abs(heard(film)).max(axis=0)
    changes = [0] + [
        number
        for number in range(1, len(shown))
        if abs(shown[number].mean() - shown[number - 1].mean()) > 100
    ]
    loud = np.flatnonzero(samples > 0.3)
    onsets = [loud[0], *loud[1:][np.diff(loud) > SAMPLE_RATE // 50]]
    assert len(changes) == len(onsets) + 1 == pages
    late = [
        onset / SAMPLE_RATE - change / timeline.fps
        for onset, change in zip(onsets, changes[1:], strict=True)
    ]
    assert max(map(abs, late)) < 1 / timeline.fps


def test_only_a_few_pages_are_at_work_at_a_time(tmp_path: Path) -> None:
    pages, made = 40, []
    timeline = standing_pages(*[24] * pages)
    ahead = []

    def clip_of(span: Span) -> VideoClip:
        made.append(span.page)
        return ImageClip(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))

    def progress(done: float) -> None:
        ahead.append(len(made) - round(done * pages))

    written_silent(clip_of, timeline, tmp_path / "film.mp4", progress)
    assert sorted(made) == list(range(pages))
    assert max(ahead) <= 2 * len(os.sched_getaffinity(0)) + 2


@pytest.fixture(scope="module")
def standing(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Timeline, bytes, list[tuple[int, int]]]:
    """A film of one page that stands for a hundred frames, and where its packets lie in the file."""
    target = tmp_path_factory.mktemp("standing") / "film.mp4"
    timeline = standing_pages(100)
    picture = np.random.default_rng(3).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    written_silent(lambda _: ImageClip(picture), timeline, target)
    with av.open(target) as film:
        places = [(packet.pos or 0, packet.size) for packet in film.demux(video=0) if packet.size]
    return timeline, target.read_bytes(), places


@pytest.mark.parametrize("frames", [[5], [40], [60, 76, 92], [99], [36, 52, 68, 84]])
def test_damage_in_any_frame_of_a_standing_picture_is_refused(
    frames: list[int], standing: tuple[Timeline, bytes, list[tuple[int, int]]], tmp_path: Path
) -> None:
    """Also far behind the frames that the check decodes, and where the damage comes again in step with `frame_num`."""
    timeline, whole, places = standing
    data = bytearray(whole)
    for frame in frames:
        position, size = places[frame]
        data[position + 4 : position + size] = b"\xff" * (size - 4)
    (tmp_path / "film.mp4").write_bytes(data)
    with pytest.raises(FilmError, match="decode"):
        verify_film(tmp_path / "film.mp4", timeline)
    (tmp_path / "film.mp4").write_bytes(whole)
    assert verify_film(tmp_path / "film.mp4", timeline).frames == 100

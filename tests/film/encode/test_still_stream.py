"""The default writer, compared with the reference writer, with the plan, and in two decoders."""

import os
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moviepy import ImageClip, VideoClip
from PIL import Image

from daemon.errors import FilmError
from daemon.film.encode import Material, aac, still_stream
from daemon.film.encode.h264 import Coding
from daemon.film.encode.verify import verify_film
from daemon.film.picture.planes import Frame
from daemon.film.plan.captions import burned, plan_captions
from daemon.film.plan.timeline import Span, Timeline, plan_timeline
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE
from daemon.options import Canvas, frame_rate
from daemon.story.model import Story
from tests.helpers import films
from tests.helpers.films import (
    Floats,
    decoded,
    filmed,
    frame_times,
    heard,
    luma,
    mixed,
    particulars,
    particulars_of,
    untouched,
)
from tests.helpers.pictures import cover, flat, likeness, noisy, photographic, save
from tests.helpers.sounds import decibels, rms, silence, sine, wav
from tests.helpers.stories import checked_story

pytestmark = pytest.mark.slow

SIZE = (160, 96)
CODING = Coding(SIZE, Fraction(24), 20, 240)
UNDER = 0.1
"""The music's level: 20 dB below what it was recorded at."""


def written(folder: Path, story: Story, timeline: Timeline) -> Path:
    """The film of a story, by the default writer."""
    target = folder / "stills.mp4"
    sound = mixed(story, timeline, untouched(story, UNDER))
    words = particulars_of(story, timeline)
    return filmed(story, timeline, target, sound, CODING.crf, words)


def by_moviepy(folder: Path, story: Story, timeline: Timeline) -> Path:
    """The same film, by the reference writer."""
    target = folder / "moviepy.mp4"
    sound = mixed(story, timeline, untouched(story, UNDER))
    words = particulars_of(story, timeline)
    return films.by_moviepy(story, timeline, target, sound, words)


def standing_pages(*lengths: int) -> Timeline:
    """The plan of still pages of these lengths in frames, with hard cuts, without narrations."""
    starts = accumulate(lengths[:-1], initial=0)
    spans = tuple(
        Span(page, first, frames)
        for page, (first, frames) in enumerate(zip(starts, lengths, strict=True))
    )
    return Timeline(Fraction(24), SIZE, spans, spans, (0,) * (len(spans) - 1), ())


def written_silent(
    clip_of: Callable[[Span], VideoClip],
    timeline: Timeline,
    target: Path,
    progress: Callable[[float], None] = lambda _: None,
) -> Path:
    """A silent film of these clips."""
    sound = silence(timeline.samples)
    material = Material(timeline, 10, clip_of, sound, particulars(), cover)
    still_stream.write_film(material, target, progress, CODING.crf)
    return target


def grey(level: int, size: Canvas = SIZE) -> Frame:
    return flat((level,) * 3, size)


def frames(film: Path) -> Floats:
    """Every frame's brightness, 0 to 255: the luma of BT.709, stretched to the full range."""
    return (luma(film) - 16) / 219 * 255


# ---- compared with the reference and the plan ----------------------------------------------------


class Pair(NamedTuple):
    """A story, its plan, and its film by both writers."""

    story: Story
    timeline: Timeline
    stills: Path
    moviepy: Path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A story with music and photographic pages."""
    folder = tmp_path_factory.mktemp("pair")
    track = Track("tone", wav(folder / "track.wav", sine(1.3, 3000.0)))
    story = checked_story(
        folder / "story", (0.9, 0.4, 1.1, 0.7), track, gap_seconds=0.3, size=f"{SIZE[0]}x{SIZE[1]}"
    )
    for page in story.pages:
        save(photographic(page.number, SIZE), page.image)
    timeline = plan_timeline(story)
    stills = written(folder, story, timeline)
    return Pair(story, timeline, stills, by_moviepy(folder, story, timeline))


def test_both_writers_make_films_that_are_as_planned(pair: Pair) -> None:
    _, timeline, stills, moviepy = pair
    assert verify_film(stills, timeline).frames == timeline.frames
    assert verify_film(moviepy, timeline).frames == timeline.frames


def test_the_middle_of_each_page_is_its_picture(pair: Pair) -> None:
    """At least 38 dB: both writers against the source's own brightness (BT.709)."""
    for film in (pair.stills, pair.moviepy):
        shown = frames(film)
        for span in pair.timeline.pages:
            with Image.open(pair.story.pages[span.page].image) as picture:
                source = np.asarray(picture, dtype=np.float64) @ (0.2126, 0.7152, 0.0722)
            assert likeness(shown[span.first + span.frames // 2], source) >= 38


def test_both_writers_films_sound_the_same(pair: Pair) -> None:
    """The difference is more than 40 dB below the sound.

    The first frame of sound is left out: it has none before it to overlap with.
    """
    _, timeline, stills, moviepy = pair
    inside = slice(2 * aac.FRAME, timeline.samples - 2 * aac.FRAME)
    one = heard(stills)[:, inside]
    other = heard(moviepy)[:, inside]
    assert decibels(rms(one - other) / rms(other)) < -40


def test_every_frame_of_a_page_is_the_same_and_pages_change_where_they_should(pair: Pair) -> None:
    _, timeline, stills, _ = pair
    shown = frames(stills)
    for span in timeline.spans:
        stretch = shown[span.first : span.end]
        assert all((frame == stretch[0]).all() for frame in stretch)
    for span in timeline.spans[1:]:
        assert (shown[span.first] != shown[span.first - 1]).any()


def test_both_streams_start_at_0_and_are_as_long_as_planned_without_reordering(
    pair: Pair,
) -> None:
    _, timeline, stills, _ = pair
    with av.open(stills) as film:
        for stream in (film.streams.video[0], film.streams.audio[0]):
            assert stream.start_time == 0
            own = [packet for packet in film.demux(stream) if packet.size]
            film.seek(0)
            assert [packet.dts for packet in own] == [packet.pts for packet in own]
            length = sum(packet.duration or 0 for packet in own) * (own[0].time_base or 0)
            assert length == pytest.approx(timeline.seconds, abs=2e-5)


def test_the_file_does_not_name_the_programs_that_made_it(pair: Pair) -> None:
    _, _, stills, _ = pair
    assert b"Lavf" not in stills.read_bytes()
    assert b"x264" not in stills.read_bytes()


def has_openh264() -> bool:
    if not shutil.which("gst-launch-1.0"):
        return False
    return not subprocess.run(["gst-inspect-1.0", "openh264dec"], capture_output=True).returncode


def test_a_second_decoder_shows_the_same(pair: Pair, tmp_path: Path) -> None:
    """OpenH264, through GStreamer: frame for frame what FFmpeg shows."""
    if not has_openh264():
        pytest.skip("needs Debian's gstreamer1.0-tools and gstreamer1.0-plugins-{base,good,bad}")
    _, timeline, stills, _ = pair
    pipeline = (
        f"filesrc location={stills} ! qtdemux ! h264parse ! openh264dec"
        f" ! video/x-raw,format=I420 ! filesink location={tmp_path}/raw"
    )
    command = ["gst-launch-1.0", "-q", *pipeline.split()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    raw = np.fromfile(tmp_path / "raw", np.uint8).reshape(-1, SIZE[1] * 3 // 2, SIZE[0])
    assert len(raw) == timeline.frames
    assert (raw == decoded(stills)).all()


def test_a_clip_that_moves_is_encoded_frame_by_frame_between_still_ones(tmp_path: Path) -> None:
    timeline = standing_pages(10, 12, 10)

    def clip_of(span: Span) -> VideoClip:
        if span.page == 1:
            return VideoClip(lambda t: grey(round(t * 24) * 15), duration=0.5)
        return ImageClip(grey(100 + span.page))

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
    assert frame_times(film) == [number / frame_rate(fps) for number in range(timeline.frames)]


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_both_writers_show_the_same_where_pages_move_and_change_under_captions(
    transition: str, tmp_path: Path
) -> None:
    """Each frame at least 36 dB alike: moviepy's are encoded from RGB and with B-frames."""
    story = checked_story(
        tmp_path / "story",
        (0.9, 0.4, 1.1),
        pages={"motion": "auto"},
        gap_seconds=0.3,
        transition=transition,
        size=f"{SIZE[0]}x{SIZE[1]}",
        keyframe_seconds=1,
    )
    for page in story.pages:
        save(photographic(page.number, SIZE), page.image)
    timeline = plan_timeline(story)
    timeline = burned(timeline, plan_captions(story, timeline))
    assert {span.into is None for span in timeline.spans} == {True, False}
    assert {bool(span.caption) for span in timeline.spans} == {True, False}
    stills = written(tmp_path, story, timeline)
    moviepy = by_moviepy(tmp_path, story, timeline)
    assert verify_film(stills, timeline).frames == timeline.frames
    assert verify_film(moviepy, timeline).frames == timeline.frames
    for one, other in zip(frames(stills), frames(moviepy), strict=True):
        assert likeness(one, other) >= 36


# ---- stills, many and few ------------------------------------------------------------------------


@given(st.lists(st.integers(1, 3), min_size=1))
def test_adjacent_keyframes_never_have_the_same_id(spans: list[int]) -> None:
    ids = still_stream.idr_pic_ids(spans)
    for frames, one, other in zip(spans, ids, ids[1:], strict=False):
        if frames == 1:
            assert one != other
    for frames, one in zip(spans, ids, strict=True):
        if frames > 1:
            assert one == 0


def test_pages_of_one_frame_each_decode_to_their_own_pictures(tmp_path: Path) -> None:
    count = 9
    timeline = standing_pages(*[1] * count)
    target = tmp_path / "film.mp4"
    written_silent(lambda span: ImageClip(grey(25 * span.page)), timeline, target)
    assert [round(frame.mean() / 25) for frame in frames(target)] == list(range(count))


@pytest.mark.slow
@pytest.mark.parametrize("fps", [24, 23.976])
def test_each_narration_begins_with_its_picture_however_long_the_story_is(
    fps: float, tmp_path: Path
) -> None:
    """500 pages, each a change of brightness and a click, within a frame of each other to the end.

    The first page has no click: a decoder fades in the first 21 ms of a film, because there is
    nothing before them to overlap with.
    """
    pages = 500
    lengths = [0.083 + 0.011 * (number % 7) for number in range(pages)]
    story = checked_story(tmp_path / "story", lengths, gap_seconds=0.0317, size="64x64", fps=fps)
    for number, page in enumerate(story.pages):
        save(grey(250 if number % 2 else 5, (64, 64)), page.image)
        sound = np.zeros(round(lengths[number] * SAMPLE_RATE))
        if number > 0:
            sound[: SAMPLE_RATE // 200] = 0.9 * np.sign(sine(0.005, 2000.0))
        assert page.narration
        wav(page.narration.path, sound)
    timeline = plan_timeline(story)
    film = written(tmp_path, story, timeline)

    steps = np.abs(np.diff(frames(film).mean(axis=(1, 2))))
    changes = [0, *(np.flatnonzero(steps > 100) + 1)]
    loud = np.flatnonzero(np.abs(heard(film)).max(axis=0) > 0.3)
    onsets = [loud[0], *loud[1:][np.diff(loud) > SAMPLE_RATE // 50]]
    assert len(changes) == len(onsets) + 1 == pages
    late = [
        int(onset) / SAMPLE_RATE - int(change) / timeline.fps
        for onset, change in zip(onsets, changes[1:], strict=True)
    ]
    assert max(map(abs, late)) < 1 / timeline.fps


def test_only_a_few_pages_are_encoded_in_advance(tmp_path: Path) -> None:
    pages = 40
    timeline = standing_pages(*[24] * pages)
    made = []
    ahead = []

    def clip_of(span: Span) -> VideoClip:
        made.append(span.page)
        return ImageClip(grey(0))

    def progress(done: float) -> None:
        ahead.append(len(made) - round(done * pages))

    written_silent(clip_of, timeline, tmp_path / "film.mp4", progress)
    assert sorted(made) == list(range(pages))
    assert max(ahead) <= 2 * len(os.sched_getaffinity(0)) + 2


# ---- damage to a still picture -------------------------------------------------------------------


class Standing(NamedTuple):
    """A film of one still page of 100 frames, and its packets in the file: (position, size)."""

    timeline: Timeline
    data: bytes
    packets: list[tuple[int, int]]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    target = tmp_path_factory.mktemp("standing") / "film.mp4"
    timeline = standing_pages(100)
    written_silent(lambda _: ImageClip(noisy(3, SIZE)), timeline, target)
    with av.open(target) as film:
        packets = [(packet.pos or 0, packet.size) for packet in film.demux(video=0) if packet.size]
    return Standing(timeline, target.read_bytes(), packets)


@pytest.mark.parametrize("frames", [[5], [40], [60, 76, 92], [99], [36, 52, 68, 84]])
def test_damage_in_any_frame_of_a_still_picture_is_refused(
    frames: list[int], standing: Standing, tmp_path: Path
) -> None:
    """Also far behind the frames that are decoded, and damage that repeats with `frame_num`."""
    film = tmp_path / "film.mp4"
    data = bytearray(standing.data)
    for frame in frames:
        position, size = standing.packets[frame]
        data[position + 4 : position + size] = b"\xff" * (size - 4)
    film.write_bytes(data)
    with pytest.raises(FilmError, match="decode"):
        verify_film(film, standing.timeline)
    film.write_bytes(standing.data)
    assert verify_film(film, standing.timeline).frames == 100

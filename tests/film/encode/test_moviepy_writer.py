"""moviepy's writer: frames and sound as planned, the exact rate, the colours of HD television."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
from av.stream import Disposition
from moviepy import ImageClip

from daemon.errors import FilmError
from daemon.film.encode.moviepy_writer import KEYFRAME_SECONDS, write_film
from daemon.film.encode.verify import verify_film
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.options import frame_rate
from tests.helpers.films import frame_times, material, mixed, particulars_of, rgb, untouched
from tests.helpers.folders import names
from tests.helpers.pictures import COLOURS
from tests.helpers.stories import checked_story

pytestmark = pytest.mark.slow


class Made(NamedTuple):
    """A film, its plan, and the progress that was reported."""

    film: Path
    timeline: Timeline
    progress: list[float]


def made(folder: Path, seconds: list[float], **film: Any) -> Made:
    story = checked_story(folder / "story", seconds, **film)
    timeline = plan_timeline(story)
    sound = mixed(story, timeline, untouched(story))
    words = particulars_of(story, timeline, title="A test", language="en")
    progress: list[float] = []
    target = folder / "film.mp4"
    write_film(material(story, timeline, sound, words), target, progress.append)
    return Made(target, timeline, progress)


@pytest.mark.parametrize("fps", [1, 7, 24, 25, 30, 60, 23.976, 29.97, 59.94])
def test_the_film_has_the_planned_frames_at_every_rate(fps: float, tmp_path: Path) -> None:
    film, timeline, _ = made(tmp_path, [0.37, 0.61, 0.123], fps=fps)
    assert verify_film(film, timeline).frames == timeline.frames
    with av.open(film) as container:
        assert container.streams.video[0].average_rate == frame_rate(fps)
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx(
        [float(number / timeline.fps) for number in range(timeline.frames)], abs=1e-4
    )


def test_pages_that_move_and_give_way_to_each_other_are_written_frame_by_frame(
    tmp_path: Path,
) -> None:
    """Flat pages show how much of each is in every frame of a crossfade."""
    film, timeline, _ = made(
        tmp_path, [0.6, 0.6], transition="crossfade", transition_seconds=0.5, motion="zoom-in"
    )
    verify_film(film, timeline)
    middles = rgb(film)[:, 45, 80].astype(float)
    change = timeline.pages[1].first
    overlap = timeline.overlaps[0]
    one = np.array(COLOURS[0])
    other = np.array(COLOURS[1])
    for number, shown in enumerate(middles):
        share = min(1.0, max(0.0, (number - change + overlap + 1) / (2 * overlap + 2)))
        assert np.abs(shown - (one * (1 - share) + other * share)).max() <= 6, number


def test_captions_chapters_and_a_cover_are_in_the_film(tmp_path: Path) -> None:
    film, _, _ = made(tmp_path, [0.4, 0.4])
    with av.open(film) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == [
            "Words of page 1.",
            "Words of page 2.",
        ]
        assert container.metadata["title"] == "A test"
        assert container.streams.subtitles[0].metadata["language"] == "eng"
        assert container.streams.video[1].disposition == Disposition.attached_pic


def test_nothing_but_the_film_is_left_behind(tmp_path: Path) -> None:
    made(tmp_path, [0.1])
    assert names(tmp_path) == ["film.mp4", "story"]


def test_a_film_at_an_ntsc_rate_stays_in_step_with_its_sound(tmp_path: Path) -> None:
    """moviepy itself writes 23.98 frames a second for 23.976.

    After ten minutes, a picture would be a tenth of a second early.
    """
    film, timeline, _ = made(tmp_path, [0.2, 5.0, 0.2], fps=23.976, size="16x16")
    assert verify_film(film, timeline).frames == timeline.frames
    assert sorted(frame_times(film)) == [number / timeline.fps for number in range(timeline.frames)]


def test_a_film_of_a_single_frame_can_be_made(tmp_path: Path) -> None:
    film, timeline, _ = made(tmp_path, [0.01], fps=5, gap_seconds=0.01)
    assert timeline.frames == verify_film(film, timeline).frames == 1


def test_the_file_says_that_its_colours_are_those_of_hd_television(tmp_path: Path) -> None:
    """BT.709, in limited range: each is number 1 (Rec. ITU-T H.273)."""
    film, _, _ = made(tmp_path, [0.1])
    with av.open(film) as container:
        frame = next(container.decode(video=0))
    assert int(frame.colorspace) == 1
    assert int(frame.color_range) == 1
    assert int(frame.color_primaries) == 1
    assert int(frame.color_trc) == 1


def test_progress_rises_from_0_to_1(tmp_path: Path) -> None:
    _, timeline, progress = made(tmp_path, [0.5, 0.5])
    assert progress == sorted(progress)
    assert len(progress) >= timeline.frames
    assert progress[-1] == 1.0
    assert 0 <= progress[0] < 0.1


def test_keyframes_are_at_most_ten_seconds_apart(tmp_path: Path) -> None:
    film, _, _ = made(tmp_path, [25.0], fps=2)
    with av.open(film) as container:
        keys = [frame.time for frame in container.decode(video=0) if frame.key_frame]
    assert max(then - now for now, then in pairwise([*keys, 25.0])) <= KEYFRAME_SECONDS


def test_the_file_does_not_name_the_programs_that_made_it(tmp_path: Path) -> None:
    film, _, _ = made(tmp_path, [0.1])
    assert b"Lavf" not in film.read_bytes()
    with av.open(film) as container:
        assert "encoder" not in container.metadata


def test_an_encoder_that_breaks_down_raises_a_film_error(tmp_path: Path) -> None:
    """An mp4 cannot say that a picture is wider than 65,535 pixels, so ffmpeg fails."""
    story = checked_story(tmp_path / "story", [0.1])
    timeline = plan_timeline(story)
    wide = ImageClip(np.zeros((2, 70_000, 3), np.uint8), duration=timeline.seconds)
    broken = replace(material(story, timeline), clip_of=lambda _: wide)
    with pytest.raises(FilmError, match="the encoder broke down"):
        write_film(broken, tmp_path / "film.mp4", lambda _: None)
    assert not list(tmp_path.glob(".moviepy-*"))

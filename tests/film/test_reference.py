"""moviepy's writer: frames and sound as planned, in a file that players of television's colours read."""

import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from daemon.errors import FilmError
from daemon.film.pictures import clip
from daemon.film.reference import KEYFRAME_SECONDS, write_film
from daemon.film.sound import write_mix
from daemon.film.timeline import Timeline, plan
from daemon.film.verify import verify
from tests.stories import RATE, planned


def made(folder: Path, seconds: list[float], **film: Any) -> tuple[Path, Timeline, list[float]]:
    story = planned(folder / "story", seconds, **film)
    timeline = plan(story)
    write_mix(story, timeline, 0.0, folder / "mix.wav")
    told: list[float] = []
    write_film(
        (clip(story, timeline, span) for span in timeline.spans), timeline, folder / "mix.wav", folder / "film.mp4", told.append
    )
    return folder / "film.mp4", timeline, told


def silence(target: Path, samples: int) -> Path:
    with wave.open(str(target), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(4 * samples))
    return target


@pytest.mark.parametrize("fps", [1, 7, 24, 25, 30, 60])
def test_the_film_has_the_planned_frames_at_every_rate(fps: int, tmp_path: Path) -> None:
    film, timeline, _ = made(tmp_path, [0.37, 0.61, 0.123], fps=fps)
    assert verify(film, timeline).frames == timeline.frames
    with av.open(film) as container:
        assert container.streams.video[0].average_rate == fps
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([number / fps for number in range(timeline.frames)], abs=1e-4)


def test_a_film_of_a_single_frame_can_be_made(tmp_path: Path) -> None:
    film, timeline, _ = made(tmp_path, [0.01], fps=5, gap_seconds=0.01)
    assert timeline.frames == verify(film, timeline).frames == 1


def test_the_colours_are_those_of_television_and_say_so(tmp_path: Path) -> None:
    film, _, _ = made(tmp_path, [0.1])
    with av.open(film) as container:
        frame = next(container.decode(video=0))
    told = (int(frame.colorspace), int(frame.color_range), int(frame.color_primaries), int(frame.color_trc))
    assert told == (1, 1, 1, 1)  # bt709, limited range, bt709, bt709 (ITU-T H.273)


def test_progress_grows_to_the_whole(tmp_path: Path) -> None:
    _, timeline, told = made(tmp_path, [0.5, 0.5])
    assert told == sorted(told)
    assert len(told) >= timeline.frames
    assert told[-1] == 1.0
    assert 0 <= told[0] < 0.1


def test_a_keyframe_comes_every_ten_seconds_at_least(tmp_path: Path) -> None:
    film, _, _ = made(tmp_path, [25.0], fps=2)
    with av.open(film) as container:
        keys = [frame.time for frame in container.decode(video=0) if frame.key_frame]
    assert max(then - now for now, then in pairwise([*keys, 25.0])) <= KEYFRAME_SECONDS


def test_the_file_tells_nothing_of_the_programs_that_made_it(tmp_path: Path) -> None:
    film, _, _ = made(tmp_path, [0.1])
    assert b"Lavf" not in film.read_bytes()
    with av.open(film) as container:
        assert "encoder" not in container.metadata


@pytest.mark.parametrize("fault", ["no folder", "no sound"])
def test_an_encoder_that_breaks_down_is_a_fault_of_the_film(fault: str, tmp_path: Path) -> None:
    story = planned(tmp_path / "story", [0.1])
    timeline = plan(story)
    mix = silence(tmp_path / "mix.wav", timeline.samples)
    if fault == "no sound":
        mix.write_text("no sound")
    target = tmp_path / ("nowhere" if fault == "no folder" else ".") / "film.mp4"
    with pytest.raises(FilmError, match="the encoder broke down"):
        write_film((clip(story, timeline, span) for span in timeline.spans), timeline, mix, target, lambda _: None)

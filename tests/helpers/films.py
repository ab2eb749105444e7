"""Films of stories: mixed and written by either writer, and decoded again."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from moviepy import VideoClip

from daemon.config import Music
from daemon.film.encode import Material, Particulars, moviepy_writer, still_stream
from daemon.film.encode.still_stream import QUALITY_CRF
from daemon.film.picture.clips import Studio
from daemon.film.plan.captions import plan_captions
from daemon.film.plan.chapters import plan_chapters
from daemon.film.plan.levels import Levels
from daemon.film.plan.timeline import Span, Timeline
from daemon.film.sound import mix
from daemon.media.samples import Samples
from daemon.story import Story
from tests.helpers.pictures import cover
from tests.helpers.sounds import silence
from tests.helpers.stories import plan_of

Floats = npt.NDArray[np.float64]

NEARLY_LOSSLESS = 6.0
"""A CRF so low that a decoded film shows what was drawn, not what the encoder made of it."""
PLAIN_MUSIC = Music(volume_db=0.0, duck_db=0.0, fade_seconds=0.0, crossfade_seconds=0.0)
"""Music that is looped and otherwise left alone."""


# ---- what a film is made of ----------------------------------------------------------------------


def clips(story: Story, timeline: Timeline) -> Callable[[Span], VideoClip]:
    """The function that makes the clip of a span."""
    return Studio(plan_of(story, timeline)).clip


def untouched(story: Story, music: float = 1.0) -> Levels:
    """Levels that leave narrations as they were recorded, and multiply music by `music`."""
    return Levels(dict.fromkeys(range(len(story.pages)), 1.0), music, 1.0)


def mixed(
    story: Story, timeline: Timeline, levels: Levels, music: Music = PLAIN_MUSIC
) -> Iterator[Samples]:
    """The sound of a story's film at these levels."""
    return mix(plan_of(story, timeline, music=music, levels=levels))


def particulars(**more: Any) -> Particulars:
    """Nothing next to pictures and sound but what `more` says."""
    empty: dict[str, Any] = {
        "title": "",
        "author": "",
        "comment": "",
        "language": "",
        "captions": (),
        "chapters": (),
    }
    return Particulars(**(empty | more))


def particulars_of(story: Story, timeline: Timeline, **more: Any) -> Particulars:
    """A story's captions and chapters, and what `more` says."""
    return particulars(
        captions=plan_captions(story, timeline), chapters=plan_chapters(story, timeline), **more
    )


def material(
    story: Story,
    timeline: Timeline,
    sound: Iterator[Samples] | None = None,
    words: Particulars | None = None,
    cover: Callable[[], bytes] = cover,
) -> Material:
    """What a writer is given for a story; silent, without a `sound`."""
    return Material(
        timeline=timeline,
        keyframe_seconds=story.film.keyframe_seconds,
        clip_of=clips(story, timeline),
        sound=sound or silence(timeline.samples),
        particulars=words or particulars(),
        cover=cover,
    )


# ---- written -------------------------------------------------------------------------------------


def filmed(
    story: Story,
    timeline: Timeline,
    target: Path,
    sound: Iterator[Samples] | None = None,
    crf: float = QUALITY_CRF,
    words: Particulars | None = None,
) -> Path:
    """The film of a story, by the default writer."""
    still_stream.write_film(material(story, timeline, sound, words), target, lambda _: None, crf)
    return target


def by_moviepy(
    story: Story,
    timeline: Timeline,
    target: Path,
    sound: Iterator[Samples] | None = None,
    words: Particulars | None = None,
) -> Path:
    """The same film, by moviepy."""
    made_of = material(story, timeline, sound, words)
    moviepy_writer.write_film(made_of, target, lambda _: None)
    return target


# ---- decoded -------------------------------------------------------------------------------------


def decoded(film: Path) -> npt.NDArray[np.uint8]:
    """Every frame in the stream's own codes, as `planes.Planes`: (frames, height × 3/2, width)."""
    with av.open(film) as opened:
        return np.stack(
            [frame.to_ndarray().astype(np.uint8, copy=False) for frame in opened.decode(video=0)]
        )


def luma(film: Path) -> Floats:
    """Every frame's luma in codes: shape (frames, height, width)."""
    frames = decoded(film)
    return frames[:, : frames.shape[1] * 2 // 3].astype(np.float64)


def rgb(film: Path) -> npt.NDArray[np.uint8]:
    """Every frame as RGB: shape (frames, height, width, 3)."""
    with av.open(film) as opened:
        return np.stack(
            [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in opened.decode(video=0)]
        )


def centre(frame: Floats, x: float, y: float, spread: float) -> tuple[float, float]:
    """The middle, in pixels, of the bright dot near (x, y): where a Gaussian window comes to rest.

    `spread`: the dot's standard deviation in pixels.
    """
    left = round(x)
    top = round(y)
    reach = 12
    part = frame[top - reach : top + reach + 1, left - reach : left + reach + 1]
    down, right = np.mgrid[top - reach : top + reach + 1, left - reach : left + reach + 1]
    light = part - np.median(np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]))
    for _ in range(20):
        distance = np.square(right - x) + np.square(down - y)
        seen = light * np.exp(-distance / 2 / spread**2)
        x += 2 * ((seen * right).sum() / seen.sum() - x)
        y += 2 * ((seen * down).sum() / seen.sum() - y)
    return x, y


def frame_times(film: Path) -> list[Fraction]:
    """When each frame is shown, in seconds, exactly; in the order of the file."""
    with av.open(film) as opened:
        return [
            (packet.pts or 0) * (packet.time_base or Fraction(0))
            for packet in opened.demux(video=0)
            if packet.size
        ]


def covers(film: Path) -> list[bytes]:
    """The covers in a film, each as the file that it is."""
    with av.open(film) as opened:
        videos = opened.streams.video
        streams = [video for video in videos if video.disposition & Disposition.attached_pic]
        return [
            bytes(packet) for packet in opened.demux() if packet.size and packet.stream in streams
        ]


def heard(film: Path) -> Samples:
    """All of a film's sound: shape (2, samples), full scale at ±1."""
    with av.open(film) as opened:
        blocks = [frame.to_ndarray() for frame in opened.decode(audio=0)]
    return np.concatenate(blocks, axis=1).astype(np.float32)

"""Films of stories for tests: written by either writer, decoded again, and looked at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from daemon.film.encode import Material, Particulars, moviepy_writer, still_stream
from daemon.film.encode.still_stream import QUALITY_CRF
from daemon.film.plan.timeline import Timeline
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.story import Story
from tests.helpers.stories import clips, cover, particulars

Floats = npt.NDArray[np.float64]

NEARLY_LOSSLESS = 6.0
"""A rate factor that shows what was drawn, not what the encoder thinks of it."""


def silence(samples: int) -> Iterator[Samples]:
    """Nothing to hear, a second at a time."""
    for start in range(0, samples, SAMPLE_RATE):
        yield np.zeros((2, min(SAMPLE_RATE, samples - start)), np.float32)


def material(
    story: Story,
    timeline: Timeline,
    sound: Iterator[Samples] | None = None,
    words: Particulars | None = None,
    cover: Callable[[], bytes] = cover,
) -> Material:
    """What a writer is given for a story; silent, if nothing else is said."""
    return Material(
        timeline=timeline,
        keyframe_seconds=story.film.keyframe_seconds,
        clip_of=clips(story, timeline),
        sound=sound or silence(timeline.samples),
        particulars=words or particulars(),
        cover=cover,
    )


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


def decoded(film: Path) -> npt.NDArray[np.uint8]:
    """Every frame in the codes of the stream: shape (frames, height × 3/2, width); see `planes.Planes`."""
    with av.open(film) as opened:
        return np.stack(
            [frame.to_ndarray().astype(np.uint8, copy=False) for frame in opened.decode(video=0)]
        )


def luma(film: Path) -> Floats:
    """Every frame's luma in codes: shape (frames, height, width)."""
    frames = decoded(film)
    return frames[:, : frames.shape[1] * 2 // 3].astype(np.float64)


def heard(film: Path) -> Samples:
    """All of a film's sound: shape (2, samples), full scale at ±1."""
    with av.open(film) as opened:
        return np.concatenate(
            [frame.to_ndarray() for frame in opened.decode(audio=0)], axis=1
        ).astype(np.float32)


def likeness(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """The peak signal-to-noise ratio of two pictures in decibels."""
    error = float(np.mean(np.square(np.subtract(one, other, dtype=np.float64))))
    return 10 * float(np.log10(255**2 / error)) if error else np.inf

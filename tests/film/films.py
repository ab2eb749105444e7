"""Films of stories for tests: written by either writer, decoded again, and looked at."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from daemon.compiler import QUALITY_CRF
from daemon.film import reference, still_stream
from daemon.film.h264 import Coding
from daemon.film.movie import Particulars
from daemon.film.sound import write_mix
from daemon.film.timeline import Timeline
from daemon.media import Samples
from daemon.story import SAMPLE_RATE, Story
from tests.stories import clips, particulars

Floats = npt.NDArray[np.float64]

NEARLY_LOSSLESS = 6.0
"""A rate factor that shows what was drawn, not what the encoder thinks of it."""


def silence(samples: int) -> Iterator[Samples]:
    """Nothing to hear, a second at a time."""
    for start in range(0, samples, SAMPLE_RATE):
        yield np.zeros((2, min(SAMPLE_RATE, samples - start)), np.float32)


def filmed(
    story: Story,
    timeline: Timeline,
    target: Path,
    sound: Iterator[Samples] | None = None,
    crf: float = QUALITY_CRF,
    words: Particulars | None = None,
) -> Path:
    """The film of a story, by the default writer; silent, if nothing else is said."""
    coding = Coding(timeline.size, timeline.fps, crf, round(story.film.keyframe_seconds * timeline.fps))
    heard = sound or silence(timeline.samples)
    still_stream.write_film(clips(story, timeline), heard, timeline, coding, words or particulars(), target, lambda _: None)
    return target


def by_moviepy(
    story: Story, timeline: Timeline, target: Path, sound: Iterator[Samples] | None = None, words: Particulars | None = None
) -> Path:
    """The same film, by the reference writer."""
    with tempfile.TemporaryDirectory() as folder:
        write_mix(sound or silence(timeline.samples), timeline.samples, mix := Path(folder) / "mix.wav")
        shown = map(clips(story, timeline), timeline.spans)
        reference.write_film(shown, timeline, mix, words or particulars(), target, lambda _: None)
    return target


def decoded(film: Path) -> npt.NDArray[np.uint8]:
    """Every frame in the codes of the stream: shape (frames, height × 3/2, width); see `planes.Planes`."""
    with av.open(film) as opened:
        return np.stack([frame.to_ndarray().astype(np.uint8, copy=False) for frame in opened.decode(video=0)])


def luma(film: Path) -> Floats:
    """Every frame's luma in codes: shape (frames, height, width)."""
    frames = decoded(film)
    return frames[:, : frames.shape[1] * 2 // 3].astype(np.float64)


def heard(film: Path) -> Samples:
    """All of a film's sound: shape (2, samples), full scale at ±1."""
    with av.open(film) as opened:
        return np.concatenate([frame.to_ndarray() for frame in opened.decode(audio=0)], axis=1).astype(np.float32)


def likeness(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """The peak signal-to-noise ratio of two pictures in decibels."""
    error = float(np.mean(np.square(np.subtract(one, other, dtype=np.float64))))
    return 10 * float(np.log10(255**2 / error)) if error else np.inf

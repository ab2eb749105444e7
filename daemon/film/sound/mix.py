"""The sound of a film: narrations in their places, quiet music under all of it, mixed in blocks.

Memory does not depend on the film's length. Each narration is decoded while its place in the mix is
written. The music is decoded again from its start whenever it ends. The mix goes on to the encoder,
or to disk, block by block.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from daemon.errors import FilmError, UnreadableMedia
from daemon.film.plan import Plan
from daemon.film.plan.background import Background
from daemon.film.plan.timeline import Cue
from daemon.film.sound.limiter import limited
from daemon.media.library import Track
from daemon.media.samples import SAMPLE_RATE, Samples, SampleStream
from daemon.media.sounds import sound_blocks
from daemon.story import Page

BLOCK = SAMPLE_RATE
CEILING_DB = -1.5
"""dBTP that the mix stays below. AAC adds to its peaks, and they still stay below -1 dBTP (measured
by the tests)."""
EDGE = SAMPLE_RATE // 100
"""Samples of the fade at a narration's ends: a recording cut in the middle of a wave would
click."""


def mix(plan: Plan) -> Iterator[Samples]:
    """The film's sound, in blocks of any length.

    Raises FilmError when a sound does not decode, or a narration is shorter than planned.
    """
    voices = Voices(plan)
    music = music_blocks(plan.background, plan.levels.background)
    return limited((voices.over(start, block) for start, block in music), CEILING_DB)


# ---- narrations ----------------------------------------------------------------------------------


class Voices:
    """The narrations of a film. Each is opened when its time comes, and closed at its end."""

    def __init__(self, plan: Plan) -> None:
        self._pages = plan.story.pages
        self._levels = plan.levels
        self._waiting = list(reversed(plan.timeline.cues))
        self._sounding: list[tuple[Cue, SampleStream]] = []

    def over(self, start: int, block: Samples) -> Samples:
        """The block that begins at sample `start` of the film, with the narrations added to it.

        Blocks must come in the film's order, without gaps.
        """
        end = start + block.shape[1]
        while self._waiting and self._waiting[-1].start < end:
            cue = self._waiting.pop()
            self._sounding.append((cue, SampleStream(narration_blocks(self._pages[cue.page]))))

        for cue, stream in self._sounding:
            first = max(cue.start, start)
            last = min(cue.end, end)
            spoken = edged(stream.read(last - first), first - cue.start, cue.samples)
            factor = np.float32(self._levels.voice(cue.page))
            block[:, first - start : last - start] += spoken * factor
            if cue.end <= end:
                stream.close()
        self._sounding = [(cue, stream) for cue, stream in self._sounding if cue.end > end]
        return block


def narration_blocks(page: Page) -> Iterator[Samples]:
    """A page's narration.

    Raises FilmError when it does not decode, or is shorter than intake found it: intake has decoded
    it, so the story is not at fault.
    """
    assert page.narration, "only pages with a narration have a cue"
    samples = 0
    try:
        for block in _decoded(page.narration.path):
            samples += block.shape[1]
            yield block
    except UnreadableMedia as error:
        what = f"the narration of page {page.number} was decoded before, and is now {error.what}"
        raise FilmError(what) from error
    if samples < page.narration.samples:
        missing = (page.narration.samples - samples) / SAMPLE_RATE
        what = f"the narration of page {page.number} is now {missing:.3f} s shorter than before"
        raise FilmError(what)


def edged(samples: Samples, first: int, whole: int) -> Samples:
    """Part of a narration of `whole` samples, from `first` on, with the narration's ends faded."""
    last = first + samples.shape[1]
    if first >= EDGE and last <= whole - EDGE:
        return samples
    at = np.arange(first, last)
    factors = (np.minimum(at + 1, whole - at) / EDGE).clip(0, 1).astype(np.float32)
    return np.asarray(samples * factors, np.float32)


# ---- music ---------------------------------------------------------------------------------------


def music_blocks(background: Background, factor: float) -> Iterator[tuple[int, Samples]]:
    """The music of each block of the film, or silence, with the sample that the block begins at.

    `factor`: of amplitude, on top of the background's own.
    """
    track = background.track
    stream = SampleStream(looped(track, background.overlap) if track else iter(()))
    for start in range(0, background.samples, BLOCK):
        at = np.arange(start, min(start + BLOCK, background.samples))
        block = stream.read(len(at))
        if track:
            block = block * np.asarray(factor * background.factors(at), np.float32)
        yield start, block


def looped(track: Track, overlap: int) -> Iterator[Samples]:
    """A track, repeated without end; its end and next beginning overlap by `overlap` samples.

    A track that is shorter than two overlaps overlaps by half of itself.
    """
    tail = np.zeros((2, 0), np.float32)
    while True:
        stream = SampleStream(_track_blocks(track))
        head = stream.read_up_to(2 * overlap)
        if head.shape[1] < 2 * overlap:
            overlap = head.shape[1] // 2
        yield crossfaded(tail, head[:, : tail.shape[1]])

        held = head[:, tail.shape[1] :]
        while (block := stream.read_up_to(BLOCK)).shape[1]:
            held = np.concatenate([held, block], axis=1)
            yield held[:, : -overlap or None]
            held = held[:, held.shape[1] - overlap :]
        yield held[:, : held.shape[1] - overlap]
        tail = held[:, held.shape[1] - overlap :]


def crossfaded(leaving: Samples, coming: Samples) -> Samples:
    """One sound into another as long, at equal power: cosine and sine of a quarter wave."""
    samples = leaving.shape[1]
    angle = (np.arange(samples) + 0.5) / max(1, samples) * np.pi / 2
    down = np.cos(angle).astype(np.float32)
    up = np.sin(angle).astype(np.float32)
    return np.asarray(leaving * down + coming * up, np.float32)


def _track_blocks(track: Track) -> Iterator[Samples]:
    try:
        yield from _decoded(track.path)
    except UnreadableMedia as error:
        raise FilmError(f"the music track {track.name} cannot be used: {error.what}") from error


def _decoded(path: Path) -> Iterator[Samples]:
    with path.open("rb") as file:
        yield from sound_blocks(file, SAMPLE_RATE)

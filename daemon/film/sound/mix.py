"""The sound of a film: narrations in their places, quiet music under all of it, mixed in blocks.

Memory does not depend on the film's length: each narration is decoded while its place in the mix is
written, the music again from its start whenever it ends, and the mix goes on to the encoder, or to disk,
block by block.
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
"""dBTP that the mix stays below: what AAC adds to its peaks then stays below -1 dBTP (measured by the
tests)."""
EDGE = SAMPLE_RATE // 100
"""Samples of fading at a narration's ends: a recording cut in the middle of a wave would click."""


def mix(plan: Plan) -> Iterator[Samples]:
    """The film's sound, in blocks of any length. Raises FilmError when a sound does not decode."""
    voices = _Voices(plan)
    music = _music(plan.background, plan.levels.background)
    return limited((voices.over(start, block) for start, block in music), CEILING_DB)


class _Voices:
    """The narrations: each is opened when its time has come."""

    def __init__(self, plan: Plan) -> None:
        self._pages = plan.story.pages
        self._levels = plan.levels
        self._waiting = list(reversed(plan.timeline.cues))
        self._sounding: list[tuple[Cue, SampleStream]] = []

    def over(self, start: int, block: Samples) -> Samples:
        """The block of the film that begins at sample `start`, with what is said meanwhile added to it."""
        end = start + block.shape[1]
        while self._waiting and self._waiting[-1].start < end:
            cue = self._waiting.pop()
            self._sounding.append((cue, self._opened(cue)))
        for cue, stream in self._sounding:
            first = max(cue.start, start)
            last = min(cue.end, end)
            spoken = _edged(stream.read(last - first), first - cue.start, cue.samples)
            gain = np.float32(self._levels.voice(cue.page))
            block[:, first - start : last - start] += spoken * gain
            if cue.end <= end:
                stream.close()
        self._sounding = [(cue, stream) for cue, stream in self._sounding if cue.end > end]
        return block

    def _opened(self, cue: Cue) -> SampleStream:
        return SampleStream(_narration(self._pages[cue.page]))


def _edged(samples: Samples, first: int, whole: int) -> Samples:
    """Part of a narration of `whole` samples, from sample `first` on, with the narration's ends faded."""
    last = first + samples.shape[1]
    if first >= EDGE and last <= whole - EDGE:
        return samples
    at = np.arange(first, last)
    edged: Samples = samples * (np.minimum(at + 1, whole - at) / EDGE).clip(0, 1).astype(np.float32)
    return edged


def _narration(page: Page) -> Iterator[Samples]:
    """A page's narration. Raises FilmError: intake has decoded it, so it is not the story's fault."""
    assert page.narration, "a cue stands for a narration"
    try:
        yield from _decoded(page.narration.path)
    except UnreadableMedia as error:
        what = f"the narration of page {page.number} was decoded before, and is now {error.what}"
        raise FilmError(what) from error


def _decoded(path: Path) -> Iterator[Samples]:
    with path.open("rb") as file:
        yield from sound_blocks(file, SAMPLE_RATE)


def _music(background: Background, level: float) -> Iterator[tuple[int, Samples]]:
    """The music of each block of the film, or silence, with the sample that the block begins at."""
    track = background.track
    stream = SampleStream(_looped(track, background.overlap) if track else iter(()))
    for start in range(0, background.samples, BLOCK):
        at = np.arange(start, min(start + BLOCK, background.samples))
        block = stream.read(len(at))
        if track:
            block = block * np.asarray(level * background.factors(at), np.float32)
        yield start, block


def _looped(track: Track, overlap: int) -> Iterator[Samples]:
    """A track over and over; its end and its next beginning lie over each other for `overlap` samples, at equal power."""
    tail = np.zeros((2, 0), np.float32)
    while True:
        stream = SampleStream(_track(track))
        head = stream.read_up_to(2 * overlap)
        if (
            head.shape[1] < 2 * overlap
        ):  # a track of a few notes overlaps with half of itself at the most
            overlap = head.shape[1] // 2
        yield _crossfaded(tail, head[:, : tail.shape[1]])
        held = head[:, tail.shape[1] :]
        while (block := stream.read_up_to(BLOCK)).shape[1]:
            held = np.concatenate([held, block], axis=1)
            yield held[:, : -overlap or None]
            held = held[:, held.shape[1] - overlap :]
        yield held[:, : held.shape[1] - overlap]
        tail = held[:, held.shape[1] - overlap :]


def _crossfaded(leaving: Samples, coming: Samples) -> Samples:
    """One piece into the other, quarter waves of cosine and sine: the sum of their powers does not change."""
    angle = (np.arange(leaving.shape[1]) + 0.5) / max(1, leaving.shape[1]) * np.pi / 2
    crossfaded: Samples = leaving * np.cos(angle).astype(np.float32) + coming * np.sin(
        angle
    ).astype(np.float32)
    return crossfaded


def _track(track: Track) -> Iterator[Samples]:
    """A track's sound. Raises FilmError where there is none."""
    try:
        yield from _decoded(track.path)
    except UnreadableMedia as error:
        raise FilmError(f"the music track {track.name} cannot be used: {error.what}") from error

"""The sound of a film: narrations in their places, quiet music under all of it, mixed in blocks.

Memory does not depend on the film's length: each narration is decoded while its place in the mix is written, the music again
from its start whenever it ends, and the mix goes on to the encoder, or to disk, as it comes.
"""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from daemon.config import Music
from daemon.errors import FilmError
from daemon.film.levels import Ducking, Levels, faded
from daemon.film.limiter import limited
from daemon.film.stream import SampleStream
from daemon.film.timeline import Cue, Timeline
from daemon.media import Samples, UnreadableMedia, sound_blocks
from daemon.story import SAMPLE_RATE, Story, Track

BLOCK = SAMPLE_RATE
FULL_SCALE = 32_767
CEILING_DB = -1.5
"""dBTP that the mix stays below: what AAC adds to its peaks then stays below -1 dBTP (measured by the tests)."""
EDGE = SAMPLE_RATE // 100
"""Samples of fading at a narration's ends: a recording that is cut in the midst of a wave would click."""


def write_mix(blocks: Iterator[Samples], samples: int, target: Path) -> None:
    """Write a film's sound of so many samples to `target` as a 16-bit stereo WAV file at `SAMPLE_RATE`."""
    with wave.open(str(target), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, samples, "NONE", ""))
        for block in blocks:
            file.writeframesraw(_sixteen_bit(block))


def mixed(story: Story, timeline: Timeline, levels: Levels, music: Music) -> Iterator[Samples]:
    """The film's sound, block by block. Raises FilmError when the music cannot be decoded."""
    voices = _Voices(story, timeline, levels)
    blocks = (voices.over(start, block) for start, block in _music(story.music, timeline, levels, music))
    return limited(blocks, CEILING_DB)


class _Voices:
    """The narrations: each is opened when its time has come."""

    def __init__(self, story: Story, timeline: Timeline, levels: Levels) -> None:
        self._story, self._levels = story, levels
        self._waiting = list(reversed(timeline.cues))
        self._sounding: list[tuple[Cue, SampleStream]] = []

    def over(self, start: int, block: Samples) -> Samples:
        """The block of the film that begins at sample `start`, with what is said meanwhile added to it."""
        end = start + block.shape[1]
        while self._waiting and self._waiting[-1].start < end:
            cue = self._waiting.pop()
            self._sounding.append((cue, self._opened(cue)))
        for cue, stream in self._sounding:
            first, last = max(cue.start, start), min(cue.start + cue.samples, end)
            gain = np.float32(self._levels.voices[cue.page] * self._levels.whole)
            block[:, first - start : last - start] += _edged(stream.read(last - first), first - cue.start, cue.samples) * gain
            if cue.start + cue.samples <= end:
                stream.close()
        self._sounding = [(cue, stream) for cue, stream in self._sounding if cue.start + cue.samples > end]
        return block

    def _opened(self, cue: Cue) -> SampleStream:
        page = self._story.pages[cue.page]
        assert page.narration, "a cue stands for a narration"
        return SampleStream(_decoded(page.narration.path))


def _edged(samples: Samples, first: int, whole: int) -> Samples:
    """Part of a narration of `whole` samples, from sample `first` on, with the narration's ends faded."""
    last = first + samples.shape[1]
    if first >= EDGE and last <= whole - EDGE:
        return samples
    at = np.arange(first, last)
    edged: Samples = samples * (np.minimum(at + 1, whole - at) / EDGE).clip(0, 1).astype(np.float32)
    return edged


def _decoded(path: Path) -> Iterator[Samples]:
    with path.open("rb") as file:
        yield from sound_blocks(file, SAMPLE_RATE)


def _music(track: Track | None, timeline: Timeline, levels: Levels, music: Music) -> Iterator[tuple[int, Samples]]:
    """The music of each block of the film, or silence, with the sample that the block begins at."""
    overlap = round(music.crossfade_seconds * SAMPLE_RATE)
    stream = SampleStream(_looped(track, overlap) if track else iter(()))
    ducking = Ducking(timeline.cues, music.duck_db)
    fade = round(music.fade_seconds * SAMPLE_RATE)
    for start in range(0, timeline.samples, BLOCK):
        at = np.arange(start, min(start + BLOCK, timeline.samples))
        block = stream.read(len(at))
        gain = levels.music * levels.whole * ducking.factors(at) * faded(at, timeline.samples, fade) if track else 1.0
        yield start, block * np.asarray(gain, np.float32)


def _looped(track: Track, overlap: int) -> Iterator[Samples]:
    """A track over and over; its end and its next beginning lie over each other for `overlap` samples, at equal power."""
    tail = np.zeros((2, 0), np.float32)
    while True:
        stream = SampleStream(_track(track))
        head = stream.read_up_to(2 * overlap)
        if head.shape[1] < 2 * overlap:  # a track of a few notes overlaps with half of itself at the most
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
    crossfaded: Samples = leaving * np.cos(angle).astype(np.float32) + coming * np.sin(angle).astype(np.float32)
    return crossfaded


def _track(track: Track) -> Iterator[Samples]:
    """A track's sound. Raises FilmError where there is none."""
    try:
        yield from _decoded(track.path)
    except UnreadableMedia as error:
        raise FilmError(f"the music track {track.name} cannot be used: {error.what}") from error


def _sixteen_bit(block: Samples) -> bytes:
    return bytes(np.rint(block.clip(-1.0, 1.0) * FULL_SCALE).astype("<i2").T.tobytes())

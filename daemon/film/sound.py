"""The sound of a film: narrations in their places, quiet music under all of it, mixed in blocks.

Memory does not depend on the film's length: each narration is decoded while its place in the mix is written, the music again
from its start whenever it ends, and the mix goes to disk as it comes.
"""

import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from daemon.errors import FilmError
from daemon.film.stream import SampleStream
from daemon.film.timeline import Cue, Timeline
from daemon.media import Samples, UnreadableMedia, sound_blocks
from daemon.story import SAMPLE_RATE, Story, Track

BLOCK = SAMPLE_RATE
FULL_SCALE = 32_767


def write_mix(story: Story, timeline: Timeline, volume_db: float, target: Path) -> None:
    """Write the film's whole sound to `target` as a 16-bit stereo WAV file at `SAMPLE_RATE`, as long as the film to the sample.

    `volume_db`: decibels added to the music. Raises FilmError when the music cannot be decoded.
    """
    with wave.open(str(target), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, timeline.samples, "NONE", ""))
        for block in mixed(story, timeline, volume_db):
            file.writeframesraw(_sixteen_bit(block))


def mixed(story: Story, timeline: Timeline, volume_db: float) -> Iterator[Samples]:
    """The film's sound, block by block."""

    def narration(cue: Cue) -> SampleStream:
        page = story.pages[cue.page]
        assert page.narration, "a cue stands for a narration"
        return SampleStream(_decoded(page.narration.path))

    music = SampleStream(_looped(story.music, 10 ** (volume_db / 20)) if story.music else iter(()))
    return _mix(timeline, narration, music)


def _decoded(path: Path) -> Iterator[Samples]:
    with path.open("rb") as file:
        yield from sound_blocks(file, SAMPLE_RATE)


def _mix(timeline: Timeline, open_cue: Callable[[Cue], SampleStream], music: SampleStream) -> Iterator[Samples]:
    waiting, sounding = list(reversed(timeline.cues)), list[tuple[Cue, SampleStream]]()
    for start in range(0, timeline.samples, BLOCK):
        end = min(start + BLOCK, timeline.samples)
        block = music.read(end - start).copy()
        while waiting and waiting[-1].start < end:
            cue = waiting.pop()
            sounding.append((cue, open_cue(cue)))
        for cue, stream in sounding:
            first, last = max(cue.start, start), min(cue.start + cue.samples, end)
            block[:, first - start : last - start] += stream.read(last - first)
        for cue, stream in sounding:
            if cue.start + cue.samples <= end:
                stream.close()
        sounding = [(cue, stream) for cue, stream in sounding if cue.start + cue.samples > end]
        yield block


def _looped(track: Track, gain: float) -> Iterator[Samples]:
    """A track over and over, at `gain` times its level."""
    while True:
        samples = 0
        try:
            for block in _decoded(track.path):
                samples += block.shape[1]
                yield block * np.float32(gain)
        except UnreadableMedia as error:
            raise FilmError(f"the music track {track.name} cannot be used: {error.what}") from error
        if not samples:
            raise FilmError(f"the music track {track.name} cannot be used: there is no sound in it")


def _sixteen_bit(block: Samples) -> bytes:
    return bytes(np.rint(block.clip(-1.0, 1.0) * FULL_SCALE).astype("<i2").T.tobytes())

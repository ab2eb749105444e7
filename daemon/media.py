"""Opening untrusted sound: by content and never by name, within limits, with errors in users' words.

Files come here, and to `picture`, as open file objects, so that no decoder sees a path. FFmpeg's demuxers are held to those of
plain sound files: a playlist that calls itself .mp3 would make it read other files.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import IO

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from daemon.errors import StoryreelError

SOUND_FORMATS = "mp3,wav,flac,ogg,mov,mp4,m4a,aac"
SAMPLE_BLOCK = 48_000
"""Samples that a block of decoded sound holds at the most, so that memory does not depend on a file's packets."""

SAVE_SOUND = "Save it as MP3, WAV, FLAC, Ogg or M4A."

Samples = npt.NDArray[np.float32]
"""Sound of shape (2, samples): left and right, full scale at ±1."""


class UnreadableMedia(StoryreelError):  # noqa: N818 - it says what the file is, as the class it joins does
    """A picture or sound that cannot be used: what it is ("damaged", "larger than …"), and what would help."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


def sound_blocks(file: IO[bytes], rate: int) -> Iterator[Samples]:
    """Decode a sound file as stereo blocks at `rate` samples per second, one after the other.

    Mono goes to both sides at its own level (FFmpeg's own upmix would take 3 dB off: measured). Raises UnreadableMedia when
    the file is not sound that can be decoded to its end, or has not a single sample.
    """
    try:
        container = av.open(
            file, mode="r", options={"format_whitelist": SOUND_FORMATS, "probesize": "32768"}, metadata_errors="replace"
        )
    except av.error.FFmpegError as error:
        raise UnreadableMedia("not a sound file of a known kind", SAVE_SOUND) from error
    with container:
        block = None
        try:
            for stream in container.streams.audio[:1]:
                for block in _blocks(_resampled(_decoded(container, stream), rate)):
                    yield block
        except av.error.FFmpegError as error:
            raise UnreadableMedia("damaged", SAVE_SOUND) from error
        if block is None:
            raise UnreadableMedia("without any sound", SAVE_SOUND)


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    """All frames; a few packets that are no sound (tags amid the data, a torn last frame) are passed over, as players do."""
    good = bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if isinstance(error, OSError | MemoryError):
                raise
            bad += 1
            continue
        good += 1
        yield from frames
    if bad > max(2, good // 50):
        raise UnreadableMedia(f"damaged: {bad} of its {good + bad} parts do not decode", SAVE_SOUND)


def _resampled(frames: Iterable[av.AudioFrame], rate: int) -> Iterator[av.AudioFrame]:
    """Frames at `rate`, mono or stereo. A file may change its own rate or layout midway: each stretch has its resampler."""
    resampler: AudioResampler | None = None
    form = None
    for frame in frames:
        if form != (now := (frame.format.name, frame.layout.name, frame.sample_rate)):
            if resampler is not None:
                yield from resampler.resample(None)
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            resampler = None if now == ("fltp", layout, rate) else AudioResampler(format="fltp", layout=layout, rate=rate)
            form = now
        yield from [frame] if resampler is None else resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _blocks(frames: Iterable[av.AudioFrame]) -> Iterator[Samples]:
    """Decoders give a fiftieth of a second at a time; whole blocks cost a fiftieth of the calls."""
    fifo, layout, time_base = av.AudioFifo(), "", Fraction(1)
    for frame in frames:
        if layout != frame.layout.name:
            yield from _rest(fifo)
            fifo, layout, time_base = av.AudioFifo(), frame.layout.name, Fraction(1, frame.sample_rate)
        frame.pts, frame.time_base = None, time_base  # gaps in a file's own times are none in its sound
        fifo.write(frame)
        while fifo.samples >= SAMPLE_BLOCK and (block := fifo.read(SAMPLE_BLOCK)):
            yield _stereo(block)
    yield from _rest(fifo)


def _rest(fifo: av.AudioFifo) -> Iterator[Samples]:
    if block := fifo.read(partial=True):
        yield _stereo(block)


def _stereo(block: av.AudioFrame) -> Samples:
    samples: Samples = block.to_ndarray().astype(np.float32, copy=False)
    if not np.isfinite(samples).all():  # a file of floating-point samples may hold anything
        samples = np.nan_to_num(samples, posinf=1.0, neginf=-1.0)
    return np.broadcast_to(samples, (2, samples.shape[1]))

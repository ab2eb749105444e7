"""Opening untrusted sound: by content and never by name, within limits, with errors in plain words.

Files come in as open file objects, so that no decoder sees a path. FFmpeg may use only the demuxers
of plain sound files: a playlist named .mp3 would make it read other files.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from typing import IO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from daemon.errors import UnreadableMedia
from daemon.media.boundary import Blame, blame, is_memory_short, reading
from daemon.media.samples import Samples

SOUND_FORMATS = "mp3,wav,flac,ogg,mov,mp4,m4a,aac"
SAMPLE_BLOCK = 48_000
"""The most samples in a block, so that memory does not depend on the length of a file's packets."""

HIGHEST_RATE = 10_000_000
"""Samples per second, more than ten times what recorders make. FFmpeg's resampler takes memory in
proportion to the rate: at 500 million it runs out of it after 9 s (measured)."""

HEADERS_MEMORY = 64 * 2**20
"""Bytes. The headers of four hours of sound, the longest film by default, take a sixth of it: an
entry of 16 bytes for each 20 ms."""

LOUDEST = 2.0**32
"""The largest sample, where full scale is 1.0. Programs also write 32-bit integers as floats, whose
full scale is 2^31. A single number of 3e38 made everything that was reckoned from it no number."""

SAVE_SOUND = "Save it as MP3, WAV, FLAC, Ogg or M4A."


def sound_blocks(file: IO[bytes], rate: int) -> Iterator[Samples]:
    """Decode a sound file as stereo blocks at `rate` samples per second.

    Mono goes to both sides at its own level (FFmpeg's own upmix takes 3 dB off: measured). Raises
    UnreadableMedia if the file is not sound that can be decoded to its end, or has no samples.
    MemoryError and the file's own OSErrors (with an errno) pass: they are the machine's fault.
    """
    options = {"format_whitelist": SOUND_FORMATS, "probesize": "32768"}
    try:
        with reading(lambda _: _unusable("not a sound file of a known kind"), FFmpegError):
            container = av.open(file, mode="r", options=options, metadata_errors="replace")
    except MemoryError as error:
        if is_memory_short(HEADERS_MEMORY):
            raise
        raise _unusable("damaged: its headers ask for more memory than any sound's") from error

    with container, reading(lambda _: _unusable("damaged"), FFmpegError):
        block = None
        for stream in container.streams.audio[:1]:
            for block in in_blocks(resampled(decoded(container, stream), rate)):
                yield block
        if block is None:
            raise _unusable("without any sound")


def _unusable(what: str) -> UnreadableMedia:
    return UnreadableMedia(what, SAVE_SOUND)


def decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    """All frames of a stream.

    A few packets that are not sound (tags between the data, a torn last frame) are skipped, as
    players do. Raises UnreadableMedia at the end if there were more than a few.
    """
    good = 0
    bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except FFmpegError as error:
            if blame(error) is not Blame.FILE:
                raise
            bad += 1
            continue
        good += 1
        yield from frames

    if bad > max(2, good // 50):
        raise _unusable(f"damaged: {bad} of its {good + bad} parts do not decode")


def resampled(frames: Iterable[av.AudioFrame], rate: int) -> Iterator[av.AudioFrame]:
    """Frames as floating-point numbers at `rate`, mono or stereo.

    The rate or the layout may change in the middle of a file: each stretch has its own resampler.
    Raises UnreadableMedia for a rate above `HIGHEST_RATE`, which only a damaged header has.
    """

    def form(frame: av.AudioFrame) -> tuple[str, str, int, int]:
        layout = frame.layout
        return frame.format.name, layout.name, layout.nb_channels, frame.sample_rate

    for (kind, name, channels, own_rate), stretch in groupby(frames, form):
        if own_rate > HIGHEST_RATE:
            raise _unusable(f"damaged: it has {own_rate} samples per second")
        layout = "mono" if channels == 1 else "stereo"
        if (kind, name, own_rate) == ("fltp", layout, rate):
            yield from stretch
            continue
        resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
        for frame in stretch:
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def in_blocks(frames: Iterable[av.AudioFrame]) -> Iterator[Samples]:
    """Frames joined to blocks of `SAMPLE_BLOCK` samples; the last one, and one before a change of
    layout, may be shorter.

    Decoders give a fiftieth of a second at a time; whole blocks cost a fiftieth of the calls.
    """
    for _, stretch in groupby(frames, lambda frame: frame.layout.name):
        fifo = av.AudioFifo()
        for frame in stretch:
            frame.pts = None  # a gap in a file's own times is not a gap in its sound
            frame.time_base = Fraction(1, frame.sample_rate)
            fifo.write(frame)
            while fifo.samples >= SAMPLE_BLOCK and (block := fifo.read(SAMPLE_BLOCK)):
                yield as_samples(block)

        rest = fifo.read(partial=True)
        if rest:
            yield as_samples(rest)


def as_samples(block: av.AudioFrame) -> Samples:
    """A mono or stereo frame as samples; mono shares one row of numbers between both sides.

    A file of floating-point samples may hold anything. What is no number, or beyond every scale
    that recorders and programs use, becomes silence.
    """
    samples: Samples = block.to_ndarray().astype(np.float32, copy=False)
    if not -LOUDEST <= samples.min() <= samples.max() <= LOUDEST:  # nor is NaN
        samples = np.where(np.abs(samples) <= LOUDEST, samples, np.float32(0))
    return np.broadcast_to(samples, (2, samples.shape[1]))

"""Opening untrusted sound: by content and never by name, within limits, with errors in users'
words.

Files come in as open file objects, so that no decoder sees a path. FFmpeg's demuxers are held to
those of plain sound files: a playlist named .mp3 would make it read other files.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import IO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from daemon.errors import UnreadableMedia
from daemon.media.boundary import Blame, blame, reading
from daemon.media.samples import Samples

SOUND_FORMATS = "mp3,wav,flac,ogg,mov,mp4,m4a,aac"
SAMPLE_BLOCK = 48_000
"""Samples in a block of decoded sound at most, so that memory does not depend on a file's
packets."""

SAVE_SOUND = "Save it as MP3, WAV, FLAC, Ogg or M4A."


def sound_blocks(file: IO[bytes], rate: int) -> Iterator[Samples]:
    """Decode a sound file as stereo blocks at `rate` samples per second.

    Mono goes to both sides at its own level (FFmpeg's own upmix takes 3 dB off: measured). Raises
    UnreadableMedia when the file is not sound that can be decoded to its end, or has no samples.
    """
    options = {"format_whitelist": SOUND_FORMATS, "probesize": "32768"}
    with reading(_unknown, FFmpegError):
        container = av.open(file, mode="r", options=options, metadata_errors="replace")
    with container, reading(_damaged, FFmpegError):
        block = None
        for stream in container.streams.audio[:1]:
            for block in _blocks(_resampled(_decoded(container, stream), rate)):
                yield block
        if block is None:
            raise UnreadableMedia("without any sound", SAVE_SOUND)


def _unknown(_: Exception) -> UnreadableMedia:
    return UnreadableMedia("not a sound file of a known kind", SAVE_SOUND)


def _damaged(_: Exception) -> UnreadableMedia:
    return UnreadableMedia("damaged", SAVE_SOUND)


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    """All frames.

    A few packets that are no sound (tags between the data, a torn last frame) are skipped, as
    players do.
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
        what = f"damaged: {bad} of its {good + bad} parts do not decode"
        raise UnreadableMedia(what, SAVE_SOUND)


def _resampled(frames: Iterable[av.AudioFrame], rate: int) -> Iterator[av.AudioFrame]:
    """Frames at `rate`, mono or stereo.

    A file may change its own rate or layout midway: each stretch has a resampler of its own.
    """
    resampler: AudioResampler | None = None
    form = None
    for frame in frames:
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if now != form:
            if resampler is not None:
                yield from resampler.resample(None)
            form = now
            resampler = _resampler(frame, rate)
        if resampler is None:
            yield frame
        else:
            yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _resampler(frame: av.AudioFrame, rate: int) -> AudioResampler | None:
    """What brings frames like this one to `rate`; None where they are right as they are."""
    layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
    if (frame.format.name, frame.layout.name, frame.sample_rate) == ("fltp", layout, rate):
        return None
    return AudioResampler(format="fltp", layout=layout, rate=rate)


def _blocks(frames: Iterable[av.AudioFrame]) -> Iterator[Samples]:
    """Decoders give a fiftieth of a second at a time; whole blocks cost a fiftieth of the calls."""
    fifo = av.AudioFifo()
    layout = ""
    for frame in frames:
        if layout != frame.layout.name:
            yield from _rest(fifo)
            fifo = av.AudioFifo()
            layout = frame.layout.name
        frame.pts = None  # a gap in a file's own times is not a gap in its sound
        frame.time_base = Fraction(1, frame.sample_rate)
        fifo.write(frame)
        while fifo.samples >= SAMPLE_BLOCK and (block := fifo.read(SAMPLE_BLOCK)):
            yield _stereo(block)
    yield from _rest(fifo)


def _rest(fifo: av.AudioFifo) -> Iterator[Samples]:
    block = fifo.read(partial=True)
    if block:
        yield _stereo(block)


def _stereo(block: av.AudioFrame) -> Samples:
    samples: Samples = block.to_ndarray().astype(np.float32, copy=False)
    if not np.isfinite(samples).all():  # a file of floating-point samples may hold anything
        samples = np.nan_to_num(samples, posinf=1.0, neginf=-1.0)
    return np.broadcast_to(samples, (2, samples.shape[1]))

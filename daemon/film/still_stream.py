"""The default writer: a film's file in which every picture was encoded once.

Spans and segments of sound are encoded on all cores and put into the file in order, as they come. Only a few of them are in
memory at a time, however long the film is.
"""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from moviepy import ImageClip, VideoClip

from daemon.film import aac, h264
from daemon.film.h264 import Coding, Group
from daemon.film.timeline import Span, Timeline
from daemon.media import Samples
from daemon.story import SAMPLE_RATE

AnyPacket: TypeAlias = "av.Packet[Any]"  # quoted: a generic in PyAV's stubs alone
Item = TypeVar("Item")
Result = TypeVar("Result")

CONTAINER = {"movflags": "+faststart", "movie_timescale": str(SAMPLE_RATE), "fflags": "+bitexact"}
"""The index at the front, the film's length to the sample, and no trace of the muxer's version."""


def write_film(
    clip_of: Callable[[Span], VideoClip],
    sound: Iterator[Samples],
    timeline: Timeline,
    coding: Coding,
    target: Path,
    progress: Callable[[float], None],
) -> None:
    """Write the film to the new file `target`. `clip_of` makes a span's clip when its turn comes, on a thread of its own.

    An ImageClip is encoded once, anything else frame by frame. `progress` is told how much is done, 0 to 1. Raises FilmError
    when a span comes out with other parameters than the film's.
    """
    cores = len(os.sched_getaffinity(0))
    ids = idr_pic_ids([span.frames for span in timeline.spans])

    def group(numbered: tuple[Span, int]) -> Group:
        return encoded(clip_of(numbered[0]), numbered[0].frames, coding, numbered[1])

    with ThreadPoolExecutor(cores) as pool, av.open(target, "w", format="mp4", options=CONTAINER) as film:
        video, audio = _streams(film, coding)
        groups = _Ahead(pool, group, zip(timeline.spans, ids, strict=True), 2 * cores)
        segments = _Ahead(pool, aac.encoded, aac.segments(sound, timeline.samples), cores)
        _mux(film, _pictures(groups, video), _sounds(segments, audio, timeline.samples), timeline, progress)


def encoded(clip: VideoClip, frames: int, coding: Coding, idr_pic_id: int) -> Group:
    """A clip of so many frames as a closed group of pictures."""
    if isinstance(clip, ImageClip):
        return h264.at_rest(clip.img, frames, coding, idr_pic_id)
    return h264.in_motion((clip.get_frame(number / coding.fps) for number in range(frames)), coding)


def idr_pic_ids(frames: list[int]) -> list[int]:
    """An `idr_pic_id` for each span of so many frames: two IDR frames in a row must differ in it (Rec. ITU-T H.264, 7.4.3).

    They come in a row where a span has but one frame; such a span gets the id that the one after it has not.
    """
    ids = [0] * len(frames)
    for index in range(len(frames) - 2, -1, -1):
        ids[index] = 1 - ids[index + 1] if frames[index] == 1 else 0
    return ids


def _streams(film: OutputContainer, coding: Coding) -> tuple[VideoStream, AudioStream]:
    """The film's two streams, whose headers are those of contexts set up just like the ones that encode."""
    video = film.add_stream("libx264", rate=coding.fps)
    h264.configure(video.codec_context, coding, coding.crf)
    audio = film.add_stream("aac", rate=SAMPLE_RATE)
    aac.configure(audio.codec_context)
    return video, audio


class _Ahead(Iterator[Result], Generic[Item, Result]):
    """The results of the work on each item, in order; `ahead` items are at work, or done, before they are asked for."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int) -> None:
        self._pool, self._work, self._items = pool, work, iter(items)
        self._waiting: deque[Future[Result]] = deque()
        for item in itertools.islice(self._items, ahead):
            self._waiting.append(pool.submit(work, item))

    def __next__(self) -> Result:
        if not self._waiting:
            raise StopIteration
        result = self._waiting.popleft().result()
        for item in itertools.islice(self._items, 1):
            self._waiting.append(self._pool.submit(self._work, item))
        return result


def _pictures(groups: Iterable[Group], stream: VideoStream) -> Iterator[AnyPacket]:
    number, frame = 0, 1 / stream.codec_context.framerate
    for group in groups:
        for coded in group.packets:
            yield _packet(coded.data, stream, number, 1, frame, coded.is_idr)
            number += 1


def _sounds(segments: Iterable[list[bytes]], stream: AudioStream, samples: int) -> Iterator[AnyPacket]:
    """The packets of sound; the last one is as long as there is sound left."""
    start, sample = 0, Fraction(1, SAMPLE_RATE)
    for segment in segments:
        for data in segment:
            yield _packet(data, stream, start, min(aac.FRAME, samples - start), sample, True)
            start += aac.FRAME


def _packet(data: bytes, stream: Stream, start: int, duration: int, time_base: Fraction, is_keyframe: bool) -> AnyPacket:
    packet: AnyPacket = av.Packet(data)
    packet.pts = packet.dts = start
    packet.duration, packet.time_base, packet.stream, packet.is_keyframe = duration, time_base, stream, is_keyframe
    return packet


def _mux(
    film: OutputContainer,
    pictures: Iterator[AnyPacket],
    sounds: Iterator[AnyPacket],
    timeline: Timeline,
    progress: Callable[[float], None],
) -> None:
    """Put both streams into the file, side by side in time, and report how far it is once a second of film."""
    sound = next(sounds, None)
    for number, picture in enumerate(pictures):
        film.mux_one(picture)
        while sound is not None and (sound.pts or 0) * timeline.fps <= number * SAMPLE_RATE:
            film.mux_one(sound)
            sound = next(sounds, None)
        if number % timeline.fps == 0:
            progress(number / timeline.frames)
    while sound is not None:
        film.mux_one(sound)
        sound = next(sounds, None)

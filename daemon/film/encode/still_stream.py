"""The default writer: a film's file in which every picture was encoded once.

Spans and segments of sound are encoded on all cores, and put into the file in order. Only a few of
them are in memory at a time, however long the film is.
"""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from moviepy import ImageClip, VideoClip

from daemon.film.encode import aac, h264
from daemon.film.encode.h264 import Coding, Group
from daemon.film.encode.material import Material
from daemon.film.encode.mp4 import CONTAINER, SAMPLE, AnyPacket, Muxer, packet
from daemon.film.picture import planes
from daemon.film.picture.clips import MovingClip
from daemon.film.plan.timeline import Span
from daemon.media.samples import SAMPLE_RATE

Item = TypeVar("Item")
Result = TypeVar("Result")

QUALITY_CRF = 20.5
"""x264's constant rate factor.

A still picture then has a higher SSIM than in moviepy's own film (see benchmarks/RESULTS.md).
"""


def write_film(
    material: Material,
    target: Path,
    progress: Callable[[float], None],
    crf: float = QUALITY_CRF,
) -> None:
    """Write the film to the new file `target`; `progress` is given the share done, 0 to 1.

    `crf` is x264's constant rate factor. Raises FilmError when a span's SPS and PPS are not the
    film's.
    """
    timeline = material.timeline
    coding = coding_of(material, crf)
    cores = len(os.sched_getaffinity(0))
    ids = idr_pic_ids([span.frames for span in timeline.spans])

    def group(numbered: tuple[Span, int]) -> Group:
        span, idr_pic_id = numbered
        return encoded(material.clip_of(span), span.frames, coding, idr_pic_id)

    with (
        ThreadPoolExecutor(cores) as pool,
        av.open(target, "w", format="mp4", options=CONTAINER) as film,
    ):
        video, audio = add_streams(film, coding)
        muxer = Muxer(film, material)
        groups = Ahead(pool, group, zip(timeline.spans, ids, strict=True), 2 * cores)
        sounds = aac.segments(material.sound, timeline.samples)
        segments = Ahead(pool, aac.encoded, sounds, cores)
        muxer.mux(
            picture_packets(groups, video),
            sound_packets(segments, audio, timeline.samples),
            progress,
        )


def coding_of(material: Material, crf: float = QUALITY_CRF) -> Coding:
    """How a film's pictures are encoded."""
    timeline = material.timeline
    keyframe_frames = round(material.keyframe_seconds * timeline.fps)
    return Coding(timeline.size, timeline.fps, crf, keyframe_frames)


def encoded(clip: VideoClip, frames: int, coding: Coding, idr_pic_id: int) -> Group:
    """The first `frames` frames of a clip as a closed group of pictures."""
    if isinstance(clip, ImageClip):
        return h264.at_rest(clip.img, frames, coding, idr_pic_id)
    if frames == 1:
        return h264.at_rest(clip.get_frame(0), frames, coding, idr_pic_id)
    if isinstance(clip, MovingClip):
        return h264.in_motion(map(clip.planes, range(frames)), coding)
    times = (float(number / coding.fps) for number in range(frames))
    return h264.in_motion((planes.from_rgb(clip.get_frame(time)) for time in times), coding)


def idr_pic_ids(frames: list[int]) -> list[int]:
    """An `idr_pic_id` for each span, given the spans' frames.

    Two adjacent IDR frames must differ in it (Rec. ITU-T H.264, 7.4.3). They are adjacent only
    after a span of one frame, which therefore gets the opposite id of the span that follows.
    """
    ids = [0] * len(frames)
    for index in range(len(frames) - 2, -1, -1):
        if frames[index] == 1:
            ids[index] = 1 - ids[index + 1]
    return ids


class Ahead(Iterator[Result], Generic[Item, Result]):
    """The results of `work` on each item, in order, computed in advance.

    `ahead` items are being worked on, or are done, before they are asked for.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        ahead: int,
    ) -> None:
        self._pool = pool
        self._work = work
        self._items = iter(items)
        self._waiting: deque[Future[Result]] = deque()
        self._submit(ahead)

    def __next__(self) -> Result:
        if not self._waiting:
            raise StopIteration
        result = self._waiting.popleft().result()
        self._submit(1)
        return result

    def _submit(self, count: int) -> None:
        for item in itertools.islice(self._items, count):
            self._waiting.append(self._pool.submit(self._work, item))


# ---- streams -------------------------------------------------------------------------------------


def add_streams(film: OutputContainer, coding: Coding) -> tuple[VideoStream, AudioStream]:
    """Add the streams of pictures and sound.

    Their headers come from encoders that are set up just like those that encode.
    """
    video = film.add_stream("libx264", rate=coding.fps)
    h264.configure(video.codec_context, coding, coding.crf)
    audio = film.add_stream("aac", rate=SAMPLE_RATE)
    aac.configure(audio.codec_context)
    return video, audio


def picture_packets(groups: Iterable[Group], stream: VideoStream) -> Iterator[AnyPacket]:
    """The packets of the pictures, one per frame."""
    number = 0
    frame_seconds = 1 / stream.codec_context.framerate
    for group in groups:
        for coded in group.packets:
            yield packet(coded.data, stream, number, 1, frame_seconds, coded.is_idr)
            number += 1


def sound_packets(
    segments: Iterable[list[bytes]], stream: AudioStream, samples: int
) -> Iterator[AnyPacket]:
    """The packets of a sound of `samples` samples; the last one lasts only as long as the sound."""
    start = 0
    for segment in segments:
        for data in segment:
            yield packet(data, stream, start, min(aac.FRAME, samples - start), SAMPLE)
            start += aac.FRAME

"""Is the film that was written the film that was planned?

The file is opened and decoded again, because no writer is trusted: on a full disk, moviepy returns
normally and leaves a file that does not play (measured).
"""

import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from daemon.errors import FilmError
from daemon.film.plan.timeline import Span, Timeline
from daemon.media.boundary import reading
from daemon.media.samples import SAMPLE_RATE

FRAME_NUM_PERIOD = 16
"""Frames after which `frame_num` repeats: it has 4 bits in our streams, at least 4 in others."""
AAC_FRAME = 1024
"""Samples of an AAC frame (ISO/IEC 14496-3).

Sound ends on a whole frame, after a lead-in of at most two (measured).
"""


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What the finished file is, as it was read back."""

    seconds: float
    frames: int
    fps: float
    width: int
    height: int
    bytes: int


def verify_film(path: Path, timeline: Timeline) -> FilmFacts:
    """Check a film against its plan, and decode its first and last page whole.

    Checked are the streams, their sizes and lengths, and that the index is at the front. Raises
    FilmError with everything that differs.
    """
    with reading(_undecodable, FFmpegError, struct.error):
        require_index_at_front(path)
        ends = {timeline.pages[0], timeline.pages[-1]}
        with ThreadPoolExecutor(len(ends)) as pool:  # each opens the film for itself
            counts = pool.map(lambda span: decoded_frames(path, span, timeline.fps), ends)
            with av.open(path) as film:
                _require([*stream_faults(film, timeline), *length_faults(film, timeline)])
            _require(
                [
                    f"page {span.page + 1}: {count} of {span.frames} frames decode"
                    for span, count in zip(ends, counts, strict=True)
                    if count != span.frames
                ]
            )
    width, height = timeline.size
    return FilmFacts(
        seconds=timeline.seconds,
        frames=timeline.frames,
        fps=float(timeline.fps),
        width=width,
        height=height,
        bytes=path.stat().st_size,
    )


def _undecodable(error: Exception) -> FilmError:
    return FilmError(f"the film does not open or decode: {error}")


def _require(faults: list[str]) -> None:
    if faults:
        raise FilmError("the film is not as planned: " + "; ".join(faults))


# ---- streams and lengths -------------------------------------------------------------------------


def stream_faults(film: InputContainer, timeline: Timeline) -> list[str]:
    """How the streams differ from the plan: their number, codecs, size, pixels and sample rate.

    A cover is not counted.
    """
    covers = Disposition.attached_pic
    videos = [stream for stream in film.streams.video if stream.disposition != covers]
    audios = film.streams.audio
    if len(videos) != 1 or len(audios) != 1:
        return [f"{len(videos)} video and {len(audios)} audio streams instead of one of each"]
    video = videos[0]
    audio = audios[0]
    planned = {
        "codecs": ("h264", "aac"),
        "size": timeline.size,
        "pixels": "yuv420p",
        "sample rate": SAMPLE_RATE,
    }
    found = {
        "codecs": (video.codec_context.name, audio.codec_context.name),
        "size": (video.width, video.height),
        "pixels": video.codec_context.pix_fmt,
        "sample rate": audio.rate,
    }
    return [
        f"{what} {found[what]} instead of {planned[what]}"
        for what in planned
        if found[what] != planned[what]
    ]


def length_faults(film: InputContainer, timeline: Timeline) -> list[str]:
    """How the number of frames and the length of the sound differ from the plan."""
    video = next(iter(film.streams.video), None)
    frames = 0
    last = None
    for packet in film.demux():
        if packet.size and packet.stream == video:
            frames += 1
        elif packet.size and packet.stream.type == "audio":
            last = packet

    samples = 0
    if last:
        end = (last.pts or 0) + (last.duration or 0)
        samples = round(end * (last.time_base or 0) * SAMPLE_RATE)

    faults = []
    if frames != timeline.frames:
        faults.append(f"{frames} frames instead of {timeline.frames}")
    if abs(samples - timeline.samples) > 2 * AAC_FRAME:
        found = samples / SAMPLE_RATE
        planned = timeline.samples / SAMPLE_RATE
        faults.append(f"{found:.3f} s of sound instead of {planned:.3f} s")
    return faults


# ---- decoding ------------------------------------------------------------------------------------


def decoded_frames(path: Path, span: Span, fps: Fraction) -> int:
    """How many of a span's frames decode without a fault.

    Decoding starts at the keyframe at or before the span's first frame.
    """
    with av.open(path) as film:
        stream = film.streams.video[0]
        decoder = stream.codec_context
        decoder.options = {"err_detect": "explode"}
        time_base = stream.time_base or 1
        film.seek(int(span.first / fps / time_base), stream=stream, backward=True)

        good = set[int]()
        for group in keyframe_groups(film, stream, span, fps):
            count = packets_to_decode([bytes(packet) for packet in group])
            for packet in [*group[:count], None]:
                good |= {
                    round((frame.pts or 0) * time_base * fps)
                    for frame in decoder.decode(packet)
                    if not frame.is_corrupt
                }
            decoder.flush_buffers()
            if {frame_number(packet, fps) for packet in group[:count]} <= good:
                good |= {frame_number(packet, fps) for packet in group[count:]}
        return len(good & set(range(span.first, span.end)))


def keyframe_groups(
    film: InputContainer, stream: VideoStream, span: Span, fps: Fraction
) -> Iterator[list["av.Packet[VideoStream]"]]:
    """The packets that a span's frames need, in decoding order, cut before each keyframe.

    With B-frames a frame may come after later ones.
    """
    group: list[av.Packet[VideoStream]] = []
    end = span.end / fps
    for packet in film.demux(stream):
        if group and (packet.is_keyframe or not packet.size):
            yield group
            group = []
        if not packet.size or (packet.dts or 0) * (packet.time_base or 0) >= end:
            break
        group.append(packet)
    if group:
        yield group


def frame_number(packet: "av.Packet[VideoStream]", fps: Fraction) -> int:
    """Which frame of the film a packet is, from 0."""
    return round((packet.pts or 0) * (packet.time_base or 0) * fps)


def packets_to_decode(group: Sequence[bytes]) -> int:
    """How many packets of a group must decode, to be sure that all of it does.

    A still picture is an IDR frame and skips (see `h264`). The skips' bytes repeat every 16 frames,
    with `frame_num`. The 16th skip leaves a decoder in the state in which the IDR frame left it:
    the same picture under the same `frame_num`. So the first 17 frames are enough, as long as only
    repetitions follow until the group's end.
    """
    end = len(group)
    while end > FRAME_NUM_PERIOD + 1 and group[end - 1] == group[end - 1 - FRAME_NUM_PERIOD]:
        end -= 1
    return end


# ---- the file ------------------------------------------------------------------------------------


def require_index_at_front(path: Path) -> None:
    """Raise FilmError unless the index (`moov`) comes before the pictures and sound (`mdat`)."""
    names = [name for name, _ in boxes(path)]
    if b"moov" not in names or b"mdat" not in names or names.index(b"moov") > names.index(b"mdat"):
        raise FilmError("the film has no index at its front")


def boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """The names and sizes in bytes of a file's outermost boxes (ISO/IEC 14496-12, 4.2).

    A box is its size, its name and its contents. Raises FilmError when the last box does not end
    where the file does.
    """
    offset = 0
    length = path.stat().st_size
    with path.open("rb") as file:
        while offset < length:
            file.seek(offset)
            size, name = struct.unpack(">I4s", file.read(8))
            if size == 1:  # more than 4 GB: the size follows in 64 bits
                [size] = struct.unpack(">Q", file.read(8))
            if size < 8 or offset + size > length:
                raise FilmError("the film's file is shorter than its boxes say")
            yield name, size
            offset += size

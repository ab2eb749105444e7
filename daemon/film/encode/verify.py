"""Is the film that was written the film that was planned? Opened anew, decoded anew; no writer is trusted.

moviepy returns normally from a full disk with a file that does not play (measured), and others may too.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
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

ECHO = 16
"""Frames after which `frame_num` comes again: it has four bits in our streams, and at least four in all others."""
AAC_FRAME = 1024
"""Samples of an AAC frame (ISO/IEC 14496-3): sound ends on a whole frame, after a lead-in of at most two (measured)."""


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
    """Check a film against its plan: streams, sizes, lengths, index at the front, first and last page decoded whole.

    Raises FilmError with all that differs.
    """
    with reading(_undecodable, FFmpegError, struct.error):
        _require_index_at_front(path)
        ends = {timeline.pages[0], timeline.pages[-1]}
        with ThreadPoolExecutor(len(ends)) as pool:  # each opens the film for itself
            decoded = pool.map(lambda span: _decoded_frames(path, span, timeline.fps), ends)
            with av.open(path) as film:
                _require([*_stream_faults(film, timeline), *_length_faults(film, timeline)])
            _require_whole(dict(zip(ends, decoded, strict=True)))
    width, height = timeline.size
    return FilmFacts(
        timeline.seconds, timeline.frames, float(timeline.fps), width, height, path.stat().st_size
    )


def _undecodable(error: Exception) -> FilmError:
    return FilmError(f"the film does not open or decode: {error}")


def _require(faults: list[str]) -> None:
    if faults:
        raise FilmError("the film is not as planned: " + "; ".join(faults))


def _stream_faults(film: InputContainer, timeline: Timeline) -> list[str]:
    """What is wrong with the streams themselves."""
    videos = [
        stream for stream in film.streams.video if stream.disposition != Disposition.attached_pic
    ]  # that is the cover
    if len(videos) != 1 or len(film.streams.audio) != 1:
        return [
            f"{len(videos)} video and {len(film.streams.audio)} audio streams instead of one of each"
        ]
    video, audio = videos[0], film.streams.audio[0]
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


def _length_faults(film: InputContainer, timeline: Timeline) -> list[str]:
    """How the packets' count and the sound's length differ from the plan."""
    video, frames, last = next(iter(film.streams.video), None), 0, None
    for packet in film.demux():
        if packet.size and packet.stream == video:
            frames += 1
        elif packet.size and packet.stream.type == "audio":
            last = packet
    samples = (
        round(((last.pts or 0) + (last.duration or 0)) * (last.time_base or 0) * SAMPLE_RATE)
        if last
        else 0
    )
    faults = []
    if frames != timeline.frames:
        faults.append(f"{frames} frames instead of {timeline.frames}")
    if abs(samples - timeline.samples) > 2 * AAC_FRAME:
        faults.append(
            f"{samples / SAMPLE_RATE:.3f} s of sound instead of {timeline.samples / SAMPLE_RATE:.3f} s"
        )
    return faults


def _require_whole(decoded: Mapping[Span, int]) -> None:
    """All frames of a span must have been decoded."""
    _require(
        [
            f"page {span.page + 1}: {count} of {span.frames} frames decode"
            for span, count in decoded.items()
            if count != span.frames
        ]
    )


def _decoded_frames(path: Path, span: Span, fps: Fraction) -> int:
    """How many of a span's frames decode without a fault, from the keyframe at or before its first one."""
    with av.open(path) as film:
        stream = film.streams.video[0]
        stream.codec_context.options = {"err_detect": "explode"}
        film.seek(int(span.first / fps / (stream.time_base or 1)), stream=stream, backward=True)
        good = set()
        for group in _groups(film, stream, span, fps):
            count = _without_echoes([bytes(packet) for packet in group])
            for packet in [*group[:count], None]:
                frames = stream.codec_context.decode(packet)
                good |= {
                    round((frame.pts or 0) * (stream.time_base or 1) * fps)
                    for frame in frames
                    if not frame.is_corrupt
                }
            stream.codec_context.flush_buffers()
            if {_number(packet, fps) for packet in group[:count]} <= good:
                good |= {_number(packet, fps) for packet in group[count:]}
        return len(good & set(range(span.first, span.first + span.frames)))


def _groups(
    film: InputContainer, stream: VideoStream, span: Span, fps: Fraction
) -> Iterator[list["av.Packet[VideoStream]"]]:
    """The packets that a span's frames need, cut before each keyframe; a frame may come after later ones (B-frames)."""
    group: list[av.Packet[VideoStream]] = []
    end = (span.first + span.frames) / fps
    for packet in film.demux(stream):
        if group and (packet.is_keyframe or not packet.size):
            yield group
            group = []
        if not packet.size or (packet.dts or 0) * (packet.time_base or 0) >= end:
            break
        group.append(packet)
    if group:
        yield group


def _number(packet: "av.Packet[VideoStream]", fps: Fraction) -> int:
    """Which frame of the film a packet is."""
    return round((packet.pts or 0) * (packet.time_base or 0) * fps)


def _without_echoes(group: Sequence[bytes]) -> int:
    """How many packets of a group must be decoded to know that all of it does.

    A still picture is an IDR frame and skips, whose bytes come again every sixteen frames, when `frame_num` does, in the very
    state that they were decoded in before: from there to the group's end nothing is new (see `h264`). The sixteenth skip leaves
    a decoder as the IDR frame did, with the same picture under the same `frame_num`; so seventeen frames are enough.
    """
    end = len(group)
    while end > ECHO + 1 and group[end - 1] == group[end - 1 - ECHO]:
        end -= 1
    return end


def _require_index_at_front(path: Path) -> None:
    """`moov` must stand before `mdat`, and the boxes must fill the file (ISO/IEC 14496-12, 4.2: a size, a name, contents)."""
    names = [name for name, _ in _boxes(path)]
    if b"moov" not in names or b"mdat" not in names or names.index(b"moov") > names.index(b"mdat"):
        raise FilmError("the film has no index at its front")


def _boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """The names and sizes of a file's outermost boxes. Raises FilmError where they do not end just where the file does."""
    offset, length = 0, path.stat().st_size
    with path.open("rb") as file:
        while offset < length:
            file.seek(offset)
            size, name = struct.unpack(">I4s", file.read(8))
            if size == 1:  # more than 4 GB: the size follows in 64 bits
                [size] = struct.unpack(">Q", file.read(8))
            if size < 8 or offset + size > length:
                raise FilmError("the film's file is shorter than it says")
            yield name, size
            offset += size

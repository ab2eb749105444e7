"""H.264 in which a picture that stands still is encoded exactly once.

A P-slice with every macroblock skipped says "show the last picture again". Its bytes do not depend on the picture, only on the
encoder's settings and on how far it stands behind the IDR frame, modulo 16 (`frame_num` has four bits). So one grey closed
group of 17 frames gives 16 skips for all time, and a page is one IDR frame and as many skips as it takes.

It holds as long as every span has the same SPS and PPS, byte for byte, and there are no B-frames, no weighted prediction, one
reference, and no open GOP (Rec. ITU-T H.264, 7.4.3 and 8.4.1.1). That is checked for every span: see `_Encoder.require`.
"""

import functools
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from daemon.errors import FilmError
from daemon.film.picture.planes import Frame, Planes, to_frame, to_yuv
from daemon.options import Canvas

SKIPS = 16
GLOBAL_HEADER = 0x400000
"""AV_CODEC_FLAG_GLOBAL_HEADER: SPS and PPS once for the whole film, beside the packets."""
BT709, LIMITED_RANGE = 1, 1
"""As numbered in Rec. ITU-T H.273 (primaries, transfer, matrix), and AVCOL_RANGE_MPEG."""
SEI = 6  # nal_unit_type, table 7-1
CRF_STEP, HIGHEST_CRF = 3, 51

COMMON = "bframes=0:ref=1:weightp=0:scenecut=0:open-gop=0:stitchable=1:cpu-independent=1:keyint=infinite:min-keyint=1"
"""libx264: `stitchable` keeps the PPS independent of the CRF, `cpu-independent` the bytes of the processor."""
AT_REST = f"{COMMON}:rc-lookahead=0:sync-lookahead=0:mbtree=0:subme=0"
"""`subme=0` spares an IDR frame what only serves motion: a fifth less time for the same SSIM."""
IN_MOTION = f"{COMMON}:rc-lookahead=10:mbtree=1:subme=1:me=dia:partitions=i8x8,i4x4"
"""What moves, moves as a whole: with whole macroblocks and a plain search for motion it takes 0.6 of the time at the same PSNR
and a tenth more bytes (measured).
"""

LEVELS = {  # level: macroblocks a second, macroblocks a frame, least compression ratio (table A-1)
    "3.0": (40_500, 1_620, 2),
    "3.1": (108_000, 3_600, 4),
    "4.0": (245_760, 8_192, 4),
    "4.2": (522_240, 8_704, 2),
    "5.1": (983_040, 36_864, 2),
    "5.2": (2_073_600, 36_864, 2),
}


@dataclass(frozen=True, slots=True)
class Coding:
    """How a film's pictures are encoded. `keyframe_frames`: how often the IDR frame of a still picture is repeated."""

    size: Canvas
    fps: Fraction
    crf: float
    keyframe_frames: int

    @property
    def level(self) -> str:
        """The lowest level that the size and the rate of frames fit into."""
        blocks = -(-self.size[0] // 16) * -(-self.size[1] // 16)
        fitting = (
            name
            for name, (rate, frame, _) in LEVELS.items()
            if blocks <= frame and blocks * self.fps <= rate
        )
        return next(fitting, "5.2")

    @property
    def largest_picture(self) -> int:
        """Bytes that one picture may have at this level and rate of frames (A.3.1: 384 × MaxMBPS × seconds ÷ MinCR)."""
        rate, _, ratio = LEVELS[self.level]
        return int(384 * rate / self.fps / ratio)


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame of the film's stream. An IDR frame is a keyframe: playing can begin there."""

    data: bytes
    is_idr: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A closed group of pictures, one packet for each frame: it begins with an IDR frame and needs nothing from before it."""

    packets: Sequence[Packet]


@dataclass(frozen=True, slots=True)
class Template:
    """What all spans of a film share: SPS and PPS, and the sixteen skips."""

    parameters: bytes
    skips: tuple[Packet, ...]


def template(coding: Coding) -> Template:
    """The template for a way of coding; made once in the life of a worker, while other threads wait for it."""
    with _TEMPLATE_LOCK:
        return _template(coding)


_TEMPLATE_LOCK = threading.Lock()


@functools.lru_cache(maxsize=8)
def _template(coding: Coding) -> Template:
    grey = av.VideoFrame(*coding.size, "yuv420p")
    for plane in grey.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    encoder = _Encoder(coding, coding.crf, AT_REST)
    packets = encoder.encoded(repeat(grey, 1 + SKIPS))
    return Template(encoder.parameters, tuple(packets[1:]))


def at_rest(picture: Frame, frames: int, coding: Coding, idr_pic_id: int = 0) -> Group:
    """A picture that stands for `frames` frames: one IDR frame, the same bytes again every so often, skips between them.

    `idr_pic_id` must be 1 where the frame before is an IDR frame with 0 (7.4.3: two in a row must differ).
    """
    idr, skips = _idr(picture, coding, idr_pic_id), template(coding).skips
    packets, since = [idr], 0
    for left in range(frames - 1, 0, -1):
        since += 1
        if (
            since >= coding.keyframe_frames and left > 1
        ):  # never as the last frame: the next span begins with one
            packets.append(idr)
            since = 0
        else:
            packets.append(skips[(since - 1) % SKIPS])
    return Group(packets)


def _idr(picture: Frame, coding: Coding, idr_pic_id: int) -> Packet:
    """The IDR frame of a picture; at a higher CRF where it would be larger than the level allows."""
    crf = coding.crf
    while True:
        encoder = _Encoder(coding, crf, AT_REST)
        packet = encoder.encoded(repeat(to_yuv(picture), 1 + idr_pic_id), all_idr=True)[idr_pic_id]
        encoder.require(template(coding).parameters)
        if len(packet.data) <= coding.largest_picture or crf >= HIGHEST_CRF:
            return packet
        crf = min(crf + CRF_STEP, HIGHEST_CRF)


def in_motion(pictures: Iterable[Planes], coding: Coding) -> Group:
    """Pictures that change from frame to frame, as one closed group."""
    encoder = _Encoder(coding, coding.crf, IN_MOTION)
    packets = encoder.encoded(map(to_frame, pictures))
    encoder.require(template(coding).parameters)
    return Group(packets)


class _Encoder:
    """One libx264 context: one thread, one closed group of frames."""

    def __init__(self, coding: Coding, crf: float, parameters: str) -> None:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        configure(context, coding, crf, parameters)
        self._context = context

    def encoded(self, frames: Iterable[av.VideoFrame], all_idr: bool = False) -> list[Packet]:
        packets = []
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, self._context.time_base
            frame.pict_type = PictureType.I if all_idr or number == 0 else PictureType.NONE
            packets += self._context.encode(frame)
        packets += self._context.encode(None)
        return [Packet(without_sei(bytes(packet)), packet.is_keyframe) for packet in packets]

    def require(self, parameters: bytes) -> None:
        """One film has one SPS and one PPS. Raises FilmError when this context made others."""
        if self.parameters != parameters:
            raise FilmError(
                "a span was encoded with other parameters (SPS and PPS) than the film has"
            )

    @property
    def parameters(self) -> bytes:
        return self._context.extradata or b""


def configure(
    context: VideoCodecContext, coding: Coding, crf: float, parameters: str = AT_REST
) -> None:
    """Set a libx264 context up, or that of the film's stream."""
    context.width, context.height = coding.size
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = 1 / coding.fps, coding.fps
    context.flags |= GLOBAL_HEADER
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = LIMITED_RANGE
    context.thread_count = 1
    options = {"preset": "veryfast", "tune": "stillimage", "crf": str(crf), "level": coding.level}
    context.options = options | {"forced-idr": "1", "x264-params": parameters}


def without_sei(data: bytes) -> bytes:
    """An Annex B packet without SEI units: libx264 writes its version and settings there, which is nobody's business."""
    units = re.split(b"\x00\x00\x00?\x01", data)[1:]
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units if unit[0] & 31 != SEI)

"""H.264 in which a picture that stands still is encoded exactly once.

A P-slice in which every macroblock is skipped says "show the last picture again". Its bytes do not
depend on the picture, only on the encoder's settings and on its distance from the IDR frame, modulo
16 (`frame_num` has four bits). So one grey closed group of 17 frames gives 16 skips that fit every
picture, and a page is one IDR frame and as many skips as it takes.

This holds as long as every span has the same SPS and PPS, byte for byte, and there are no B-frames,
no weighted prediction, one reference, and no open GOP (Rec. ITU-T H.264, 7.4.3 and 8.4.1.1). It is
checked for every span: see `Encoder.require`.
"""

import functools
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from typing import NamedTuple

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from daemon.errors import FilmError
from daemon.film.picture.planes import Frame, Planes, to_frame, to_yuv
from daemon.options import Canvas

SKIPS = 16
"""How many different skips there are: `frame_num` has four bits."""
BT709 = 1
"""BT.709 for primaries, transfer and matrix alike (Rec. ITU-T H.273, tables 2 to 4)."""
LIMITED_RANGE = 1
"""AVCOL_RANGE_MPEG."""
SEI = 6
"""The nal_unit_type of SEI (Rec. ITU-T H.264, table 7-1)."""
CRF_STEP = 3
HIGHEST_CRF = 51

COMMON = (
    "bframes=0:ref=1:weightp=0:scenecut=0:open-gop=0:stitchable=1:cpu-independent=1"
    ":keyint=infinite:min-keyint=1"
)
"""libx264's parameters. With `stitchable` the PPS does not depend on the CRF.

With `cpu-independent` the bytes do not depend on the processor.
"""
AT_REST = f"{COMMON}:rc-lookahead=0:sync-lookahead=0:mbtree=0:subme=0"
"""`subme=0` leaves out what only serves motion.

An IDR frame takes a fifth less time for the same SSIM.
"""
IN_MOTION = f"{COMMON}:rc-lookahead=10:mbtree=1:subme=1:me=dia:partitions=i8x8,i4x4"
"""A page moves as a whole, so whole macroblocks and a plain motion search are enough.

They take 0.6 of the time at the same PSNR, for a tenth more bytes (measured).
"""


class LevelLimits(NamedTuple):
    """What a level allows (Rec. ITU-T H.264, table A-1)."""

    blocks_per_second: int  # MaxMBPS
    blocks_per_frame: int  # MaxFS
    compression: int  # MinCR: how much smaller than the raw picture each must at least be


# fmt: off
LEVELS = {
    #              macroblocks    macroblocks    least
    # level           a second        a frame    compression
    "3.0": LevelLimits(      40_500,         1_620,   2),
    "3.1": LevelLimits(     108_000,         3_600,   4),
    "4.0": LevelLimits(     245_760,         8_192,   4),
    "4.2": LevelLimits(     522_240,         8_704,   2),
    "5.1": LevelLimits(     983_040,        36_864,   2),
    "5.2": LevelLimits(   2_073_600,        36_864,   2),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Coding:
    """How a film's pictures are encoded.

    `crf` is x264's constant rate factor. After `keyframe_frames` frames, the IDR frame of a still
    picture is repeated.
    """

    size: Canvas
    fps: Fraction
    crf: float
    keyframe_frames: int

    @property
    def level(self) -> str:
        """The lowest level that allows this size and frame rate; the highest where none does."""
        width, height = self.size
        blocks = -(-width // 16) * -(-height // 16)
        for name, limits in LEVELS.items():
            fits = blocks <= limits.blocks_per_frame
            if fits and blocks * self.fps <= limits.blocks_per_second:
                return name
        return "5.2"

    @property
    def largest_picture(self) -> int:
        """Bytes that one picture may have (A.3.1: 384 × MaxMBPS × its seconds ÷ MinCR)."""
        limits = LEVELS[self.level]
        return int(384 * limits.blocks_per_second / self.fps / limits.compression)


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame of the film's stream. An IDR frame is a keyframe: playing can begin there."""

    data: bytes
    is_idr: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A closed group of pictures, one packet for each frame.

    It begins with an IDR frame and refers to nothing before it.
    """

    packets: Sequence[Packet]


# ---- what all spans share ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template:
    """What all spans of a film share: SPS and PPS, and the 16 skips."""

    parameters: bytes
    skips: tuple[Packet, ...]


def template(coding: Coding) -> Template:
    """The template of a film. A worker makes it once; other threads wait meanwhile."""
    with _TEMPLATE_LOCK:
        return _template(coding)


_TEMPLATE_LOCK = threading.Lock()


@functools.lru_cache(maxsize=8)
def _template(coding: Coding) -> Template:
    grey = av.VideoFrame(*coding.size, "yuv420p")
    for plane in grey.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    encoder = Encoder(coding, coding.crf, AT_REST)
    packets = encoder.encoded(repeat(grey, 1 + SKIPS))
    return Template(encoder.parameters, tuple(packets[1:]))


# ---- spans ---------------------------------------------------------------------------------------


def at_rest(picture: Frame, frames: int, coding: Coding, idr_pic_id: int = 0) -> Group:
    """A picture that stands still for `frames` frames.

    It is one IDR frame, repeated after each `keyframe_frames` frames, with skips between.
    `idr_pic_id` must be 1 where the frame before is an IDR frame with 0 (7.4.3: two adjacent ones
    must differ). Raises FilmError when its SPS and PPS are not the film's.
    """
    idr = idr_frame(picture, coding, idr_pic_id)
    skips = template(coding).skips
    packets = [idr]
    since_idr = 0
    for left in range(frames - 1, 0, -1):
        since_idr += 1
        is_last = left == 1  # the next span begins with an IDR frame anyway
        if since_idr >= coding.keyframe_frames and not is_last:
            packets.append(idr)
            since_idr = 0
        else:
            packets.append(skips[(since_idr - 1) % SKIPS])
    return Group(packets)


def idr_frame(picture: Frame, coding: Coding, idr_pic_id: int) -> Packet:
    """The IDR frame of a picture; at a higher CRF where it would be larger than the level allows.

    Of two adjacent IDR frames, libx264 gives the first the id 0, and the second 1.
    """
    crf = coding.crf
    while True:
        encoder = Encoder(coding, crf, AT_REST)
        packet = encoder.encoded(repeat(to_yuv(picture), 1 + idr_pic_id), all_idr=True)[idr_pic_id]
        encoder.require(template(coding).parameters)
        if len(packet.data) <= coding.largest_picture or crf >= HIGHEST_CRF:
            return packet
        crf = min(crf + CRF_STEP, HIGHEST_CRF)


def in_motion(pictures: Iterable[Planes], coding: Coding) -> Group:
    """Pictures that change from frame to frame, as one closed group.

    Raises FilmError when its SPS and PPS are not the film's.
    """
    encoder = Encoder(coding, coding.crf, IN_MOTION)
    packets = encoder.encoded(map(to_frame, pictures))
    encoder.require(template(coding).parameters)
    return Group(packets)


# ---- libx264 -------------------------------------------------------------------------------------


class Encoder:
    """One libx264 context: one thread, one closed group of frames."""

    def __init__(self, coding: Coding, crf: float, parameters: str) -> None:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        configure(context, coding, crf, parameters)
        self._context = context

    def encoded(self, frames: Iterable[av.VideoFrame], all_idr: bool = False) -> list[Packet]:
        """All packets of the group, in order. Only the first is an IDR frame, unless `all_idr`."""
        packets = []
        for number, frame in enumerate(frames):
            frame.pts = number
            frame.time_base = self._context.time_base
            frame.pict_type = PictureType.I if all_idr or number == 0 else PictureType.NONE
            packets += self._context.encode(frame)
        packets += self._context.encode(None)
        return [Packet(without_sei(bytes(packet)), packet.is_keyframe) for packet in packets]

    def require(self, parameters: bytes) -> None:
        """Raise FilmError unless this context made the film's own SPS and PPS."""
        if self.parameters != parameters:
            raise FilmError(
                "a span was encoded with other parameters (SPS and PPS) than the film has"
            )

    @property
    def parameters(self) -> bytes:
        """SPS and PPS."""
        return self._context.extradata or b""


def configure(
    context: VideoCodecContext, coding: Coding, crf: float, parameters: str = AT_REST
) -> None:
    """Set up a libx264 context, or that of the film's stream; `parameters` are libx264's own."""
    context.width, context.height = coding.size
    context.pix_fmt = "yuv420p"
    context.time_base = 1 / coding.fps
    context.framerate = coding.fps
    context.flags |= Flags.global_header  # SPS and PPS once for the film, not in packets
    context.color_primaries = BT709
    context.color_trc = BT709
    context.colorspace = BT709
    context.color_range = LIMITED_RANGE
    context.thread_count = 1
    context.options = {
        "preset": "veryfast",
        "tune": "stillimage",
        "crf": str(crf),
        "level": coding.level,
        "forced-idr": "1",
        "x264-params": parameters,
    }


def without_sei(data: bytes) -> bytes:
    """An Annex B packet without SEI units, in which libx264 writes its version and its settings."""
    units = re.split(b"\x00\x00\x00?\x01", data)[1:]
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units if unit[0] & 31 != SEI)

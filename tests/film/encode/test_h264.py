"""The stream of still and moving spans, decoded by an independent decoder that accepts no fault."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import FilmError
from daemon.film.encode import h264
from daemon.film.encode.h264 import Coding, Group, at_rest, in_motion, template
from daemon.film.picture.planes import Frame, from_rgb
from tests.helpers import pictures
from tests.helpers.pictures import KB, KR, TRICKY_COLOURS

CODING = Coding((160, 96), fps=Fraction(24), crf=20, keyframe_frames=40)

YUV = tuple[npt.NDArray[np.uint8], ...]
"""A frame's planes Y, U, V."""


def flat(colour: tuple[int, int, int]) -> Frame:
    return pictures.flat(colour, CODING.size)


def noise(seed: int) -> Frame:
    return pictures.noisy(seed, CODING.size)


def decoder(coding: Coding = CODING) -> VideoCodecContext:
    """A decoder for films of this coding."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, VideoCodecContext)
    context.extradata = template(coding).parameters
    return context


def decoded(groups: list[Group]) -> list[YUV]:
    """All frames, from a decoder that accepts no fault."""
    context = decoder()
    context.options = {"err_detect": "explode"}
    frames = []
    packets = [packet.data for group in groups for packet in group.packets]
    for packet in [*map(av.Packet, packets), None]:
        for frame in context.decode(packet):
            assert isinstance(frame, av.VideoFrame)
            assert not frame.is_corrupt
            frames.append(planes(frame))
    assert len(frames) == len(packets)
    return frames


def planes(frame: av.VideoFrame) -> YUV:
    found = []
    for plane in frame.planes:
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
        found.append(rows[:, : plane.width])
    return tuple(found)


def same(one: YUV, other: YUV) -> bool:
    return all((a == b).all() for a, b in zip(one, other, strict=True))


def units(group: Group) -> list[int]:
    """The types of all NAL units of a group's packets (Rec. ITU-T H.264, table 7-1)."""
    return [unit[0] & 31 for packet in group.packets for unit in packet.data.split(b"\0\0\0\1")[1:]]


def idr_pic_id(data: bytes) -> int:
    """The `idr_pic_id` in a slice header (Rec. ITU-T H.264, 7.3.3).

    It is ue(v), after first_mb_in_slice, slice_type and pic_parameter_set_id, all ue(v), and
    frame_num, u(4).
    """
    bits = "".join(f"{byte:08b}" for byte in data.split(b"\0\0\0\1")[1][1:12])

    def ue(at: int) -> tuple[int, int]:
        """The number at a place, and the place after it."""
        zeros = bits.index("1", at) - at
        end = at + 2 * zeros + 1
        return int(bits[at + zeros : end], 2) - 1, end

    at = 0
    for _ in range(3):
        _, at = ue(at)
    return ue(at + 4)[0]


# ---- spans ---------------------------------------------------------------------------------------


def test_every_frame_of_a_still_picture_decodes_to_the_same_picture() -> None:
    frames = decoded([at_rest(noise(1), 100, CODING)])
    assert all(same(frame, frames[0]) for frame in frames)


def test_pictures_follow_each_other_without_a_trace_of_the_one_before() -> None:
    alone = decoded([at_rest(noise(2), 20, CODING)])
    after = decoded([at_rest(noise(1), 33, CODING), at_rest(noise(2), 20, CODING)])[33:]
    assert all(same(frame, alone[0]) for frame in after)


def test_the_skips_do_not_depend_on_the_picture() -> None:
    one = at_rest(noise(1), 40, CODING)
    other = at_rest(flat((3, 200, 90)), 40, CODING)
    assert one.packets[1:] == other.packets[1:]
    assert one.packets[0] != other.packets[0]


@settings(max_examples=30, deadline=None)  # each example encodes a picture
@given(st.integers(1, 200), st.integers(2, 60))
def test_keyframes_come_first_and_then_at_equal_distances_but_never_last(
    frames: int, every: int
) -> None:
    coding = Coding(CODING.size, Fraction(24), 20, every)
    group = at_rest(flat((9, 9, 9)), frames, coding)
    keys = [number for number, packet in enumerate(group.packets) if packet.is_idr]
    assert len(group.packets) == frames
    assert keys == [0, *range(every, frames - 1, every)]
    assert len({group.packets[number].data for number in keys}) == 1


def test_packets_hold_nothing_but_slices() -> None:
    """libx264 would add its version and its settings as an SEI unit."""
    assert set(units(at_rest(noise(1), 50, CODING))) == {1, 5}
    assert set(units(in_motion(map(from_rgb, [noise(1), noise(2)]), CODING))) == {1, 5}


def test_two_adjacent_keyframes_have_different_ids() -> None:
    first = at_rest(noise(1), 1, CODING, idr_pic_id=1)
    second = at_rest(noise(2), 5, CODING, idr_pic_id=0)
    assert [idr_pic_id(group.packets[0].data) for group in (first, second)] == [1, 0]
    frames = decoded([first, second])
    assert not same(frames[0], frames[1])


def test_moving_pictures_are_one_closed_group_with_the_film_s_parameters() -> None:
    shown = [flat((20 * number, 0, 255 - 20 * number)) for number in range(12)]
    group = in_motion(map(from_rgb, shown), CODING)
    assert [packet.is_idr for packet in group.packets] == [True] + [False] * 11
    frames = decoded([at_rest(noise(1), 7, CODING), group, at_rest(noise(2), 7, CODING)])
    brightness = [int(frame[0].mean()) for frame in frames[7:19]]
    assert brightness == sorted(brightness)
    assert all(abs(now - then) >= 1 for now, then in pairwise(brightness))


# ---- what the stream says of itself --------------------------------------------------------------


@pytest.mark.parametrize("option", ["ref=2", "bframes=1", "weightp=2", "8x8dct=0", "cabac=0"])
def test_a_span_that_is_encoded_with_another_option_is_refused(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(CODING)
    monkeypatch.setattr(h264, "AT_REST", f"{h264.AT_REST}:{option}")
    with pytest.raises(FilmError, match=r"other parameters \(SPS and PPS\)"):
        at_rest(noise(1), 5, CODING)


@pytest.mark.parametrize("colour", TRICKY_COLOURS)
def test_a_flat_colour_comes_back_within_two_codes_through_bt709(
    colour: tuple[int, int, int],
) -> None:
    y, u, v = (float(plane.mean()) for plane in decoded([at_rest(flat(colour), 3, CODING)])[-1])
    luma = (y - 16) / 219
    blue = (u - 128) / 224
    red = (v - 128) / 224
    r = luma + 2 * (1 - KR) * red
    b = luma + 2 * (1 - KB) * blue
    g = (luma - KR * r - KB * b) / (1 - KR - KB)
    back = [min(255.0, max(0.0, 255 * part)) for part in (r, g, b)]
    assert max(abs(one - other) for one, other in zip(back, colour, strict=True)) <= 2


@pytest.mark.parametrize(
    ("size", "fps", "level"),
    [
        ((640, 480), 24, "3.0"),
        ((1280, 720), 30, "3.1"),
        ((1920, 1080), 30, "4.0"),
        ((1920, 1080), Fraction(30_000, 1001), "4.0"),
        ((1920, 1080), Fraction(151, 5), "4.2"),
        ((1920, 1080), 60, "4.2"),
        ((1080, 1920), 60, "4.2"),
        ((3840, 2160), 30, "5.1"),
        ((3840, 2160), 60, "5.2"),
    ],
)
def test_the_level_is_the_lowest_that_fits(
    size: tuple[int, int], fps: int | Fraction, level: str
) -> None:
    assert Coding(size, Fraction(fps), 20, 240).level == level


def test_the_level_stands_in_the_film_s_parameters() -> None:
    sps = template(Coding((1920, 1080), Fraction(24), 20, 240)).parameters.split(b"\0\0\0\1")[1]
    assert sps[3] == 40  # level_idc


def test_a_picture_too_large_for_its_level_is_encoded_more_coarsely() -> None:
    """Noise in 1080p at 30 frames a second.

    786,432 bytes are allowed (A.3.1); CRF 20 would take about four million.
    """
    coding = Coding((1920, 1080), Fraction(30), 20, 300)
    data = at_rest(pictures.noisy(1, coding.size), 2, coding).packets[0].data
    assert coding.largest_picture == 384 * 245_760 // 30 // 4 == 786_432
    assert 200_000 < len(data) <= coding.largest_picture


def test_the_stream_says_what_its_colours_are() -> None:
    """BT.709, in limited range: each is number 1."""
    context = decoder()
    data = at_rest(noise(1), 2, CODING).packets[0].data
    [frame, *_] = [*context.decode(av.Packet(data)), *context.decode(None)]
    assert isinstance(frame, av.VideoFrame)
    assert frame.colorspace == 1
    assert frame.color_range == 1
    assert frame.color_trc == 1
    assert frame.color_primaries == 1


@pytest.mark.parametrize(
    "fps", [Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(25, 2)], ids=str
)
def test_the_stream_runs_at_its_exact_rate(fps: Fraction) -> None:
    """The sequence's own clock: time_scale counts fields, two a frame (Rec. ITU-T H.264, E.2.1)."""
    coding = Coding(CODING.size, fps, 20, 240)
    context = decoder(coding)
    context.decode(av.Packet(at_rest(noise(1), 1, coding).packets[0].data))
    context.decode(None)
    assert context.framerate == fps


def test_moving_pictures_come_back_in_all_planes_as_they_were() -> None:
    """They never leave the stream's colours: a smooth one comes back within a code on average."""
    down, across = np.mgrid[: CODING.size[1], : CODING.size[0]]
    picture = np.stack([across, 2 * down, 255 - across], axis=-1).astype(np.uint8)
    shown = [from_rgb(picture // 2 + 10 * step) for step in range(6)]
    for ours, back in zip(shown, decoded([in_motion(shown, CODING)]), strict=True):
        there = np.concatenate([plane.reshape(-1) for plane in back]).astype(int)
        assert np.abs(there - ours.reshape(-1)).mean() < 1

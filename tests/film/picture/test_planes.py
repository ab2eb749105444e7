"""The stream's colours: BT.709 in limited range, from RGB and back, and drawing in them."""

from collections.abc import Callable

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from daemon.film.picture.planes import (
    Frame,
    Overlay,
    Planes,
    black,
    from_rgb,
    mixed,
    size_of,
    split,
    to_frame,
    to_rgb,
    to_yuv,
)
from tests.helpers.pictures import KB, KR, TRICKY_COLOURS, flat

SIZE = (160, 96)
COLOUR = st.tuples(*[st.integers(0, 255)] * 3)


def smooth(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture without edges, whose colours survive at half the resolution."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def noise(seed: int) -> Planes:
    return np.random.default_rng(seed).integers(16, 236, (SIZE[1] * 3 // 2, SIZE[0]), np.uint8)


def codes(colour: tuple[int, ...]) -> tuple[float, float, float]:
    """Y', Cb and Cr of a colour, unrounded (Rec. ITU-R BT.709-6, items 3.2 to 3.5)."""
    red, green, blue = (part / 255 for part in colour)
    luma = KR * red + (1 - KR - KB) * green + KB * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / (2 * (1 - KB)),
        128 + 224 * (red - luma) / (2 * (1 - KR)),
    )


# ---- from RGB and back ---------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(COLOUR)
def test_a_flat_colour_has_the_codes_of_bt709_to_one_code(colour: tuple[int, ...]) -> None:
    for plane, expected in zip(split(from_rgb(flat(colour, SIZE))), codes(colour), strict=True):
        assert np.abs(plane - expected).max() <= 1


@pytest.mark.parametrize("colour", TRICKY_COLOURS)
def test_a_flat_colour_comes_back_within_two_codes(colour: tuple[int, int, int]) -> None:
    back = to_rgb(from_rgb(flat(colour, SIZE)))
    assert back.shape == (96, 160, 3)
    assert np.abs(back.astype(int) - colour).max() <= 2


def test_a_picture_without_edges_comes_back_within_a_few_codes() -> None:
    picture = np.asarray(smooth(1)).astype(int)
    assert np.abs(to_rgb(from_rgb(picture.astype(np.uint8))) - picture).max() <= 6
    assert np.abs(to_rgb(from_rgb(picture.astype(np.uint8))) - picture).mean() <= 1


def test_chroma_is_sited_left() -> None:
    """Of a red stripe of one pixel on an even column, the sample of chroma there sees half.

    On an odd column, the samples to its left and right see a quarter each.
    """

    def weights(column: int) -> npt.NDArray[np.float64]:
        picture = flat((0, 0, 0), SIZE)
        picture[:, column] = (255, 0, 0)
        red = split(from_rgb(picture))[2][40].astype(float) - 128
        return np.asarray(np.round(red / red.sum(), 1))

    even, odd = weights(80), weights(81)
    assert even[40] >= 0.5
    assert even[39] == even[41]
    assert odd[40] == odd[41]
    assert odd[39] == odd[42]


def test_frames_for_the_encoder_hold_the_same_bytes() -> None:
    picture = np.asarray(smooth(2))
    for frame in (to_yuv(picture), to_frame(from_rgb(picture))):
        assert (frame.format.name, frame.width, frame.height) == ("yuv420p", *SIZE)
        assert (frame.to_ndarray() == from_rgb(picture)).all()


# ---- planes --------------------------------------------------------------------------------------


@given(
    st.tuples(st.integers(8, 100), st.integers(8, 100)).map(lambda half: (2 * half[0], 2 * half[1]))
)
def test_planes_are_views_of_the_shapes_that_a_decoder_has(size: tuple[int, int]) -> None:
    whole = np.zeros((size[1] * 3 // 2, size[0]), np.uint8)
    assert size_of(whole) == size
    for value, plane in enumerate(split(whole), 1):
        plane[:] = value
    frame = av.VideoFrame.from_ndarray(whole, format="yuv420p")
    assert [(plane.height, plane.width) for plane in frame.planes] == [
        plane.shape for plane in split(whole)
    ]
    assert [set(bytes(plane)[: plane.width]) for plane in frame.planes] == [{1}, {2}, {3}]


def test_black_is_black() -> None:
    assert (black(SIZE) == from_rgb(flat((0, 0, 0), SIZE))).all()
    assert (to_rgb(black(SIZE)) == 0).all()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_mixed_is_between_the_two_as_the_share_says(share: float) -> None:
    one = noise(1)
    other = noise(2)
    exact = one.astype(float) * (1 - share) + other.astype(float) * share
    shown = mixed(one, other, share)
    assert shown.dtype == np.uint8
    assert np.abs(shown - exact).max() <= 0.5


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_mixing_planes_is_mixing_colours(share: float) -> None:
    one = (200, 40, 40)
    other = (50, 70, 210)
    expected = np.array(one) * (1 - share) + np.array(other) * share
    shown = to_rgb(mixed(from_rgb(flat(one, SIZE)), from_rgb(flat(other, SIZE)), share))
    assert np.abs(shown - expected).max() <= 2


# ---- overlays ------------------------------------------------------------------------------------


def patch(colour: tuple[int, ...], opacity: int, size: tuple[int, int]) -> Image.Image:
    return Image.new("RGBA", size, (*colour, opacity))


def soft(size: tuple[int, int]) -> Image.Image:
    """A picture whose colours and opacity change slowly."""
    image = smooth(3, size).convert("RGBA")
    image.putalpha(smooth(4, size).convert("L"))
    return image


def pasted(ground: Image.Image, image: Image.Image, left: int, top: int) -> Frame:
    """What Pillow makes of it."""
    shown = ground.copy()
    shown.paste(image, (left, top), image)
    return np.asarray(shown)


def drawn(ground: Image.Image, image: Image.Image, left: int, top: int) -> Planes:
    return Overlay.of(image, left, top).drawn_on(from_rgb(np.asarray(ground)))


def interior(frame: Frame, left: int, top: int, size: tuple[int, int]) -> npt.NDArray[np.int_]:
    """The part of a picture that is at least four pixels inside an overlay."""
    return frame[top + 4 : top + size[1] - 4, left + 4 : left + size[0] - 4].astype(int)


PLACES = [(40, 30), (41, 30), (40, 31), (41, 31)]
SIZES = [(60, 30), (61, 31)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("left", "top"), PLACES)
@pytest.mark.parametrize("opacity", [0, 90, 178, 255])
@pytest.mark.parametrize("colour", [(255, 255, 255), (12, 12, 16), (200, 40, 40), (50, 70, 210)])
def test_a_flat_overlay_has_pillow_s_colours_to_two_codes(
    colour: tuple[int, ...], opacity: int, left: int, top: int, size: tuple[int, int]
) -> None:
    ground = Image.new("RGB", SIZE, (40, 170, 60))
    image = patch(colour, opacity, size)
    ours = to_rgb(drawn(ground, image, left, top))
    pillow = pasted(ground, image, left, top)
    assert np.abs(interior(ours, left, top, size) - interior(pillow, left, top, size)).max() <= 2
    outside = np.ones(SIZE[::-1], bool)
    outside[top - 3 : top + size[1] + 3, left - 3 : left + size[0] + 3] = False
    assert (ours[outside] == to_rgb(from_rgb(np.asarray(ground)))[outside]).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("left", "top"), PLACES)
def test_an_overlay_s_luma_is_pillow_s_to_two_codes_at_every_pixel(
    left: int, top: int, size: tuple[int, int]
) -> None:
    """Luma has the full resolution, so this includes the edges."""
    ground = smooth(5)
    for image in (soft(size), patch((255, 255, 255), 255, size), patch((12, 12, 16), 178, size)):
        ours = split(drawn(ground, image, left, top))[0].astype(int)
        assert np.abs(ours - split(from_rgb(pasted(ground, image, left, top)))[0]).max() <= 2


@pytest.mark.parametrize(("left", "top"), PLACES)
def test_a_soft_overlay_over_a_picture_has_pillow_s_colours_to_three_codes_of_chroma(
    left: int, top: int
) -> None:
    ground = smooth(5)
    image = soft((60, 30))
    ours = split(drawn(ground, image, left, top))
    pillow = split(from_rgb(pasted(ground, image, left, top)))
    for plane, expected in zip(ours[1:], pillow[1:], strict=True):
        part = (slice(top // 2 + 2, top // 2 + 13), slice(left // 2 + 2, left // 2 + 28))
        assert np.abs(plane[part].astype(int) - expected[part]).max() <= 3


@pytest.mark.parametrize(
    ("left", "top"),
    [(0, 0), (100, 66), (99, 65), (101, 67), (150, 0), (151, 91), (0, 95), (159, 95)],
    ids=str,
)
def test_the_part_of_an_overlay_outside_the_canvas_is_cut_off(left: int, top: int) -> None:
    ground = Image.new("RGB", SIZE, (40, 170, 60))
    image = patch((255, 255, 255), 255, (60, 30))
    shown = drawn(ground, image, left, top)
    assert shown.shape == (SIZE[1] * 3 // 2, SIZE[0])
    expected = split(from_rgb(pasted(ground, image, left, top)))[0]
    assert np.abs(split(shown)[0].astype(int) - expected).max() <= 2


def test_drawing_an_overlay_does_not_change_the_given_picture() -> None:
    ground = noise(1)
    before = ground.copy()
    overlay = Overlay.of(patch((255, 255, 255), 255, (20, 20)), 10, 10)
    assert (overlay.drawn_on(ground) != ground).any()
    assert (ground == before).all()


@pytest.mark.parametrize(
    "make", [soft, lambda size: patch((9, 200, 9), 0, size)], ids=["soft", "clear"]
)
def test_a_wholly_transparent_overlay_changes_nothing(
    make: Callable[[tuple[int, int]], Image.Image],
) -> None:
    image = make((33, 17))
    image.putalpha(0)
    ground = noise(2)
    assert (Overlay.of(image, 7, 9).drawn_on(ground) == ground).all()

"""Pictures in the colours of the film's stream: planes of luma and of chroma at half the resolution (yuv420p, BT.709, limited
range, chroma sited left, Rec. ITU-T H.273).

What moves is moved, mixed and written upon in these planes: the way through RGB would cost more than the movement itself.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from daemon.options import Canvas

Frame = npt.NDArray[np.uint8]
"""One picture of shape (height, width, 3), RGB, 0 to 255."""
Planes = npt.NDArray[np.uint8]
"""One picture of shape (height × 3/2, width): the rows of luma, then those of Cb and Cr, two of them in each row."""

Plane = npt.NDArray[np.floating[Any]]
"""A plane in the midst of a calculation."""

TO_BT709 = "in_range=full:out_range=limited:out_color_matrix=bt709:out_chroma_loc=left:flags=accurate_rnd+full_chroma_inp+bilinear"
"""swscale's own default is BT.601 with chroma in the middle: green comes out 28 levels wrong (measured)."""
FROM_BT709 = "in_range=limited:out_range=full:in_color_matrix=bt709:in_chroma_loc=left:flags=accurate_rnd+full_chroma_int+bilinear"

RED, BLUE = 0.2126, 0.0722
"""The shares of red and blue in luma (Rec. ITU-R BT.709-6, 3.2); green has the rest."""

cv2.setNumThreads(
    1
)  # spans are rendered side by side, one on each core: a picture need not be cut up as well


def to_yuv(picture: Frame) -> av.VideoFrame:
    """An RGB picture in the colours of high-definition video, as the encoder takes it."""
    return _scaled(av.VideoFrame.from_ndarray(picture, format="rgb24"), TO_BT709, "yuv420p")


def from_rgb(picture: Frame) -> Planes:
    """An RGB picture of even sides as planes."""
    return _pixels(to_yuv(picture))


def to_rgb(planes: Planes) -> Frame:
    """Planes as an RGB picture."""
    return _pixels(_scaled(to_frame(planes), FROM_BT709, "rgb24"))


def to_frame(planes: Planes) -> av.VideoFrame:
    """Planes as the encoder takes them."""
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def _scaled(frame: av.VideoFrame, how: str, form: str) -> av.VideoFrame:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
    )
    graph.link_nodes(
        source, graph.add("scale", how), graph.add("format", form), graph.add("buffersink")
    ).configure()
    graph.push(frame)
    converted = graph.pull()
    assert isinstance(converted, av.VideoFrame)
    return converted


def _pixels(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    return frame.to_ndarray().astype(np.uint8, copy=False)


def size_of(planes: Planes) -> Canvas:
    """Width and height of the picture in pixels."""
    return planes.shape[1], planes.shape[0] * 2 // 3


def split(planes: Planes) -> tuple[Planes, Planes, Planes]:
    """Luma, Cb and Cr as views of shapes (height, width), and twice (height/2, width/2)."""
    width, height = size_of(planes)
    chroma = planes.reshape(-1)[width * height :].reshape(2, height // 2, width // 2)
    return planes[:height], chroma[0], chroma[1]


def black(size: Canvas) -> Planes:
    """A black picture."""
    planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
    planes[: size[1]] = 16
    return planes


def mixed(one: Planes, other: Planes, share: float) -> Planes:
    """Both pictures over each other, `share` (0 to 1) of it the other."""
    return cv2.addWeighted(one, 1 - share, other, share, 0).astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something drawn that is laid over pictures: for each plane its part of the picture, and what of that shows through."""

    left: int
    top: int
    colours: tuple[Plane, ...]
    through: tuple[Plane, ...]

    @classmethod
    def of(cls, image: Image.Image, left: int, top: int) -> "Overlay":
        """An RGBA image whose top left corner belongs at (left, top)."""
        even = Image.new(
            "RGBA", (_even(image.width + left % 2 + 1), _even(image.height + top % 2))
        )  # the chroma reaches over
        even.paste(image, (left % 2, top % 2))
        pixels = np.asarray(even).astype(np.float32)
        alpha: Plane = pixels[..., 3] / 255
        luma, blue, red = (channel * alpha for channel in _luma_and_chroma(pixels[..., :3] / 255))
        clear, clear_of_chroma = 1 - alpha, 1 - _at_chroma(alpha)
        colours, through = (
            (luma, _at_chroma(blue), _at_chroma(red)),
            (clear, clear_of_chroma, clear_of_chroma),
        )
        return cls(left - left % 2, top - top % 2, colours, through)

    def drawn_on(self, planes: Planes) -> Planes:
        """The picture with this over it."""
        result = planes.copy()
        for plane, colour, through, scale in zip(
            split(result), self.colours, self.through, (1, 2, 2), strict=True
        ):
            top, left = self.top // scale, self.left // scale
            part = plane[top : top + colour.shape[0], left : left + colour.shape[1]]
            part[:] = np.rint(
                part * through[: part.shape[0], : part.shape[1]]
                + colour[: part.shape[0], : part.shape[1]]
            )
        return result


def _luma_and_chroma(rgb: Plane) -> tuple[Plane, ...]:
    """RGB from 0 to 1 as Y', Cb and Cr in the codes of limited range (Rec. ITU-R BT.709-6, 3.3 to 3.5)."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = RED * red + (1 - RED - BLUE) * green + BLUE * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / (2 - 2 * BLUE),
        128 + 224 * (red - luma) / (2 - 2 * RED),
    )


def _at_chroma(plane: Plane) -> Plane:
    """A plane as the samples of chroma see it, sited left: every second column weighs as much as the two beside it."""
    rows = (plane[0::2] + plane[1::2]) / 2
    before = np.pad(rows[:, 1:-1:2], ((0, 0), (1, 0)))
    return rows[:, 0::2] / 2 + (before + rows[:, 1::2]) / 4


def _even(length: int) -> int:
    return length + length % 2

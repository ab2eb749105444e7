"""Pictures in the colours of the film's stream, as planes of luma and chroma.

That is yuv420p: chroma has half the resolution. The colours are BT.709 in limited range, chroma is
sited left (Rec. ITU-T H.273). Moving, mixing and drawing words all happen in these planes: a detour
through RGB would cost more than the movement itself.
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
"""A picture of shape (height, width, 3): RGB, 0 to 255."""
Planes = npt.NDArray[np.uint8]
"""A picture of shape (height × 3/2, width): the rows of luma, then those of Cb, then those of Cr.
Chroma has half as many pixels in a row, so that each row of the array holds two of its rows."""

cv2.setNumThreads(
    1
)  # each core renders a span of its own, so several threads a picture would not help

# ---- from RGB and back ---------------------------------------------------------------------------

TO_BT709 = (
    "in_range=full:out_range=limited:out_color_matrix=bt709:out_chroma_loc=left"
    ":flags=accurate_rnd+full_chroma_inp+bilinear"
)
"""swscale's default, BT.601 with chroma in the middle, makes green 28 levels wrong (measured)."""
FROM_BT709 = (
    "in_range=limited:out_range=full:in_color_matrix=bt709:in_chroma_loc=left"
    ":flags=accurate_rnd+full_chroma_int+bilinear"
)


def to_yuv(picture: Frame) -> av.VideoFrame:
    """An RGB picture in the colours of high-definition video, as the encoder takes it."""
    return rescaled(av.VideoFrame.from_ndarray(picture, format="rgb24"), TO_BT709, "yuv420p")


def to_frame(planes: Planes) -> av.VideoFrame:
    """Planes as the encoder takes them."""
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def from_rgb(picture: Frame) -> Planes:
    """An RGB picture of even sides as planes."""
    return to_yuv(picture).to_ndarray().astype(np.uint8, copy=False)


def to_rgb(planes: Planes) -> Frame:
    """Planes as an RGB picture."""
    frame = rescaled(to_frame(planes), FROM_BT709, "rgb24")
    return frame.to_ndarray().astype(np.uint8, copy=False)


def rescaled(frame: av.VideoFrame, options: str, pixel_format: str) -> av.VideoFrame:
    """A frame after FFmpeg's scale filter with these options, in this pixel format."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
    )
    scale = graph.add("scale", options)
    graph.link_nodes(
        source, scale, graph.add("format", pixel_format), graph.add("buffersink")
    ).configure()
    graph.push(frame)
    converted = graph.pull()
    assert isinstance(converted, av.VideoFrame)
    return converted


# ---- planes --------------------------------------------------------------------------------------


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
    """Two pictures over each other. `share`, 0 to 1: how much of the other there is."""
    return cv2.addWeighted(one, 1 - share, other, share, 0).astype(np.uint8, copy=False)


# ---- overlays ------------------------------------------------------------------------------------

RED = 0.2126
BLUE = 0.0722
"""The shares of red and blue in luma (Rec. ITU-R BT.709-6, 3.2); green has the rest."""

Plane = npt.NDArray[np.floating[Any]]
"""A plane while it is calculated."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A drawing to be laid over pictures; its top left corner belongs at (left, top), both even.

    `colours`: for luma, Cb and Cr, what the drawing adds. `through`: for each, the share of the
    picture that shows through, 0 to 1.
    """

    left: int
    top: int
    colours: tuple[Plane, Plane, Plane]
    through: tuple[Plane, Plane, Plane]

    @classmethod
    def of(cls, image: Image.Image, left: int, top: int) -> "Overlay":
        """An RGBA image whose top left corner belongs at (left, top)."""
        inset = left % 2, top % 2
        width = _even(image.width + inset[0] + 1)  # one column more: chroma reaches over the edge
        height = _even(image.height + inset[1])
        aligned = Image.new("RGBA", (width, height))
        aligned.paste(image, inset)

        pixels = np.asarray(aligned).astype(np.float32)
        alpha: Plane = pixels[..., 3] / 255
        luma, blue, red = (plane * alpha for plane in luma_and_chroma(pixels[..., :3] / 255))
        chroma_through = 1 - at_chroma(alpha)
        return cls(
            left - inset[0],
            top - inset[1],
            colours=(luma, at_chroma(blue), at_chroma(red)),
            through=(1 - alpha, chroma_through, chroma_through),
        )

    def drawn_on(self, planes: Planes) -> Planes:
        """The picture with this over it; what lies outside the picture is cut off."""
        result = planes.copy()
        for plane, colour, through, scale in zip(
            split(result), self.colours, self.through, (1, 2, 2), strict=True
        ):
            left, top = self.left // scale, self.top // scale
            part = plane[top : top + colour.shape[0], left : left + colour.shape[1]]
            height, width = part.shape
            part[:] = np.rint(part * through[:height, :width] + colour[:height, :width])
        return result


def luma_and_chroma(rgb: Plane) -> tuple[Plane, Plane, Plane]:
    """RGB from 0 to 1 as Y', Cb and Cr in limited range (Rec. ITU-R BT.709-6, 3.3 to 3.5)."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = RED * red + (1 - RED - BLUE) * green + BLUE * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / (2 - 2 * BLUE),
        128 + 224 * (red - luma) / (2 - 2 * RED),
    )


def at_chroma(plane: Plane) -> Plane:
    """A plane at half the resolution, as samples of chroma see it: sited left.

    A sample lies on every second column, which counts half; the columns to its left and right count
    a quarter each.
    """
    rows = (plane[0::2] + plane[1::2]) / 2
    before = np.pad(rows[:, 1:-1:2], ((0, 0), (1, 0)))
    return rows[:, 0::2] / 2 + (before + rows[:, 1::2]) / 4


def _even(length: int) -> int:
    return length + length % 2

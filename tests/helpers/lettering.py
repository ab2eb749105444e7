"""For tests of words: canvases, fonts, texts in several scripts, and the ink of drawn letters."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from daemon.film.picture.layer import Layer
from daemon.film.plan.layout import Box
from daemon.media.typeface import Typeface, can_shape
from daemon.options import CaptionStyle

Pixels = npt.NDArray[np.float64]

LANDSCAPE = (1920, 1080)
PORTRAIT = (1080, 1920)
SQUARE = (1080, 1080)
CANVASES = {
    "landscape": LANDSCAPE,
    "portrait": PORTRAIT,
    "square": SQUARE,
    "tiny": (160, 90),
}
SMALLEST_CANVASES = [(16, 16), (4096, 16), (16, 4096)]

FACE = Typeface()
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")

TEXTS = {
    "a word": "Wren",
    "two lines": "On a hill above the sea lived a small fox called Wren. "
    "Every evening she watched the light.",
    "deep and high": "ÅÉÎÕÜ gjpqy ÅÉÎÕÜ gjpqy",
    "one long word": "W" * 300,
    "wide letters": "WWWWWWW MMMMMMM " * 8,
}
SHALOM = "שלום"
HELLO_ARABIC = "مرحبا"

needs_raqm = pytest.mark.skipif(not can_shape(), reason="this Pillow finds no raqm with fribidi")
needs_dejavu = pytest.mark.skipif(
    not DEJAVU.is_file(), reason="DejaVu Sans, which has Hebrew and Arabic, is not installed"
)
every_canvas = pytest.mark.parametrize("canvas", CANVASES.values(), ids=CANVASES.keys())
every_style = pytest.mark.parametrize("style", get_args(CaptionStyle))
every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


@functools.cache
def dejavu() -> Typeface:
    """DejaVu Sans, for tests that are marked `needs_dejavu`."""
    return Typeface(DEJAVU)


def pairs(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """The lines, two at a time, as captions show them."""
    return (lines[first : first + 2] for first in range(0, len(lines), 2))


def is_within(box: Box | tuple[int, int, int, int], area: Box) -> bool:
    """Whether all of a box lies in an area."""
    left, top, right, bottom = box
    across = area.left <= left and right <= area.right
    return across and area.top <= top and bottom <= area.bottom


def ink(layer: Layer) -> Pixels:
    """How much of each pixel is a letter's white, 0 to 1; strokes and boxes are left out."""
    pixels = np.asarray(layer.image, dtype=np.float64)
    white: Pixels = pixels[:, :, 3] / 255 * (pixels[:, :, 0] > 200)
    return white


def inked_rows(made: Image.Image) -> npt.NDArray[np.intp]:
    """The numbers of the rows of pixels that have white in them."""
    return np.flatnonzero((np.asarray(made)[:, :, 0] > 128).max(axis=1))


def contrast(made: Pixels, white: npt.NDArray[np.bool_]) -> float:
    """The least contrast of WCAG 2.2 along the right edges of white letters.

    It is between the last white pixel and the one two to the right of it.
    """
    rows, columns = np.nonzero(white[:, :-2] & ~white[:, 1:-1] & ~white[:, 2:])
    assert len(rows) > 50
    letters = min(luminance(colour) for colour in made[rows, columns])
    ground = max(luminance(colour) for colour in made[rows, columns + 2])
    return (letters + 0.05) / (ground + 0.05)


def luminance(colour: Pixels) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    part = colour / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])

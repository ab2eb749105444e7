"""Pictures for tests: flat, noisy and photographic, as frames (see `planes.Frame`) and as files."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from daemon.film.picture.planes import Frame
from daemon.options import Canvas

COLOURS = (
    (200, 40, 40),
    (40, 170, 60),
    (50, 70, 210),
    (220, 190, 40),
    (150, 60, 180),
    (30, 180, 190),
)
"""Flat and far apart, so that a decoded frame shows which page it is from."""
TRICKY_COLOURS = (
    (0, 255, 0),
    (255, 0, 0),
    (0, 0, 255),
    (224, 172, 105),
    (141, 85, 36),
    (0, 0, 0),
    (255, 255, 255),
    *((grey, grey, grey) for grey in (1, 16, 17, 64, 128, 200, 234, 235, 254)),
)
"""Where a wrong conversion shows: primaries, skin, and greys near the limited range's ends."""
KR = 0.2126  # Rec. ITU-R BT.709-6, item 3.2
KB = 0.0722
SIZE = (160, 90)


def flat(colour: tuple[int, ...], size: Canvas = SIZE) -> Frame:
    """One colour everywhere."""
    return np.full((size[1], size[0], 3), colour, np.uint8)


def noisy(seed: int, size: Canvas = SIZE) -> Frame:
    """Coloured noise, which no decoder can guess."""
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def photographic(seed: int, size: Canvas = SIZE) -> Frame:
    """Texture on three scales, each twice as fine as the one before and half as strong."""
    chance = np.random.default_rng(seed)
    layers = []
    for finer in (1, 2, 4):
        small = chance.integers(0, 256, (6 * finer, 10 * finer, 3), np.uint8)
        large = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        layers.append(np.asarray(large, dtype=np.float64))
    return np.average(layers, axis=0, weights=[4, 2, 1]).astype(np.uint8)


def save(frame: Frame, path: Path) -> Path:
    """Write a picture; the file's name decides its format."""
    Image.fromarray(frame).save(path)
    return path


def picture(path: Path, colour: tuple[int, int, int] = COLOURS[0], size: Canvas = SIZE) -> Path:
    """Write a flat picture."""
    return save(flat(colour, size), path)


def cover() -> bytes:
    """A small flat JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (16, 9), COLOURS[1]).save(file, "JPEG")
    return file.getvalue()


def likeness(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """The peak signal-to-noise ratio of two pictures in dB, of 8 bits each."""
    error = float(np.mean(np.square(np.subtract(one, other, dtype=np.float64))))
    return 10 * float(np.log10(255**2 / error)) if error else np.inf

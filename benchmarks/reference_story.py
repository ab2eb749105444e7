"""The reference story of the benchmarks: seeded pages of photographic noise and shapes as PNG, with spoken-like narrations.

The pictures have what photographs have and flat drawings lack: light that falls off, texture on every scale (noise whose
spectrum falls with 1/f, as that of natural images does), hard edges of shapes, and the grain of a sensor. The narrations are
noise in the rhythm and the bandwidth of speech, so that no codec gets them for nothing.

    python -m benchmarks.reference_story FOLDER [PAGES] [SECONDS]
"""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1920, 1080
RATE = 48_000
PAGES, SECONDS, GAP = 12, 6.0, 0.5
"""Twelve pages of about six seconds and a gap: 78 s, the length of the film of the design's own figures."""


def picture(seed: int) -> Image.Image:
    """A page: a lit, textured ground with shapes on it, and grain over all."""
    chance = np.random.default_rng(seed)
    ground = _octaves(chance) * 70 + _light(chance)
    image = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    _shapes(image, chance)
    grain = chance.normal(0, 2.0, (HEIGHT, WIDTH, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def _octaves(chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """Noise of every scale from the whole picture down to two pixels, each octave half as strong as the one above it."""
    total = np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(1, 10):
        shape = (max(2, HEIGHT * 2**octave // 1024), max(2, WIDTH * 2**octave // 1024), 3)
        small = chance.normal(0, 127, shape).clip(-127, 127).astype(np.int16)
        layer = Image.fromarray((small + 128).astype(np.uint8)).resize(
            (WIDTH, HEIGHT), Image.Resampling.BICUBIC
        )
        total += (np.asarray(layer, dtype=np.float64) - 128) / 127 / 2 ** (octave * 0.8)
    return total


def _light(chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """Light that falls from one corner, in a colour."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    towards = chance.uniform(-1, 1, 2)
    fall = 1 / (1 + np.hypot(x - 0.5 - towards[0], y - 0.5 - towards[1]))
    light: npt.NDArray[np.float64] = fall[..., None] * chance.uniform(120, 250, 3)
    return light


def _shapes(image: Image.Image, chance: np.random.Generator) -> None:
    for _ in range(14):
        left, top = int(chance.integers(0, WIDTH)), int(chance.integers(0, HEIGHT))
        size, colour = int(chance.integers(40, 420)), tuple(map(int, chance.integers(0, 256, 3)))
        layer, mask = Image.new("RGB", image.size, colour), Image.new("L", image.size, 0)
        draw = (
            ImageDraw.Draw(mask).ellipse
            if chance.random() < 0.5
            else ImageDraw.Draw(mask).rectangle
        )
        draw((left, top, left + size, top + size * 2 // 3), fill=int(chance.integers(90, 256)))
        blurred = mask.filter(ImageFilter.GaussianBlur(int(chance.integers(0, 6))))
        image.paste(layer, (0, 0), blurred)


def narration(seed: int, seconds: float) -> npt.NDArray[np.float64]:
    """Noise shaped like speech: four syllables a second, most of the energy between 200 Hz and 4 kHz; full scale at ±1."""
    chance = np.random.default_rng(seed)
    samples = round(seconds * RATE)
    spectrum = np.fft.rfft(chance.normal(0, 1, samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    shaped = np.fft.irfft(spectrum * (hertz > 150) / (1 + (hertz / 800) ** 2), samples)
    syllables = np.sin(np.pi * 4 * np.arange(samples) / RATE + chance.uniform(0, 3)) ** 2
    voice: npt.NDArray[np.float64] = shaped * syllables
    return 0.5 * voice / np.abs(voice).max()


def write(
    folder: Path, pages: int = PAGES, seconds: float = SECONDS, distinct: int = PAGES
) -> Path:
    """Write a story into the new folder `folder`; beyond `distinct` pages its pictures and narrations come again."""
    folder.mkdir(parents=True)
    for number in range(min(pages, distinct)):
        picture(number).save(folder / f"{number:03d}.png", compress_level=6)
        _save_wav(folder / f"{number:03d}.wav", narration(number, seconds + number % 3 * 0.05))
    entries = [
        {"image": f"{page % distinct:03d}.png", "audio": f"{page % distinct:03d}.wav"}
        for page in range(pages)
    ]
    (folder / "manifest.json").write_text(json.dumps({"title": "Reference", "pages": entries}))
    return folder


def _save_wav(path: Path, samples: npt.NDArray[np.float64]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    write(Path(arguments[0]), *map(int, arguments[1:2]), *map(float, arguments[2:3]))

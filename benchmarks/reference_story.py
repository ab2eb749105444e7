"""The reference story of the benchmarks: pages of photographic noise and shapes, with narrations.

The pictures (PNG) have what photographs have and flat drawings lack: light that falls off, texture
on every scale (noise whose spectrum falls with 1/f, as that of natural images does), hard edges of
shapes, and the grain of a sensor. The narrations (WAV) are noise in the rhythm and the bandwidth
of speech, so that they cost a codec as much as speech does. All of it is seeded.

    python -m benchmarks.reference_story FOLDER [PAGES] [SECONDS]
"""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

WIDTH = 1920
HEIGHT = 1080
RATE = 48_000
# Twelve pages of about six seconds and a gap: 78 s, as long as the film behind the design's own
# figures.
PAGES = 12
SECONDS = 6.0

FloatArray = npt.NDArray[np.float64]


def write(
    folder: Path, pages: int = PAGES, seconds: float = SECONDS, distinct: int = PAGES
) -> Path:
    """Write a story into a new folder, and return the folder.

    Beyond `distinct` pages, pictures and narrations are repeated. Narrations differ in length by
    up to a tenth of a second.
    """
    folder.mkdir(parents=True)
    for number in range(min(pages, distinct)):
        picture(number).save(folder / f"{number:03d}.png", compress_level=6)
        save_wav(folder / f"{number:03d}.wav", narration(number, seconds + number % 3 * 0.05))
    entries = [
        {"image": f"{page % distinct:03d}.png", "audio": f"{page % distinct:03d}.wav"}
        for page in range(pages)
    ]
    (folder / "manifest.json").write_text(json.dumps({"title": "Reference", "pages": entries}))
    return folder


# ---- pictures ------------------------------------------------------------------------------------


def picture(seed: int) -> Image.Image:
    """A page: a lit, textured ground with shapes on it, and grain over all."""
    chance = np.random.default_rng(seed)
    ground = texture(chance) * 70 + light(chance)
    image = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    add_shapes(image, chance)
    grain = chance.normal(0, 2.0, (HEIGHT, WIDTH, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def texture(chance: np.random.Generator) -> FloatArray:
    """Noise of every scale, from the whole picture down to two pixels, weaker with each octave."""
    total = np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(1, 10):
        shape = (max(2, HEIGHT * 2**octave // 1024), max(2, WIDTH * 2**octave // 1024), 3)
        small = chance.normal(0, 127, shape).clip(-127, 127).astype(np.int16)
        image = Image.fromarray((small + 128).astype(np.uint8))
        layer = image.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        total += (np.asarray(layer, dtype=np.float64) - 128) / 127 / 2 ** (octave * 0.8)
    return total


def light(chance: np.random.Generator) -> FloatArray:
    """Light that falls from one side, in a colour."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    towards = chance.uniform(-1, 1, 2)
    fall: FloatArray = 1 / (1 + np.hypot(x - 0.5 - towards[0], y - 0.5 - towards[1]))
    return fall[..., None] * chance.uniform(120, 250, 3)


def add_shapes(image: Image.Image, chance: np.random.Generator) -> None:
    """Paint ovals and rectangles of random colours, opacity and softness."""
    for _ in range(14):
        left = int(chance.integers(0, WIDTH))
        top = int(chance.integers(0, HEIGHT))
        size = int(chance.integers(40, 420))
        colour = tuple(map(int, chance.integers(0, 256, 3)))
        layer = Image.new("RGB", image.size, colour)
        mask = Image.new("L", image.size, 0)
        pen = ImageDraw.Draw(mask)
        draw = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        draw((left, top, left + size, top + size * 2 // 3), fill=int(chance.integers(90, 256)))
        blurred = mask.filter(ImageFilter.GaussianBlur(int(chance.integers(0, 6))))
        image.paste(layer, (0, 0), blurred)


# ---- narrations ----------------------------------------------------------------------------------


def narration(seed: int, seconds: float) -> FloatArray:
    """Noise shaped like speech; full scale is ±1.

    Four syllables a second, most of the energy between 200 Hz and 4 kHz.
    """
    chance = np.random.default_rng(seed)
    samples = round(seconds * RATE)
    spectrum = np.fft.rfft(chance.normal(0, 1, samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    shaped = np.fft.irfft(spectrum * (hertz > 150) / (1 + (hertz / 800) ** 2), samples)
    syllables = np.sin(np.pi * 4 * np.arange(samples) / RATE + chance.uniform(0, 3)) ** 2
    voice: FloatArray = shaped * syllables
    peak: float = np.abs(voice).max()
    return 0.5 * voice / peak


def save_wav(path: Path, samples: FloatArray) -> None:
    """Write samples as mono PCM of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    write(Path(arguments[0]), *map(int, arguments[1:2]), *map(float, arguments[2:3]))

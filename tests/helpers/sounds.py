"""Sounds for tests: made, written as WAV files, decoded and measured.

A sound of one channel has shape (samples,); of two, (2, samples). Full scale is ±1.
"""

import contextlib
import io
import tracemalloc
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.media.sounds import sound_blocks

RATE = SAMPLE_RATE
REPOSITORY = Path(__file__).parents[2]
RECORDINGS = sorted(
    [*(REPOSITORY / "daemon/demo").glob("*/*.mp3"), *(REPOSITORY / "music").glob("*/*.ogg")]
)
"""The demo's narrations and the bundled music."""
Mono = npt.NDArray[np.float64]


# ---- made ----------------------------------------------------------------------------------------


def sine(seconds: float, hertz: float = 440.0, level: float = 0.5, rate: int = RATE) -> Mono:
    """A tone of amplitude `level`."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def stereo(left: Mono, right: Mono | None = None) -> Samples:
    """Two channels; the same in both where only one is given."""
    if right is None:
        right = left
    return np.stack([left, right]).astype(np.float32)


def noise(seconds: float, pink: bool = False, level: float = 0.1) -> Samples:
    """Different noise in each channel, of an RMS of `level`. Pink noise begins at 20 Hz."""
    samples = round(seconds * RATE)
    sound = np.random.default_rng(1).normal(size=(2, samples))
    if pink:
        hertz = np.fft.rfftfreq(samples, 1 / RATE)
        spectrum = np.fft.rfft(sound) * (hertz > 20) / np.sqrt(np.maximum(hertz, 1))
        sound = np.fft.irfft(spectrum, samples)
    return np.asarray(level * sound / sound.std(), np.float32)


def speech(seconds: float, level: float = 0.1) -> Samples:
    """Syllables of pink noise in phrases, one every three seconds, almost silent between them."""
    time = np.arange(round(seconds * RATE)) / RATE
    syllables = np.sin(2 * np.pi * 2.1 * time).clip(0, None) * (time % 3 < 1.7)
    return noise(seconds, pink=True, level=level) * (syllables + 0.01).astype(np.float32)


def silence(samples: int) -> Iterator[Samples]:
    """Nothing to hear, in blocks of a second."""
    yield from in_blocks(np.zeros((2, samples), np.float32), RATE)


def in_blocks(sound: Samples, length: int) -> Iterator[Samples]:
    """A sound cut into blocks of `length` samples; the last one may be shorter."""
    for start in range(0, sound.shape[1], length):
        yield sound[:, start : start + length]


# ---- written and decoded -------------------------------------------------------------------------


def wav(path: Path, samples: Mono, rate: int = RATE) -> Path:
    """Write a 16-bit mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def decoded(file: io.BytesIO) -> Samples:
    """A sound file's samples at `RATE`, from its beginning, as the daemon reads them."""
    file.seek(0)
    return np.concatenate(list(sound_blocks(file, RATE)), axis=1)


def read(path: Path) -> Samples:
    """The same of a file on disk."""
    return decoded(io.BytesIO(path.read_bytes()))


# ---- measured ------------------------------------------------------------------------------------


def rms(sound: npt.NDArray[np.floating]) -> float:
    """The root mean square, 0 to 1."""
    return float(np.sqrt(np.mean(np.square(sound))))


def decibels(level: float) -> float:
    """An amplitude in dB; 1.0 is 0 dB. What is lower than -180 dB counts as that."""
    return 20 * float(np.log10(max(level, 1e-9)))


@dataclass(frozen=True)
class Reading:
    """What FFmpeg's meter says: the integrated loudness in LUFS, the true peak in dBTP."""

    loudness: float
    peak: float


def ebur128(sound: Samples) -> Reading:
    """The loudness of a sound of two channels, by FFmpeg's own meter (EBU R 128)."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        format="fltp", sample_rate=RATE, layout="stereo", time_base=Fraction(1, RATE)
    )
    meter = graph.add("ebur128", "metadata=1:peak=true")
    graph.link_nodes(source, meter, graph.add("abuffersink")).configure()

    found = dict[str, str]()
    for number, block in enumerate(in_blocks(sound, RATE)):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", "stereo")
        frame.sample_rate = RATE
        frame.pts = number * RATE
        frame.time_base = Fraction(1, RATE)
        graph.push(frame)
        with contextlib.suppress(av.error.BlockingIOError):
            while True:
                found |= graph.pull().metadata
    peak = max(float(found[f"lavfi.r128.true_peaks_ch{channel}"]) for channel in (0, 1))
    return Reading(float(found["lavfi.r128.I"]), decibels(peak))


def peak_memory(blocks: Iterable[object]) -> int:
    """How many bytes Python had in use at most while these blocks were made and dropped."""
    tracemalloc.start()
    try:
        for _ in blocks:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

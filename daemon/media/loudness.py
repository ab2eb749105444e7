"""Loudness as ITU-R BS.1770-4 defines it, of sound that comes in blocks.

A film's whole sound is measured while it is decoded, so this must cost next to nothing: the
standard's filter is applied to the spectrum of each tenth of a second, where numpy is fast, instead
of sample by sample, where Python is not. It stands alone because it knows nothing of films: what to
make louder, and by how much, is decided elsewhere.
"""

from array import array
from functools import cache

import numpy as np
import numpy.typing as npt

from daemon.media.samples import SAMPLE_RATE, Samples

STEP = SAMPLE_RATE // 10
"""Samples of a step, 100 ms: what a gating block of 400 ms advances by when it overlaps the last
one by 75 %."""
BLOCK_STEPS = 4
BATCH = 10
"""Steps transformed at a time: what fits into a processor's cache."""
OFFSET = -0.691
"""Decibels from a K-weighted mean square to LUFS (BS.1770-4, annex 1, equation 2)."""
SILENCE = -70.0
"""The absolute gate in LUFS (BS.1770-4, annex 1, equation 5)."""
RELATIVE_GATE = -10.0
"""LU from the loudness above the absolute gate to the relative gate (BS.1770-4, annex 1, equation
6)."""
HEAD = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
"""The filter for the head's acoustics at 48 kHz: the coefficients b, then a (BS.1770-4, annex 1,
table 1)."""
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""The revised low-frequency B-curve at 48 kHz (BS.1770-4, annex 1, table 2)."""

Powers = npt.NDArray[np.float64]
"""The K-weighted mean square of each 100 ms step, both channels summed: of shape (steps,)."""


class LoudnessMeter:
    """Measures a stream of blocks, one number per 100 ms; besides these it holds less than one step
    of sound."""

    def __init__(self) -> None:
        self._powers = array("d")
        self._rest: Samples = np.zeros((0, 0), np.float32)

    def add(self, block: Samples) -> None:
        """Measure the next samples, of shape (2, n) for any n."""
        if (
            block.strides[0] == 0 and len(self._rest) != 2
        ):  # both sides are one: mono, as `media` gives it
            block = block[:1]
        elif len(self._rest) == 1:
            self._rest = self._rest.repeat(2, axis=0)
        sound = np.concatenate([self._rest, block], axis=1) if self._rest.size else block
        whole = sound.shape[1] // STEP * STEP
        for start in range(0, whole, BATCH * STEP):
            self._powers.extend(_powers(sound[:, start : min(start + BATCH * STEP, whole)]))
        self._rest = sound[:, whole:].copy()  # a view would keep the whole block in memory

    def powers(self) -> Powers:
        """The steps so far; the last one, where it is incomplete, as if silence followed. More may
        be added afterwards."""
        if not self._rest.size:
            return np.array(self._powers, np.float64)
        rest = np.pad(self._rest, ((0, 0), (0, -self._rest.shape[1] % STEP)))
        return np.concatenate([np.array(self._powers, np.float64), _powers(rest)])


def integrated(powers: Powers) -> float:
    """The loudness in LUFS of a whole sound, by its steps: its gating blocks above both gates
    (BS.1770-4, annex 1, equation 7).

    Minus infinity for silence and whatever else does not pass the absolute gate. Sound shorter than
    a gating block is one block of the steps that it has, and none that it has not: a tone of 0.2 s
    is as loud as one of 2 s.
    """
    if not len(powers):
        return -np.inf
    blocks = np.lib.stride_tricks.sliding_window_view(powers, min(BLOCK_STEPS, len(powers))).mean(
        axis=1
    )
    heard = blocks[blocks > _power(SILENCE)]
    if not len(heard):
        return -np.inf
    return _loudness(heard[heard > heard.mean() * 10 ** (RELATIVE_GATE / 10)].mean())


def _loudness(power: float) -> float:
    return float(OFFSET + 10 * np.log10(power))


def _power(loudness: float) -> float:
    return float(10 ** ((loudness - OFFSET) / 10))


def _powers(sound: Samples) -> Powers:
    """The K-weighted mean squares of whole steps.

    By Parseval's theorem, from each step's spectrum, as if it were repeated for ever. What the
    filter still owes a step after its end counts at its beginning, which a whole sound does not
    show: noise, speech and music read within 0.05 LU of FFmpeg's meter. The edges also spread what
    the filter should have held back: a tone of 25 Hz alone reads 1.7 LU too loud.
    """
    spectra = np.ascontiguousarray(np.fft.rfft(sound.reshape(len(sound), -1, STEP)), np.complex64)
    squares = np.vecdot(
        np.square(spectra.view(np.float32)), _weights()
    )  # not `@`: OpenBLAS would use threads, which spin
    return np.asarray(squares.sum(axis=0), np.float64) * (2 if len(sound) == 1 else 1)


@cache
def _weights() -> npt.NDArray[np.float32]:
    """What the square of each real and imaginary part of a step's spectrum adds to its K-weighted
    mean square."""
    weights = 2 * np.square(np.abs(_response(*HEAD) * _response(*HIGH_PASS))) / STEP**2
    weights[[0, -1]] /= 2  # all other frequencies stand for their negative ones as well
    return weights.repeat(2).astype(np.float32)


def _response(b: tuple[float, ...], a: tuple[float, ...]) -> npt.NDArray[np.complex128]:
    """A digital filter's response at a step's frequencies: its transfer function on the unit
    circle."""
    delay = np.exp(-2j * np.pi * np.arange(STEP // 2 + 1) / STEP)
    return np.asarray(np.polyval(b[::-1], delay) / np.polyval(a[::-1], delay), np.complex128)

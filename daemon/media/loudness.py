"""Loudness by ITU-R BS.1770-4, of sound that comes in blocks.

A film's whole sound is measured while it is decoded, so this must cost next to nothing. The
standard's filter is therefore applied to the spectrum of each tenth of a second, where numpy is
fast, and not sample by sample, where Python is slow. This module only measures: `film.plan.levels`
decides what to make louder, and by how much.
"""

from array import array
from functools import cache

import numpy as np
import numpy.typing as npt

from daemon.media.samples import SAMPLE_RATE, Samples

STEP = SAMPLE_RATE // 10
"""Samples of a step, 100 ms: a gating block of 400 ms overlaps the one before it by 75 %."""
BLOCK_STEPS = 4
"""Steps of a gating block."""
BATCH = 10
"""Steps transformed at a time: as many as fit into a processor's cache."""
OFFSET = -0.691
"""LUFS of a K-weighted mean square of 1 (BS.1770-4, annex 1, equation 2)."""
SILENCE = -70.0
"""The absolute gate in LUFS (BS.1770-4, annex 1, equation 5)."""
RELATIVE_GATE = -10.0
"""The relative gate in LU, from the loudness of what passes the absolute gate (BS.1770-4, annex 1,
equation 6)."""
HEAD = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
"""The filter that stands for the acoustics of a head, at 48 kHz: the coefficients b, then a
(BS.1770-4, annex 1, table 1)."""
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""The high-pass filter (revised low-frequency B-curve) at 48 kHz (BS.1770-4, annex 1, table 2)."""

Powers = npt.NDArray[np.float64]
"""The K-weighted mean square of each step of 100 ms, summed over both channels; shape (steps,)."""


class LoudnessMeter:
    """Measures a stream of blocks. It keeps a number per 100 ms, and less than a step of sound."""

    def __init__(self) -> None:
        self._powers = array("d")
        # What is left of the last block; one row while it is mono, then two.
        self._rest: Samples = np.zeros((0, 0), np.float32)

    def add(self, block: Samples) -> None:
        """Measure the next samples, of shape (2, n) for any n."""
        is_mono = block.strides[0] == 0  # both rows are one in memory, as `sounds` returns mono
        if is_mono and len(self._rest) != 2:
            block = block[:1]
        elif len(self._rest) == 1:
            self._rest = self._rest.repeat(2, axis=0)

        sound = block
        if self._rest.size:
            sound = np.concatenate([self._rest, block], axis=1)
        whole = sound.shape[1] // STEP * STEP
        for start in range(0, whole, BATCH * STEP):
            end = min(start + BATCH * STEP, whole)
            self._powers.extend(step_powers(sound[:, start:end]))
        self._rest = sound[:, whole:].copy()  # a view would keep the whole block in memory

    def powers(self) -> Powers:
        """The steps so far. An incomplete last step is measured as if silence followed.

        More sound may be added afterwards.
        """
        powers = np.array(self._powers, np.float64)
        if not self._rest.size:
            return powers
        rest = np.pad(self._rest, ((0, 0), (0, -self._rest.shape[1] % STEP)))
        return np.concatenate([powers, step_powers(rest)])


def integrated(powers: Powers) -> float:
    """The loudness of a whole sound in LUFS, from its steps: the mean of the gating blocks above
    both gates (BS.1770-4, annex 1, equation 7).

    Minus infinity for silence, and for any sound that does not pass the absolute gate. Sound
    shorter than a gating block counts as one block of the steps that it has: a tone of 0.2 s is as
    loud as one of 2 s.
    """
    if not len(powers):
        return -np.inf
    steps = min(BLOCK_STEPS, len(powers))
    blocks = np.lib.stride_tricks.sliding_window_view(powers, steps).mean(axis=1)
    audible = blocks[blocks > 10 ** ((SILENCE - OFFSET) / 10)]
    if not len(audible):
        return -np.inf
    loud = audible[audible > audible.mean() * 10 ** (RELATIVE_GATE / 10)]
    return float(OFFSET + 10 * np.log10(loud.mean()))


def step_powers(sound: Samples) -> Powers:
    """The K-weighted mean squares of whole steps: sound of shape (1 or 2, n · `STEP`).

    They come from each step's spectrum, by Parseval's theorem, as if the step were repeated for
    ever. What the filter would still give out after the end of a step is thus counted at its
    beginning. In a whole sound this does not show: noise, speech and music read within 0.05 LU of
    FFmpeg's meter. The edges of the steps also spread what the filter should have held back: a tone
    of 25 Hz alone reads 1.7 LU too loud.
    """
    spectra = np.ascontiguousarray(np.fft.rfft(sound.reshape(len(sound), -1, STEP)), np.complex64)
    parts = np.square(spectra.view(np.float32))
    # vecdot and not `@`: OpenBLAS would use threads, which spin while they wait.
    powers = np.asarray(np.vecdot(parts, k_weights()).sum(axis=0), np.float64)
    if len(sound) == 1:  # mono is on both sides
        powers *= 2
    return powers


@cache
def k_weights() -> npt.NDArray[np.float32]:
    """What the square of each real and imaginary part of a step's spectrum adds to its K-weighted
    mean square; shape (2 · (`STEP` / 2 + 1),)."""
    weights = 2 * np.square(np.abs(_response(*HEAD) * _response(*HIGH_PASS))) / STEP**2
    weights[[0, -1]] /= 2  # all other frequencies stand for their negative ones as well
    return weights.repeat(2).astype(np.float32)


def _response(b: tuple[float, ...], a: tuple[float, ...]) -> npt.NDArray[np.complex128]:
    """A digital filter's response at a step's frequencies: its transfer function on the unit
    circle."""
    delay = np.exp(-2j * np.pi * np.arange(STEP // 2 + 1) / STEP)
    return np.asarray(np.polyval(b[::-1], delay) / np.polyval(a[::-1], delay), np.complex128)

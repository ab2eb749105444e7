"""Sound as samples: their rate, their shape, and a stream of them."""

import math
from collections.abc import Generator, Iterator

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
"""Samples per second of all sound inside the program: the rate of film sound, and of AAC in
players."""

Samples = npt.NDArray[np.float32]
"""Sound of shape (2, samples): left and right, full scale at ±1."""


class SampleStream:
    """Blocks of any lengths, read in lengths that the reader chooses."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._rest: Samples = np.zeros((2, 0), np.float32)

    def read(self, samples: int) -> Samples:
        """The next samples, of shape (2, samples). After the end of the blocks comes silence."""
        found = self.read_up_to(samples)
        missing = samples - found.shape[1]
        if not missing:
            return found
        return np.pad(found, ((0, 0), (0, missing)))

    def read_up_to(self, samples: int) -> Samples:
        """The next samples, of shape (2, samples), or fewer at the end of the blocks."""
        parts = [self._rest[:, :0]]
        missing = samples
        while missing:
            if not self._rest.shape[1]:
                block = next(self._blocks, None)
                if block is None:
                    break
                self._rest = block
            parts.append(self._rest[:, :missing])
            self._rest = self._rest[:, missing:]
            missing -= parts[-1].shape[1]

        if len(parts) == 2:  # the usual case needs no copy
            return parts[1]
        return np.concatenate(parts, axis=1)

    def close(self) -> None:
        """End the blocks, and close the files that they come from."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()


def amplitude(decibels: float) -> float:
    """The amplitude, as a factor, of a level in decibels."""
    return float(10 ** (decibels / 20))


def decibels(amplitude: float) -> float:
    """The level in decibels of an amplitude, as a factor; -120 for silence."""
    return 20 * math.log10(max(amplitude, 1e-6))

"""Sound that comes in blocks of any lengths, read in lengths that the reader chooses."""

from collections.abc import Generator, Iterator

import numpy as np

from daemon.media import Samples


class SampleStream:
    """Blocks of any lengths, read in lengths that the reader chooses; silence after their end."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._rest: Samples = np.zeros((2, 0), np.float32)

    def read(self, samples: int) -> Samples:
        """The next samples, of shape (2, samples)."""
        found = self.read_up_to(samples)
        missing = samples - found.shape[1]
        return np.pad(found, ((0, 0), (0, missing))) if missing else found

    def read_up_to(self, samples: int) -> Samples:
        """The next samples, fewer where the blocks end."""
        parts, missing = [self._rest[:, :0]], samples
        while missing:
            if not self._rest.shape[1]:
                block = next(self._blocks, None)
                if block is None:
                    break
                self._rest = block
            parts.append(self._rest[:, :missing])
            self._rest = self._rest[:, missing:]
            missing -= parts[-1].shape[1]
        return parts[1] if len(parts) == 2 else np.concatenate(parts, axis=1)

    def close(self) -> None:
        """End the blocks, and let go of whatever they hold open."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()

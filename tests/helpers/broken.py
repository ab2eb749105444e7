"""Damaged files, and files on disks that fail."""

import io

from hypothesis import strategies as st

PLACES = st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), min_size=1, max_size=8)
"""For `damaged`: where a file is damaged, and the byte that is there instead."""


def damaged(data: bytes, places: list[tuple[int, int]]) -> bytes:
    """The same bytes with some of them changed."""
    changed = bytearray(data)
    for place, value in places:
        changed[place % len(changed)] = value
    return bytes(changed)


class FailingFile(io.BytesIO):
    """A file on a disk that fails after the first kilobyte."""

    def __init__(self, data: bytes, error: Exception) -> None:
        super().__init__(data)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or self.tell() >= 1024:
            raise self._error
        return super().read(min(size, 1024))

"""A stream takes blocks of any lengths, and is read in lengths that the reader chooses."""

from collections.abc import Iterator
from itertools import accumulate, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.media.samples import Samples, SampleStream


def counted_up(samples: int) -> Samples:
    """1, 2, 3, …: every sample shows where it is from."""
    return np.tile(np.arange(1, samples + 1, dtype=np.float32), (2, 1))


def cut(whole: Samples, lengths: list[int]) -> Iterator[Samples]:
    for start, end in pairwise([0, *accumulate(lengths)]):
        yield whole[:, start:end]


@given(
    blocks=st.lists(st.integers(0, 20), max_size=8), reads=st.lists(st.integers(0, 30), max_size=8)
)
def test_a_stream_gives_its_blocks_in_any_lengths_and_then_silence(
    blocks: list[int], reads: list[int]
) -> None:
    whole = counted_up(sum(blocks))
    stream = SampleStream(cut(whole, blocks))
    parts = [stream.read(samples) for samples in reads]
    assert [part.shape for part in parts] == [(2, samples) for samples in reads]
    expected = np.pad(whole, ((0, 0), (0, sum(reads))))[:, : sum(reads)]
    assert (np.concatenate([np.zeros((2, 0), np.float32), *parts], axis=1) == expected).all()


@given(
    blocks=st.lists(st.integers(0, 20), max_size=8), reads=st.lists(st.integers(0, 30), max_size=8)
)
def test_reading_up_to_a_length_stops_where_the_blocks_end(
    blocks: list[int], reads: list[int]
) -> None:
    whole = counted_up(sum(blocks))
    stream = SampleStream(cut(whole, blocks))
    parts = []
    left = sum(blocks)
    for samples in reads:
        parts.append(stream.read_up_to(samples))
        assert parts[-1].shape == (2, min(samples, left))
        left -= parts[-1].shape[1]
    found = np.concatenate([np.zeros((2, 0), np.float32), *parts], axis=1)
    assert (found == whole[:, : sum(blocks) - left]).all()


def test_closing_a_stream_ends_what_it_reads_from() -> None:
    ended = []

    def source() -> Iterator[Samples]:
        try:
            while True:
                yield np.zeros((2, 10), np.float32)
        finally:
            ended.append(True)

    stream = SampleStream(source())
    stream.read(15)
    assert not ended
    stream.close()
    assert ended


def test_a_stream_of_an_iterator_without_close_may_be_closed() -> None:
    SampleStream(iter([np.zeros((2, 10), np.float32)])).close()

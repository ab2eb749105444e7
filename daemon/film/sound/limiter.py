"""A limiter: sound that would be too loud is turned down for as long as it is, and nothing else is touched.

It looks ahead, so that the gain is down before the peak comes, and at the true peak (that of the sound as it will be played,
between the samples too), so that neither AAC nor a converter clips what the samples hide. It stands alone because it knows
blocks of sound and a ceiling, and nothing of films.

Gains are reckoned on a grid of pieces of 32 samples, and the stream is cut into spans anew: what comes out does not depend on
how it came in.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from daemon.media.samples import SAMPLE_RATE, Samples

PIECE = 32
"""Samples between two points of the gain's curve, 0.7 ms. (As rows of 64, what lies between them costs twice the time.)"""
REACH = 8
"""Pieces that a peak's reduction is held for on either side of it, and that its smoothing reaches to: 5.3 ms each."""
RELEASE = 0.1 * SAMPLE_RATE / PIECE
"""Pieces in which a reduction falls to 1/e of itself: 0.1 s."""
UNTOUCHED = 1e-4
"""A reduction of less than this, 0.0009 dB, is none: an exponential would never end."""
SPAN = SAMPLE_RATE // PIECE
"""Pieces that are limited at a time, a second."""
MARGIN = 2 * REACH + 2
"""Pieces that a span's gain depends on, on either side of it: the hold, the smoothing, and the neighbours of a piece."""
NEAR = 0.5
"""Peaks between samples are looked for where a sample exceeds this part of the ceiling, -6 dB. They exceed the samples around
them by up to 1 dB in the demo's narrations and 3 dB in a tone of a quarter of the sample rate (measured). Only noise that was
clipped to less than this hides higher ones: 7 dB."""
OVERSAMPLING = 4
"""BS.1770-4, annex 2, asks for four points per sample at 48 kHz."""
TAPS, KAISER = 16, 9.0
"""Samples on either side of a point between samples that make it, and the shape of the window over them: as FFmpeg's resampler
has them. With six, as in the annex's example, its meter finds clipped noise 1.4 dB above the ceiling, with 12 it is 0.2 dB."""
GROUP = 20
"""Pieces whose points between samples are made in one product. OpenBLAS would share a larger one out to threads, which go on
spinning when it is done: 2.5 times the processor time (measured on two cores)."""

Curve = npt.NDArray[np.float64]
"""One number per piece, or per edge between two."""


def limited(blocks: Iterator[Samples], ceiling_db: float) -> Iterator[Samples]:
    """A stream of stereo blocks, each of shape (2, n) for any n, with its true peak held at `ceiling_db` (dBTP) at most.

    As many samples come out as go in, each at its place, in blocks of a second; both channels get the same gain. Where
    nothing is above the ceiling (nor was within the last second, nor will be in the next 13 ms), they are the same to the bit.
    """
    ceiling, depth = 10 ** (ceiling_db / 20), 0.0
    for window, samples in _windows(blocks):
        depths = _depths(window, ceiling, depth)
        depth = float(depths[SPAN - 1])
        span = window[:, MARGIN * PIECE : (MARGIN + SPAN) * PIECE]
        yield _turned_down(span, depths)[:, :samples] if depths.any() else span[:, :samples].copy()


def true_peak(samples: Samples) -> float:
    """The highest level of sound of shape (2, n), linear, as played: four times oversampled (BS.1770-4, annex 2)."""
    return max(
        (float(_peaks(window, 0.0).max()) for window, _ in _windows(iter([samples]))), default=0.0
    )


def _windows(blocks: Iterator[Samples]) -> Iterator[tuple[Samples, int]]:
    """The stream in spans with a margin on either side, and how many of a span's samples are sound: silence follows its end."""
    margin, span = MARGIN * PIECE, SPAN * PIECE
    parts, held = [np.zeros((2, margin), np.float32)], margin
    for block in blocks:
        parts.append(block)
        held += block.shape[1]
        if held < span + 2 * margin:
            continue
        sound = np.concatenate(parts, axis=1)
        while sound.shape[1] >= span + 2 * margin:
            yield sound[:, : span + 2 * margin], span
            sound = sound[:, span:]
        parts, held = [sound], sound.shape[1]
    sound = np.concatenate([*parts, np.zeros((2, span + 2 * margin), np.float32)], axis=1)
    for start in range(0, held - margin, span):
        yield sound[:, start : start + span + 2 * margin], min(span, held - margin - start)


def _depths(window: Samples, ceiling: float, depth: float) -> Curve:
    """How far the gain is below 1 at the edges of a window's pieces, from REACH before its span to REACH after it.

    At least 1 - ceiling / peak of each piece up to REACH away, so that a mean over the depths up to REACH away is still enough
    for the pieces next to it. `depth`: the one before the first.
    """
    wanted = 1 - ceiling / np.maximum(_peaks(window, NEAR * ceiling), ceiling, dtype=np.float64)
    if not depth and not wanted.any():
        return np.zeros(SPAN + 1 + 2 * REACH)
    return _released(sliding_window_view(wanted, 2 * REACH + 2).max(axis=1), depth)


def _released(held: Curve, depth: float) -> Curve:
    """Depths that follow those wanted down at once (`_turned_down` makes that smooth), and up slowly.

    Each is the highest of what the earlier ones have decayed to: in logarithms, where time is a slope, a running maximum.
    """
    time = np.arange(len(held) + 1) / RELEASE
    levels = np.log(np.maximum(np.concatenate([[depth], held]), UNTOUCHED / 2))
    kept = np.exp(np.maximum.accumulate(levels + time) - time)[1:]
    return np.where(kept > UNTOUCHED, kept, held)


def _turned_down(span: Samples, depths: Curve) -> Samples:
    """A span at its gain: the smoothed depths, and straight lines between the edges."""
    bell = np.hanning(2 * REACH + 3)[1:-1]
    gains = (1 - np.convolve(depths, bell / bell.sum(), "valid")).astype(np.float32)
    ramp = np.arange(PIECE, dtype=np.float32) / PIECE
    curve = gains[:-1, None] + np.diff(gains)[:, None] * ramp
    return np.asarray(span * curve.reshape(-1), np.float32)


def _peaks(window: Samples, near: float) -> npt.NDArray[np.float32]:
    """The true peak of each of a window's pieces but the outermost, in the louder channel.

    What follows a piece's last sample is its own. Where no sample of a piece and the next one is above `near`, its highest
    sample stands for it.
    """
    samples: npt.NDArray[np.float32] = np.abs(window).max(axis=0).reshape(-1, PIECE).max(axis=1)
    peaks = samples[1:-1].copy()
    close = np.flatnonzero(np.maximum(peaks, samples[2:]) > near)
    peaks[close] = np.maximum(peaks[close], _between(window, close))
    return peaks


def _between(window: Samples, pieces: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """The highest level between the samples of some of a window's pieces, the second one being 0, in the louder channel."""
    around = sliding_window_view(window, PIECE + 2 * TAPS - 1, axis=1)[
        :, PIECE - TAPS + 1 :: PIECE
    ].swapaxes(0, 1)
    filled = np.resize(pieces, -(-len(pieces) // GROUP) * GROUP)
    points = around[filled].reshape(-1, 2 * GROUP, around.shape[2]) @ _kernel()
    highest: npt.NDArray[np.float32] = np.abs(points).max(axis=2).reshape(-1, 2).max(axis=1)
    return highest[: len(pieces)]


@cache
def _kernel() -> npt.NDArray[np.float32]:
    """What makes the points between a piece's samples of them and of those around: a windowed sinc for each point.

    Of shape (samples from TAPS - 1 before a piece to TAPS after it, points).
    """
    samples = np.arange(PIECE + 2 * TAPS - 1) - (TAPS - 1)
    points = np.arange(PIECE)[:, None] + np.arange(1, OVERSAMPLING) / OVERSAMPLING
    distances = samples[:, None] - points.reshape(-1)
    window = np.i0(KAISER * np.sqrt(np.maximum(0, 1 - np.square(distances / TAPS))))
    kernel = np.where(np.abs(distances) < TAPS, np.sinc(distances) * window, 0)
    return np.asarray(kernel / kernel.sum(axis=0), np.float32)

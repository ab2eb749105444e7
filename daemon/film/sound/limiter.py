"""A limiter: turns sound down where it would be too loud, and leaves the rest as it is.

It looks ahead, so that the gain is down before a peak comes. It looks at the true peak, between the
samples too, so that neither AAC nor a converter clips what the samples hide. It is a module of its
own because it knows blocks of sound and a ceiling, and nothing of films.

Gains are computed for pieces of 32 samples, and the stream is cut again into windows of a second.
So the result does not depend on the blocks in which the sound came.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from daemon.media.samples import SAMPLE_RATE, Samples

PIECE = 32
"""Samples between two points of the gain's curve, 0.7 ms. With 64, the points between the samples
take twice the time."""
REACH = 8
"""Pieces, on either side of a peak, for which its reduction is held; the smoothing reaches as far.
5.3 ms each."""
RELEASE = 0.1 * SAMPLE_RATE / PIECE
"""Pieces in which a reduction falls to 1/e of itself: 0.1 s."""
UNTOUCHED = 1e-4
"""A reduction below this, 0.0009 dB, counts as zero, because an exponential would never end."""
SPAN = SAMPLE_RATE // PIECE
"""Pieces that are limited at a time: a second."""
MARGIN = 2 * REACH + 2
"""Pieces on either side of a span that its gain depends on: for the hold, for the smoothing, and
for the neighbours of a piece."""
NEAR = 0.5
"""Peaks between samples are looked for where a sample exceeds this part of the ceiling, -6 dB. They
exceed the samples around them by up to 1 dB in the demo's narrations and 3 dB in a tone of a
quarter of the sample rate (measured). Only noise that was clipped to less than this hides higher
ones: 7 dB."""
OVERSAMPLING = 4
"""BS.1770-4, annex 2, asks for four points per sample at 48 kHz."""
TAPS = 16
"""Samples on either side of a point that it is computed from, as in FFmpeg's resampler. With 6, as
in the annex's example, FFmpeg's meter finds clipped noise 1.4 dB above the ceiling; with 12, 0.2
dB."""
KAISER = 9.0
"""The shape of the window over these samples, as in FFmpeg's resampler."""
GROUP = 20
"""Pieces whose points between samples are computed in one product. OpenBLAS would share out a
larger one to threads, which go on spinning afterwards: 2.5 times the processor time (measured on
two cores)."""

Curve = npt.NDArray[np.float64]
"""One number per piece, or per edge between two pieces."""
Peaks = npt.NDArray[np.float32]
"""One linear level per piece, that of the louder channel."""


def limited(blocks: Iterator[Samples], ceiling_db: float) -> Iterator[Samples]:
    """The stream, in blocks of shape (2, n), with its true peak at most at `ceiling_db` (dBTP).

    As many samples come out as go in, each at its place, in blocks of a second. Both channels get
    the same gain. A sample is unchanged to the bit where nothing exceeds the ceiling from a second
    before it to 13 ms after it.
    """
    ceiling = 10 ** (ceiling_db / 20)
    depth = 0.0
    for window, samples in windows(blocks):
        depths = _depths(window, ceiling, depth)
        depth = float(depths[SPAN - 1])
        span = window[:, MARGIN * PIECE : (MARGIN + SPAN) * PIECE]
        if depths.any():
            yield turned_down(span, depths)[:, :samples]
        else:
            yield span[:, :samples].copy()


def true_peak(samples: Samples) -> float:
    """The highest level of sound of shape (2, n), linear, as played.

    It is four times oversampled (BS.1770-4, annex 2).
    """
    found = (float(true_peaks(window, 0.0).max()) for window, _ in windows(iter([samples])))
    return max(found, default=0.0)


def windows(blocks: Iterator[Samples]) -> Iterator[tuple[Samples, int]]:
    """The stream as windows: spans of a second, each with the margins before and after it.

    With each comes the number of samples of its span that are sound. Silence precedes the stream
    and follows it.
    """
    margin = MARGIN * PIECE
    span = SPAN * PIECE
    window = span + 2 * margin
    parts = [np.zeros((2, margin), np.float32)]
    held = margin
    for block in blocks:
        parts.append(block)
        held += block.shape[1]
        if held < window:
            continue
        sound = np.concatenate(parts, axis=1)
        while sound.shape[1] >= window:
            yield sound[:, :window], span
            sound = sound[:, span:]
        parts = [sound]
        held = sound.shape[1]

    sound = np.concatenate([*parts, np.zeros((2, window), np.float32)], axis=1)
    for start in range(0, held - margin, span):
        yield sound[:, start : start + window], min(span, held - margin - start)


# ---- gains ---------------------------------------------------------------------------------------


def _depths(window: Samples, ceiling: float, depth: float) -> Curve:
    """How far the gain is below 1 at the edges of a span's pieces, and of `REACH` pieces around it.

    Each is at least 1 - ceiling / peak of every piece up to `REACH` away. So a mean over the depths
    up to `REACH` away is still enough for the pieces next to it. `depth`: the one before the first.
    """
    peaks = np.maximum(true_peaks(window, NEAR * ceiling), ceiling, dtype=np.float64)
    wanted = 1 - ceiling / peaks
    if not depth and not wanted.any():
        return np.zeros(SPAN + 1 + 2 * REACH)
    return released(sliding_window_view(wanted, 2 * REACH + 2).max(axis=1), depth)


def released(held: Curve, depth: float) -> Curve:
    """Depths that follow `held` down at once, and up slowly; `depth` is the one before the first.

    Each is the highest value that the earlier ones have decayed to. In logarithms a decay is a
    straight line, so this is a running maximum. (`turned_down` smooths the way down.)
    """
    time = np.arange(len(held) + 1) / RELEASE
    levels = np.log(np.maximum(np.concatenate([[depth], held]), UNTOUCHED / 2))
    kept = np.exp(np.maximum.accumulate(levels + time) - time)[1:]
    return np.where(kept > UNTOUCHED, kept, held)


def turned_down(span: Samples, depths: Curve) -> Samples:
    """A span at its gain: the smoothed depths, and straight lines between the edges."""
    bell = np.hanning(2 * REACH + 3)[1:-1]
    gains = (1 - np.convolve(depths, bell / bell.sum(), "valid")).astype(np.float32)
    ramp = np.arange(PIECE, dtype=np.float32) / PIECE
    curve = gains[:-1, None] + np.diff(gains)[:, None] * ramp
    return np.asarray(span * curve.reshape(-1), np.float32)


# ---- peaks ---------------------------------------------------------------------------------------


def true_peaks(window: Samples, near: float) -> Peaks:
    """The true peak of each of a window's pieces but the outermost.

    The points after a piece's last sample belong to it. Where no sample of a piece and the next one
    is above `near`, the piece's highest sample stands for its peak.
    """
    samples: Peaks = np.abs(window).max(axis=0).reshape(-1, PIECE).max(axis=1)
    peaks = samples[1:-1].copy()
    close = np.flatnonzero(np.maximum(peaks, samples[2:]) > near)
    peaks[close] = np.maximum(peaks[close], peaks_between_samples(window, close))
    return peaks


def peaks_between_samples(window: Samples, pieces: npt.NDArray[np.intp]) -> Peaks:
    """The highest level between the samples of some pieces; a window's second piece is number 0."""
    around = sliding_window_view(window, PIECE + 2 * TAPS - 1, axis=1)
    around = around[:, PIECE - TAPS + 1 :: PIECE].swapaxes(0, 1)
    filled = np.resize(pieces, -(-len(pieces) // GROUP) * GROUP)
    points = around[filled].reshape(-1, 2 * GROUP, around.shape[2]) @ sinc_kernel()
    highest: Peaks = np.abs(points).max(axis=2).reshape(-1, 2).max(axis=1)
    return highest[: len(pieces)]


@cache
def sinc_kernel() -> npt.NDArray[np.float32]:
    """Computes the points between a piece's samples from those samples and the ones around them.

    A windowed sinc for each point, of shape (samples from `TAPS` - 1 before a piece to `TAPS` after
    it, points).
    """
    samples = np.arange(PIECE + 2 * TAPS - 1) - (TAPS - 1)
    points = np.arange(PIECE)[:, None] + np.arange(1, OVERSAMPLING) / OVERSAMPLING
    distances = samples[:, None] - points.reshape(-1)
    window = np.i0(KAISER * np.sqrt(np.maximum(0, 1 - np.square(distances / TAPS))))
    kernel = np.where(np.abs(distances) < TAPS, np.sinc(distances) * window, 0)
    return np.asarray(kernel / kernel.sum(axis=0), np.float32)

"""Sound tools that the narration and the music share: filters, loudness, limiting, encoding.

Everything here is numpy and PyAV, so the demo's sound can be made wherever Storyreel itself runs.
Sound is float64, shaped (samples,) or (channels, samples); full scale is 1.0.

Filters work on the whole signal at once, in the frequency domain, so they shift no phase. A
discrete Fourier transform treats its input as one turn of a circle, so they are also seamless for
music that loops.
"""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Response = Callable[[FloatArray], FloatArray]
"""A filter: the gain at each frequency in hertz."""

K_WEIGHTING = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
"""ITU-R BS.1770-4, tables 1 and 2: the high shelf, then the high-pass, as (b, a) at 48 kHz."""
K_WEIGHTING_RATE = 48_000


def from_decibels(level: float) -> float:
    """A level in decibels as a factor."""
    return float(10.0 ** (level / 20.0))


def to_decibels(factor: float) -> float:
    """A factor as a level in decibels. Silence is -240, not minus infinity."""
    return float(20.0 * np.log10(max(factor, 1e-12)))


def peak_decibels(samples: FloatArray) -> float:
    """The highest sample, in dBFS."""
    return to_decibels(float(np.max(np.abs(samples))))


# ---- filters -------------------------------------------------------------------------------------


def shape_spectrum(samples: FloatArray, rate: int, response: Response) -> FloatArray:
    """The sound, taken as one circle, through a filter."""
    length = samples.shape[-1]
    gain = response(np.fft.rfftfreq(length, 1.0 / rate).astype(np.float64))
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gain, length), dtype=np.float64)


def high_pass_response(corner: float, order: int = 2) -> Response:
    """A Butterworth high-pass: 1 / sqrt(1 + (corner / f) ** (2 * order))."""
    return lambda hertz: 1.0 / np.sqrt(1.0 + (corner / np.maximum(hertz, 1e-3)) ** (2 * order))


def low_pass_response(corner: float, order: int = 1) -> Response:
    """A Butterworth low-pass: 1 / sqrt(1 + (f / corner) ** (2 * order))."""
    return lambda hertz: 1.0 / np.sqrt(1.0 + (hertz / corner) ** (2 * order))


def shelf_response(corner: float, decibels: float) -> Response:
    """A gentle high shelf: no gain far below the corner, half of it there, all of it far above."""
    return lambda hertz: 10.0 ** (decibels / 20.0 * hertz**2 / (hertz**2 + corner**2))


def convolve_circular(samples: FloatArray, impulse: FloatArray) -> FloatArray:
    """The sound convolved with an impulse response; its end runs over into its beginning."""
    length = samples.shape[-1]
    spectrum = np.fft.rfft(samples) * np.fft.rfft(impulse, length)
    return np.asarray(np.fft.irfft(spectrum, length), dtype=np.float64)


def resample(samples: FloatArray, rate: int, new_rate: int) -> FloatArray:
    """The sound at another rate, by ideal band-limited interpolation (spectrum cut or padded)."""
    length = samples.shape[-1]
    new_length = round(length * new_rate / rate)
    resampled = np.fft.irfft(np.fft.rfft(samples), new_length) * (new_length / length)
    return np.asarray(resampled, dtype=np.float64)


# ---- loudness ------------------------------------------------------------------------------------


def k_weighting_response(hertz: FloatArray) -> FloatArray:
    """The magnitude of the K-weighting, from its 48 kHz coefficients, at real frequencies."""
    delay = np.exp(-2j * np.pi * np.minimum(hertz, K_WEIGHTING_RATE / 2) / K_WEIGHTING_RATE)
    gain: ComplexArray = np.ones_like(delay)
    for (b0, b1, b2), (a0, a1, a2) in K_WEIGHTING:
        gain = gain * (b0 + b1 * delay + b2 * delay**2) / (a0 + a1 * delay + a2 * delay**2)
    return np.abs(gain)


def loudness(samples: FloatArray, rate: int) -> float:
    """Integrated loudness in LUFS, as ITU-R BS.1770-4 has it.

    Blocks of 0.4 s, one every 0.1 s; gates at -70 LUFS and 10 LU below what passes the first gate.
    """
    channels = np.atleast_2d(shape_spectrum(samples, rate, k_weighting_response))
    block = round(0.4 * rate)
    step = round(0.1 * rate)
    energy = np.concatenate(([0.0], np.cumsum(np.sum(channels**2, axis=0))))
    starts = np.arange(0, channels.shape[1] - block + 1, step)
    power = (energy[starts + block] - energy[starts]) / block

    audible = power[power > 10.0 ** ((-70.0 + 0.691) / 10.0)]
    gated = audible[audible > np.mean(audible) * 0.1]
    return float(-0.691 + 10.0 * np.log10(np.mean(gated)))


def limit_peaks(
    samples: FloatArray, rate: int, ceiling: float, window: float = 0.006
) -> FloatArray:
    """Hold peaks under the ceiling (dBFS) by a gain that dips smoothly around each of them.

    A running minimum widens the gain that each sample needs; a Hann window of the same width (in
    seconds) smooths it. So the smoothed gain never exceeds what the sample under its middle needs.
    Both run on the circle.
    """
    width = round(window * rate) | 1
    magnitude = np.max(np.abs(np.atleast_2d(samples)), axis=0)
    needed = np.minimum(1.0, from_decibels(ceiling) / np.maximum(magnitude, 1e-9))
    padded = np.pad(needed, width // 2, mode="wrap")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, width).min(axis=1)

    smoother = np.hanning(width + 2)[1:-1]
    smoother = np.roll(np.pad(smoother / smoother.sum(), (0, lowest.size - width)), -(width // 2))
    return np.asarray(samples * convolve_circular(lowest, smoother), dtype=np.float64)


def bring_to_loudness(samples: FloatArray, rate: int, target: float, ceiling: float) -> FloatArray:
    """Scale the sound to a loudness in LUFS, and hold its peaks under the ceiling in dBFS.

    Limiting takes a little loudness away, so this closes in on the target in three rounds.
    """
    for _ in range(3):
        samples = samples * from_decibels(target - loudness(samples, rate))
        if peak_decibels(samples) <= ceiling:
            break
        samples = limit_peaks(samples, rate, ceiling)
    return samples


# ---- files ---------------------------------------------------------------------------------------


def encode(
    samples: FloatArray, rate: int, path: Path, codec: str, bit_rate: int, options: dict[str, str]
) -> None:
    """Write the sound by PyAV's encoder; the suffix says the container, and no tags are added.

    Raises ValueError when the codec is not one of sound.
    """
    planes = np.atleast_2d(samples).astype(np.float32)
    layout = "stereo" if planes.shape[0] == 2 else "mono"
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
    frame.sample_rate = rate
    frame.pts = 0

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
        if not isinstance(stream, av.AudioStream):
            raise ValueError(f"{codec} does not encode sound")
        stream.bit_rate = bit_rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def decode(path: Path) -> tuple[FloatArray, int]:
    """A sound file's samples, shaped (channels, samples), and its sample rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
        pieces = [
            piece.to_ndarray()
            for frame in container.decode(stream)
            for piece in resampler.resample(frame)
        ]
        pieces += [piece.to_ndarray() for piece in resampler.resample(None)]
        return np.concatenate(pieces, axis=1).astype(np.float64), stream.rate

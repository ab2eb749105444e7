"""What can be measured about how natural a synthetic voice sounds, to choose between two of them.

No figure here replaces an ear, but three of them separate the voices we have: how far up the spectrum goes, how much
the pitch moves (a monotone is what gives most synthesisers away), and whether the voice breathes at the punctuation.
"""

from dataclasses import dataclass

import numpy as np
from art.audio_tools import FloatArray
from art.voices import Speech

_FRAME_SECONDS = 0.04
_STEP_SECONDS = 0.01
_LOWEST_PITCH, _HIGHEST_PITCH = 110.0, 350.0  # hertz; a woman reading lies well within


@dataclass(frozen=True)
class VoiceMeasures:
    """The figures of one voice over all sentences."""

    bandwidth: float  # hertz under which the long-term spectrum stays within 60 dB of its maximum
    pitch: float  # hertz, geometric mean
    pitch_deviation: float  # semitones, standard deviation
    pitch_range: float  # semitones, 5th to 95th percentile
    pause_share: float  # share of the time spent in pauses inside sentences
    pauses: int


def frames_of(samples: FloatArray, rate: int) -> FloatArray:
    """Cut the sound into overlapping frames, one row each."""
    width, step = round(_FRAME_SECONDS * rate), round(_STEP_SECONDS * rate)
    return np.lib.stride_tricks.sliding_window_view(samples, width)[::step]


def pitch_track(samples: FloatArray, rate: int) -> FloatArray:
    """Follow the pitch in hertz through the voiced frames by the peak of the normalised autocorrelation."""
    frames = frames_of(samples, rate) * np.hanning(round(_FRAME_SECONDS * rate))
    power = np.abs(np.fft.rfft(frames, 2 * frames.shape[1])) ** 2
    correlation = np.fft.irfft(power)[:, : frames.shape[1]]
    window = np.fft.irfft(
        np.abs(np.fft.rfft(np.hanning(frames.shape[1]), 2 * frames.shape[1])) ** 2
    )
    lags = np.arange(int(rate / _HIGHEST_PITCH), int(rate / _LOWEST_PITCH))
    normalised = (
        correlation[:, lags] / np.maximum(correlation[:, :1], 1e-9) / (window[lags] / window[0])
    )
    loud = correlation[:, 0] > 0.02 * np.percentile(correlation[:, 0], 95)
    voiced = loud & (normalised.max(axis=1) > 0.6)
    return np.asarray(rate / lags[normalised[voiced].argmax(axis=1)], dtype=np.float64)


def _bandwidth(samples: FloatArray, rate: int) -> float:
    """Find where the long-term spectrum has fallen 60 dB below its maximum for good."""
    spectrum = np.mean(
        np.abs(np.fft.rfft(frames_of(samples, rate) * np.hanning(round(_FRAME_SECONDS * rate)))),
        axis=0,
    )
    return float(np.flatnonzero(spectrum > spectrum.max() * 1e-3)[-1] / _FRAME_SECONDS)


def measure_voice(sentences: list[Speech]) -> VoiceMeasures:
    """Measure one voice over everything it said."""
    rate = sentences[0].rate
    whole = np.concatenate([sentence.samples for sentence in sentences])
    semitones = 12.0 * np.log2(pitch_track(whole, rate))
    pauses = [end - start for sentence in sentences for start, end in sentence.pauses]
    low, high = np.percentile(semitones, (5, 95))
    return VoiceMeasures(
        bandwidth=_bandwidth(whole, rate),
        pitch=float(2.0 ** (np.mean(semitones) / 12.0)),
        pitch_deviation=float(np.std(semitones)),
        pitch_range=float(high - low),
        pause_share=sum(pauses) * rate / whole.size,
        pauses=len(pauses),
    )

"""What can be measured of how natural a synthetic voice sounds, to choose between two of them.

No figure here replaces an ear, but three of them separate the two voices: how far up the spectrum
goes, how much the pitch moves (a monotone gives most synthesisers away), and whether the voice
breathes at the punctuation.
"""

from dataclasses import dataclass

import numpy as np

from art.audio_tools import FloatArray
from art.voices import Speech

FRAME_SECONDS = 0.04
STEP_SECONDS = 0.01
# Hertz; a woman's voice, reading, lies well within:
LOWEST_PITCH = 110.0
HIGHEST_PITCH = 350.0


@dataclass(frozen=True)
class VoiceMeasures:
    """The figures of one voice over all sentences."""

    bandwidth: float
    """Hertz, below which the long-term spectrum stays within 60 dB of its maximum."""
    pitch: float
    """Hertz, geometric mean."""
    pitch_deviation: float
    """Semitones, standard deviation."""
    pitch_range: float
    """Semitones, 5th to 95th percentile."""
    pause_share: float
    """Share of the time spent in pauses inside sentences."""
    pauses: int


def frames_of(samples: FloatArray, rate: int) -> FloatArray:
    """The sound cut into overlapping frames, one row each."""
    width = round(FRAME_SECONDS * rate)
    step = round(STEP_SECONDS * rate)
    return np.lib.stride_tricks.sliding_window_view(samples, width)[::step]


def pitch_track(samples: FloatArray, rate: int) -> FloatArray:
    """The pitch of each voiced frame in hertz: the peak of the normalised autocorrelation."""
    hann = np.hanning(round(FRAME_SECONDS * rate))
    frames = frames_of(samples, rate) * hann
    width = frames.shape[1]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * width)) ** 2)[:, :width]
    window = np.fft.irfft(np.abs(np.fft.rfft(hann, 2 * width)) ** 2)

    lags = np.arange(int(rate / HIGHEST_PITCH), int(rate / LOWEST_PITCH))
    normalised = (
        correlation[:, lags] / np.maximum(correlation[:, :1], 1e-9) / (window[lags] / window[0])
    )
    loud = correlation[:, 0] > 0.02 * np.percentile(correlation[:, 0], 95)
    voiced = loud & (normalised.max(axis=1) > 0.6)
    return np.asarray(rate / lags[normalised[voiced].argmax(axis=1)], dtype=np.float64)


def bandwidth(samples: FloatArray, rate: int) -> float:
    """The highest frequency, in hertz, whose long-term level is within 60 dB of the maximum."""
    frames = frames_of(samples, rate) * np.hanning(round(FRAME_SECONDS * rate))
    spectrum = np.mean(np.abs(np.fft.rfft(frames)), axis=0)
    return float(np.flatnonzero(spectrum > spectrum.max() * 1e-3)[-1] / FRAME_SECONDS)


def measure_voice(sentences: list[Speech]) -> VoiceMeasures:
    """The figures of one voice over everything it said."""
    rate = sentences[0].rate
    whole = np.concatenate([sentence.samples for sentence in sentences])
    semitones = 12.0 * np.log2(pitch_track(whole, rate))
    pauses = [end - start for sentence in sentences for start, end in sentence.pauses]
    low, high = np.percentile(semitones, (5, 95))
    return VoiceMeasures(
        bandwidth=bandwidth(whole, rate),
        pitch=float(2.0 ** (np.mean(semitones) / 12.0)),
        pitch_deviation=float(np.std(semitones)),
        pitch_range=float(high - low),
        pause_share=sum(pauses) * rate / whole.size,
        pauses=len(pauses),
    )

"""Segments of sound that join without a seam."""

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.film.encode import aac
from daemon.film.encode.aac import FRAME, LEAD_IN, LEAD_OUT, segments
from daemon.media.samples import SAMPLE_RATE, Samples
from tests.helpers.sounds import in_blocks, rms


def sound(seconds: float, noise: float = 0.1) -> Samples:
    """Noise in the rhythm of speech over a chord: nothing that is easy to encode."""
    chance = np.random.default_rng(7)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    speech = chance.normal(0, noise, time.size) * np.sin(2 * np.pi * 3 * time) ** 2
    chord = sum(0.05 * np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 277.2, 329.6, 1318.5))
    return np.stack([speech + chord, 0.7 * speech - chord]).astype(np.float32)


def packets(samples: Samples) -> list[bytes]:
    cut = segments(in_blocks(samples, 48_000), samples.shape[1])
    return [packet for segment in cut for packet in aac.encoded(segment)]


def played(packets: list[bytes]) -> npt.NDArray[np.float64]:
    """What a decoder makes of packets; the first one only fills its overlap."""
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    aac.configure(encoder)
    encoder.open()
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = encoder.extradata
    assert isinstance(decoder, av.AudioCodecContext)
    frames = [
        frame.to_ndarray() for packet in packets for frame in decoder.decode(av.Packet(packet))
    ]
    return np.concatenate(frames, axis=1).astype(np.float64)


@settings(max_examples=25, deadline=None)  # a block of one sample makes many
@given(st.integers(1, 40 * FRAME), st.integers(1, 3 * FRAME), st.integers(18, 24))
def test_the_kept_frames_of_all_segments_are_the_sound(
    samples: int, block: int, length: int
) -> None:
    whole = np.arange(2 * samples, dtype=np.float32).reshape(2, samples)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aac, "SEGMENT", length)
        cut = list(segments(in_blocks(whole, block), samples))

    kept = [
        part.samples[:, part.lead_in * FRAME : (part.lead_in + part.frames) * FRAME] for part in cut
    ]
    joined = np.concatenate(kept, axis=1)
    assert (joined[:, :samples] == whole).all()
    assert not joined[:, samples:].any()
    assert sum(part.frames for part in cut) == -(-samples // FRAME)
    assert [part.lead_in for part in cut] == [0] + [LEAD_IN] * (len(cut) - 1)
    for part in cut:
        assert part.samples.shape[1] == (part.lead_in + part.frames + LEAD_OUT) * FRAME


def test_there_is_a_packet_for_each_frame_and_sound_is_in_its_place() -> None:
    samples = sound(3.0, noise=0.0)  # noise comes back as other noise
    heard = played(packets(samples))
    assert heard.shape[1] == -(-samples.shape[1] // FRAME) * FRAME
    window = slice(FRAME, samples.shape[1] - FRAME)
    error = heard[:, window] - samples[:, window]
    assert 10 * np.log10((error**2).mean() / (samples[:, window] ** 2).mean()) < -30
    late = heard[:, FRAME + 3 : samples.shape[1] - FRAME + 3] - samples[:, window]
    assert (late**2).mean() > 10 * (error**2).mean()


def test_a_seam_is_no_louder_than_what_an_encoder_does_to_shifted_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The measure is chance: how differently the same sound, half a frame later, is encoded."""
    samples = sound(12.0)
    half = FRAME // 2
    shifted = np.concatenate([np.zeros((2, half), np.float32), samples], axis=1)
    one = played(packets(samples))
    other = played(packets(shifted))[:, half:]
    monkeypatch.setattr(aac, "SEGMENT", 40)
    joined = played(packets(samples))

    inside = slice(FRAME, samples.shape[1] - 2 * FRAME)
    chance = rms(other[:, inside] - one[:, inside])
    assert rms(joined[:, inside] - one[:, inside]) <= chance
    for seam in range(40 * FRAME, samples.shape[1] - 4 * FRAME, 40 * FRAME):
        near = slice(seam - 2 * FRAME, seam + 2 * FRAME)
        assert rms(joined[:, near] - one[:, near]) <= 1.5 * rms(other[:, near] - one[:, near])

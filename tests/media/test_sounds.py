"""Opening untrusted sound: a good file comes out exactly, a bad one is refused in words."""

import base64
import contextlib
import errno
import io
import os
import struct
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, Literal, NoReturn, Self, cast

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.audio.stream import AudioStream
from av.container import InputContainer
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import UnreadableMedia
from daemon.media import sounds
from daemon.media.sounds import SAMPLE_BLOCK, sound_blocks
from daemon.workers import sandbox
from tests.helpers.broken import PLACES, FailingFile, damaged
from tests.helpers.children import data_mib, in_child
from tests.helpers.sounds import RATE, decoded, sine, wav


def encoded(
    form: str,
    codec: str,
    samples: npt.NDArray[np.float64],
    rate: int = RATE,
    layout: str = "stereo",
    tags: Mapping[str, str] = MappingProxyType({}),
    options: Mapping[str, str] = MappingProxyType({}),
) -> io.BytesIO:
    """A file of any codec with the same samples in every channel."""
    file = io.BytesIO()
    with av.open(file, "w", format=form, options=dict(options)) as container:
        settings = {"strict": "experimental", **options}
        stream = cast("AudioStream", container.add_stream(codec, rate=rate, options=settings))
        stream.metadata.update(tags)
        stream.codec_context.layout = layout
        sides = np.tile(samples.astype(np.float32), (1 if layout == "mono" else 2, 1))
        whole = av.AudioFrame.from_ndarray(sides, format="fltp", layout=layout)
        whole.sample_rate = rate
        whole.pts = 0
        resampler = av.AudioResampler(
            stream.codec_context.format.name, layout, rate, stream.codec_context.frame_size or None
        )
        for frame in [*resampler.resample(whole), *resampler.resample(None), None]:
            container.mux(stream.encode(frame))
    return file


def wave_file(data: bytes, channels: int = 1, width: int = 2, rate: int = RATE) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, width, rate, 0, "NONE", ""))
        out.writeframes(data)
    file.seek(0)
    return file


def counted(file: io.BytesIO) -> int:
    file.seek(0)
    return sum(block.shape[1] for block in sound_blocks(file, RATE))


def level(sound: npt.NDArray[np.floating], hertz: float) -> float:
    """The amplitude of one frequency."""
    turns = np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / RATE)
    return float(2 * abs((sound * turns).mean()))


def test_mono_goes_to_both_sides_at_its_own_level(tmp_path: Path) -> None:
    tone = sine(0.5)
    left, right = decoded(io.BytesIO(wav(tmp_path / "tone.wav", tone).read_bytes()))
    assert np.abs(left - tone).max() < 2 / 32_768
    assert (left == right).all()


def test_left_stays_left_and_right_stays_right() -> None:
    pairs = np.stack([sine(0.1, 440.0), sine(0.1, 880.0)], axis=1)
    sound = decoded(wave_file((pairs * 32_767).astype("<i2").tobytes(), channels=2))
    assert np.abs(sound - pairs.T).max() < 2 / 32_768


def test_24_bits_keep_their_precision() -> None:
    tone = sine(0.1, level=0.001)
    data = b"".join(int(sample * 8_388_607).to_bytes(3, "little", signed=True) for sample in tone)
    assert np.abs(decoded(wave_file(data, width=3))[0] - tone).max() < 2 / 8_388_608


def test_8_bits_are_centred_at_silence() -> None:
    assert np.abs(decoded(wave_file(b"\x80" * 1000, width=1))).max() == 0


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_a_wav_has_its_length_to_the_sample_at_every_rate(rate: int) -> None:
    tone = sine(0.7, 440.0, rate=rate)
    file = wave_file((tone * 32_767).astype("<i2").tobytes(), rate=rate)
    assert counted(file) in (len(tone) * RATE // rate, -(-len(tone) * RATE // rate))
    assert level(decoded(file)[0][4_800:28_800], 440.0) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("channels", range(3, 9))
def test_more_than_two_channels_are_mixed_down(channels: int) -> None:
    assert decoded(wave_file(b"\0\x10" * channels * 480, channels=channels)).shape == (2, 480)


CODECS = {
    "mp3": ("mp3", "libmp3lame", 1152),
    "flac": ("flac", "flac", 0),
    "ogg": ("ogg", "vorbis", 1024),
    "opus": ("ogg", "libopus", 960),
    "m4a": ("ipod", "aac", 1024),
    "mp4": ("mp4", "aac", 1024),
    "aac": ("adts", "aac", 2 * 1024),  # a raw stream does not say how long its lead-in is
}
"""The container, the codec, and by how many samples the sound may be too long: its frame."""


@pytest.mark.parametrize("kind", CODECS)
def test_every_kind_of_sound_decodes_to_its_length_and_level(kind: str) -> None:
    form, codec, frame = CODECS[kind]
    file = encoded(form, codec, sine(1.0, 1000.0))
    sound = decoded(file)
    assert 0 <= sound.shape[1] - RATE <= frame
    assert counted(file) == sound.shape[1]
    kept = 0.95 if codec == "libmp3lame" else 1.0  # LAME's own --scale for joint stereo
    for side in sound:
        assert level(side[4_800:43_200], 1000.0) == pytest.approx(0.5 * kept, rel=0.01)


def test_44100_in_an_mp3_becomes_48000() -> None:
    mp3 = encoded("mp3", "libmp3lame", sine(1.0, rate=44_100), rate=44_100)
    assert abs(counted(mp3) - RATE) <= 1152


def tagged(mp3: bytes, name: bytes, content: bytes) -> bytes:
    """An ID3v2.3 tag with one frame, and padding, before an mp3 (id3.org, ID3v2.3.0, 3.1)."""
    body = name + struct.pack(">I", len(content)) + b"\0\0" + content + bytes(20_000)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body + mp3[mp3.index(b"\xff\xfb") :]


def test_a_tag_does_not_make_an_mp3_longer() -> None:
    mp3 = encoded("mp3", "libmp3lame", sine(1.0)).getvalue()
    assert abs(counted(io.BytesIO(tagged(mp3, b"TIT2", b"\3Ren\xc3\xa9"))) - RATE) <= 1152


def cover(size: int) -> bytes:
    """A picture as FLAC and Ogg files carry it (RFC 9639, 8.8).

    Its contents are noise, in which a demuxer may see the beginning of anything.
    """
    header = struct.pack(">II10sIIIIII", 3, 10, b"image/jpeg", 0, 600, 600, 24, 0, size)
    return header + np.random.default_rng(1).bytes(size)


def with_cover(kind: str) -> bytes:
    """A second of sound at 1 kHz in a file with a large picture in it."""
    tone = sine(1.0, 1000.0)
    if kind == "mp3":
        mp3 = encoded("mp3", "libmp3lame", tone).getvalue()
        picture = b"\0image/jpeg\0\3\0" + np.random.default_rng(1).bytes(3_000_000)
        return tagged(mp3, b"APIC", picture)
    if kind == "flac":
        # After the mark and the first block: a kind, a length of 3 bytes and 34 bytes of format.
        flac = encoded("flac", "flac", tone).getvalue()
        picture = cover(500_000)
        return flac[:42] + b"\6" + len(picture).to_bytes(3, "big") + picture + flac[42:]
    if kind == "wav":
        plain = wave_file((tone * 32_767).astype("<i2").tobytes()).getvalue()
        comment = b"ICMT" + struct.pack("<I", 500_000) + bytes(500_000)
        tags = b"LIST" + struct.pack("<I", 4 + len(comment)) + b"INFO" + comment
        return plain[:36] + tags + plain[36:]
    codec = {"ogg": "vorbis", "opus": "libopus"}[kind]
    tag = {"METADATA_BLOCK_PICTURE": base64.b64encode(cover(300_000)).decode()}
    return encoded("ogg", codec, tone, tags=tag).getvalue()


def loudest(sound: npt.NDArray[np.floating]) -> float:
    """The strongest frequency, in Hz."""
    return float(np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound))


@pytest.mark.parametrize(
    ("kind", "size"),
    [("mp3", 3_000_000), ("flac", 500_000), ("wav", 500_000), ("ogg", 300_000), ("opus", 300_000)],
)
def test_a_large_picture_in_a_sound_file_does_not_matter(kind: str, size: int) -> None:
    """The first 32 KiB decide what a file is, and the picture there is larger."""
    data = with_cover(kind)
    assert len(data) > size
    sound = decoded(io.BytesIO(data))
    assert abs(sound.shape[1] - RATE) <= 1152
    assert loudest(sound[0]) == pytest.approx(1000.0, abs=2)
    assert level(sound[0][4_800:43_200], 1000.0) == pytest.approx(0.5, rel=0.06)


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        ({"compression_level": "5", "global_quality": "472", "flags": "+qscale"}, 1),
        ({"write_xing": "0"}, 2),
    ],
    ids=["with a variable bit rate", "without its length"],
)
def test_an_mp3_decodes(options: dict[str, str], frames: int) -> None:
    """LAME puts silence before the sound. Without its header that stays: a frame, and one to fill
    up."""
    file = encoded("mp3", "libmp3lame", sine(3.0, 1000.0), options=options)
    assert (b"Xing" in file.getvalue()) == ("write_xing" not in options)
    sound = decoded(file)
    assert 0 <= sound.shape[1] - 3 * RATE <= frames * 1152
    assert loudest(sound[1]) == pytest.approx(1000.0, abs=1)
    measured = level(sound[1][48_000:96_000], 1000.0)
    assert measured == pytest.approx(0.485, rel=0.04)  # LAME scales joint stereo


def index_first(m4a: bytes) -> bytes:
    """The same file with its index before the sound; each offset in the index grows by its
    length."""
    start = m4a.index(b"moov") - 4
    index = bytearray(m4a[start:])
    offsets = m4a.index(b"stco") - start + 12
    count = int.from_bytes(index[offsets - 4 : offsets], "big")
    for place in range(offsets, offsets + 4 * count, 4):
        offset = int.from_bytes(index[place : place + 4], "big")
        struct.pack_into(">I", index, place, offset + len(index))
    sound = m4a.index(b"mdat") - 4
    return m4a[:sound] + bytes(index) + m4a[sound:start]


@pytest.mark.parametrize("first", [False, True], ids=["at its end", "at its beginning"])
def test_an_m4a_decodes_with_its_index(first: bool) -> None:
    m4a = encoded("ipod", "aac", sine(20.0, 1000.0)).getvalue()
    assert m4a.index(b"moov") > 100_000
    sound = decoded(io.BytesIO(index_first(m4a) if first else m4a))
    assert 0 <= sound.shape[1] - 20 * RATE <= 1024
    assert loudest(sound[0]) == pytest.approx(1000.0, abs=1)


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_floating_point_samples_keep_their_level_at_every_rate(rate: int, layout: str) -> None:
    sound = decoded(encoded("wav", "pcm_f32le", sine(1.0, 1000.0, rate=rate), rate, layout))
    assert abs(sound.shape[1] - RATE) <= 1
    for side in sound:
        assert loudest(side) == pytest.approx(1000.0, abs=2)
        assert level(side[4_800:43_200], 1000.0) == pytest.approx(0.5, rel=0.001)


@pytest.mark.parametrize(
    ("channel", "left", "right"),
    [
        ("front left", 1.0, 0.0),
        ("front right", 0.0, 1.0),
        ("centre", 0.5**0.5, 0.5**0.5),
        ("bass", 0.0, 0.0),
        ("back left", 0.5**0.5, 0.0),
    ],
)
def test_six_channels_are_mixed_by_the_standard(channel: str, left: float, right: float) -> None:
    """ITU-R BS.775-4, annex 4: the centre and the backs at 3 dB less, without the bass."""
    order = ["front left", "front right", "centre", "bass", "back left"]
    channels = np.zeros((RATE, 6))
    channels[:, order.index(channel)] = sine(1.0, 1000.0)
    sound = decoded(wave_file((channels * 32_767).astype("<i2").tobytes(), channels=6))
    levels = [level(side, 1000.0) for side in sound]
    assert levels == pytest.approx([0.5 * left, 0.5 * right], abs=0.001)


def test_an_mp3_with_a_little_junk_in_it_plays() -> None:
    mp3 = encoded("mp3", "libmp3lame", sine(2.0)).getvalue()
    half = len(mp3) // 2
    with_junk = mp3[:half] + b"not sound " * 60 + mp3[half:]
    assert abs(counted(io.BytesIO(with_junk)) - 2 * RATE) <= 4 * 1152


@pytest.mark.parametrize(
    ("rate", "layout"), [(24_000, "stereo"), (48_000, "mono"), (24_000, "mono")]
)
@pytest.mark.parametrize("other_last", [False, True])
def test_a_file_that_changes_its_rate_or_its_channels_midway_plays_on(
    rate: int, layout: str, other_last: bool
) -> None:
    other = encoded("adts", "aac", sine(1.0, rate=rate), rate, layout).getvalue()
    usual = encoded("adts", "aac", sine(1.0)).getvalue()
    sound = decoded(io.BytesIO(usual + other if other_last else other + usual))
    assert abs(sound.shape[1] - 2 * RATE) <= 6 * 1024
    for start in (0.2, 1.2):
        stretch = sound[1, round(start * RATE) : round((start + 0.6) * RATE)]
        assert level(stretch, 440.0) == pytest.approx(0.5, rel=0.02)


def adts_frames(aac: bytes) -> list[bytes]:
    """The frames of a raw AAC stream: a header of 7 bytes with the length (ISO/IEC 13818-7, 6.2),
    then the data."""
    frames = []
    start = 0
    while start < len(aac):
        size = (aac[start + 3] & 3) << 11 | aac[start + 4] << 3 | aac[start + 5] >> 5
        frames.append(aac[start : start + size])
        start += size
    return frames


def test_a_sound_with_many_broken_parts_is_refused_and_one_with_a_few_plays() -> None:
    chance = np.random.default_rng(1)
    frames = adts_frames(encoded("adts", "aac", sine(2.0)).getvalue())
    broken = [frame[:7] + chance.bytes(len(frame) - 7) for frame in frames]
    every_other = frames.copy()
    every_other[::2] = broken[::2]
    with pytest.raises(UnreadableMedia, match=r"damaged: \d+ of its \d+ parts do not decode"):
        counted(io.BytesIO(b"".join(every_other)))

    frames[40] = broken[40]
    assert abs(counted(io.BytesIO(b"".join(frames))) - 2 * RATE) <= 3 * 1024


def test_a_block_of_sound_is_never_large() -> None:
    """A packet of a file with a low rate becomes very many samples."""
    blocks = [block.shape for block in sound_blocks(wave_file(bytes(8_000), rate=1_000), RATE)]
    assert sum(samples for _, samples in blocks) == 4 * RATE
    assert max(samples for _, samples in blocks) <= SAMPLE_BLOCK


def floating(*samples: float) -> io.BytesIO:
    """A WAV file of floating-point numbers."""
    file = bytearray(wave_file(np.array(samples, "<f4").tobytes(), width=4).getvalue())
    file[20:22] = b"\3\0"  # WAVE_FORMAT_IEEE_FLOAT
    return io.BytesIO(bytes(file))


def test_numbers_that_no_recorder_writes_become_silence() -> None:
    strange = (np.nan, np.inf, -np.inf, 3e38, -1e10, 0.5, -40_000.0, 2.0**31)
    sound = decoded(floating(*strange * 100))
    assert sound[0, :8] == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.0, 0.5, -40_000.0, 2.0**31])


PLAYLISTS = {
    "m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n",
    "ffconcat": b"ffconcat version 1.0\nfile 'secret.wav'\n",
    "sdp": (
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    ),
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_is_refused_whatever_its_name(kind: str, tmp_path: Path) -> None:
    wav(tmp_path / "secret.wav", sine(0.2))
    (tmp_path / "01.mp3").write_bytes(PLAYLISTS[kind])
    with (
        (tmp_path / "01.mp3").open("rb") as file,
        pytest.raises(UnreadableMedia, match="not a sound file"),
    ):
        next(sound_blocks(file, RATE))


def test_ffmpeg_itself_would_follow_the_playlist(tmp_path: Path) -> None:
    """So the test above is about a real playlist: only the list of formats keeps it out."""
    wav(tmp_path / "secret.wav", sine(0.2))
    (tmp_path / "01.mp3").write_bytes(PLAYLISTS["ffconcat"])
    with av.open(str(tmp_path / "01.mp3")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == RATE // 5


@pytest.mark.parametrize(
    "data", [b"", bytes(5000), b"some text\n" * 500, b"\x89PNG\r\n\x1a\n" + bytes(100)]
)
def test_a_file_that_is_not_sound_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="not a sound file of a known kind") as caught:
        counted(io.BytesIO(data))
    assert "MP3" in caught.value.mend


def test_a_film_without_sound_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = 64
        stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(UnreadableMedia, match="without any sound"):
        counted(file)


@pytest.mark.parametrize(("form", "codec"), [("wav", "pcm_s16le"), ("mp3", "libmp3lame")])
def test_a_file_without_a_single_sample_is_refused(form: Literal["wav", "mp3"], codec: str) -> None:
    with pytest.raises(UnreadableMedia):
        counted(io.BytesIO(encoded(form, codec, sine(0.2)).getvalue()[:44]))


def test_a_header_that_no_decoder_accepts_is_not_taken_for_a_lack_of_rights() -> None:
    """The AAC decoder answers a header with no channels by a bare -1, which is EPERM too."""
    m4a = encoded("ipod", "aac", sine(0.3)).getvalue()
    header = b"\x05\x80\x80\x80\x05\x11\x90"
    assert m4a.count(header) == 1
    broken = io.BytesIO(m4a.replace(header, header[:-1] + b"\0"))
    with pytest.raises(UnreadableMedia, match=r"damaged: .* do not decode"):
        counted(broken)


def test_a_rate_that_no_sound_has_is_not_taken_for_a_lack_of_memory() -> None:
    """FFmpeg's resampler asks for memory in proportion to the rate, and gets none."""
    with pytest.raises(UnreadableMedia, match="damaged: it has 2147483647 samples per second"):
        counted(wave_file(bytes(1000), width=1, rate=2**31 - 1))


def eio() -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_fault_of_the_disk_is_not_blamed_on_the_sound(form: str) -> None:
    codec = {"wav": "pcm_s16le", "mp3": "libmp3lame"}[form]
    error = eio()
    with pytest.raises(OSError, match="Input/output error") as caught:
        counted(FailingFile(encoded(form, codec, sine(0.5)).getvalue(), error))
    assert caught.value is error
    assert caught.value.errno == errno.EIO


def greedy() -> bytes:
    """An M4A whose headers ask for 32 GiB: its table of times says that it has 2^32 entries."""
    data = encoded("mp4", "aac", sine(0.5)).getvalue()
    place = data.index(b"stts") + 8
    return data[:place] + b"\xff" * 4 + data[place + 4 :]


def test_headers_that_ask_for_more_memory_than_any_sound_are_the_files_fault() -> None:
    """N26"""
    with pytest.raises(UnreadableMedia, match="damaged: its headers ask for more memory"):
        counted(io.BytesIO(greedy()))


def test_where_memory_is_short_nothing_is_said_of_the_headers() -> None:
    data = greedy()

    def body() -> str:
        sandbox.limit_resources(data_mib() + 32)
        try:
            counted(io.BytesIO(data))
        except MemoryError as error:
            return type(error).__name__
        return "opened"

    assert in_child(body).said == "MemoryError"


FAULTS_OF_THE_MACHINE = [
    pytest.param(av.error.MemoryError(errno.ENOMEM, "Cannot allocate memory"), id="memory"),
    pytest.param(av.error.OSError(errno.EIO, "Input/output error"), id="EIO"),
]
"""FFmpeg's own errors. They are raised by mocks, because FFmpeg does not run out of memory when a
test asks it to, and a failing file object raises Python's errors and not these."""


@pytest.mark.parametrize("error", FAULTS_OF_THE_MACHINE)
def test_a_fault_of_the_machine_while_ffmpeg_opens_is_not_blamed_on_the_sound(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "HEADERS_MEMORY", 2**60)  # so that it cannot be had

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    file = wave_file(bytes(1000))
    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(type(error)) as caught:
        counted(file)
    assert caught.value is error


@pytest.mark.parametrize("error", FAULTS_OF_THE_MACHINE)
def test_a_fault_of_the_machine_while_ffmpeg_decodes_is_not_blamed_on_the_sound(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = wave_file(bytes(100_000))
    real_open = av.open

    def failing(*args: Any, **options: Any) -> FailingContainer:
        return FailingContainer(real_open(*args, **options), error)

    monkeypatch.setattr(av, "open", failing)
    with pytest.raises(type(error)) as caught:
        counted(file)
    assert caught.value is error


class FailingContainer:
    """A file whose second packet does not decode because of the machine."""

    def __init__(self, container: InputContainer, error: Exception) -> None:
        self.container = container
        self.error = error
        self.streams = container.streams

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def demux(self, stream: AudioStream) -> Iterator[object]:
        packets = self.container.demux(stream)
        yield next(packets)
        yield SimpleNamespace(decode=self.decode)

    def decode(self) -> NoReturn:
        raise self.error


SOUNDS = [
    encoded(form, codec, sine(0.1)).getvalue()
    for form, codec in [("mp3", "libmp3lame"), ("flac", "flac"), ("adts", "aac")]
]


@settings(max_examples=60, deadline=None)  # a decoder's time depends on the damage
@given(data=st.sampled_from(SOUNDS), places=PLACES)
def test_a_damaged_sound_is_played_or_refused_and_nothing_else(
    data: bytes, places: list[tuple[int, int]]
) -> None:
    body = data.index(b"\xff")  # after the tags of the mp3, which have their own test
    with contextlib.suppress(UnreadableMedia):
        assert counted(io.BytesIO(data[:body] + damaged(data[body:], places))) > 0


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_tag_in_latin_1_does_not_matter(form: str) -> None:
    """Windows programs have written titles like this for decades."""
    title = b"M\xfcller"
    if form == "wav":
        plain = wave_file(bytes(2 * RATE)).getvalue()
        tags = b"LIST" + struct.pack("<I", 18) + b"INFOINAM" + struct.pack("<I", 6) + title
        data = plain[:36] + tags + plain[36:]
    else:
        mp3 = encoded("mp3", "libmp3lame", sine(1.0)).getvalue()
        data = mp3[mp3.index(b"\xff\xfb") :] + b"TAG" + title.ljust(125, b"\0")  # ID3v1
    assert abs(counted(io.BytesIO(data)) - RATE) <= 3 * 1152


def test_one_part_that_ffmpeg_cannot_decode_is_skipped() -> None:
    frames = adts_frames(encoded("adts", "aac", sine(2.0)).getvalue())
    frames[40] = frames[40][:7] + b"\xff" * (len(frames[40]) - 7)
    assert abs(counted(io.BytesIO(b"".join(frames))) - 2 * RATE) <= 3 * 1024

"""Sounds that never end, lie about their length, are cut, or hold no numbers."""

import functools
import io
import struct
from collections.abc import Callable, Iterator, Mapping

import av
import numpy as np
from av.audio.stream import AudioStream

from tests.hostile.item import FILM, Item, picture, wav, with_sound

MIB = 2**20
BAD = "damaged|not a sound file|without any sound"
PLAYED = f"{FILM}|{BAD}|before its end"
"""Damage within a stream is played over or refused; both are right."""


def riff(
    data: bytes,
    length: int | None = None,
    tag: int = 1,
    channels: int = 1,
    rate: int = 48_000,
    bits: int = 16,
) -> bytes:
    """A WAV file whose header says anything."""
    step = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", tag, channels, rate & 0xFFFFFFFF, rate * step & 0xFFFFFFFF, step & 0xFFFF, bits
    )
    size = len(data) if length is None else length
    parts = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", (len(parts) + size) & 0xFFFFFFFF) + parts + data


def floats(value: float, count: int = 9600) -> bytes:
    """A WAV file of floating-point numbers, all the same."""
    return riff(np.full(count, value, "<f4").tobytes(), tag=3, bits=32)


def waves() -> Iterator[Item]:
    """WAV files with headers that lie."""
    sound = bytes(range(256)) * 40
    kinds: Mapping[str, tuple[Callable[[], bytes], str]] = {
        "endless, as pipes write it": (lambda: riff(sound, 0xFFFFFFFF), FILM),
        "of no length, as pipes write it": (lambda: riff(sound, 0), PLAYED),
        "that says a gigabyte": (lambda: riff(sound, 2**30), "before its end"),
        "that says two bytes more": (lambda: riff(sound, len(sound) + 2), "before its end"),
        "that says two bytes": (lambda: riff(sound, 2), FILM),
        "of one sample": (lambda: riff(b"\0\1"), FILM),
        "of half a sample": (lambda: riff(b"\1"), PLAYED),
        "without samples": (lambda: riff(b""), "without any sound"),
        "of no channels": (lambda: riff(sound, channels=0), BAD),
        "of 255 channels": (lambda: riff(sound * 6, channels=255), PLAYED),
        "of 65,535 channels": (lambda: riff(sound, channels=65_535), BAD),
        "of a rate of 0": (lambda: riff(sound, rate=0), BAD),
        "of a rate of 1": (lambda: riff(sound[:200], rate=1), FILM),
        "of a rate of 2^32": (lambda: riff(sound, rate=2**32 - 1), BAD),
        "of a rate of 9,999,999": (lambda: riff(sound, rate=9_999_999), FILM),
        "of 0 bits": (lambda: riff(sound, bits=0), BAD),
        "of 3 bits": (lambda: riff(sound, bits=3), PLAYED),
        "of 64,000 bits": (lambda: riff(sound, bits=64_000), BAD),
        "of an unknown codec": (lambda: riff(sound, tag=0x7777), BAD),
        "of NaN": (lambda: floats(float("nan")), FILM),
        "of infinities": (lambda: floats(float("inf")), FILM),
        "of 1e30": (lambda: floats(1e30), FILM),
        "of the smallest numbers": (lambda: floats(1e-40), FILM),
        "of -3e38": (lambda: floats(-3e38), FILM),
        "with 1000 chunks": (lambda: chunked(1000), FILM),
        "with a chunk of 2^32": (lambda: wav()[:12] + b"junk\xff\xff\xff\xff" + wav()[12:], BAD),
        "of nothing but its name": (lambda: b"RIFF\0\0\0\0WAVE", BAD),
        "of 64 bits": (lambda: b"RF64" + wav()[4:], PLAYED),
    }
    for name, (data, result) in kinds.items():
        yield Item(f"a WAV {name}", result, with_sound(data, "01.wav"))


def chunked(count: int) -> bytes:
    """A WAV file with many chunks before its samples."""
    data = wav()
    return data[:12] + b"junk\0\0\0\0" * count + data[12:]


@functools.cache
def encoded(form: str, codec: str, seconds: float = 1.0) -> bytes:
    """A buzz in a format that FFmpeg writes."""
    file = io.BytesIO()
    with av.open(file, "w", form) as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(stream, AudioStream)
        samples = np.frombuffer(wav(seconds)[44:], "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "s16", "mono")
        frame.sample_rate = 48_000
        frame.pts = 0
        resampler = av.AudioResampler(stream.format.name, "mono", 48_000, stream.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


FORMATS = {
    "MP3": ("mp3", "libmp3lame", "01.mp3"),
    "FLAC": ("flac", "flac", "01.flac"),
    "Ogg": ("ogg", "flac", "01.ogg"),
    "Opus": ("ogg", "libopus", "01.opus"),
    "M4A": ("mp4", "aac", "01.m4a"),
    "AAC": ("adts", "aac", "01.aac"),
}


def cut() -> Iterator[Item]:
    """Each format, cut in its header and in its sound, half of it zeros, or with noise in it."""
    for kind, (form, codec, name) in FORMATS.items():
        data = encoded(form, codec)
        for place in (1, 4, 16, 64, len(data) // 2, len(data) - 5):
            yield Item(f"{kind} cut after {place} bytes", PLAYED, with_sound(data[:place], name))
        half = data[: len(data) // 2]
        zeros = bytes(len(data) - len(half))
        noise = np.random.default_rng(1).bytes(len(zeros))
        yield Item(f"{kind}, preallocated, half zeros", PLAYED, with_sound(half + zeros, name))
        yield Item(f"{kind}, then noise", PLAYED, with_sound(half + noise, name))
        yield Item(f"{kind} under another name", FILM, with_sound(data, "01.wav"))


def lies() -> Iterator[Item]:
    """Tags and counts that lie."""
    mp3 = encoded("mp3", "libmp3lame")
    m4a = encoded("mp4", "aac")
    kinds: Mapping[str, tuple[Callable[[], bytes], str]] = {
        "an mp3 whose Xing header says 2^32 bytes": (
            lambda: xing(mp3, 2**32 - 1),
            "before its end",
        ),
        "an mp3 whose Xing header says no bytes": (lambda: xing(mp3, 0), FILM),
        "an mp3 whose tag says 256 MiB": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + mp3, BAD),
        "an mp3 with a tag of 32 MiB": (
            lambda: b"ID3\4\0\0\x10\0\0\0" + bytes(32 * MIB) + mp3,
            FILM,
        ),
        "an mp3 with 1000 tags": (lambda: b"ID3\4\0\0\0\0\0\0" * 1000 + mp3, PLAYED),
        "an M4A whose table says 2^32 samples": (lambda: counted(m4a, b"stsz", 8), PLAYED),
        "an M4A whose table of times says 2^32": (
            lambda: counted(m4a, b"stts", 4),
            "ask for more memory",
        ),
        "an M4A whose table of places says 2^32": (lambda: counted(m4a, b"stco", 4), PLAYED),
        "an M4A of a box in itself": (
            lambda: b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + nested(20_000),
            BAD,
        ),
        "an M4A with a box of 2^63 bytes": (
            lambda: m4a[:28] + b"\0\0\0\1free\x7f" + b"\xff" * 7 + m4a[28:],
            PLAYED,
        ),
        "a FLAC of 2^36 samples": (lambda: flac(samples=2**36 - 1), PLAYED),
        "a FLAC with a picture of 16 MiB": (lambda: flac(picture_bytes=16 * MIB - 1), PLAYED),
        "an Ogg of one page, again and again": (lambda: encoded("ogg", "libopus")[:58] * 5000, BAD),
        "chained Oggs": (lambda: encoded("ogg", "libopus") * 20, PLAYED),
        "sixty mp3s in a row": (lambda: mp3 * 60, BAD),
        "zeros": (lambda: bytes(100_000), BAD),
        "a MiB of 0xFF": (lambda: b"\xff" * MIB, BAD),
        "4 MiB of noise": (lambda: np.random.default_rng(2).bytes(4 * MIB), BAD),
        "a picture": (lambda: picture("PNG"), BAD),
        "a JPEG": (lambda: picture("JPEG"), BAD),
        "half an mp3 header": (lambda: b"\xff\xfb", BAD),
        "text": (lambda: b"some words\n" * 1000, BAD),
    }
    for name, (data, result) in kinds.items():
        yield Item(name, result, with_sound(data))


def xing(mp3: bytes, length: int) -> bytes:
    """An mp3 whose header says that it has another length in bytes."""
    place = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    flags = struct.pack(">I", 3)
    return (
        mp3[: place + 4]
        + flags
        + mp3[place + 8 : place + 12]
        + struct.pack(">I", length)
        + mp3[place + 16 :]
    )


def counted(m4a: bytes, table: bytes, offset: int) -> bytes:
    """An M4A in which a table has another count."""
    place = m4a.index(table) + 4 + offset
    return m4a[:place] + b"\xff\xff\xff\xff" + m4a[place + 4 :]


def nested(depth: int) -> bytes:
    """Boxes in boxes."""
    return b"".join(struct.pack(">I", 8 * (depth - number)) + b"moov" for number in range(depth))


def flac(samples: int = 0, picture_bytes: int = 0) -> bytes:
    """A FLAC whose header says how many samples it has, or that a picture follows."""
    data = bytearray(encoded("flac", "flac"))
    if samples:
        data[21] = data[21] & 0xF0 | samples >> 32
        data[22:26] = struct.pack(">I", samples & 0xFFFFFFFF)
    if picture_bytes:
        part = b"\x06" + picture_bytes.to_bytes(3, "big") + bytes(picture_bytes)
        data[42:42] = part
    return bytes(data)


def foreign() -> Iterator[Item]:
    """Containers that are not accepted, whatever their names."""
    forms = {
        "Matroska": ("matroska", "pcm_s16le"),
        "AIFF": ("aiff", "pcm_s16be"),
        "AU": ("au", "pcm_s16be"),
        "AVI": ("avi", "pcm_s16le"),
        "CAF": ("caf", "pcm_s16le"),
        "NUT": ("nut", "pcm_s16le"),
        "MPEG-TS": ("mpegts", "mp2"),
        "ASF": ("asf", "libmp3lame"),
        "Flash": ("flv", "libmp3lame"),
        "Wave64": ("w64", "pcm_s16le"),
    }
    for name, (form, codec) in forms.items():
        yield Item(f"{name} as 01.mp3", "not a sound file", with_sound(encoded(form, codec, 0.2)))


def days() -> Iterator[Item]:
    """Small files that decode into more than the longest film: that takes seconds."""
    yield Item(
        "a WAV of days, at one sample a second",
        "longer than 240 minutes",
        with_sound(lambda: riff(bytes(2 * 86_400), rate=1), "01.wav"),
    )
    yield Item(
        "a WAV of six hours",
        "longer than 240 minutes",
        with_sound(lambda: riff(bytes(8000 * 3600 * 6), rate=8000, bits=8), "01.wav"),
    )


LONG = tuple(days())
ITEMS = (*waves(), *cut(), *lies(), *foreign())

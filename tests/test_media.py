"""Opening untrusted pictures and sound: what is right comes out exactly, what is wrong is refused in words."""

import contextlib
import errno
import io
import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.audio.stream import AudioStream
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from daemon.media import SAMPLE_BLOCK, Samples, UnreadableMedia, count_samples, open_picture, sound_blocks
from tests.stories import RATE, sine, wav

Pixels = npt.NDArray[np.uint8]
BLUE = "#0000ff"


def saved(picture: Image.Image, form: str, **options: object) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file


def opened(file: io.BytesIO, megapixels: int = 1, background: str = BLUE) -> Pixels:
    file.seek(0)
    with open_picture(file, megapixels, background) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def paletted(transparent: bytes | int | None) -> Image.Image:
    picture = Image.new("P", (4, 2), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    if transparent is not None:
        picture.info["transparency"] = transparent
    return picture


PLAIN = {
    "8-bit RGB": (Image.new("RGB", (4, 2), (200, 100, 50)), (200, 100, 50)),
    "8-bit grey": (Image.new("L", (4, 2), 77), (77, 77, 77)),
    "black and white": (Image.new("1", (4, 2), 1), (255, 255, 255)),
    "16-bit grey, light": (Image.fromarray(np.full((2, 4), 65_535, np.uint16)), (255, 255, 255)),
    "16-bit grey, dark": (Image.fromarray(np.full((2, 4), 0x1280, np.uint16)), (0x12, 0x12, 0x12)),
    "palette": (paletted(None), (200, 100, 50)),
    "palette with a transparent colour": (paletted(1), (0, 0, 255)),
    "palette with a half transparent colour": (paletted(bytes([255, 128])), (100, 50, 152)),
    "grey with alpha, clear": (Image.new("LA", (4, 2), (77, 0)), (0, 0, 255)),
    "grey with alpha, half clear": (Image.new("LA", (4, 2), (100, 128)), (50, 50, 177)),
    "RGB with alpha, opaque": (Image.new("RGBA", (4, 2), (200, 100, 50, 255)), (200, 100, 50)),
    "RGB with alpha, half clear": (Image.new("RGBA", (4, 2), (200, 100, 50, 128)), (100, 50, 152)),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_png_of_any_mode_becomes_rgb_over_the_background(kind: str) -> None:
    picture, expected = PLAIN[kind]
    transparency = picture.info.get("transparency")
    pixels = opened(saved(picture, "PNG", **({} if transparency is None else {"transparency": transparency})))
    assert pixels.shape == (2, 4, 3)
    assert np.abs(pixels.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("mode", "clear"), [("RGB", (200, 100, 50)), ("L", 77), ("1", 1)])
def test_a_single_transparent_colour_shows_the_background(mode: str, clear: tuple[int, ...] | int) -> None:
    file = saved(Image.new(mode, (4, 2), clear), "PNG", transparency=255 if mode == "1" else clear)
    assert (opened(file) == (0, 0, 255)).all()


@pytest.mark.parametrize(("mode", "colour", "expected"), [("L", 77, (77, 77, 77)), ("CMYK", (0, 255, 255, 0), (255, 0, 0))])
def test_a_jpeg_without_rgb_becomes_rgb(mode: str, colour: tuple[int, ...] | int, expected: tuple[int, int, int]) -> None:
    pixels = opened(saved(Image.new(mode, (16, 16), colour), "JPEG", quality=95))
    assert np.abs(pixels.astype(int) - expected).max() <= 4


def test_a_webp_with_alpha_shows_the_background_where_it_is_clear() -> None:
    picture = Image.new("RGBA", (4, 2), (200, 100, 50, 0))
    picture.putpixel((0, 0), (200, 100, 50, 255))
    pixels = opened(saved(picture, "WEBP", lossless=True))
    assert tuple(pixels[0, 0]) == (200, 100, 50)
    assert tuple(pixels[1, 3]) == (0, 0, 255)


UPRIGHT = np.repeat(np.repeat(np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(255, 255, 0), (0, 0, 0), (255, 255, 255)]],
                                       np.uint8), 16, axis=0), 16, axis=1)  # fmt: skip
STORED: dict[int, Callable[[Pixels], Pixels]] = {  # how a camera stores an upright picture (Exif 2.3, tag 0x0112)
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_upright(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation](UPRIGHT)))
    pixels = opened(saved(picture, form, exif=exif, quality=95))
    assert pixels.shape == UPRIGHT.shape
    assert np.abs(pixels[8::16, 8::16].astype(int) - UPRIGHT[8::16, 8::16]).max() <= 12


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "PPM", "ICO"])
def test_another_format_is_refused_whatever_its_name(form: str) -> None:
    file = saved(Image.new("RGB", (32, 32)), form)
    with pytest.raises(UnreadableMedia, match="not a PNG, JPEG or WebP") as caught:
        opened(file)
    assert "PNG or JPEG" in caught.value.mend


@pytest.mark.parametrize("data", [b"", b"\0" * 1000, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="not a PNG, JPEG or WebP"):
        opened(io.BytesIO(data))


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_refused(form: str) -> None:
    data = saved(noise(), form).getvalue()
    with pytest.raises(UnreadableMedia):
        opened(io.BytesIO(data[: len(data) // 2]))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> io.BytesIO:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))


def test_a_bomb_is_refused_by_its_size_before_anything_is_decoded() -> None:
    """Its data are torn, too: were they looked at first, they would be the fault."""
    with pytest.raises(UnreadableMedia, match="larger than 100 megapixels") as caught:
        opened(png_claiming(60_000, 50_000), megapixels=100)
    assert "60000×50000" in caught.value.what


def test_the_limit_of_megapixels_is_the_largest_size_that_passes() -> None:
    assert opened(saved(Image.new("1", (1000, 1000)), "PNG"), megapixels=1).shape == (1000, 1000, 3)
    with pytest.raises(UnreadableMedia, match="larger than 1 megapixels"):
        opened(saved(Image.new("1", (1000, 1001)), "PNG"), megapixels=1)


class _Failing(io.BytesIO):
    """A file on a disk that breaks after its first kilobyte."""

    def __init__(self, data: bytes, error: Exception) -> None:
        super().__init__(data)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or self.tell() >= 1024:
            raise self._error
        return super().read(min(size, 1024))


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError()], ids=["EIO", "memory"])
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_fault_of_the_machine_is_not_blamed_on_the_picture(error: Exception, form: str) -> None:
    with pytest.raises(type(error)):
        opened(_Failing(saved(noise(), form).getvalue(), error))


def damaged(data: bytes, places: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for place, value in places:
        changed[place % len(changed)] = value
    return bytes(changed)


PLACES = st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), min_size=1, max_size=8)
PICTURES = [saved(noise(), form).getvalue() for form in ("PNG", "JPEG", "WEBP")]


@settings(max_examples=150, deadline=None)  # a decoder's time depends on the damage
@given(data=st.sampled_from(PICTURES), places=PLACES)
def test_a_damaged_picture_is_shown_or_refused_and_nothing_else(data: bytes, places: list[tuple[int, int]]) -> None:
    with contextlib.suppress(UnreadableMedia):
        assert opened(io.BytesIO(damaged(data, places))).size > 0


# Sound


def encoded(form: str, codec: str, samples: npt.NDArray[np.float64], rate: int = RATE, layout: str = "stereo") -> io.BytesIO:
    """A file of some codec with the same samples on every side."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate, options={"strict": "experimental"}))
        stream.codec_context.layout = layout
        sides = np.tile(samples.astype(np.float32), (1 if layout == "mono" else 2, 1))
        whole = av.AudioFrame.from_ndarray(sides, format="fltp", layout=layout)
        whole.sample_rate = rate
        whole.pts = 0
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate, stream.codec_context.frame_size or None)
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


def decoded(file: io.BytesIO) -> Samples:
    file.seek(0)
    return np.concatenate([*sound_blocks(file, RATE)], axis=1)


def counted(file: io.BytesIO) -> int:
    file.seek(0)
    return count_samples(file, RATE)


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
def test_more_than_two_sides_are_mixed_down(channels: int) -> None:
    assert decoded(wave_file(b"\0\x10" * channels * 480, channels=channels)).shape == (2, 480)


CODECS = {  # the container, the codec, and by how many samples the length may differ: a frame of the codec
    "mp3": ("mp3", "libmp3lame", 1152),
    "flac": ("flac", "flac", 0),
    "ogg": ("ogg", "vorbis", 1024),
    "opus": ("ogg", "libopus", 960),
    "m4a": ("ipod", "aac", 1024),
    "mp4": ("mp4", "aac", 1024),
    "aac": ("adts", "aac", 2 * 1024),  # a raw stream cannot tell of its lead-in
}


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
    assert abs(counted(encoded("mp3", "libmp3lame", sine(1.0, rate=44_100), rate=44_100)) - RATE) <= 1152


def tagged(mp3: bytes, title: bytes) -> bytes:
    """An ID3v2.3 tag with a title in UTF-8 and a picture's worth of padding before an mp3 (id3.org, ID3v2.3.0, 3.1)."""
    frame = b"TIT2" + struct.pack(">I", len(title) + 1) + b"\0\0\3" + title
    body = frame + bytes(20_000)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body + mp3[mp3.index(b"\xff\xfb") :]


def test_an_mp3_with_a_tag_has_its_own_length_and_no_more() -> None:
    mp3 = encoded("mp3", "libmp3lame", sine(1.0)).getvalue()
    assert abs(counted(io.BytesIO(tagged(mp3, b"Ren\xc3\xa9"))) - RATE) <= 1152


def test_an_mp3_with_a_little_junk_in_it_plays() -> None:
    mp3 = encoded("mp3", "libmp3lame", sine(2.0)).getvalue()
    half = len(mp3) // 2
    assert abs(counted(io.BytesIO(mp3[:half] + b"not sound " * 60 + mp3[half:])) - 2 * RATE) <= 4 * 1152


@pytest.mark.parametrize(("rate", "layout"), [(24_000, "stereo"), (48_000, "mono"), (24_000, "mono")])
@pytest.mark.parametrize("turned", [False, True])
def test_a_file_that_changes_its_rate_or_its_sides_midway_plays_on(rate: int, layout: str, turned: bool) -> None:
    other, usual = encoded("adts", "aac", sine(1.0, rate=rate), rate, layout), encoded("adts", "aac", sine(1.0))
    first, second = (usual, other) if turned else (other, usual)
    sound = decoded(io.BytesIO(first.getvalue() + second.getvalue()))
    assert abs(sound.shape[1] - 2 * RATE) <= 6 * 1024
    for start in (0.2, 1.2):
        assert level(sound[1, round(start * RATE) : round((start + 0.6) * RATE)], 440.0) == pytest.approx(0.5, rel=0.02)


def adts_frames(aac: bytes) -> list[bytes]:
    """The frames of a raw AAC stream: a header of 7 bytes that tells the length (ISO/IEC 13818-7, 6.2), then the data."""
    frames, start = [], 0
    while start < len(aac):
        size = (aac[start + 3] & 3) << 11 | aac[start + 4] << 3 | aac[start + 5] >> 5
        frames.append(aac[start : start + size])
        start += size
    return frames


def test_a_sound_with_many_broken_parts_is_refused_and_one_with_a_few_plays() -> None:
    chance = np.random.default_rng(1)
    frames = adts_frames(encoded("adts", "aac", sine(2.0)).getvalue())
    broken = [frame[:7] + chance.bytes(len(frame) - 7) for frame in frames]
    many = [old if number % 2 else new for number, (old, new) in enumerate(zip(frames, broken, strict=True))]
    with pytest.raises(UnreadableMedia, match=r"damaged: \d+ of its \d+ parts do not decode"):
        counted(io.BytesIO(b"".join(many)))
    assert abs(counted(io.BytesIO(b"".join([*frames[:40], broken[40], *frames[41:]]))) - 2 * RATE) <= 3 * 1024


def test_a_block_of_sound_is_never_large() -> None:
    """A packet of a slow file becomes a great many samples."""
    blocks = [block.shape for block in sound_blocks(wave_file(bytes(8_000), rate=1_000), RATE)]
    assert sum(samples for _, samples in blocks) == 4 * RATE
    assert max(samples for _, samples in blocks) <= SAMPLE_BLOCK


def test_what_is_not_a_number_becomes_sound() -> None:
    strange = np.array([np.nan, np.inf, -np.inf, 0.5] * 100, "<f4").tobytes()
    file = bytearray(wave_file(strange, width=4).getvalue())
    file[20:22] = b"\3\0"  # WAVE_FORMAT_IEEE_FLOAT
    sound = decoded(io.BytesIO(bytes(file)))
    assert sound[0, :4] == pytest.approx([0.0, 1.0, -1.0, 0.5])


PLAYLISTS = {
    "m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n",
    "ffconcat": b"ffconcat version 1.0\nfile 'secret.wav'\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_is_refused_whatever_its_name(kind: str, tmp_path: Path) -> None:
    wav(tmp_path / "secret.wav", sine(0.2))
    (tmp_path / "01.mp3").write_bytes(PLAYLISTS[kind])
    with (tmp_path / "01.mp3").open("rb") as file, pytest.raises(UnreadableMedia, match="not a sound file"):
        count_samples(file, RATE)


def test_without_the_list_of_formats_a_playlist_would_be_followed(tmp_path: Path) -> None:
    """That the playlist above is a real one: FFmpeg by itself plays the secret."""
    wav(tmp_path / "secret.wav", sine(0.2))
    (tmp_path / "01.mp3").write_bytes(PLAYLISTS["ffconcat"])
    with av.open(str(tmp_path / "01.mp3")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == RATE // 5


@pytest.mark.parametrize("data", [b"", bytes(5000), b"some text\n" * 500, saved(Image.new("RGB", (8, 8)), "PNG").getvalue()])
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="not a sound file of a known kind") as caught:
        counted(io.BytesIO(data))
    assert "MP3" in caught.value.mend


def test_a_film_without_sound_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(UnreadableMedia, match="without any sound"):
        counted(file)


@pytest.mark.parametrize(("form", "codec"), [("wav", "pcm_s16le"), ("mp3", "libmp3lame")])
def test_a_file_without_a_single_sample_is_refused(form: Literal["wav", "mp3"], codec: str) -> None:
    with pytest.raises(UnreadableMedia):
        counted(io.BytesIO(encoded(form, codec, sine(0.2)).getvalue()[:44]))


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_fault_of_the_disk_is_not_blamed_on_the_sound(form: str) -> None:
    codec = {"wav": "pcm_s16le", "mp3": "libmp3lame"}[form]
    with pytest.raises(OSError, match="Input/output error") as caught:
        counted(_Failing(encoded(form, codec, sine(0.5)).getvalue(), OSError(errno.EIO, "Input/output error")))
    assert caught.value.errno == errno.EIO


SOUNDS = [
    encoded(form, codec, sine(0.1)).getvalue() for form, codec in [("mp3", "libmp3lame"), ("flac", "flac"), ("adts", "aac")]
]


@settings(max_examples=60, deadline=None)  # a decoder's time depends on the damage
@given(data=st.sampled_from(SOUNDS), places=PLACES)
def test_a_damaged_sound_is_played_or_refused_and_nothing_else(data: bytes, places: list[tuple[int, int]]) -> None:
    body = data.index(b"\xff")  # past the tags of the mp3, which have a test of their own
    with contextlib.suppress(UnreadableMedia):
        assert counted(io.BytesIO(data[:body] + damaged(data[body:], places))) > 0


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_tag_in_latin_1_is_no_fault(form: str) -> None:
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


@pytest.mark.parametrize("kind", [b"cHRM", b"gAMA", b"tRNS"])
def test_a_torn_part_behind_the_pixels_of_a_png_is_shown_or_refused(kind: bytes) -> None:
    data = saved(noise(), "PNG").getvalue()
    end = data.rindex(b"IEND") - 4
    with contextlib.suppress(UnreadableMedia):
        opened(io.BytesIO(data[:end] + chunk(kind, b"1") + data[end:]))


def test_odd_exif_data_do_not_keep_a_picture_from_being_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "hello"
    odd = exif.tobytes().replace(b"\x01\x0e", b"\x01\x00")  # a width in letters
    assert opened(saved(Image.new("RGB", (32, 16)), "JPEG", exif=odd)).shape == (32, 16, 3)


def test_exif_data_that_are_none_do_not_keep_a_picture_from_being_shown() -> None:
    data = saved(noise(), "PNG").getvalue()
    end = data.rindex(b"IEND") - 4
    shown = opened(io.BytesIO(data[:end] + chunk(b"eXIf", b"garbage") + data[end:]))
    assert (shown == np.asarray(noise())).all()


def test_one_part_that_ffmpeg_cannot_decode_is_passed_over_whatever_it_says() -> None:
    frames = adts_frames(encoded("adts", "aac", sine(2.0)).getvalue())
    frames[40] = frames[40][:7] + b"\xff" * (len(frames[40]) - 7)
    assert abs(counted(io.BytesIO(b"".join(frames))) - 2 * RATE) <= 3 * 1024

"""Opening untrusted pictures and sound: by content and never by name, within limits, with errors in users' words.

Files come here as open file objects, so that no decoder sees a path. Pillow is held to three formats (it has had holes in
others), FFmpeg's demuxers to those of plain sound files: a playlist that calls itself .mp3 would make it read other files.
"""

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import IO

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from PIL import Image, UnidentifiedImageError

from daemon.errors import StoryreelError

PICTURE_FORMATS = ("PNG", "JPEG", "WEBP")
SOUND_FORMATS = "mp3,wav,flac,ogg,mov,mp4,m4a,aac"
SAMPLE_BLOCK = 48_000
"""Samples that a block of decoded sound holds at the most, so that memory does not depend on a file's packets."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture upright, by the orientation that its Exif data tell (Exif 2.32, 4.6.4)."""
SAME_SHAPE = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM)
SAVE_SOUND = "Save it as MP3, WAV, FLAC, Ogg or M4A."

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit is lower than ours may be set; `_refuse_large` looks before it decodes

Samples = npt.NDArray[np.float32]
"""Sound of shape (2, samples): left and right, full scale at ±1."""


class UnreadableMedia(StoryreelError):  # noqa: N818 - it says what the file is, as the class it joins does
    """A picture or sound that cannot be used: what it is ("damaged", "larger than …"), and what would help."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


def picture_size(file: IO[bytes], megapixels: int) -> tuple[int, int]:
    """The width and height of a picture, upright, from its headers alone; it is not decoded. Raises as `open_picture` does."""
    with _opened(file, megapixels) as picture:
        turn = None if picture.format == "PNG" and not _has_exif(file) else _turn(picture)
        return picture.size if turn in (None, *SAME_SHAPE) else (picture.height, picture.width)


def open_picture(file: IO[bytes], megapixels: int, background: str) -> Image.Image:
    """Decode a picture into RGB, upright, its transparent parts over `background`.

    Raises UnreadableMedia for whatever is not a whole PNG, JPEG or WebP of at most `megapixels`; MemoryError and the
    file's own OSErrors (with an errno) pass, for they are the machine's fault.
    """
    with _opened(file, megapixels) as picture:
        picture.load()
        turn = _turn(picture)
        return flatten(picture if turn is None else picture.transpose(turn), background)


@contextlib.contextmanager
def _opened(file: IO[bytes], megapixels: int) -> Iterator[Image.Image]:
    """A picture of a known kind and a sane size; whatever Pillow raises over it becomes UnreadableMedia."""
    try:
        with Image.open(file, formats=PICTURE_FORMATS) as picture:
            _refuse_large(picture, megapixels)
            yield picture
    except UnidentifiedImageError as error:
        raise UnreadableMedia("not a PNG, JPEG or WebP picture", "Save it as PNG or JPEG.") from error
    except (MemoryError, UnreadableMedia):
        raise
    except Exception as error:  # Pillow's plug-ins raise whatever a hostile file leads them to
        if isinstance(error, OSError) and error.errno:
            raise
        raise UnreadableMedia(f"damaged: {error}", "Export or copy it again.") from error


def _has_exif(png: IO[bytes]) -> bool:
    """Whether a PNG has Exif data, which may come after the pixels: Pillow would decode all of them in order to know.

    A PNG is its signature, and parts of a length, a name, contents and four bytes more (W3C, "PNG (Third Edition)", 5.3).
    """
    place = len(PNG_SIGNATURE)
    while True:
        png.seek(place)
        head = png.read(8)
        if len(head) < 8 or head[4:] in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
            return len(head) == 8
        place += 12 + int.from_bytes(head[:4], "big")


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """How to turn a picture upright, as its Exif data say; odd data do not keep it from being shown as it is."""
    with contextlib.suppress(Exception):
        return TURNS.get(picture.getexif().get(ORIENTATION, 1))
    return None


def _refuse_large(picture: Image.Image, megapixels: int) -> None:
    if picture.width * picture.height > megapixels * 1_000_000:
        what = f"larger than {megapixels} megapixels ({picture.width}×{picture.height} pixels)"
        raise UnreadableMedia(what, "Make it smaller.")


def flatten(picture: Image.Image, background: str) -> Image.Image:
    """Any of Pillow's modes as RGB; what is transparent shows `background`."""
    if picture.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling
        grey = np.asarray(picture, dtype=np.int64) >> 8
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        base = Image.new("RGBA", layer.size, background)
        return Image.alpha_composite(base, layer).convert("RGB")
    return picture.convert("RGB")


def sound_blocks(file: IO[bytes], rate: int) -> Iterator[Samples]:
    """Decode a sound file as stereo blocks at `rate` samples per second, one after the other.

    Mono goes to both sides at its own level (FFmpeg's own upmix would take 3 dB off: measured). Raises UnreadableMedia when
    the file is not sound that can be decoded to its end.
    """
    try:
        container = av.open(
            file, mode="r", options={"format_whitelist": SOUND_FORMATS, "probesize": "32768"}, metadata_errors="replace"
        )
    except av.error.FFmpegError as error:
        raise UnreadableMedia("not a sound file of a known kind", SAVE_SOUND) from error
    with container:
        if not container.streams.audio:
            raise UnreadableMedia("without any sound", SAVE_SOUND)
        try:
            yield from _blocks(_resampled(_decoded(container, container.streams.audio[0]), rate))
        except av.error.FFmpegError as error:
            raise UnreadableMedia("damaged", SAVE_SOUND) from error


def count_samples(file: IO[bytes], rate: int, most: int | None = None) -> int:
    """How many samples a sound file has at `rate`, counted by decoding all of it, or until there are more than `most`.

    Raises as `sound_blocks` does.
    """
    samples = 0
    for block in sound_blocks(file, rate):
        samples += block.shape[1]
        if most is not None and samples > most:
            raise UnreadableMedia(f"longer than {most / rate / 60:g} minutes", "Cut it, or raise limits.film_minutes.")
    if not samples:
        raise UnreadableMedia("without any sound", SAVE_SOUND)
    return samples


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    """All frames; a few packets that are no sound (tags amid the data, a torn last frame) are passed over, as players do."""
    good = bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if isinstance(error, OSError | MemoryError):
                raise
            bad += 1
            continue
        good += 1
        yield from frames
    if bad > max(2, good // 50):
        raise UnreadableMedia(f"damaged: {bad} of its {good + bad} parts do not decode", SAVE_SOUND)


def _resampled(frames: Iterable[av.AudioFrame], rate: int) -> Iterator[av.AudioFrame]:
    """Frames at `rate`, mono or stereo. A file may change its own rate or layout midway: each stretch has its resampler."""
    resampler: AudioResampler | None = None
    form = None
    for frame in frames:
        if form != (now := (frame.format.name, frame.layout.name, frame.sample_rate)):
            if resampler is not None:
                yield from resampler.resample(None)
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            resampler = None if now == ("fltp", layout, rate) else AudioResampler(format="fltp", layout=layout, rate=rate)
            form = now
        yield from [frame] if resampler is None else resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _blocks(frames: Iterable[av.AudioFrame]) -> Iterator[Samples]:
    """Decoders give a fiftieth of a second at a time; whole blocks cost a fiftieth of the calls."""
    fifo, layout = av.AudioFifo(), ""
    for frame in frames:
        if layout != frame.layout.name:
            yield from _rest(fifo)
            fifo, layout = av.AudioFifo(), frame.layout.name
        frame.pts, frame.time_base = None, Fraction(1, frame.sample_rate)  # gaps in a file's own times are none in its sound
        fifo.write(frame)
        while fifo.samples >= SAMPLE_BLOCK and (block := fifo.read(SAMPLE_BLOCK)):
            yield _stereo(block)
    yield from _rest(fifo)


def _rest(fifo: av.AudioFifo) -> Iterator[Samples]:
    if block := fifo.read(partial=True):
        yield _stereo(block)


def _stereo(block: av.AudioFrame) -> Samples:
    samples: Samples = block.to_ndarray().astype(np.float32, copy=False)
    if not np.isfinite(samples).all():  # a file of floating-point samples may hold anything
        samples = np.nan_to_num(samples, posinf=1.0, neginf=-1.0)
    return np.broadcast_to(samples, (2, samples.shape[1]))

"""Opening untrusted pictures: a good one comes out exactly, a bad one is refused in words."""

import contextlib
import errno
import io
import os
import resource
import struct
import threading
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from daemon.errors import UnreadableMedia
from daemon.media import pictures
from daemon.media.pictures import SPARE, open_picture, picture_size
from tests.helpers.broken import PLACES, FailingFile, damaged
from tests.helpers.children import in_child
from tests.helpers.pictures import likeness
from tests.media.colour_profiles import LINEAR_RGB
from tests.media.picture_files import (
    BLUE,
    ORIENTATIONS,
    PLAIN,
    UPRIGHT,
    chunk,
    difference,
    exif,
    noise,
    opened,
    png,
    saved,
    with_last_chunk,
)

# ---- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "PPM", "ICO"])
def test_another_format_is_refused_whatever_its_name(form: str) -> None:
    file = saved(Image.new("RGB", (32, 32)), form)
    with pytest.raises(UnreadableMedia, match="not a PNG, JPEG or WebP") as caught:
        opened(file)
    assert "PNG or JPEG" in caught.value.mend


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 1000, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_a_file_that_is_not_a_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="not a PNG, JPEG or WebP"):
        opened(io.BytesIO(data))


def test_an_interlaced_png_is_put_together() -> None:
    """Seven passes, each with its own start and step (W3C, "PNG (Third Edition)", 8.1)."""
    level = np.arange(64, dtype=np.uint8).reshape(8, 8)
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    rows = b""
    for x, y, right, down in passes:
        for row in level[y::down, x::right]:
            rows += b"\0" + row.tobytes()
    assert (opened(png((8, 8), 8, 0, rows, interlaced=True))[:, :, 0] == level).all()


def test_a_progressive_jpeg_is_complete() -> None:
    pixels = opened(saved(Image.fromarray(UPRIGHT), "JPEG", progressive=True, quality=95))
    assert difference(pixels[8::16, 8::16], UPRIGHT[8::16, 8::16]) <= 12


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_the_first_picture_of_an_animation_is_shown(form: str) -> None:
    first = Image.new("RGB", (16, 16), (200, 100, 50))
    second = Image.new("RGB", (16, 16), (0, 0, 0))
    pixels = opened(saved(first, form, save_all=True, append_images=[second], lossless=True))
    assert (pixels == (200, 100, 50)).all()


# ---- limits --------------------------------------------------------------------------------------


def test_a_decompression_bomb_is_refused_by_its_size_before_anything_is_decoded() -> None:
    """Its data are torn, too. If they were decoded first, the error would be about them."""
    header = struct.pack(">IIBBBBB", 60_000, 50_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    data += chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    with pytest.raises(UnreadableMedia, match="larger than 100 megapixels") as caught:
        opened(io.BytesIO(data), megapixels=100)
    assert "60000×50000" in caught.value.what


@pytest.mark.parametrize("size", [(1, 65_536), (65_536, 1)])
def test_a_picture_with_a_side_longer_than_any_jpeg_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UnreadableMedia, match="more than 65535 pixels on a side"):
        opened(saved(Image.new("1", size), "PNG"), megapixels=1)


def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded() -> None:
    data = saved(noise(), "JPEG", progressive=True).getvalue()
    last = data.rindex(b"\xff\xda")
    usual = io.BytesIO(data[:last] + data[last:-2] * 50 + data[-2:])
    many = io.BytesIO(data[:last] + data[last:-2] * 101 + data[-2:])
    assert opened(usual).shape == (48, 64, 3)
    with pytest.raises(UnreadableMedia, match="more than 100 scans"):
        picture_size(many, 1)


def test_the_limit_of_megapixels_is_the_largest_size_that_passes() -> None:
    assert opened(saved(Image.new("1", (1000, 1000)), "PNG"), megapixels=1).shape == (1000, 1000, 3)
    with pytest.raises(UnreadableMedia, match="larger than 1 megapixels"):
        opened(saved(Image.new("1", (1000, 1001)), "PNG"), megapixels=1)


# ---- damage, and faults of the machine -----------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_refused(form: str) -> None:
    data = saved(noise(), form).getvalue()
    with pytest.raises(UnreadableMedia):
        opened(io.BytesIO(data[: len(data) // 2]))


PICTURES = [saved(noise(), form).getvalue() for form in ("PNG", "JPEG", "WEBP")]


@settings(max_examples=150, deadline=None)  # a decoder's time depends on the damage
@given(data=st.sampled_from(PICTURES), places=PLACES)
def test_a_damaged_picture_is_shown_or_refused_and_nothing_else(
    data: bytes, places: list[tuple[int, int]]
) -> None:
    with contextlib.suppress(UnreadableMedia):
        assert opened(io.BytesIO(damaged(data, places))).size > 0


@pytest.mark.parametrize("kind", [b"cHRM", b"gAMA", b"tRNS"])
def test_a_png_with_a_torn_chunk_after_its_pixels_is_shown_or_refused(kind: bytes) -> None:
    with contextlib.suppress(UnreadableMedia):
        opened(with_last_chunk(saved(noise(), "PNG").getvalue(), kind, b"1"))


FAULTS_OF_THE_MACHINE = [
    pytest.param(OSError(errno.EIO, os.strerror(errno.EIO)), id="EIO"),
    pytest.param(MemoryError(), id="memory"),
]


@pytest.mark.parametrize("error", FAULTS_OF_THE_MACHINE)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_fault_of_the_file_s_disk_is_not_blamed_on_the_picture(
    error: Exception, form: str
) -> None:
    with pytest.raises(type(error)) as caught:
        opened(FailingFile(saved(noise(), form).getvalue(), error))
    assert caught.value is error


@pytest.mark.parametrize("error", FAULTS_OF_THE_MACHINE)
@pytest.mark.parametrize(("owner", "name"), [(Image, "open"), (ImageFile.ImageFile, "load")])
def test_a_fault_of_the_machine_in_pillow_is_not_blamed_on_the_picture(
    owner: object, name: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mock, because Pillow does not run out of memory in its own code when a test asks it to."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    file = saved(noise(), "JPEG")
    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(type(error)) as caught:
        opened(file)
    assert caught.value is error


# ---- large pictures ------------------------------------------------------------------------------


def natural(width: int, height: int) -> Image.Image:
    """As much detail at every size as photographs have: sharp edges, grain, and amplitudes that
    fall with the frequency."""
    chance = np.random.default_rng(7)
    down = np.fft.fftfreq(height)[:, None] * height
    across = np.fft.rfftfreq(width)[None, :] * width
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf

    channels = []
    for _ in range(3):
        spectrum = np.fft.rfft2(chance.normal(size=(height, width))) / frequency**1.1
        channel = np.fft.irfft2(spectrum, (height, width))
        channels.append(channel / channel.std())
    scene = np.stack(channels, axis=-1) * 45 + 120
    scene[height // 3 :, width // 4 : width // 2] -= 60
    return Image.fromarray((scene + chance.normal(0, 3, scene.shape)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("times", [3.1, 4.66, 6.2])
def test_a_reduced_picture_looks_like_the_whole_one(form: str, times: float) -> None:
    canvas = (256, 144)
    file = saved(natural(round(256 * times), round(144 * times)), form, quality=95, subsampling=0)
    whole = opened(file, 2)
    reduced = opened(file, 2, largest=canvas)
    direct = Image.fromarray(whole).resize(canvas, Image.Resampling.LANCZOS)
    quick = Image.fromarray(reduced).resize(canvas, Image.Resampling.LANCZOS)
    assert likeness(np.asarray(direct), np.asarray(quick)) >= 40
    assert reduced.size < whole.size


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    largest=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    form=st.sampled_from(["PNG", "JPEG", "WEBP"]),
    orientation=st.sampled_from(ORIENTATIONS),
)
def test_a_reduced_picture_still_covers_its_place_if_the_whole_one_did(
    size: tuple[int, int], largest: tuple[int, int], form: str, orientation: int
) -> None:
    file = saved(Image.new("RGB", size, (200, 100, 50)), form, exif=exif(orientation))
    height, width, _ = opened(file, largest=largest).shape
    whole = size if orientation < 5 else size[::-1]
    file.seek(0)
    assert picture_size(file, 1) == whole

    spare = min(whole[0] / largest[0], whole[1] / largest[1])
    assert min(width / largest[0], height / largest[1]) >= min(spare, SPARE) - 0.5 / min(largest)

    shape = whole[0] / whole[1]
    rounding = 1 / width + 1 / height + 1 / width / height
    assert abs(width / height - shape) <= shape * rounding


@pytest.mark.parametrize("largest", [None, (10, 6), (5, 5)])
@pytest.mark.parametrize("kind", [*PLAIN, "with a profile", "CMYK"])
def test_bands_do_not_show(
    kind: str, largest: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = noise_like(kind)
    at_once = opened(file, largest=largest)
    monkeypatch.setattr(pictures, "BAND", 500)
    monkeypatch.setattr(pictures, "SMALL", 0)
    tolerance = 0 if kind == "CMYK" else 1
    assert difference(opened(file, largest=largest), at_once) <= tolerance


def noise_like(kind: str) -> io.BytesIO:
    """Noise in the mode of one of the `PLAIN` pictures, "with a profile" or in "CMYK"."""
    options: dict[str, object] = {}
    mode = PLAIN[kind][0].mode if kind in PLAIN else "RGB"
    if kind == "CMYK":
        mode = "CMYK"
    elif kind == "with a profile":
        options["icc_profile"] = LINEAR_RGB
    if mode == "I;16":
        deep = np.asarray(noise())[:, :, 0].astype(np.uint16) * 257
        return saved(Image.fromarray(deep), "PNG")

    levels = np.random.default_rng(3).permutation(np.asarray(noise().convert("RGBA")).reshape(-1))
    mixed = Image.fromarray(levels.reshape(48, 64, 4))
    if mode == "P":
        options["transparency"] = bytes(range(0, 256, 16)) if "half" in kind else 1
        return saved(mixed.convert("RGB").quantize(16), "PNG", **options)
    return saved(mixed.convert(mode), "JPEG" if mode == "CMYK" else "PNG", **options)


class CountingLock:
    """Counts how often it is taken."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.times = 0

    def __enter__(self) -> None:
        self.lock.acquire()
        self.times += 1

    def __exit__(self, *_: object) -> None:
        self.lock.release()


@pytest.mark.parametrize(("size", "times"), [((4000, 4000), 0), ((4000, 4001), 1)])
def test_large_pictures_are_decoded_one_at_a_time(
    size: tuple[int, int], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = CountingLock()
    monkeypatch.setattr(pictures, "_large_one", lock)
    opened(saved(Image.new("1", size), "PNG"), megapixels=100, largest=(100, 100))
    assert lock.times == times


# ---- memory --------------------------------------------------------------------------------------

MIB = 1 << 20
HUNDRED = (10_000, 10_000)


def resident() -> float:
    """The MiB of memory that this process has now.

    Its peak is counted again from here on (Linux, proc_pid_clear_refs(5)).
    """
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / MIB


def peak_resident() -> float:
    """The most MiB of memory that this process has had since `resident`."""
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def growth(file: io.BytesIO) -> float:
    """How many MiB the decoding of a picture adds to a process at its peak."""

    def child() -> str:
        before = resident()
        file.seek(0)
        open_picture(file, 100, BLUE, largest=(2150, 1210))
        return str(peak_resident() - before)

    ended = in_child(child)
    assert ended.code == 0, ended.said
    return float(ended.said)


@pytest.mark.parametrize(
    ("depth", "kind", "stored", "decoded"),
    [(8, 2, 3, 4), (16, 0, 2, 2)],
    ids=["RGB", "16-bit grey"],
)
def test_a_hundred_megapixels_of_png_cost_little_more_than_themselves(
    depth: int, kind: int, stored: int, decoded: int
) -> None:
    """`stored` and `decoded` are bytes per pixel, in the file and in Pillow."""
    row = b"\0" + bytes(range(250)) * 40 * stored
    assert growth(png(HUNDRED, depth, kind, row * 10_000)) < decoded * 1e8 / MIB + 60


def test_a_hundred_megapixels_of_jpeg_are_not_decoded_at_their_full_size() -> None:
    assert growth(saved(Image.new("RGB", HUNDRED, (200, 100, 50)), "JPEG")) < 130

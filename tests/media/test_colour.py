"""A picture's own colours become sRGB; a profile that cannot be used is ignored."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from daemon.media.colour import to_srgb
from tests.helpers.broken import PLACES, damaged
from tests.media.colour_profiles import BLUE_FOR_RED, INKS, LINEAR_GREY, LINEAR_RGB, SRGB
from tests.media.picture_files import difference, noise, opened, paletted, png, saved


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_s_own_colours_become_srgb(form: str) -> None:
    grey = Image.new("RGB", (16, 16), (128, 128, 128))
    pixels = opened(saved(grey, form, icc_profile=LINEAR_RGB, quality=95, lossless=True))
    assert difference(pixels, 188) <= 2


PROFILED = {
    "RGB": (Image.new("RGB", (4, 2), (255, 0, 0)), BLUE_FOR_RED, (0, 0, 255)),
    "palette": (paletted(None).convert("RGB").quantize(2), LINEAR_RGB, (229, 168, 122)),
    "RGB with alpha": (Image.new("RGBA", (4, 2), (128, 128, 128, 128)), LINEAR_RGB, (94, 94, 221)),
    "grey": (Image.new("L", (4, 2), 128), LINEAR_GREY, (188, 188, 188)),
    "grey with alpha": (Image.new("LA", (4, 2), (128, 128)), LINEAR_GREY, (94, 94, 221)),
    "16-bit grey": (
        Image.fromarray(np.full((2, 4), 0x8000, np.uint16)),
        LINEAR_GREY,
        (188, 188, 188),
    ),
}


@pytest.mark.parametrize("kind", PROFILED)
def test_a_picture_of_any_mode_may_have_a_profile(kind: str) -> None:
    """The background is put behind it afterwards: the background's colour is in sRGB."""
    picture, profile, expected = PROFILED[kind]
    assert difference(opened(saved(picture, "PNG", icc_profile=profile)), expected) <= 2


def test_a_printer_s_colours_become_srgb() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels = opened(saved(red, "JPEG", icc_profile=INKS, quality=95))
    assert difference(pixels, 119) <= 5  # L* 50 in sRGB


UNFIT = {
    "not a profile": ("RGB", b"nothing of the kind" * 20),
    "empty": ("RGB", b"\0"),
    "torn": ("RGB", LINEAR_RGB[: len(LINEAR_RGB) // 2]),
    "grey for RGB": ("RGB", LINEAR_GREY),
    "RGB for grey": ("L", LINEAR_RGB),
    "inks for RGB": ("RGBA", INKS),
    "RGB for inks": ("CMYK", LINEAR_RGB),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_profile_that_does_not_fit_is_ignored(kind: str) -> None:
    mode, profile = UNFIT[kind]
    picture = Image.new(mode, (16, 16), 100)
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert (opened(saved(picture, form, icc_profile=profile)) == opened(saved(picture, form))).all()


@settings(max_examples=150, deadline=None)
@given(
    profile=st.sampled_from([LINEAR_RGB, LINEAR_GREY, INKS, SRGB]),
    mode=st.sampled_from(["RGB", "L", "CMYK"]),
    places=PLACES,
)
def test_a_damaged_profile_never_keeps_a_picture_from_being_shown(
    profile: bytes, mode: str, places: list[tuple[int, int]]
) -> None:
    file = saved(Image.new(mode, (8, 8)), "JPEG", icc_profile=damaged(profile, places))
    assert opened(file).shape == (8, 8, 3)


def test_a_profile_of_srgb_is_not_applied() -> None:
    assert to_srgb(SRGB, "RGB") is None
    pixels = opened(saved(noise(), "PNG", icc_profile=SRGB))
    assert difference(pixels, np.asarray(noise())) == 0
    assert to_srgb(LINEAR_RGB, "RGB") is not None


def test_a_profile_of_megabytes_is_used() -> None:
    large = LINEAR_RGB + np.random.default_rng(1).bytes(3_000_000)
    pixels = opened(saved(Image.new("RGB", (4, 4), (128, 128, 128)), "PNG", icc_profile=large))
    assert difference(pixels, 188) <= 2


@pytest.mark.parametrize(
    "part",
    [
        (b"gAMA", struct.pack(">I", 100_000)),
        (b"sRGB", b"\0"),
        (b"cHRM", struct.pack(">8I", *[30_000] * 8)),
    ],
)
def test_a_png_s_gamma_and_primaries_are_ignored(part: tuple[bytes, bytes]) -> None:
    assert opened(png((1, 1), 8, 2, b"\0\x64\x32\x96", part)).tolist() == [[[100, 50, 150]]]

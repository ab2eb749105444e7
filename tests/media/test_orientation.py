"""A picture is turned upright by its Exif data; damaged data leave it as it is."""

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from daemon.media.pictures import picture_size
from tests.media.picture_files import (
    ORIENTATIONS,
    UPRIGHT,
    difference,
    exif,
    noise,
    opened,
    png,
    saved,
    stored,
    with_last_chunk,
)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_picture_is_turned_upright(form: str, orientation: int) -> None:
    pixels = opened(saved(stored(orientation), form, exif=exif(orientation), quality=95))
    assert pixels.shape == UPRIGHT.shape
    assert difference(pixels[8::16, 8::16], UPRIGHT[8::16, 8::16]) <= 12


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_reduced_picture_is_turned_upright(orientation: int) -> None:
    file = saved(stored(orientation), "JPEG", exif=exif(orientation), quality=95, subsampling=0)
    pixels = opened(file, largest=(12, 8))
    assert pixels.shape == (16, 24, 3)
    assert difference(pixels[4::8, 4::8], UPRIGHT[8::16, 8::16]) <= 12


def test_a_wrong_field_in_exif_data_does_not_keep_a_picture_from_being_turned_upright() -> None:
    data = exif(6)
    data[0x010E] = "hello"
    wrong = data.tobytes().replace(b"\x01\x0e", b"\x01\x00")  # a width in letters
    file = saved(Image.new("RGB", (32, 16)), "JPEG", exif=wrong)
    assert opened(file).shape == (32, 16, 3)


def test_exif_data_that_are_garbage_do_not_keep_a_picture_from_being_shown() -> None:
    shown = opened(with_last_chunk(saved(noise(), "PNG").getvalue(), b"eXIf", b"garbage"))
    assert difference(shown, np.asarray(noise())) == 0


def test_other_texts_in_a_png_do_not_make_its_size_cost_the_decoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads: list[Image.Image] = []
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda png: loads.append(png))
    texts = [(b"tEXt", b"Software\0gimp"), (b"iTXt", b"Author\0\0\0\0\0me")]
    assert picture_size(png((20, 10), 8, 2, b"", *texts), 1) == (20, 10)
    assert not loads


def test_a_png_may_give_its_orientation_in_xmp() -> None:
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    file = png((4, 2), 8, 0, b"\0abcd" * 2, (b"iTXt", xmp))
    assert picture_size(file, 1) == (2, 4)
    assert opened(file).shape == (4, 2, 3)

"""What a film can look like: sizes that name a canvas, and rates that are exact fractions."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon import config
from daemon.options import LARGEST_SIDE, NAMED_SIZES, frame_rate, named_canvas


@pytest.mark.parametrize(
    ("size", "canvas"),
    [("auto", None), *NAMED_SIZES.items(), ("160x90", (160, 90)), ("16x4096", (16, 4096))],
)
def test_a_size_names_a_canvas(size: str, canvas: tuple[int, int] | None) -> None:
    assert named_canvas(size) == canvas


@given(st.integers(-2, LARGEST_SIDE + 10), st.integers(-2, LARGEST_SIDE + 10))
@example(4096, 2304)
@example(4096, 2306)
def test_exactly_the_even_sizes_up_to_the_largest_are_canvases(width: int, height: int) -> None:
    valid = all(side % 2 == 0 and 16 <= side <= LARGEST_SIDE for side in (width, height))
    if valid and -(-width // 16) * -(-height // 16) > 36_864:  # macroblocks of a frame at level 5.1
        with pytest.raises(ValueError, match=r"9\.4 megapixels"):
            named_canvas(f"{width}x{height}")
    elif valid:
        assert named_canvas(f"{width}x{height}") == (width, height)
    else:
        with pytest.raises(ValueError, match="even pixels from 16"):
            named_canvas(f"{width}x{height}")


@given(st.text(max_size=12))
def test_any_other_word_for_a_size_is_a_value_error(word: str) -> None:
    try:
        canvas = named_canvas(word)
    except ValueError:
        return
    assert word in ("auto", *NAMED_SIZES) or canvas == tuple(int(side) for side in word.split("x"))


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        ("23.976", Fraction(24_000, 1001)),
        ("29.97", Fraction(30_000, 1001)),
        ("59.94", Fraction(60_000, 1001)),
        ("24", Fraction(24)),
        ("25.0", Fraction(25)),
        ("12.5", Fraction(25, 2)),
        ("60", Fraction(60)),
    ],
)
def test_a_rate_in_the_settings_is_the_exact_fraction_that_is_meant(
    fps: str, rate: Fraction, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[film]\nfps = {fps}\n", "utf-8")
    assert frame_rate(config.load(file).film.fps) == rate


@given(st.floats(1, 60))
def test_any_rate_is_a_fraction_near_it_that_an_mp4_can_hold(fps: float) -> None:
    rate = frame_rate(fps)
    assert abs(rate - fps) < 0.006
    assert 1 <= rate <= 60
    assert rate.denominator <= 1001

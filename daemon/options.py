"""What a film can look like: the words for it, canvases and frame rates.

The settings and the manifest share these types, so that a word means the same in both. What draws a
motion or a transition has a table of functions by these words, and a test that each word has one.
"""

import re
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)

from daemon.validation import UNION_TAG

# ---- canvas --------------------------------------------------------------------------------------

Canvas = tuple[int, int]
"""Width and height in pixels, both even: yuv420p stores one colour sample for each 2×2 pixels."""

NAMED_SIZES = {
    "landscape": (1920, 1080),
    "portrait": (1080, 1920),
    "square": (1080, 1080),
    "4k": (3840, 2160),
}
LARGEST_SIDE = 4096
LARGEST_AREA = 36_864 * 16 * 16
"""Pixels: H.264 level 5.1, which players of recent years decode (Rec. ITU-T H.264, table A-1)."""


def named_canvas(size: str) -> Canvas | None:
    """The canvas that a size names; None for "auto", where the largest page decides.

    Raises ValueError for anything but a name or WIDTHxHEIGHT in even pixels from 16 to
    `LARGEST_SIDE`.
    """
    if size == "auto":
        return None
    if size in NAMED_SIZES:
        return NAMED_SIZES[size]
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    sides = [int(side) for side in match.groups()] if match else []
    if not sides or any(side % 2 or not 16 <= side <= LARGEST_SIDE for side in sides):
        names = ", ".join(["auto", *NAMED_SIZES])
        sizes = f"WIDTHxHEIGHT in even pixels from 16 to {LARGEST_SIDE}"
        raise ValueError(f"not one of {names}, nor {sizes}")
    width, height = sides
    if coded_area(width, height) > LARGEST_AREA:
        raise ValueError(
            f"more than {LARGEST_AREA / 1e6:.1f} megapixels, which players do not decode"
        )
    return width, height


def coded_area(width: int, height: int) -> int:
    """Pixels that a picture takes as whole macroblocks of 16×16."""
    return -(-width // 16) * -(-height // 16) * 256


def _checked_size(size: str) -> str:
    named_canvas(size)
    return size


# ---- frame rate ----------------------------------------------------------------------------------

NTSC_RATES = (24, 30, 48, 60)
"""Nominal NTSC rates; the real ones are these divided by 1.001: 23.976, 29.97, 47.952 and 59.94."""


def frame_rate(fps: float) -> Fraction:
    """Frames per second as the exact fraction that is meant: 29.97 is 30000/1001."""
    for nominal in NTSC_RATES:
        if abs(fps - nominal / 1.001) < 0.006:
            return Fraction(nominal * 1000, 1001)
    return Fraction(fps).limit_denominator(1000)


# ---- words and numbers ---------------------------------------------------------------------------

Size = Annotated[str, AfterValidator(_checked_size)]
FramesPerSecond = Annotated[float, Field(ge=1, le=60)]
Fit = Literal["blur", "contain", "cover"]
Share = Annotated[float, Field(ge=0, le=1)]
Focus = tuple[Share, Share]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Gap = Annotated[float, Field(ge=0, le=60)]
Motion = Literal[
    "none", "zoom-in", "zoom-out", "pan-left", "pan-right", "pan-up", "pan-down", "auto"
]
TransitionName = Literal["cut", "crossfade", "fade-black"]
TransitionSeconds = Annotated[float, Field(gt=0, le=10)]
Captions = Literal["soft", "burned"]
CaptionStyle = Literal["stroke", "box"]
PosterPage = Annotated[int, Field(ge=1)]
WriterName = Literal["still-stream", "moviepy"]


def listed(words: Any) -> str:
    """The words of a Literal as people read them: '"cut", "crossfade" or "fade-black"'."""
    *others, last = (f'"{word}"' for word in get_args(words))
    return f"{', '.join(others)} or {last}"


# ---- cards ---------------------------------------------------------------------------------------


class Card(BaseModel):
    """A card of words before the first page, or after the last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(max_length=500)] = Field(
        "", description="its words; a second line is set smaller."
    )
    seconds: float = Field(3.0, ge=0.5, le=60, description="seconds that it is shown, 0.5 to 60.")
    ground: Annotated[str, Field(pattern=r"^(picture|blurred|#[0-9a-fA-F]{6})$")] = Field(
        "blurred",
        description='"picture" (the page next to it), "blurred", or a colour such as "#203040".',
    )


_NO_CARD = f"{UNION_TAG}none"
_A_CARD = f"{UNION_TAG}card"


def _card_tag(value: Any) -> str:
    return _NO_CARD if value is False else _A_CARD


CardChoice = Annotated[
    Annotated[Literal[False], Tag(_NO_CARD)] | Annotated[Card, Tag(_A_CARD)],
    Discriminator(_card_tag),
    BeforeValidator(lambda value: {} if value is True else value),
]
"""No card (false), the usual one (true), or one that is described."""

"""How a page looks at rest: its picture fitted to the canvas, or the card with its words."""

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from daemon.config import FilmSettings
from daemon.film.picture.cards import card
from daemon.film.picture.letters import Layer
from daemon.film.picture.planes import Frame
from daemon.media.pictures import open_picture
from daemon.media.typeface import Typeface
from daemon.options import Canvas, Focus
from daemon.story.model import Page, Story

TRUSTED_MEGAPIXELS = 100_000
"""Intake has already refused what is too large."""
BLUR = 32
"""A blurred ground is drawn at this fraction of the canvas: what it loses is what the blur takes anyway."""
DIMMED = 0.6
"""The share of its light that a blurred ground keeps, so that it does not vie with the picture."""


def page_frame(story: Story, page: Page, size: Canvas, face: Typeface) -> Frame:
    """A page as the film shows it on a canvas of `size` pixels. Raises UnreadableMedia when its picture does not decode."""
    return np.asarray(
        _card(story, page, size, face) if page.card else _fitted_picture(page, size, story.film)
    )


def _fitted_picture(page: Page, size: Canvas, film: FilmSettings) -> Image.Image:
    with (
        page.image.open("rb") as file,
        open_picture(file, TRUSTED_MEGAPIXELS, film.background, largest=size) as picture,
    ):
        return fitted(picture, size, film, page.focus)


def _card(story: Story, page: Page, size: Canvas, face: Typeface) -> Image.Image:
    """The card's words over its ground."""
    assert page.card, "only a card is drawn as one"
    heading, _, below = page.text.partition("\n")
    if page.card.ground.startswith("#"):
        return card(Image.new("RGB", size, page.card.ground), heading, below, face)
    ground = _fitted_picture(page, size, story.film)
    return card(
        _blurred(ground, size) if page.card.ground == "blurred" else ground, heading, below, face
    )


def fitted(
    picture: Image.Image, size: Canvas, film: FilmSettings, focus: Focus = (0.5, 0.5)
) -> Image.Image:
    """An RGB picture on a canvas, never distorted.

    All of it over its own blurred self ("blur") or between bars ("contain"), or cropped to fill it around `focus` ("cover").
    """
    if picture.size == size:
        return picture
    if film.fit == "cover":
        return ImageOps.fit(
            picture, size, Image.Resampling.LANCZOS, centering=_centering(picture, size, focus)
        )
    scale = min(size[0] / picture.width, size[1] / picture.height)
    inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if inner == size:
        return picture.resize(size, Image.Resampling.LANCZOS)
    canvas = (
        _blurred(picture, size) if film.fit == "blur" else Image.new("RGB", size, film.background)
    )
    canvas.paste(
        picture.resize(inner, Image.Resampling.LANCZOS),
        ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2),
    )
    return canvas


def _centering(picture: Image.Image, size: Canvas, focus: Focus) -> tuple[float, float]:
    """Pillow's `centering` (the share of what is cropped that goes off before) which brings the focus nearest to the middle."""
    scale = max(size[0] / picture.width, size[1] / picture.height)

    def share(length: int, canvas: int, at: float) -> float:
        spare = length * scale - canvas
        return min(1.0, max(0.0, (at * length * scale - canvas / 2) / spare)) if spare > 0 else 0.5

    return share(picture.width, size[0], focus[0]), share(picture.height, size[1], focus[1])


def _blurred(picture: Image.Image, size: Canvas) -> Image.Image:
    """A picture filling the canvas, blurred and dimmed: a ground for other things."""
    small = max(2, size[0] // BLUR), max(2, size[1] // BLUR)
    ground = ImageOps.fit(picture, small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
    return ImageEnhance.Brightness(ground.resize(size, Image.Resampling.BICUBIC)).enhance(DIMMED)


def with_words(frame: Frame, layer: Layer) -> Frame:
    """A picture with a caption drawn into it."""
    image = Image.fromarray(frame)
    image.paste(layer.image, (layer.left, layer.top), layer.image)
    return np.asarray(image)

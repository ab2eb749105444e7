"""How a page looks at rest: its picture fitted to the canvas, or the card with its words."""

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from daemon.config import FilmSettings
from daemon.film.picture.cards import card
from daemon.film.picture.layer import Layer
from daemon.film.picture.planes import Frame
from daemon.media.pictures import open_picture
from daemon.media.typeface import Typeface
from daemon.options import Canvas, Focus
from daemon.story import Page, Story

# ---- pages ---------------------------------------------------------------------------------------

TRUSTED_MEGAPIXELS = 100_000
"""No limit: intake has already refused what is too large."""


def page_frame(story: Story, page: Page, size: Canvas, face: Typeface) -> Frame:
    """A page as the film shows it on a canvas of `size` pixels, without captions.

    Raises UnreadableMedia when its picture does not decode.
    """
    if not page.card:
        return np.asarray(page_picture(page, size, story.film))

    if page.card.ground.startswith("#"):
        ground = Image.new("RGB", size, page.card.ground)
    else:
        ground = page_picture(page, size, story.film)
        if page.card.ground == "blurred":
            ground = blurred(ground, size)
    heading, _, below = page.text.partition("\n")
    return np.asarray(card(ground, heading, below, face))


def page_picture(page: Page, size: Canvas, film: FilmSettings) -> Image.Image:
    """A page's picture, fitted to the canvas. Raises UnreadableMedia when it does not decode."""
    with (
        page.image.open("rb") as file,
        open_picture(file, TRUSTED_MEGAPIXELS, film.background, largest=size) as picture,
    ):
        return fitted(picture, size, film, page.focus)


def with_words(frame: Frame, words: Layer) -> Frame:
    """A picture with words drawn into it."""
    image = Image.fromarray(frame)
    words.paste_on(image)
    return np.asarray(image)


# ---- fitting -------------------------------------------------------------------------------------

BLUR_SCALE = 32
"""A blurred ground is drawn this much smaller: what that loses, the blur would take anyway."""
DIMMED = 0.6
"""The share of its light that a blurred ground keeps, so as not to compete with the picture."""


def fitted(
    picture: Image.Image, size: Canvas, film: FilmSettings, focus: Focus = (0.5, 0.5)
) -> Image.Image:
    """An RGB picture on a canvas, never distorted.

    "blur" shows all of it over its own blurred self, "contain" all of it between bars; "cover"
    crops it around `focus` so that it fills the canvas.
    """
    if picture.size == size:
        return picture
    if film.fit == "cover":
        return covering(picture, size, focus)

    scale = min(size[0] / picture.width, size[1] / picture.height)
    inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    shown = picture.resize(inner, Image.Resampling.LANCZOS)
    if inner == size:
        return shown
    if film.fit == "blur":
        canvas = blurred(picture, size)
    else:
        canvas = Image.new("RGB", size, film.background)
    canvas.paste(shown, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


def covering(picture: Image.Image, size: Canvas, focus: Focus) -> Image.Image:
    """A picture cropped to fill the canvas, the focus as near to the middle as can be."""
    scale = max(size[0] / picture.width, size[1] / picture.height)

    def cropped_before(length: int, canvas: int, at: float) -> float:
        """Along one axis: the share of what is cropped that lies before the canvas."""
        spare = length * scale - canvas
        if spare <= 0:
            return 0.5
        return min(1.0, max(0.0, (at * length * scale - canvas / 2) / spare))

    x = cropped_before(picture.width, size[0], focus[0])
    y = cropped_before(picture.height, size[1], focus[1])
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS, centering=(x, y))


def blurred(picture: Image.Image, size: Canvas) -> Image.Image:
    """A picture that fills the canvas, blurred and dimmed: a ground for other things."""
    small = max(2, size[0] // BLUR_SCALE), max(2, size[1] // BLUR_SCALE)
    ground = ImageOps.fit(picture, small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
    return ImageEnhance.Brightness(ground.resize(size, Image.Resampling.BICUBIC)).enhance(DIMMED)

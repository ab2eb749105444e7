"""The pictures of a film as moviepy clips, built one span at a time, when a writer asks for it.

A page that stands still is an `ImageClip` of its final frame. What writes the film needs to know nothing else.
"""

import numpy as np
import numpy.typing as npt
from moviepy import ImageClip
from PIL import Image, ImageOps

from daemon.config import Canvas, Fit
from daemon.film.timeline import Span, Timeline
from daemon.media import open_picture
from daemon.story import Page, Story

Frame = npt.NDArray[np.uint8]
"""One picture of shape (height, width, 3), RGB, 0 to 255."""

TRUSTED_MEGAPIXELS = 100_000
"""Intake has already refused what is too large."""


def clip(story: Story, timeline: Timeline, span: Span) -> ImageClip:
    """A span's clip, with the span's length. Raises UnreadableMedia when the page's picture does not decode."""
    frame = page_frame(story.pages[span.page], timeline.size, story.film.fit, story.film.background)
    return ImageClip(frame, duration=span.frames / timeline.fps)


def page_frame(page: Page, size: Canvas, fit: Fit, background: str) -> Frame:
    """A page's picture as the film shows it."""
    with page.image.open("rb") as file, open_picture(file, TRUSTED_MEGAPIXELS, background) as picture:
        return np.asarray(fitted(picture, size, fit, background))


def fitted(picture: Image.Image, size: Canvas, fit: Fit, background: str) -> Image.Image:
    """An RGB picture on a canvas: all of it between bars ("contain"), or cropped to fill it ("cover"); never distorted."""
    if picture.size == size:
        return picture
    if fit == "cover":
        return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    scale = min(size[0] / picture.width, size[1] / picture.height)
    inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    canvas = Image.new("RGB", size, background)
    canvas.paste(picture.resize(inner, Image.Resampling.LANCZOS), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas

"""Pixel formats, which Pillow calls modes: from any that a picture may have to RGB of 8 bits."""

import numpy as np
from PIL import Image, ImageFile

DEPTHS = {"1": 1, "L;2": 2, "L;4": 4, "RGB;16B": 16}
"""Bits of a PNG's samples that Pillow converts to 8, by its name for the stored form."""


def flatten(picture: Image.Image, background: str) -> Image.Image:
    """A picture of any mode as RGB, with `background` where it is transparent.

    A picture that is RGB already is returned itself.
    """
    plain = averageable(picture)
    if plain.mode == "RGB":
        return plain
    if plain.mode not in ("LA", "RGBA"):
        return plain.convert("RGB")
    base = Image.new("RGB", plain.size, background)
    base.paste(plain, mask=plain)
    return base


def averageable(picture: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK.

    The other modes cannot be averaged: one bit, palettes, 16 bits, and a transparent colour. A
    picture that needs no change is returned itself.
    """
    if picture.mode.startswith("I"):
        return _grey_in_8_bits(picture)
    is_grey = picture.mode in ("1", "L")
    if is_transparent(picture):
        if picture.mode in ("LA", "RGBA"):
            return picture
        return picture.convert("LA" if is_grey else "RGBA")
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if is_grey else "RGB")


def is_transparent(picture: Image.Image) -> bool:
    """Whether a picture has alpha, or declares a colour transparent."""
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La")
    return has_alpha or "transparency" in picture.info


def scale_transparent_colour(png: ImageFile.ImageFile) -> None:
    """Bring the colour that a PNG declares transparent to 8 bits; call this before it is decoded.

    The file gives that colour in its own depth. Pillow scales the pixels, but not that colour.
    """
    key = png.info.get("transparency")
    if key is None or not png.tile:
        return
    depth = DEPTHS.get(str(png.tile[0].args))
    if depth is None:
        return

    most = (1 << depth) - 1
    if isinstance(key, tuple):
        png.info["transparency"] = tuple((level & most) * 255 // most for level in key)
    else:
        png.info["transparency"] = (key & most) * 255 // most


def _grey_in_8_bits(picture: Image.Image) -> Image.Image:
    """16-bit grey as L or LA: Pillow's own conversion clips at 255 instead of scaling."""
    deep = np.asarray(picture)
    grey = Image.fromarray((deep.clip(0, 65_535) >> 8).astype(np.uint8))
    transparent = picture.info.get("transparency")
    if transparent is not None:
        opacity = np.where(deep == transparent, 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(opacity))
    return grey

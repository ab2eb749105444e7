"""The poster of a film, and the cover in its file."""

import io
from pathlib import Path

from PIL import Image

from daemon.film.picture.clips import Studio
from daemon.film.plan import Plan

POSTER_QUALITY = 90
COVER_QUALITY = 85
COVER_SIDE = 640
"""Pixels. A cover is shown in lists of films: a few dozen kilobytes are enough."""


def make_poster(plan: Plan, studio: Studio, target: Path) -> bytes:
    """Write the poster to `target` as a JPEG; the cover, the same picture as a smaller JPEG.

    Raises UnreadableMedia when the page's picture does not decode.
    """
    poster = Image.fromarray(studio.at_rest(plan.poster_page))
    poster.save(target, "JPEG", quality=POSTER_QUALITY)
    poster.thumbnail((COVER_SIDE, COVER_SIDE))
    cover = io.BytesIO()
    poster.save(cover, "JPEG", quality=COVER_QUALITY)
    return cover.getvalue()

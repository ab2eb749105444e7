"""The poster of a film: one page as a JPEG. The cover inside the film is a smaller one."""

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
    """Write the poster, the plan's `poster_page` without captions, to `target`; return the cover.

    Both are JPEGs; the cover has at most `COVER_SIDE` pixels a side. Raises UnreadableMedia when
    the page's picture does not decode.
    """
    picture = Image.fromarray(studio.at_rest(plan.poster_page))
    picture.save(target, "JPEG", quality=POSTER_QUALITY)
    picture.thumbnail((COVER_SIDE, COVER_SIDE))
    cover = io.BytesIO()
    picture.save(cover, "JPEG", quality=COVER_QUALITY)
    return cover.getvalue()

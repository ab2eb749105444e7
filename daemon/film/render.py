"""Rendering a plan: the pictures as clips, the sound as one mix, both into a file by a writer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from daemon.film.encode import WRITERS, Material, Particulars
from daemon.film.picture import Studio, make_poster
from daemon.film.plan import Plan
from daemon.film.sound import mix


def render_film(plan: Plan, film: Path, poster: Path, progress: Callable[[float], None]) -> None:
    """Write the film and its poster to two new files; `progress` is given the share done, 0 to 1.

    Raises UnreadableMedia when a picture does not decode, FilmError when a sound does not or the
    encoder breaks down, and the machine's OSError and MemoryError.
    """
    story = plan.story
    studio = Studio(plan)
    with ThreadPoolExecutor(1) as pool:
        # The poster is drawn in parallel: the cover made from it goes into the file last.
        cover = pool.submit(make_poster, plan, studio, poster)
        material = Material(
            timeline=plan.timeline,
            keyframe_seconds=story.film.keyframe_seconds,
            clip_of=studio.clip,
            sound=mix(plan),
            particulars=Particulars(
                title=story.title,
                author=story.author,
                comment=story.comment,
                language=story.language,
                captions=plan.captions,
                chapters=plan.chapters,
            ),
            cover=cover.result,
        )
        WRITERS[story.film.writer](material, film, progress)

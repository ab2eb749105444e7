"""The whole plan of a film: everything that is decided before the first picture is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from daemon.config import Music, Sound
from daemon.film.plan.background import Background, plan_background
from daemon.film.plan.captions import Caption, burned, plan_captions
from daemon.film.plan.chapters import Chapter, plan_chapters
from daemon.film.plan.levels import Levels, plan_levels
from daemon.film.plan.lines import caption_lines
from daemon.film.plan.motions import plan_motions
from daemon.film.plan.timeline import Timeline, plan_timeline, quarter
from daemon.media.typeface import Typeface
from daemon.options import Motion
from daemon.story import Page, Story


@dataclass(frozen=True, slots=True)
class Plan:
    """A film to be rendered. Pages are numbered from 0, in the order of `story.pages`.

    `captions`: for caption files and the film's own track, even where they are also burned in.
    `motions`: how the camera moves over each page. `poster_page`: the page that the poster shows.
    `loudness_lufs`: what `levels` bring the film to.
    """

    story: Story
    typeface: Typeface
    timeline: Timeline
    captions: tuple[Caption, ...]
    chapters: tuple[Chapter, ...]
    motions: tuple[Motion, ...]
    background: Background
    levels: Levels
    loudness_lufs: float
    poster_page: int


def plan_film(
    story: Story, sound: Sound, music: Music, typeface: Typeface, *, preview: bool = False
) -> Plan:
    """Plan a story's film; a preview has a quarter of the pixels."""
    timeline = plan_timeline(story)
    if preview:
        timeline = replace(timeline, size=quarter(timeline.size))
    if story.film.captions == "burned":
        timeline = _with_words(timeline, story, typeface)
    background = plan_background(story.music, timeline, music)
    return Plan(
        story=story,
        typeface=typeface,
        timeline=timeline,
        captions=tuple(plan_captions(story, timeline)),
        chapters=tuple(plan_chapters(story, timeline)),
        motions=plan_motions(story),
        background=background,
        levels=plan_levels(story, timeline, background, sound, music.volume_db),
        loudness_lufs=sound.loudness_lufs,
        poster_page=poster_page(story.pages, story.film.poster_page),
    )


def _with_words(timeline: Timeline, story: Story, typeface: Typeface) -> Timeline:
    """The timeline with captions burned in, broken into lines that fit its canvas."""

    def wrap(text: str) -> list[str]:
        return caption_lines(text, timeline.size, typeface)

    return burned(timeline, plan_captions(story, timeline, wrap))


def poster_page(pages: Sequence[Page], wanted: int) -> int:
    """The place (from 0) of the page with the number `wanted` (from 1; cards have none).

    A story with fewer pages has its last page on the poster.
    """
    number = min(wanted, max(page.number for page in pages))
    return next(place for place, page in enumerate(pages) if page.number == number)

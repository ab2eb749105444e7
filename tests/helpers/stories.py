"""Stories for tests, small enough to be compiled in an instant.

As folders, as they lie in an inbox (`story`), and as they leave intake (`checked_story`), with the
plan of their film (`plan_of`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from daemon.config import FilmSettings, Music, Sound
from daemon.film.plan import Plan, plan_film
from daemon.film.plan.background import plan_background
from daemon.film.plan.timeline import Timeline
from daemon.media.library import Track
from daemon.media.typeface import Typeface
from daemon.story.admission import measured
from daemon.story.model import Narration, Page, Story
from tests.helpers.pictures import COLOURS, SIZE, picture
from tests.helpers.sounds import RATE, sine, wav

# ---- folders -------------------------------------------------------------------------------------


def story(folder: Path, seconds: Sequence[float] = (0.4, 0.6, 0.5), **manifest: Any) -> Path:
    """A complete story folder with one page per entry of `seconds`.

    Narration n is a tone of n × 300 Hz, picture n has colour n. `manifest` adds keys to the
    manifest, or replaces them. There is no music unless it is asked for.
    """
    folder.mkdir(parents=True)
    pages = []
    for number, length in enumerate(seconds, 1):
        name = f"{number:02d}"
        picture(folder / f"{name}.png", COLOURS[(number - 1) % len(COLOURS)])
        wav(folder / f"{name}.wav", sine(length, 300.0 * number))
        pages.append(
            {"image": f"{name}.png", "audio": f"{name}.wav", "text": f"Words of page {number}."}
        )
    write_manifest(folder, {"title": "A test", "pages": pages, "music": False} | manifest)
    return folder


def write_manifest(folder: Path, content: object) -> Path:
    """Write a manifest: a string as it is, any other object as JSON."""
    path = folder / "manifest.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, "utf-8")
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """A story's manifest as an object."""
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return content


# ---- admitted stories ----------------------------------------------------------------------------


def narration(path: Path) -> Narration:
    """A sound file as it leaves intake."""
    return Narration(path, *measured(path))


def page(
    number: int, image: Path, narration: Narration | None = None, rest: int = 4800, **more: Any
) -> Page:
    """A page as it leaves intake; its picture is of `SIZE` unless `more` says otherwise."""
    fields: dict[str, Any] = {
        "file": image.name,
        "width": SIZE[0],
        "height": SIZE[1],
        "text": f"Words of page {number}.",
    } | more
    return Page(number=number, image=image, narration=narration, rest=rest, **fields)


def checked_story(
    folder: Path,
    seconds: Sequence[float] = (0.4, 0.6, 0.5),
    music: Track | None = None,
    pages: Mapping[str, Any] = MappingProxyType({}),
    **film: Any,
) -> Story:
    """The same story as `story` makes, as it leaves intake.

    `film` as in config.toml; `pages`: what all pages have in common. Unless it has a motion, pages
    move as the film's settings say.
    """
    story(folder, seconds)
    settings = FilmSettings.model_validate({"gap_seconds": 0.1} | film)
    gap = round(settings.gap_seconds * RATE)
    fields = {"motion": settings.motion} | dict(pages)
    admitted = []
    for number in range(1, len(seconds) + 1):
        image = folder / f"{number:02d}.png"
        spoken = narration(folder / f"{number:02d}.wav")
        admitted.append(page(number, image, spoken, gap, **fields))
    return Story("A test", "", "", "", tuple(admitted), music, settings, seed=1, inputs=())


def imagined_story(pages: Iterable[Page], title: str = "", seed: int = 0, **film: Any) -> Story:
    """A story of these pages, for planners, which open no file; `film` as in config.toml."""
    settings = FilmSettings.model_validate(film)
    return Story(title, "", "", "", tuple(pages), None, settings, seed, inputs=())


def imagined_narration(samples: int) -> Narration:
    """A narration of this length, for planners, which open no file."""
    return Narration(Path("n.wav"), samples, np.zeros(0))


def with_narrations(
    story: Story, narrations: Sequence[Narration | None], rests: Sequence[float]
) -> Story:
    """The same story with these narrations, page by page, and the seconds of rest after each."""
    pages = tuple(
        replace(page, narration=spoken, rest=round(rest * RATE))
        for page, spoken, rest in zip(story.pages, narrations, rests, strict=True)
    )
    return replace(story, pages=pages)


def plan_of(
    story: Story,
    timeline: Timeline | None = None,
    sound: Sound | None = None,
    music: Music | None = None,
    **changes: Any,
) -> Plan:
    """The plan of a story's film; `timeline` and `changes` replace what the planner decided."""
    music = music or Music()
    plan = plan_film(story, sound or Sound(), music, Typeface())
    if timeline:
        background = plan_background(story.music, timeline, music)
        changes = {"timeline": timeline, "background": background} | changes
    return replace(plan, **changes)

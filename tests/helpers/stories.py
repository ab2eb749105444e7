"""Stories for tests: real pictures and sounds, small enough to be compiled in an instant."""

import io
import json
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from moviepy import VideoClip
from PIL import Image

from daemon.config import FilmSettings, Music, Sound
from daemon.film.encode import Particulars
from daemon.film.picture.clips import Studio
from daemon.film.plan import Plan, plan_film
from daemon.film.plan.background import plan_background
from daemon.film.plan.levels import Levels
from daemon.film.plan.timeline import Span, Timeline
from daemon.film.sound import mix
from daemon.media.library import Track
from daemon.media.samples import Samples
from daemon.media.typeface import Typeface
from daemon.story.admission import measured
from daemon.story.model import Narration, Page, Story

COLOURS = (
    (200, 40, 40),
    (40, 170, 60),
    (50, 70, 210),
    (220, 190, 40),
    (150, 60, 180),
    (30, 180, 190),
)
"""Flat and far apart, so that a decoded frame tells which page it is from."""
SIZE = (160, 90)
RATE = 48_000


def picture(
    path: Path, colour: tuple[int, int, int] = COLOURS[0], size: tuple[int, int] = SIZE
) -> Path:
    """A flat picture; the file's name decides its format."""
    Image.new("RGB", size, colour).save(path)
    return path


def sine(
    seconds: float, hertz: float = 440.0, level: float = 0.5, rate: int = RATE
) -> npt.NDArray[np.float64]:
    """Samples of a tone, full scale at ±1."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def wav(path: Path, samples: npt.NDArray[np.float64], rate: int = RATE) -> Path:
    """A 16-bit mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def story(folder: Path, seconds: Sequence[float] = (0.4, 0.6, 0.5), **manifest: Any) -> Path:
    """A complete story with a page for each of `seconds`: narration n is a tone of n × 300 Hz, picture n has colour n.

    `manifest` adds keys to the manifest, or replaces them. No music unless it is asked for.
    """
    folder.mkdir(parents=True)
    pages = []
    for number, length in enumerate(seconds, 1):
        picture(folder / f"{number:02d}.png", COLOURS[(number - 1) % len(COLOURS)])
        wav(folder / f"{number:02d}.wav", sine(length, 300.0 * number))
        pages.append(
            {
                "image": f"{number:02d}.png",
                "audio": f"{number:02d}.wav",
                "text": f"Words of page {number}.",
            }
        )
    write_manifest(folder, {"title": "A test", "pages": pages, "music": False} | manifest)
    return folder


def write_manifest(folder: Path, content: object) -> Path:
    """Write a manifest: an object as JSON, a string as it is."""
    path = folder / "manifest.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a story as an object."""
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return content


def narration(path: Path) -> Narration:
    """A sound file as it leaves intake."""
    return Narration(path, *measured(path))


def page(
    number: int, image: Path, narration: Narration | None = None, rest: int = 4800, **more: Any
) -> Page:
    """A page as it leaves intake; its picture is of `SIZE`, if nothing else is said."""
    told: dict[str, Any] = {
        "file": image.name,
        "width": SIZE[0],
        "height": SIZE[1],
        "text": f"Words of page {number}.",
    } | more
    return Page(number=number, image=image, narration=narration, rest=rest, **told)


def checked_story(
    folder: Path,
    seconds: Sequence[float] = (0.4, 0.6, 0.5),
    music: Track | None = None,
    pages: Mapping[str, Any] = MappingProxyType({}),
    **film: Any,
) -> Story:
    """The same story as `story` makes, as it leaves intake: for tests of what comes after it.

    `film` as in config.toml; `pages`: what all pages have in common, such as a motion.
    """
    story(folder, seconds)
    settings = FilmSettings.model_validate({"gap_seconds": 0.1} | film)
    gap = round(settings.gap_seconds * RATE)
    made = tuple(
        page(
            number,
            folder / f"{number:02d}.png",
            narration(folder / f"{number:02d}.wav"),
            gap,
            **pages,
        )
        for number in range(1, len(seconds) + 1)
    )
    return Story("A test", "", "", "", made, music, settings, seed=1, inputs=())


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


def clips(story: Story, timeline: Timeline) -> Callable[[Span], VideoClip]:
    """What makes a clip of each span."""
    return Studio(plan_of(story, timeline)).clip


def particulars(**more: Any) -> Particulars:
    """Hardly anything next to pictures and sound; `more` says what differs."""
    plain = {
        "title": "",
        "author": "",
        "comment": "",
        "language": "",
        "captions": (),
        "chapters": (),
    }
    return Particulars(**(plain | more))


def cover() -> bytes:
    """A small JPEG."""
    Image.new("RGB", (16, 9), COLOURS[1]).save(file := io.BytesIO(), "JPEG")
    return file.getvalue()


PLAIN_MUSIC = Music(volume_db=0.0, duck_db=0.0, fade_seconds=0.0, crossfade_seconds=0.0)
"""Music that nothing is done to: looped as it is."""


def untouched(story: Story, music: float = 1.0) -> Levels:
    """Levels that leave everything as loud as it was recorded, and the music at the factor `music`."""
    return Levels(dict.fromkeys(range(len(story.pages)), 1.0), music, 1.0)


def mixed(
    story: Story, timeline: Timeline, levels: Levels, music: Music = PLAIN_MUSIC
) -> Iterator[Samples]:
    """The sound of a story's film at these levels."""
    return mix(plan_of(story, timeline, music=music, levels=levels))

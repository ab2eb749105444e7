"""What a writer is given: pictures as clips, sound as blocks, and the metadata of the file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from moviepy import VideoClip

from daemon.film.plan.captions import Caption
from daemon.film.plan.chapters import Chapter
from daemon.film.plan.timeline import Span, Timeline
from daemon.media.samples import Samples


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a film's file carries next to pictures and sound.

    `language` is a tag such as "pt-BR", or empty.
    """

    title: str
    author: str
    comment: str
    language: str
    captions: Sequence[Caption]
    chapters: Sequence[Chapter]


@dataclass(frozen=True, slots=True)
class Material:
    """All that a film's file is made of.

    `keyframe_seconds`: how far apart the points are that a player can jump to. `clip_of` makes the
    clip of a span, on any thread. `sound` is the film's whole sound, in blocks. `cover` returns the
    cover as a JPEG; it is called last, and may wait until the cover is drawn.
    """

    timeline: Timeline
    keyframe_seconds: float
    clip_of: Callable[[Span], VideoClip]
    sound: Iterator[Samples]
    particulars: Particulars
    cover: Callable[[], bytes]


Writer = Callable[[Material, Path, Callable[[float], None]], None]
"""Writes material to a new file, and reports the share done, 0 to 1. Raises FilmError."""

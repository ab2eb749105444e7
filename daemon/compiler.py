"""One attempt at one story: intake → plan → film → verify → what belongs beside the film.

Runs in a worker's process, or in the process of `storyreel compile`. It knows nothing of inboxes and of other stories.
"""

import io
import json
import platform
import shutil
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from moviepy import ImageClip, VideoClip
from PIL import Image

from daemon.config import Settings
from daemon.errors import FilmError, Problem, StoryError
from daemon.film import captions, chapters, lettering, reference, sound, still_stream
from daemon.film.captions import Caption
from daemon.film.chapters import Chapter
from daemon.film.clips import Studio
from daemon.film.h264 import Coding
from daemon.film.lettering import Typeface
from daemon.film.levels import Ducking, decibels, levels
from daemon.film.movie import Particulars
from daemon.film.timeline import Span, Timeline, plan, quarter
from daemon.film.verify import FilmFacts, verify
from daemon.intake import intake, picture_problems
from daemon.media import UnreadableMedia
from daemon.order import Order
from daemon.outcome import Failure, Film, Kind, Outcome
from daemon.progress import SCRATCH, Report
from daemon.story import SAMPLE_RATE, Story

REPORT = "report.json"
STEM = "film"
"""What the files of an attempt are called before they are published under the story's name: film.mp4, film.jpg, …"""
QUALITY_CRF = 20.5
"""x264's constant rate factor: a still picture has a higher SSIM than in moviepy's own film (see benchmarks/RESULTS.md)."""
POSTER_QUALITY = 90
COVER_QUALITY, COVER_SIDE = 85, 640
"""A film's cover is for lists of films: a few dozen kilobytes."""


def compile_order(order: Order, report: Report) -> Outcome:
    """Compile, and turn whatever happens into an Outcome. The attempt's folder then holds the finished files only."""
    try:
        return compile_story(order, report)
    except StoryError as error:
        return Failure(order.job, Kind.STORY, error.problems)
    except FilmError as error:
        return _failure(order, Kind.FILM, str(error), "Tried again by itself; if it goes on, look at the disk and the log.")
    except MemoryError:
        return _failure(order, Kind.MACHINE, "not enough memory", "Make the pictures smaller, or raise workers.memory_mib.")
    except OSError as error:
        return _failure(order, Kind.MACHINE, error.strerror or str(error), "Tried again by itself; look at disk and folders.")
    except Exception as error:  # noqa: BLE001, RUF100 - the border of the process: a fault of ours costs one story
        what = f"{type(error).__name__}: {error}"
        return _failure(order, Kind.PROGRAM, what, "A fault of Storyreel: please report it.", traceback.format_exc())


def _failure(order: Order, kind: Kind, what: str, mend: str, trace: str = "") -> Failure:
    return Failure(order.job, kind, (Problem(str(kind), what, mend),), trace)


def compile_story(order: Order, report: Report) -> Film:
    """Compile a story into `order.attempt`.

    Raises StoryError with all problems of the story, FilmError when the film came out wrong, OSError and MemoryError.
    """
    began = time.monotonic()
    scratch = order.attempt / SCRATCH
    scratch.mkdir(exist_ok=True)
    try:
        report("intake", 0.0)
        story = intake(order.source, scratch, order.name, order.settings, order.not_again)
        planned = _planned(story, order)
        film = _rendered(planned, order, report)
        facts = verify(film, planned.timeline)
        for made in (film, film.with_suffix(".jpg")):
            made.rename(order.attempt / f"{STEM}{made.suffix}")
        _write_words(planned, order.attempt)
        seconds = time.monotonic() - began
        _write_json(order.attempt / REPORT, _report(order, planned, facts, seconds))
        return Film(order.job, order.attempt, facts.seconds, story.music.name if story.music else "")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that is decided before anything is rendered."""

    story: Story
    timeline: Timeline
    face: Typeface
    captions: Sequence[Caption]
    chapters: Sequence[Chapter]


def _planned(story: Story, order: Order) -> _Plan:
    timeline, face = plan(story), Typeface(Path(story.film.font) if story.film.font else None)
    if order.preview:
        timeline = replace(timeline, size=quarter(timeline.size))
    words, parts = captions.captions(story, timeline), chapters.chapters(story, timeline)
    if story.film.captions == "burned":
        drawn = captions.captions(story, timeline, lambda text: lettering.caption_lines(text, timeline.size, face))
        timeline = captions.burned(timeline, drawn)
    return _Plan(story, timeline, face, words, parts)


def _rendered(plan: _Plan, order: Order, report: Report) -> Path:
    """The film's file, and the poster. Raises StoryError with every picture that does not decode, once one does not."""
    try:
        return _render(plan, order, report)
    except UnreadableMedia as error:
        raise StoryError(picture_problems(plan.story, order.settings.limits)) from error


def _render(plan: _Plan, order: Order, report: Report) -> Path:
    """The film's file, by the writer that is set."""
    story, timeline, scratch = plan.story, plan.timeline, order.attempt / SCRATCH
    film, studio = scratch / "film.mp4", Studio(story, timeline, plan.face)
    poster = _Poster(story, studio, film.with_suffix(".jpg"))

    def clip_of(span: Span) -> VideoClip:
        clip = studio.clip(span)
        poster.look_at(span, clip)
        return clip

    def told(done: float) -> None:
        report("film", done)

    beside = Particulars(story.title, story.author, story.comment, story.language, plan.captions, plan.chapters, poster.cover)
    level = levels(story, timeline, order.settings.sound, order.settings.music)
    mixed = sound.mixed(story, timeline, level, order.settings.music)
    if story.film.writer == "still-stream":
        still_stream.write_film(clip_of, mixed, timeline, _coding(story, timeline), beside, film, told)
    else:
        report("sound", 0.0)
        sound.write_mix(mixed, timeline.samples, mix := scratch / "mix.wav")
        reference.write_film(map(clip_of, timeline.spans), timeline, mix, beside, film, told)
    report("checking", 1.0)
    return film


class _Poster:
    """The poster, and from it the film's cover; made while its picture is at hand and other threads are at work."""

    def __init__(self, story: Story, studio: Studio, file: Path) -> None:
        self._studio, self._file = studio, file
        wanted = min(story.film.poster_page, max(page.number for page in story.pages))  # a short story shows its last page
        self._page = next(index for index, page in enumerate(story.pages) if page.number == wanted)
        self._lock, self._cover = threading.Lock(), b""

    def look_at(self, span: Span, clip: VideoClip) -> None:
        """Take the poster from a clip of its page; only where that has words or moves, the page is drawn once more."""
        if span.page != self._page or span.into is not None:
            return
        with self._lock:
            if not self._cover:
                at_rest = isinstance(clip, ImageClip) and not span.caption
                poster = Image.fromarray(clip.img if at_rest else self._studio.poster(self._page))
                poster.save(self._file, quality=POSTER_QUALITY)
                poster.thumbnail((COVER_SIDE, COVER_SIDE))
                poster.save(jpeg := io.BytesIO(), "JPEG", quality=COVER_QUALITY)
                self._cover = jpeg.getvalue()

    def cover(self) -> bytes:
        """The poster as a small JPEG. All clips must have been made."""
        return self._cover


def _coding(story: Story, timeline: Timeline) -> Coding:
    return Coding(timeline.size, timeline.fps, QUALITY_CRF, round(story.film.keyframe_seconds * timeline.fps))


def _write_words(plan: _Plan, folder: Path) -> None:
    if plan.captions:
        (folder / f"{STEM}.srt").write_text(captions.subrip(plan.captions), "utf-8")
        (folder / f"{STEM}.vtt").write_text(captions.webvtt(plan.captions), "utf-8")
    lines = chapters.for_youtube(plan.chapters, plan.timeline)
    (folder / f"{STEM}.chapters.txt").write_text(lines, "utf-8")


def _report(order: Order, plan: _Plan, facts: FilmFacts, seconds: float) -> dict[str, object]:
    """What the film was made of and how: the file that later answers "why does it look like that?"."""
    story, timeline = plan.story, plan.timeline
    return {
        "job": order.job,
        "story": order.name,
        "attempt": order.number,
        "title": story.title,
        "film": asdict(facts),
        "pages": _page_times(story, timeline),
        "music": story.music.name if story.music else None,
        "sound": _sound_facts(plan, order.settings),
        "seed": story.seed,
        "settings": story.film.model_dump(mode="json"),
        "inputs": [asdict(file) for file in story.inputs],
        "render_seconds": round(seconds, 3),
        "versions": _versions(("storyreel", "moviepy", "av", "pillow", "numpy")),
    }


def _sound_facts(plan: _Plan, settings: Settings) -> dict[str, object]:
    """How loud what was made: factors as decibels, and the points of the line that lowers the music."""
    level = levels(plan.story, plan.timeline, settings.sound, settings.music)
    points = Ducking(plan.timeline.cues, settings.music.duck_db).points if plan.story.music else []
    return {
        "loudness_lufs": settings.sound.loudness_lufs,
        "narrations_db": [round(decibels(gain * level.whole), 1) for gain in level.voices.values()],
        "music_db": round(decibels(level.music * level.whole), 1) if plan.story.music else None,
        "ducking": [(round(sample / SAMPLE_RATE, 3), value) for sample, value in points],
    }


def _page_times(story: Story, timeline: Timeline) -> list[dict[str, float | str]]:
    spoken = {cue.page: cue.samples / SAMPLE_RATE for cue in timeline.cues}
    return [
        {
            "page": page.number,
            "start": round(float(turn.first / timeline.fps), 3),
            "seconds": round(float(turn.frames / timeline.fps), 3),
            "narration_seconds": round(spoken.get(turn.page, 0.0), 3),
            "text": page.text,
        }
        for page, turn in zip(story.pages, timeline.pages, strict=True)
    ]


def _versions(packages: Sequence[str]) -> dict[str, str]:
    return {package: version(package) for package in packages} | {"python": platform.python_version()}


def _write_json(target: Path, content: object) -> None:
    target.write_text(json.dumps(content, indent=2) + "\n", "utf-8")

"""One attempt at one story: intake → plan → film → verify → what belongs beside the film.

Runs in a worker's process, or in the process of `storyreel compile`. It knows nothing of inboxes and of other stories.
"""

import json
import platform
import shutil
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from moviepy import VideoClip
from PIL import Image

from daemon.errors import FilmError, Problem, StoryError
from daemon.film import captions, pictures, reference, sound, still_stream
from daemon.film.h264 import Coding
from daemon.film.timeline import Span, Timeline, plan
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


def compile_order(order: Order, report: Report) -> Outcome:
    """Compile, and turn whatever happens into an Outcome. The attempt's folder then holds the finished files only."""
    try:
        facts = compile_story(order, report)
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
    return Film(order.job, order.attempt, facts.seconds)


def _failure(order: Order, kind: Kind, what: str, mend: str, trace: str = "") -> Failure:
    return Failure(order.job, kind, (Problem(str(kind), what, mend),), trace)


def compile_story(order: Order, report: Report) -> FilmFacts:
    """Compile a story into `order.attempt`.

    Raises StoryError with all problems of the story, FilmError when the film came out wrong, OSError and MemoryError.
    """
    began = time.monotonic()
    scratch = order.attempt / SCRATCH
    scratch.mkdir(exist_ok=True)
    try:
        report("intake", 0.0)
        story = intake(order.source, scratch, order.name, order.settings)
        timeline = plan(story)
        film = _rendered(story, timeline, order, report)
        facts = verify(film, timeline)
        for made in (film, film.with_suffix(".jpg")):
            made.rename(order.attempt / f"{STEM}{made.suffix}")
        _write_words(story, timeline, order.attempt)
        seconds = time.monotonic() - began
        _write_json(order.attempt / REPORT, _report(order, story, timeline, facts, seconds))
        return facts
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rendered(story: Story, timeline: Timeline, order: Order, report: Report) -> Path:
    """The film's file, and the poster. Raises StoryError with every picture that does not decode, once one does not."""
    try:
        return _render(story, timeline, order, report)
    except UnreadableMedia as error:
        raise StoryError(picture_problems(story, order.settings.limits)) from error


def _render(story: Story, timeline: Timeline, order: Order, report: Report) -> Path:
    """The film's file, by the writer that is set."""
    scratch, volume = order.attempt / SCRATCH, order.settings.music.volume_db
    film = scratch / "film.mp4"

    def clip_of(span: Span) -> VideoClip:
        clip = pictures.clip(story, timeline, span)
        if span == timeline.spans[0]:  # made while its picture is at hand, and other threads are at work
            Image.fromarray(clip.img).save(scratch / "film.jpg", quality=90)
        return clip

    def told(done: float) -> None:
        report("film", done)

    if story.film.writer == "still-stream":
        still_stream.write_film(clip_of, sound.mixed(story, timeline, volume), timeline, _coding(story, timeline), film, told)
    else:
        report("sound", 0.0)
        sound.write_mix(story, timeline, volume, mix := scratch / "mix.wav")
        reference.write_film(map(clip_of, timeline.spans), timeline, mix, film, told)
    report("checking", 1.0)
    return film


def _coding(story: Story, timeline: Timeline) -> Coding:
    return Coding(timeline.size, timeline.fps, QUALITY_CRF, round(story.film.keyframe_seconds * timeline.fps))


def _write_words(story: Story, timeline: Timeline, folder: Path) -> None:
    if spoken := captions.captions(story, timeline):
        (folder / f"{STEM}.srt").write_text(captions.subrip(spoken), "utf-8")
        (folder / f"{STEM}.vtt").write_text(captions.webvtt(spoken), "utf-8")
    (folder / f"{STEM}.chapters.txt").write_text(captions.chapters(story, timeline), "utf-8")


def _report(order: Order, story: Story, timeline: Timeline, facts: FilmFacts, seconds: float) -> dict[str, object]:
    """What the film was made of and how: the file that later answers "why does it look like that?"."""
    return {
        "job": order.job,
        "story": order.name,
        "attempt": order.number,
        "title": story.title,
        "film": asdict(facts),
        "pages": _page_times(story, timeline),
        "music": story.music.name if story.music else None,
        "seed": story.seed,
        "settings": story.film.model_dump(mode="json"),
        "inputs": [asdict(file) for file in story.inputs],
        "render_seconds": round(seconds, 3),
        "versions": _versions(("storyreel", "moviepy", "av", "pillow", "numpy")),
    }


def _page_times(story: Story, timeline: Timeline) -> list[dict[str, float | str]]:
    spoken = {cue.page: cue.samples / SAMPLE_RATE for cue in timeline.cues}
    return [
        {
            "start": round(span.first / timeline.fps, 3),
            "seconds": round(span.frames / timeline.fps, 3),
            "narration_seconds": round(spoken.get(span.page, 0.0), 3),
            "text": story.pages[span.page].text,
        }
        for span in timeline.spans
    ]


def _versions(packages: Sequence[str]) -> dict[str, str]:
    return {package: version(package) for package in packages} | {"python": platform.python_version()}


def _write_json(target: Path, content: object) -> None:
    target.write_text(json.dumps(content, indent=2) + "\n", "utf-8")

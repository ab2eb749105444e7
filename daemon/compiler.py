"""One attempt at one story: intake → plan → render → verify → what lies beside the film.

Runs in a worker's process, or in the process of `storyreel compile`. It knows nothing of inboxes and of
other stories.
"""

import platform
import shutil
import time
import traceback
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.delivery import files, report
from daemon.delivery.report import PageTimes, SoundFacts
from daemon.errors import FilmError, Problem, StoryError, UnreadableMedia
from daemon.film import FilmFacts, Plan, plan_film, render_film, verify_film
from daemon.film.plan.captions import subrip, webvtt
from daemon.film.plan.chapters import for_youtube
from daemon.media.samples import SAMPLE_RATE, decibels
from daemon.media.typeface import open_typeface
from daemon.progress import SCRATCH, Reporter
from daemon.story.checks import picture_problems
from daemon.story.intake import intake

PACKAGES = ("storyreel", "moviepy", "av", "pillow", "numpy")
"""Packages whose versions a report names: the same versions give the same bytes."""


def compile_order(order: Order, progress: Reporter) -> Outcome:
    """Make one attempt, and turn whatever happens into an Outcome.

    The attempt's folder then holds finished files only.
    """
    try:
        return compile_story(order, progress)
    except StoryError as error:
        return Failure(order.job, Kind.STORY, error.problems)
    except FilmError as error:
        mend = "It is tried again; if that goes on, look at the disk and the log."
        return _failure(order, Kind.FILM, str(error), mend)
    except MemoryError:
        mend = "Make the pictures smaller, or raise workers.memory_mib."
        return _failure(order, Kind.MACHINE, "not enough memory", mend)
    except OSError as error:
        mend = "It is tried again; look at the disk and the folders."
        return _failure(order, Kind.MACHINE, error.strerror or str(error), mend)
    except Exception as error:  # noqa: BLE001, RUF100 - the border of the process: our fault costs one story
        what = f"{type(error).__name__}: {error}"
        mend = "A fault of Storyreel: please report it."
        return _failure(order, Kind.PROGRAM, what, mend, traceback.format_exc())


def _failure(order: Order, kind: Kind, what: str, mend: str, trace: str = "") -> Failure:
    return Failure(order.job, kind, (Problem(str(kind), what, mend),), trace)


def compile_story(order: Order, progress: Reporter) -> Film:
    """Compile a story into the existing folder `order.attempt`.

    Raises StoryError with all problems of the story, FilmError when the film came out wrong, and the
    machine's OSError and MemoryError.
    """
    began = time.monotonic()
    settings = order.settings
    scratch = order.attempt / SCRATCH
    made = scratch / "made"
    made.mkdir(parents=True, exist_ok=True)
    try:
        progress("intake", 0.0)
        story = intake(order.source, scratch, order.name, settings, order.not_again)
        typeface = open_typeface(story.film.font)
        plan = plan_film(story, settings.sound, settings.music, typeface, preview=order.preview)
        _render(plan, made, order, progress)
        progress("checking", 1.0)
        facts = verify_film(files.draft(made, files.FILM), plan.timeline)
        _write_words(plan, made)
        seconds = time.monotonic() - began
        report.write(_report(order, plan, facts, seconds), made / files.REPORT)
        _hand_over(made, order.attempt)
        return Film(
            order.job, order.attempt, facts.seconds, story.music.name if story.music else ""
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _hand_over(made: Path, attempt: Path) -> None:
    """Move what was made to the attempt's folder.

    A file with an ending that `delivery.files` does not know would not be published: our own fault.
    """
    if unknown := files.unknown(made):
        raise AssertionError(f"files that have no place in the outbox: {unknown}")
    for file in made.iterdir():
        file.rename(attempt / file.name)


def _render(plan: Plan, made: Path, order: Order, progress: Reporter) -> None:
    """Render; when a picture does not decode, find all of the story's pictures that do not."""
    film = files.draft(made, files.FILM)
    poster = files.draft(made, files.POSTER)
    try:
        render_film(plan, film, poster, lambda done: progress("film", done))
    except UnreadableMedia as error:
        problems = picture_problems(plan.story, order.settings.limits)
        if not problems:  # they all decode now: the disk or the memory failed, not the story
            what = f"a picture could not be decoded, and a moment later it could: {error.what}"
            raise FilmError(what) from error
        raise StoryError(problems) from error


def _write_words(plan: Plan, folder: Path) -> None:
    texts = {files.CHAPTERS: for_youtube(plan.chapters, plan.timeline)}
    if plan.captions:
        texts[files.SUBRIP] = subrip(plan.captions)
        texts[files.WEBVTT] = webvtt(plan.captions)
    for ending, text in texts.items():
        files.draft(folder, ending).write_text(text, "utf-8")


def _report(order: Order, plan: Plan, facts: FilmFacts, seconds: float) -> report.Report:
    story = plan.story
    return report.Report(
        job=order.job,
        story=order.name,
        attempt=order.number,
        title=story.title,
        film=asdict(facts),
        pages=_page_times(plan),
        music=story.music.name if story.music else None,
        sound=_sound_facts(plan),
        seed=story.seed,
        settings=story.film.model_dump(mode="json"),
        inputs=tuple(asdict(file) for file in story.inputs),
        render_seconds=round(seconds, 3),
        versions={name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
    )


def _page_times(plan: Plan) -> tuple[PageTimes, ...]:
    timeline = plan.timeline
    spoken = {cue.page: cue.samples / SAMPLE_RATE for cue in timeline.cues}
    return tuple(
        PageTimes(
            page=page.number,
            start=round(float(turn.first / timeline.fps), 3),
            seconds=round(float(turn.frames / timeline.fps), 3),
            narration_seconds=round(spoken.get(turn.page, 0.0), 3),
            text=page.text,
        )
        for page, turn in zip(plan.story.pages, timeline.pages, strict=True)
    )


def _sound_facts(plan: Plan) -> SoundFacts:
    levels = plan.levels
    has_music = plan.background.track is not None
    points = plan.background.ducking.points if has_music else ()
    return SoundFacts(
        loudness_lufs=plan.loudness_lufs,
        narrations_db=tuple(round(decibels(levels.voice(page)), 1) for page in levels.voices),
        music_db=round(decibels(levels.background), 1) if has_music else None,
        ducking=tuple((round(sample / SAMPLE_RATE, 3), level) for sample, level in points),
    )

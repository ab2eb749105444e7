"""One attempt at one story: intake → plan → render → verify → report.

Runs in a worker's process, or in the process of `storyreel compile`. It knows nothing of inboxes or
of other stories.
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
from daemon.errors import FilmError, NotArrived, StoryError, UnreadableMedia
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
    """Make one attempt; an error becomes a Failure.

    The attempt's folder then holds finished files only.
    """
    try:
        return compile_story(order, progress)
    except StoryError as error:
        return Failure(order.job, Kind.STORY, error.problems)
    except NotArrived as error:
        return Failure(order.job, Kind.ARRIVING, error.differences)
    except FilmError as error:
        mend = "It is tried again. If it keeps failing, look at the disk and the log."
        return Failure.of(order.job, Kind.FILM, str(error), mend)
    except MemoryError:
        mend = "Make the pictures smaller, or raise workers.memory_mib."
        return Failure.of(order.job, Kind.MACHINE, "not enough memory", mend)
    except OSError as error:
        what = error.strerror or str(error)
        mend = "It is tried again. Look at the disk and the folders."
        return Failure.of(order.job, Kind.MACHINE, what, mend)
    except Exception as error:  # noqa: BLE001, RUF100 - a bug of ours costs this story, no other
        what = f"{type(error).__name__}: {error}"
        mend = "This is a bug in Storyreel: please report it."
        return Failure.of(order.job, Kind.PROGRAM, what, mend, traceback.format_exc())


def compile_story(order: Order, progress: Reporter) -> Film:
    """Compile a story into the existing folder `order.attempt`.

    Raises StoryError with all problems of the story, NotArrived when files differ from what is
    declared of them, FilmError when the film came out wrong, and the machine's OSError and
    MemoryError.
    """
    began = time.monotonic()
    settings = order.settings
    scratch = order.attempt / SCRATCH
    made = scratch / "made"
    # Not what is above it: an attempt that has been ended must not bring its folder back.
    scratch.mkdir(exist_ok=True)
    made.mkdir(exist_ok=True)
    try:
        progress("intake", 0.0)
        story = intake(order.source, scratch, order.name, settings, order.not_again)
        typeface = open_typeface(story.film.font)
        plan = plan_film(story, settings.sound, settings.music, typeface, preview=order.preview)

        progress("film", 0.0)
        render(plan, made, order, progress)

        progress("checking", 1.0)
        facts = verify_film(files.draft(made, files.FILM), plan.timeline)

        write_texts(plan, made)
        written = report_on(order, plan, facts, time.monotonic() - began)
        report.write(written, made / files.REPORT)
        hand_over(made, order.attempt)
        return Film(order.job, order.attempt, facts.seconds, written.music or "")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def render(plan: Plan, made: Path, order: Order, progress: Reporter) -> None:
    """Render the film and its poster into the folder `made`.

    Raises StoryError with every picture of the story that does not decode. Raises FilmError when
    one did not decode and now all of them do: the disk or the memory has failed, not the story.
    """
    film = files.draft(made, files.FILM)
    poster = files.draft(made, files.POSTER)
    try:
        render_film(plan, film, poster, lambda done: progress("film", done))
    except UnreadableMedia as error:
        problems = picture_problems(plan.story, order.settings.limits)
        if problems:
            raise StoryError(problems) from error
        what = f"a picture could not be decoded, and a moment later it could: {error.what}"
        raise FilmError(what) from error


def write_texts(plan: Plan, made: Path) -> None:
    """Write the texts that go with the film: chapters, and captions if it has any."""
    texts = {files.CHAPTERS: for_youtube(plan.chapters, plan.timeline)}
    if plan.captions:
        texts[files.SUBRIP] = subrip(plan.captions)
        texts[files.WEBVTT] = webvtt(plan.captions)
    for ending, text in texts.items():
        files.draft(made, ending).write_text(text, "utf-8")


def hand_over(made: Path, attempt: Path) -> None:
    """Move the finished files to the attempt's folder.

    Raises AssertionError for a file that `delivery.files` does not know: it would be published
    under a wrong name.
    """
    if unknown := files.unknown(made):
        raise AssertionError(f"files that have no place in the outbox: {unknown}")
    for file in made.iterdir():
        file.rename(attempt / file.name)


# ---- report --------------------------------------------------------------------------------------


def report_on(order: Order, plan: Plan, facts: FilmFacts, seconds: float) -> report.Report:
    """The report on a film that took `seconds` to make."""
    story = plan.story
    return report.Report(
        job=order.job,
        story=order.name,
        attempt=order.number,
        title=story.title,
        film=asdict(facts),
        pages=page_times(plan),
        music=story.music.name if story.music else None,
        sound=sound_facts(plan),
        seed=story.seed,
        settings=story.film.model_dump(mode="json"),
        inputs=tuple(asdict(file) for file in story.inputs),
        render_seconds=round(seconds, 3),
        versions={name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
    )


def page_times(plan: Plan) -> tuple[PageTimes, ...]:
    """When each page begins, how long it stays, and how much of that is narration, in seconds."""
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


def sound_facts(plan: Plan) -> SoundFacts:
    """How loud the film was made (LUFS), and the gains that did it (dB)."""
    levels = plan.levels
    music_db = None
    ducking: tuple[tuple[float, float], ...] = ()
    if plan.background.track is not None:
        music_db = round(decibels(levels.background), 1)
        points = plan.background.ducking.points
        ducking = tuple((round(sample / SAMPLE_RATE, 3), level) for sample, level in points)
    return SoundFacts(
        loudness_lufs=plan.loudness_lufs,
        narrations_db=tuple(round(decibels(levels.voice(page)), 1) for page in levels.voices),
        music_db=music_db,
        ducking=ducking,
    )

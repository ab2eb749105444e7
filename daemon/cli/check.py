"""`storyreel check`: every problem of a story, found by the same checks that the service makes."""

from dataclasses import dataclass
from pathlib import Path

from daemon.cli.console import (
    FINE,
    STORY_AT_FAULT,
    TRY_AGAIN,
    complain,
    explaining_rights,
    say,
    settings_or_exit,
)
from daemon.config import Settings
from daemon.errors import ChildDied, NotArrived, Problem, StoryError
from daemon.media.samples import SAMPLE_RATE
from daemon.story.intake import inspect
from daemon.story.model import Story
from daemon.workers.alone import alone, conditions_for
from daemon.workers.worker import forgo_programs


@explaining_rights()
def check_folders(folders: list[Path], file: Path | None) -> int:
    """Check each folder and say what was found; the exit code."""
    settings = settings_or_exit(file)
    codes = {check_folder(folder, settings) for folder in folders}
    return min(codes - {FINE}, default=FINE)  # a story at fault is worse than one to try again


def check_folder(folder: Path, settings: Settings) -> int:
    """Whether a folder can become a film, as an exit code; its problems go to standard error.

    It is checked where it lies, however large it is, in a child that is confined as a worker is.
    """
    place = folder.resolve()
    try:
        found = alone(conditions_for(settings, place), (), lambda: look(place, settings))
    except ChildDied as died:
        mend = "Make the pictures smaller; check whether the kernel ran out of memory."
        found = Found(STORY_AT_FAULT, f"{died}. {mend}")
    if found.code == FINE:
        say(f"{place.name}: {found.words}")
    else:
        complain(f"{place.name}: {found.words}", found.problems)
    return found.code


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: the exit code, and what to say. It comes out of the child."""

    code: int
    words: str
    problems: tuple[Problem, ...] = ()


def look(folder: Path, settings: Settings) -> Found:
    """Look at a folder as the service does, in the child."""
    try:
        forgo_programs()
        story = inspect(folder, folder.name, settings)
    except (StoryError, NotArrived) as error:
        count = counted(len(error.problems), "problem")
        return Found(STORY_AT_FAULT, count, tuple(error.problems))
    except PermissionError:
        mend = "Give yourself the right to read it, or check it as the service's user."
        return Found(STORY_AT_FAULT, f"not readable for you. {mend}")
    except MemoryError:
        return Found(TRY_AGAIN, "not enough memory. Raise workers.memory_mib.")
    except OSError as error:
        return Found(TRY_AGAIN, f"{error.strerror or error}. Look at the disk, then try again.")
    return Found(FINE, f"fine, {summary(story)}")


def summary(story: Story) -> str:
    """A story in short: "6 pages, 1:02.5"."""
    seconds = sum(page.samples for page in story.pages) / SAMPLE_RATE
    length = f"{int(seconds // 60)}:{seconds % 60:04.1f}"
    return f"{counted(len(story.pages), 'page')}, {length}"


def counted(count: int, noun: str) -> str:
    """A number of things: "1 page", "2 pages"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""`storyreel check`: every problem of a story, found by the same checks that the service makes."""

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
from daemon.errors import NotArrived, StoryError
from daemon.media.samples import SAMPLE_RATE
from daemon.story.intake import inspect
from daemon.story.model import Story


@explaining_rights()
def check_folders(folders: list[Path], file: Path | None) -> int:
    """Check each folder and say what was found; the exit code."""
    settings = settings_or_exit(file)
    codes = {check_folder(folder, settings) for folder in folders}
    return min(codes - {FINE}, default=FINE)  # a story at fault is worse than one to try again


def check_folder(folder: Path, settings: Settings) -> int:
    """Whether a folder can become a film, as an exit code; its problems go to standard error.

    It is checked where it lies, however large it is.
    """
    name = folder.resolve().name
    try:
        story = inspect(folder.resolve(), name, settings)
    except (StoryError, NotArrived) as error:
        complain(f"{name}: {counted(len(error.problems), 'problem')}", error.problems)
        return STORY_AT_FAULT
    except PermissionError:
        mend = "Give yourself the right to read it, or check it as the service's user."
        complain(f"{name}: not readable for you. {mend}")
        return STORY_AT_FAULT
    except OSError as error:
        complain(f"{name}: {error.strerror or error}. Look at the disk, then try again.")
        return TRY_AGAIN
    say(f"{name}: fine, {summary(story)}")
    return FINE


def summary(story: Story) -> str:
    """A story in short: "6 pages, 1:02.5"."""
    seconds = sum(page.samples for page in story.pages) / SAMPLE_RATE
    length = f"{int(seconds // 60)}:{seconds % 60:04.1f}"
    return f"{counted(len(story.pages), 'page')}, {length}"


def counted(count: int, noun: str) -> str:
    """A number of things: "1 page", "2 pages"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"

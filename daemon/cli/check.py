"""`storyreel check`: every problem of a story, found by the same intake that the service uses."""

import tempfile
from pathlib import Path

from daemon.cli.console import FINE, STORY_AT_FAULT, complain, say, settings_or_exit
from daemon.config import Settings
from daemon.errors import StoryError
from daemon.media.samples import SAMPLE_RATE
from daemon.story.checks import picture_problems
from daemon.story.intake import intake
from daemon.story.model import Story


def check_folders(folders: list[Path], file: Path | None) -> int:
    """Check each folder and say what was found; the exit code."""
    settings = settings_or_exit(file)
    results = [check_folder(folder, settings) for folder in folders]
    return FINE if all(results) else STORY_AT_FAULT


def check_folder(folder: Path, settings: Settings) -> bool:
    """Whether a folder can become a film; its problems go to standard error."""
    name = folder.resolve().name
    try:
        with tempfile.TemporaryDirectory(prefix="storyreel-check-") as scratch:
            story = intake(folder.resolve(), Path(scratch), name, settings)
            if problems := picture_problems(story, settings.limits):
                raise StoryError(problems)
    except StoryError as error:
        complain(f"{name}: {counted(len(error.problems), 'problem')}", error.problems)
        return False
    say(f"{name}: fine, {summary(story)}")
    return True


def summary(story: Story) -> str:
    """A story in short: "6 pages, 1:02.5"."""
    seconds = sum(page.samples for page in story.pages) / SAMPLE_RATE
    length = f"{int(seconds // 60)}:{seconds % 60:04.1f}"
    return f"{counted(len(story.pages), 'page')}, {length}"


def counted(count: int, noun: str) -> str:
    """A number of things: "1 page", "2 pages"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"

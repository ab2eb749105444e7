"""`storyreel check`: every problem of a story at once, found by the same intake that the service uses."""

import tempfile
from pathlib import Path

from daemon.cli.console import FINE, STORY_AT_FAULT, complain, printable, settings_or_exit
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
    """Whether a folder can become a film; what is wrong goes to standard error, with all problems."""
    name = folder.resolve().name
    try:
        with tempfile.TemporaryDirectory(prefix="storyreel-check-") as scratch:
            story = intake(folder.resolve(), Path(scratch), name, settings)
            if problems := picture_problems(story, settings.limits):
                raise StoryError(problems)
            print(printable(f"{name}: fine, {_in_short(story)}"))
    except StoryError as error:
        count = len(error.problems)
        complain(f"{name}: {count} problem{'s' if count != 1 else ''}", error.problems)
        return False
    return True


def _in_short(story: Story) -> str:
    seconds = sum(page.samples for page in story.pages) / SAMPLE_RATE
    count = len(story.pages)
    return f"{count} page{'s' if count != 1 else ''}, {int(seconds // 60)}:{seconds % 60:04.1f}"

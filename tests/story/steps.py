"""Steps that many tests of stories take: write a manifest, read it, take the story in."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.config import Settings
from daemon.errors import NotArrived, Problem, StoryError
from daemon.story.checks import picture_problems
from daemon.story.intake import inspect, intake
from daemon.story.model import Story
from daemon.story.reading import Reading, read
from tests.helpers.stories import write_manifest

PAGE = {"image": "01.png", "audio": "01.mp3"}
SILENT = {"image": "01.png", "duration": 4.0}


def reading(content: object, *names: str) -> Reading:
    """The reading of a manifest, with files of these names next to it."""
    return read(json.dumps(content).encode(), names)


def files(found: Reading) -> list[str]:
    """The files that a manifest mentions."""
    return [mention.file for mention in found.mentions]


def set_pages(source: Path, *pages: dict[str, Any], **more: Any) -> None:
    """Write a manifest of these pages, without music; `more` adds keys or replaces them."""
    write_manifest(source, {"music": False, "pages": list(pages)} | more)


def admitted(source: Path, scratch: Path, settings: Settings) -> Story:
    """The story of a folder, which must have no problem."""
    return intake(source, scratch, "the-fox", settings)


def problems(source: Path, scratch: Path, settings: Settings) -> list[Problem]:
    """Every problem of a story, of which it must have one.

    Those of intake, or, where it finds none, those of pictures that do not decode. An inspection in
    place must find the same ones.
    """
    try:
        found = picture_problems(admitted(source, scratch, settings), settings.limits)
    except StoryError as error:
        found = list(error.problems)
    assert found
    assert all(problem.what and problem.mend for problem in found)
    with pytest.raises(StoryError) as inspected:
        inspect(source, "the-fox", settings)
    assert list(inspected.value.problems) == found
    return found


def not_arrived(source: Path, scratch: Path, settings: Settings) -> NotArrived:
    """What is said of a story whose files differ from what is declared of them."""
    with pytest.raises(NotArrived) as caught:
        admitted(source, scratch, settings)
    with pytest.raises(NotArrived) as inspected:
        inspect(source, "the-fox", settings)
    assert inspected.value.differences == caught.value.differences
    assert inspected.value.problems == caught.value.problems
    return caught.value

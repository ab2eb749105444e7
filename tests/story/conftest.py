"""Fixtures for tests of intake: a story's folder, the folder for its copies, a music library."""

from pathlib import Path

import pytest

from daemon.config import Settings
from tests.conftest import SettingsMaker
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import story


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder of a story with two pages, of 0.1 s and 0.2 s."""
    return story(tmp_path / "the-fox", [0.1, 0.2])


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The empty folder into which the story's files are copied."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return scratch


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A music library with two calm tracks and a playful one."""
    library = tmp_path / "library"
    for name in ("calm/harbour.wav", "calm/lantern.wav", "playful/hopscotch.wav"):
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        wav(library / name, sine(0.1))
    return library


@pytest.fixture
def with_library(make_settings: SettingsMaker, library: Path) -> Settings:
    """Settings with that library."""
    return make_settings(music={"folder": library})

"""Fixtures that all tests share."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from structlog.testing import LogCapture

from daemon import config
from daemon.config import Settings
from tests.helpers.children import NOBODY

hypothesis.settings.register_profile("quick", max_examples=20)
hypothesis.settings.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SettingsMaker = Callable[..., Settings]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings of whoever runs it.

    Neither environment variables, nor a config.toml in the current folder.
    """
    for name in list(os.environ):
        if name.startswith(config.ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def make_settings(tmp_path: Path) -> SettingsMaker:
    """Makes settings with their root in the test's folder.

    Tables are given as dictionaries: `make_settings(watch={"settle_seconds": 1})`.
    """

    def make(**tables: dict[str, Any]) -> Settings:
        defaults = config.load(root=tmp_path / "root")
        changed = {}
        for name, values in tables.items():
            table = getattr(defaults, name)
            changed[name] = table.model_validate(table.model_dump() | values)
        return defaults.model_copy(update=changed)

    return make


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    """The default settings with their root in the test's folder."""
    return make_settings()


@pytest.fixture
def log_lines() -> Iterator[LogCapture]:
    """What is logged in this process during the test, as dictionaries in `log_lines.entries`."""
    capture = LogCapture()
    before = structlog.get_config()
    every_level = structlog.make_filtering_bound_logger(logging.NOTSET)  # whatever was set before
    structlog.configure(processors=[capture], wrapper_class=every_level)
    yield capture
    structlog.configure(**before)


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A folder that an unprivileged child owns. It cannot enter the folders that pytest makes."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)

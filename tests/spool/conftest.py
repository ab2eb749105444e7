"""Folders for tests of the spool."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.config import Folders
from daemon.spool import Spool
from tests.spool.crashes import Life, inbox_keeps_folders
from tests.spool.stories import folders_in, put_story

SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Folders that are not made yet."""
    return folders_in(tmp_path / "root")


@pytest.fixture
def opened(folders: Folders) -> Iterator[Spool]:
    """An open spool on `folders`."""
    opened = Spool(folders).open()
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem."""
    is_writable = os.access(SHARED_MEMORY, os.W_OK)
    if not is_writable or SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second filesystem that this user may write to")
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def fresh_life(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Life]:
    """Makes a life that has not begun, with a story in the inbox.

    `far`: the outbox is on another filesystem. `taken`: the outbox has the story's name already.
    `copies`: the story may not be moved out of the inbox.
    """

    def make(
        delivers: bool = True, far: bool = False, taken: bool = False, copies: bool = False
    ) -> Life:
        if copies:
            inbox_keeps_folders(monkeypatch)
        place = Path(tempfile.mkdtemp(dir=tmp_path))
        folders = folders_in(place / "root")
        if far:
            outbox = request.getfixturevalue("elsewhere") / place.name
            folders = folders.model_copy(update={"outbox": outbox})
        put_story(folders)
        if taken:
            (folders.outbox / "the-fox").mkdir(parents=True)
        (place / "marks").touch()
        return Life(folders, place / "marks", delivers, copies=copies)

    return make

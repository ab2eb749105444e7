"""Glances at folders that wait: they show everything that a look would find, for fewer stats."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from daemon.inbox.glance import UNCERTAIN_SECONDS, glance_at, shows_new_names
from daemon.inbox.view import FolderView
from tests.helpers.children import in_child, unprivileged
from tests.helpers.folders import names
from tests.helpers.stories import read_manifest, story, write_manifest
from tests.helpers.waiting import Clock

LATER = UNCERTAIN_SECONDS + 1


def has_nothing_new(view: FolderView) -> bool:
    """Whether a glance shows that a folder is as it was."""
    name = view.folder.name
    return glance_at(view.folder.parent, {name: view.marks}) == {name}


class Glancer:
    """A view of a folder that waits, looked at twice, so that a glance is certain."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.view = FolderView(folder, "manifest.json", tuple, clock=self.clock)
        assert self.lacking()
        self.clock.now += LATER
        assert self.lacking()
        assert has_nothing_new(self.view)

    def lacking(self) -> tuple[str, ...]:
        """What a look finds lacking."""
        sighting = self.view.look()
        return sighting.lacking if sighting else ("a folder",)


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    """A complete story."""
    return story(tmp_path / "fox")


def add_a_page_below(folder: Path) -> None:
    manifest = read_manifest(folder)
    (folder / "pages/more").mkdir(parents=True)
    manifest["pages"].append({"image": "pages/more/04.png", "duration": 1})
    write_manifest(folder, manifest)


def move_the_last_file(folder: Path) -> Callable[[], object]:
    shutil.move(folder / "03.wav", folder.parent / "03.wav")
    return lambda: shutil.move(folder.parent / "03.wav", folder / "03.wav")


def move_the_manifest(folder: Path) -> Callable[[], object]:
    shutil.move(folder / "manifest.json", folder.parent / "manifest.json")
    return lambda: shutil.move(folder.parent / "manifest.json", folder / "manifest.json")


def name_it_temporarily(folder: Path) -> Callable[[], object]:
    (folder / "01.png").rename(folder / "01.png.part")
    return lambda: (folder / "01.png.part").rename(folder / "01.png")


def tear_the_manifest(folder: Path) -> Callable[[], object]:
    whole = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(whole[:-5])

    def mend() -> None:  # in the same file, to the same length as before or another
        (folder / "manifest.json").write_text(whole)

    return mend


def lack_a_page_below(folder: Path) -> Callable[[], object]:
    add_a_page_below(folder)
    return lambda: shutil.copy(folder / "01.png", folder / "pages/more/04.png")


def declare_a_page_less(folder: Path) -> Callable[[], object]:
    manifest = read_manifest(folder)
    (folder / "03.wav").unlink()
    manifest["pages"].pop()
    text = json.dumps(manifest)

    def rewrite_in_place() -> None:
        with (folder / "manifest.json").open("r+") as file:
            file.write(text)
            file.truncate()

    return rewrite_in_place


WAYS = [
    move_the_last_file,
    move_the_manifest,
    name_it_temporarily,
    tear_the_manifest,
    lack_a_page_below,
    declare_a_page_less,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_glance_shows_whatever_completes_a_folder(
    fox: Path, way: Callable[[Path], Callable[[], object]]
) -> None:
    complete = way(fox)
    glancer = Glancer(fox)
    complete()
    assert not has_nothing_new(glancer.view)
    assert glancer.lacking() == ()


def test_a_file_that_must_still_grow_needs_a_look_each_time(fox: Path) -> None:
    manifest = read_manifest(fox)
    size = (fox / "01.png").stat().st_size
    write_manifest(fox, manifest | {"files": {"01.png": {"size": size + 1}}})
    clock = Clock()
    view = FolderView(fox, "manifest.json", tuple, clock=clock)
    for _ in range(3):
        assert view.look()
        clock.now += LATER
        assert not has_nothing_new(view)


def test_a_glance_counts_only_when_the_folder_has_looked_like_that_for_a_while(fox: Path) -> None:
    """Two changes in one step of the filesystem's clock leave the same time."""
    (fox / "03.wav").unlink()
    clock = Clock()
    view = FolderView(fox, "manifest.json", tuple, clock=clock)
    assert not has_nothing_new(view)
    view.look()
    assert not has_nothing_new(view)
    clock.now += UNCERTAIN_SECONDS
    view.look()
    assert not has_nothing_new(view)
    clock.now += 0.1
    view.look()
    assert has_nothing_new(view)


def test_a_folder_that_is_gone_or_another_one_has_something_new(fox: Path) -> None:
    (fox / "03.wav").unlink()
    glancer = Glancer(fox)
    fox.rename(fox.with_name("away"))
    assert not has_nothing_new(glancer.view)
    shutil.copytree(fox.with_name("away"), fox)
    facts = fox.with_name("away").stat()
    os.utime(fox, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert not has_nothing_new(glancer.view)


def test_a_filesystem_is_tried_before_glances_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shows_new_names(tmp_path)
    assert names(tmp_path) == []
    monkeypatch.setattr(os, "utime", lambda *_: None)
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda fd: Mock(wraps=real(fd), st_mtime_ns=0))
    assert not shows_new_names(tmp_path)
    assert names(tmp_path) == []


def test_what_a_run_that_was_cut_off_has_left_is_removed(tmp_path: Path) -> None:
    """N19"""
    (tmp_path / ".storyreel-glance").mkdir()
    (tmp_path / ".storyreel-glance/new").touch()
    assert shows_new_names(tmp_path)
    assert names(tmp_path) == []


def test_a_link_in_the_place_of_the_trial_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "elsewhere").mkdir()
    os.utime(tmp_path / "elsewhere", (7, 7))
    (tmp_path / "inbox/.storyreel-glance").symlink_to(tmp_path / "elsewhere")
    assert not shows_new_names(tmp_path / "inbox")
    assert (tmp_path / "elsewhere").stat().st_mtime == 7


def test_where_nothing_can_be_tried_no_glance_is_trusted(open_root: Path) -> None:
    def body() -> str:
        open_root.chmod(0o555)
        return str(shows_new_names(open_root))

    assert in_child(unprivileged(body)).said == "False"

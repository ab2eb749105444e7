"""The right to move folders of other owners, by the group or the owner, never for everybody."""

import os
from pathlib import Path

import pytest

from daemon.spool.durable import rename
from daemon.spool.grants import grant
from tests.helpers.children import NOBODY, in_child, unprivileged


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


def test_a_folder_of_one_s_own_gets_its_owner_s_rights_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "the-fox"
    folder.mkdir()
    folder.chmod(0o555)
    assert grant(folder)
    assert mode(folder) == 0o755


def test_a_folder_of_others_is_left_as_it_is_without_the_right_to_change_it(
    open_root: Path,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make a folder of another user")
    folder = open_root / "the-fox"
    folder.mkdir()
    folder.chmod(0o755)
    for group in (0, NOBODY):
        os.chown(folder, 0, group)
        assert in_child(unprivileged(lambda: str(grant(folder)))).said == "False"
        assert mode(folder) == 0o755


def test_nothing_but_a_folder_is_changed_and_no_link_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(0o555)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch(0o400)
    os.mkfifo(tmp_path / "pipe", 0o400)
    for name in ("link", "file", "pipe", "nothing"):
        assert not grant(tmp_path / name)
    assert mode(folder) == 0o555


def test_a_rename_asks_for_the_right_only_when_it_is_refused(open_root: Path) -> None:
    def body() -> str:
        for bits in (0o755, 0o555):
            folder = open_root / f"{bits:o}"
            folder.mkdir()
            folder.chmod(bits)
            (open_root / "work").mkdir(exist_ok=True)
            rename(folder, open_root / "work" / folder.name)
        return " ".join(f"{mode(open_root / 'work' / name):o}" for name in ("755", "555"))

    assert in_child(unprivileged(body)).said == "755 755"

"""Copies of stories that may not be moved: files as they are, and stand-ins for the rest."""

import os
import stat
from pathlib import Path

import pytest

from daemon.config import Settings
from daemon.errors import StoryError
from daemon.service.originals import files_in
from daemon.spool.copies import copy_story
from daemon.story.intake import intake
from daemon.story.untrusted import MIB, UntrustedFolder
from tests.helpers.children import in_child, unprivileged
from tests.helpers.stories import story, write_manifest


def copied(folder: Path, target: Path, limit: int = MIB) -> Path:
    """A copy of all files of a folder."""
    with UntrustedFolder(folder, limit, budget=4 * limit) as opened:
        copy_story(opened, files_in(folder, ()), target)
    return target


def test_a_copy_has_the_same_files_also_below(tmp_path: Path) -> None:
    folder = story(tmp_path / "the-fox")
    (folder / "pages").mkdir()
    (folder / "pages" / "extra.txt").write_text("more")
    (folder / "empty.txt").touch()
    target = copied(folder, tmp_path / "copy")
    found = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    assert found == {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for name in found:
        assert (target / name).read_bytes() == (folder / name).read_bytes()


def test_a_copy_leads_nowhere_and_takes_no_room_for_what_is_too_large(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("private")
    folder = tmp_path / "the-fox"
    folder.mkdir()
    (folder / "link.png").symlink_to(outside)
    os.mkfifo(folder / "pipe.wav")
    with (folder / "giant.png").open("wb") as file:
        file.truncate(2**40)
    target = copied(folder, tmp_path / "copy")
    assert not (target / "link.png").exists()
    assert stat.S_ISFIFO((target / "pipe.wav").stat().st_mode)
    assert (target / "giant.png").stat().st_size == 2**40
    assert (target / "giant.png").stat().st_blocks == 0


def test_intake_says_of_a_copy_what_it_says_of_the_original(
    tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "the-fox"
    folder.mkdir()
    (folder / "link.png").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.png")
    (folder / "empty.png").touch()
    with (folder / "giant.png").open("wb") as file:
        file.truncate(settings.limits.file_mib * MIB + 1)
    images = ["link.png", "pipe.png", "empty.png", "giant.png", "missing.png"]
    pages = [{"image": image, "duration": 1} for image in images]
    write_manifest(folder, {"title": "A", "pages": pages, "music": False})
    target = copied(folder, tmp_path / "copy", limit=settings.limits.file_mib * MIB)

    def said(of: Path) -> list[str]:
        with pytest.raises(StoryError) as raised:
            intake(of, Path(os.path.realpath(scratch)), "the-fox", settings)
        return [str(problem) for problem in raised.value.problems]

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    scratch = tmp_path / "one"
    of_the_original = said(folder)
    scratch = tmp_path / "two"
    assert said(target) == of_the_original
    assert len(of_the_original) == len(images)


def test_a_file_that_may_not_be_read_is_still_refused_for_that(open_root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make a file of another user")
    folder = open_root / "the-fox"
    folder.mkdir()
    (folder / "01.png").write_text("private")
    (folder / "01.png").chmod(0o600)

    def body() -> str:
        target = copied(folder, open_root / "copy")
        assert (target / "01.png").stat().st_mode & 0o777 == 0
        assert not os.access(target / "01.png", os.R_OK)
        return "copied"

    assert in_child(unprivileged(body)).said == "copied"

"""`storyreel drop`: a checked copy in the inbox, or nothing."""

import contextlib
import errno
import io
import multiprocessing.popen_fork  # noqa: F401 - nobody may not read it where root's Python is
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
import typer

from daemon.cli.console import TRY_AGAIN, USAGE
from daemon.cli.drop import copy_into, drop_folder
from daemon.config import Settings
from daemon.story.intake import inspect
from tests.helpers.children import in_child, unprivileged
from tests.helpers.folders import names
from tests.helpers.processes import storyreel
from tests.helpers.stories import story


def test_the_whole_story_is_copied_into_the_inbox(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.2,))
    inbox = tmp_path / "root/inbox"
    inbox.mkdir(parents=True)
    done = storyreel("drop", str(folder), "--root", str(tmp_path / "root"))
    assert done.returncode == 0
    assert f"dropped as {inbox}/fox" in done.stdout
    assert names(inbox) == ["fox"]
    assert names(inbox / "fox") == names(folder)
    assert (inbox / "fox").stat().st_mode & 0o770 == 0o770


def test_a_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    """M10: the folder may come from a stranger."""
    (tmp_path / "root/inbox").mkdir(parents=True)
    folder = story(tmp_path / "fox\x1b[31m\u202e", (0.2,))
    done = storyreel("drop", str(folder), "--root", str(tmp_path / "root"))
    assert done.stdout.splitlines() == [
        "fox\\x1b[31m\\u202e: fine, 1 page, 0:00.7",
        f"dropped as {tmp_path}/root/inbox/fox\\x1b[31m\\u202e",
    ]


def test_a_name_that_is_taken_in_the_inbox_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "root/inbox/fox").mkdir(parents=True)
    done = storyreel("drop", str(story(tmp_path / "fox", (0.2,))), "--root", str(tmp_path / "root"))
    assert done.stdout.endswith("/inbox/fox-2\n")


def test_all_of_it_is_on_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M11: "dropped" is said of files that survive a loss of power."""
    folder = story(tmp_path / "fox", (0.2,))
    (folder / "pages").mkdir()
    (folder / "pages/extra.txt").write_text("x")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    synced = set()
    fsync = os.fsync
    rename = Path.rename
    checked = []

    def sync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def check_then_rename(path: Path, target: Path) -> Path:
        assert path.parent == inbox
        assert path.name.startswith(".")
        assert {place.stat().st_ino for place in [path, *path.rglob("*")]} <= synced
        checked.append(path)
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", check_then_rename)
    dropped = copy_into(inbox, folder)
    assert len(checked) == 1
    assert inbox.stat().st_ino in synced
    assert {path.relative_to(dropped): path.read_bytes() for path in files_in(dropped)} == {
        path.relative_to(folder): path.read_bytes() for path in files_in(folder)
    }


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_service_can_read_and_move_what_was_dropped(tmp_path: Path) -> None:
    """M11: the service may be another user of the group. No file can be executed."""
    folder = story(tmp_path / "fox", (0.2,))
    (folder / "pages").mkdir(mode=0o700)
    (folder / "01.png").chmod(0o600)
    (folder / "01.wav").chmod(0o755)
    folder.chmod(0o755)
    (tmp_path / "inbox").mkdir()
    dropped = copy_into(tmp_path / "inbox", folder)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [dropped, *dropped.iterdir()]}
    assert modes["fox"] & 0o777 == 0o775
    assert modes["pages"] & 0o777 == 0o770
    assert modes["01.png"] == 0o660
    assert modes["01.wav"] == 0o664


def test_what_is_dropped_belongs_to_the_inbox_s_group(tmp_path: Path) -> None:
    """M11: also in folders inside of it, and new files in them too."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    inbox.chmod(0o2775)
    folder = story(tmp_path / "fox", (0.2,))
    (folder / "pages").mkdir()
    dropped = copy_into(inbox, folder)
    assert dropped.stat().st_mode & stat.S_ISGID
    assert (dropped / "pages").stat().st_mode & stat.S_ISGID


def test_a_share_that_permits_no_modes_gets_the_story_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = story(tmp_path / "fox", (0.2,))
    (tmp_path / "inbox").mkdir()

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    assert names(copy_into(tmp_path / "inbox", folder)) == names(folder)


def test_links_stay_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.2,))
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder-link").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    (tmp_path / "inbox").mkdir()
    dropped = copy_into(tmp_path / "inbox", folder)
    assert (dropped / "link").readlink() == Path("/etc/passwd")
    assert (dropped / "folder-link").is_symlink()
    assert not (dropped / "pipe").exists()


def test_a_full_disk_leaves_nothing_in_the_inbox_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "root/inbox").mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", full_disk)
    code = drop_folder(story(tmp_path / "fox", (0.2,)), None, tmp_path / "root")
    assert code == TRY_AGAIN
    assert "Nothing was dropped: No space left on device." in capsys.readouterr().err
    assert names(tmp_path / "root/inbox") == []


def full_disk(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_without_the_right_to_write_into_the_inbox_it_says_what_would_help(
    tmp_path: Path, settings: Settings
) -> None:
    """L1: a remedy, and no traceback."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    folder = story(tmp_path / "fox", (0.2,))
    inspect(folder, "fox", settings)  # imports what nobody may not read where root's Python is
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        (root / "inbox").mkdir(mode=0o755)
        shutil.copytree(folder, root / "fox")
        ended = in_child(unprivileged(lambda: drop_as_user(root)))
    assert (ended.signal, ended.code) == (0, 0), ended.said
    assert "/inbox/.drop-" in ended.said
    assert "become a member of its group" in ended.said
    assert "Traceback" not in ended.said


def drop_as_user(root: Path) -> str:
    os.chdir(root)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.raises(typer.Exit) as ended:
        drop_folder(root / "fox", None, root)
    assert ended.value.exit_code == USAGE
    return said.getvalue()


def test_a_story_with_faults_is_not_dropped(tmp_path: Path) -> None:
    inbox = tmp_path / "root/inbox"
    inbox.mkdir(parents=True)
    folder = story(tmp_path / "fox", (0.2,), unknown=1)
    done = storyreel("drop", str(folder), "--root", str(tmp_path / "root"))
    assert done.returncode == 1
    assert "Nothing was dropped." in done.stderr
    assert list(inbox.iterdir()) == []


def test_without_an_inbox_it_says_how_to_get_one(tmp_path: Path) -> None:
    done = storyreel("drop", str(story(tmp_path / "fox", (0.2,))), "--root", str(tmp_path / "root"))
    assert done.returncode == 78
    assert "There is no inbox" in done.stderr

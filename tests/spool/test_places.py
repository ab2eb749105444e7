"""Opening the spool: its folders are made, and tried, before a story depends on them."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.config import Folders
from daemon.errors import SpoolError
from daemon.spool import Spool
from tests.helpers.children import in_child, unprivileged
from tests.helpers.folders import names
from tests.spool.stories import error_of_opening, folders_in

PLACES = ["inbox", "work", "outbox", "done", "failed"]


@pytest.mark.parametrize("place", PLACES)
def test_a_file_in_the_place_of_a_folder_is_reported(folders: Folders, place: str) -> None:
    folders.root.mkdir()
    getattr(folders, place).write_text("")
    with pytest.raises(SpoolError, match=place):
        Spool(folders).open()


def test_only_the_outbox_may_be_on_another_filesystem(folders: Folders, elsewhere: Path) -> None:
    Spool(folders.model_copy(update={"outbox": elsewhere / "outbox"})).open().close()
    for place in ("inbox", "work", "done", "failed"):
        with pytest.raises(SpoolError, match="one filesystem"):
            Spool(folders.model_copy(update={place: elsewhere / place})).open()


@pytest.mark.parametrize("place", PLACES)
def test_a_folder_that_this_user_may_not_write_to_is_reported(open_root: Path, place: str) -> None:
    folders = folders_in(open_root / "root")

    def body() -> str:
        Spool(folders).open().close()
        getattr(folders, place).chmod(0o555)
        return error_of_opening(folders)

    ended = in_child(unprivileged(body))
    assert f"{getattr(folders, place)}: not writable" in ended.said


@pytest.mark.parametrize("place", ["inbox", "done", "failed"])
def test_another_mount_of_the_same_filesystem_is_refused_before_a_story_gets_stuck(
    tmp_path: Path, place: str
) -> None:
    """M3: the numbers of both are the same, and nothing can be moved between them."""
    root = tmp_path / "root"
    (root / place).mkdir(parents=True)
    bind = f"mount --bind {root / place} {root / place} && exec {sys.executable} -m daemon run"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{bind} --once --root {root}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no private mounts here: {done.stderr}")
    assert done.returncode == 78
    assert "another mount" in done.stderr


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.EROFS])
def test_an_error_that_may_pass_says_so_by_its_cause(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """M7: such an error must not count as a wrong setting, which ends the service."""

    def fail(**_: object) -> str:
        raise OSError(code, "the disk's own words")

    monkeypatch.setattr("daemon.spool.places.tempfile.mkdtemp", fail)
    with pytest.raises(SpoolError, match="the disk's own words") as raised:
        Spool(folders).open()
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == code
    assert not Spool(folders).is_locked()


def test_a_full_disk_is_no_obstacle_to_a_start(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    Spool(folders).open().close()

    def fail(**_: object) -> str:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("daemon.spool.places.tempfile.mkdtemp", fail)
    Spool(folders).open().close()


def test_what_a_cut_off_start_has_left_is_removed(folders: Folders) -> None:
    Spool(folders).open().close()
    (folders.inbox / ".storyreel-probe-abc").mkdir()
    Spool(folders).open().close()
    assert names(folders.inbox) == []

"""Opening the spool: its folders are made and checked, and one service at a time uses them."""

import ctypes
import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from daemon.config import Folders
from daemon.errors import AlreadyRunning, SpoolError
from daemon.spool import Spool
from daemon.spool.one_filesystem import PROBE
from tests.helpers.children import die_before, in_child, unprivileged
from tests.spool.stories import folders_in

PLACES = ["inbox", "work", "outbox", "done", "failed"]
CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
"""Of unshare(2) and mount(2)."""
NO_MOUNT = "cannot mount here:"

# ---- the lock -----------------------------------------------------------------------------------


def test_a_second_service_on_the_same_folders_is_refused(opened: Spool) -> None:
    with pytest.raises(AlreadyRunning, match=str(opened.folders.root)):
        Spool(opened.folders).open()
    assert opened.is_locked()


def test_the_lock_ends_with_close_and_with_the_process(folders: Folders) -> None:
    Spool(folders).open().close()
    assert not Spool(folders).is_locked()

    def body() -> None:
        Spool(folders).open()
        die_before(1)
        (folders.work / "x").mkdir()

    assert in_child(body).was_killed
    assert not Spool(folders).is_locked()
    Spool(folders).open().close()


def test_nothing_is_locked_where_no_service_has_ever_run(folders: Folders) -> None:
    assert not Spool(folders).is_locked()
    assert Spool(folders).jobs() == []
    assert not folders.root.exists()


def test_a_look_at_the_lock_does_not_keep_the_service_from_starting(folders: Folders) -> None:
    """`status` holds the lock for an instant, so the service tries for a while."""
    Spool(folders).open().close()
    descriptor = os.open(folders.work / ".lock", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    timer = threading.Timer(0.1, os.close, (descriptor,))
    timer.start()
    Spool(folders).open().close()
    timer.join()


def test_a_lock_file_of_another_user_is_reported(open_root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make a file of another user")
    folders = folders_in(open_root / "root")
    assert in_child(unprivileged(lambda: Spool(folders).open().close())).code == 0
    # As after `sudo storyreel run` in folders of the service's user.
    os.chown(folders.work / ".lock", 0, 0)

    ended = in_child(unprivileged(lambda: error_of_opening(folders)))
    assert ended.code == 0, ended.said
    assert ".lock" in ended.said


def error_of_opening(folders: Folders) -> str:
    try:
        Spool(folders).open()
    except SpoolError as error:
        return str(error)
    return "opened"


# ---- the folders --------------------------------------------------------------------------------


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


# ---- moves between the folders ------------------------------------------------------------------


def bind(folder: Path) -> int:
    """Bind a folder to itself, in a mount namespace of this process alone (mount(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    path = os.fsencode(folder)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        return ctypes.get_errno()
    return ctypes.get_errno() if libc.mount(path, path, None, MS_BIND, None) else 0


@pytest.mark.parametrize("place", ["inbox", "work", "done", "failed"])
def test_a_folder_that_is_a_mount_of_its_own_is_reported(folders: Folders, place: str) -> None:
    """M3: bind mounts and volumes have equal device numbers; then nothing could be claimed."""
    Spool(folders).open().close()

    def body() -> str:
        if error := bind(getattr(folders, place)):
            return f"{NO_MOUNT} {os.strerror(error)}"
        return error_of_opening(folders)

    ended = in_child(body)
    if ended.said.startswith(NO_MOUNT):
        pytest.skip(ended.said)
    assert ended.code == 0, ended.said
    assert "separate mounts" in ended.said
    assert str(getattr(folders, place)) in ended.said
    assert not Spool(folders).is_locked()
    assert probes(folders) == []


def probes(folders: Folders) -> list[Path]:
    return [*folders.root.rglob(PROBE)]


def test_a_check_that_was_cut_off_leaves_nothing_behind(folders: Folders) -> None:
    """M3: a crash in the middle of it must not keep the next start from checking."""
    Spool(folders).open().close()
    for place in PLACES[:1] + PLACES[3:]:
        (getattr(folders, place) / PROBE).mkdir()
    Spool(folders).open().close()
    assert probes(folders) == []


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails_during_the_check_does_not_keep_the_service_from_starting(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """M3 and H2: a full disk says nothing of the mounts, and it passes."""

    def rename(path: Path, target: Path) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(Path, "rename", rename)
    Spool(folders).open().close()
    assert probes(folders) == []

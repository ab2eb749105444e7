"""Opening the spool: one service at a time uses its folders."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from daemon.config import Folders
from daemon.errors import AlreadyRunning
from daemon.spool import Spool
from tests.helpers.children import die_before, in_child, unprivileged
from tests.spool.stories import error_of_opening, folders_in

PLACES = ["inbox", "work", "outbox", "done", "failed"]

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

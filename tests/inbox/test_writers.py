"""Files that somebody has open for writing, told by the kernel."""

import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from daemon.inbox.entries import entries_of
from daemon.inbox.writers import files_being_written
from tests.helpers.children import in_child, unprivileged


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    """A folder with two files, one of them below."""
    (tmp_path / "fox/pages").mkdir(parents=True)
    (tmp_path / "fox/manifest.json").write_text("{}")
    (tmp_path / "fox/pages/01.png").write_text("a picture")
    return tmp_path / "fox"


def written(folder: Path) -> list[str]:
    return files_being_written(folder, entries_of(folder))


@pytest.mark.parametrize("how", [os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND])
def test_a_file_is_being_written_until_it_is_closed(fox: Path, how: int) -> None:
    assert written(fox) == []
    descriptor = os.open(fox / "pages/01.png", how)
    assert written(fox) == ["pages/01.png"]
    os.close(descriptor)
    assert written(fox) == []


def test_a_reader_is_no_writer(fox: Path) -> None:
    with (fox / "pages/01.png").open("rb"):
        assert written(fox) == []


def test_another_process_that_writes_is_seen(fox: Path) -> None:
    descriptor = os.open(fox / "manifest.json", os.O_WRONLY)
    assert in_child(lambda: " ".join(written(fox))).said == "manifest.json"
    os.close(descriptor)


def test_links_pipes_and_what_is_gone_are_not_opened(fox: Path) -> None:
    os.mkfifo(fox / "pipe.wav")
    (fox / "link.png").symlink_to("pages/01.png")
    entries = entries_of(fox)
    (fox / "manifest.json").unlink()
    with (fox / "pages/01.png").open("ab"):
        assert files_being_written(fox, entries) == ["pages/01.png"]


def test_where_the_kernel_may_not_say_nobody_writes(open_root: Path) -> None:
    """A lease on another owner's file needs a capability."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make a file of another user")
    (open_root / "01.png").write_text("root's")
    (open_root / "01.png").chmod(0o644)
    with (open_root / "01.png").open("ab"):
        assert in_child(unprivileged(lambda: f"{written(open_root)}")).said == "[]"


def test_a_writer_that_comes_at_the_instant_of_the_lease_ends_nobody(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a file that has a lease sends a signal to who holds it, which ends a process."""
    real = fcntl.fcntl

    def open_for_writing() -> None:
        with (fox / "manifest.json").open("ab"):
            pass

    def fcntl_and_then_a_writer_comes(descriptor: int, command: int, argument: int) -> int:
        result = real(descriptor, command, argument)
        if (command, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
            threading.Thread(target=open_for_writing).start()
            time.sleep(0.1)  # it opens, the kernel sends its signal, and the writer waits
        return int(result)

    def body() -> str:
        monkeypatch.setattr(fcntl, "fcntl", fcntl_and_then_a_writer_comes)
        return f"{written(fox)}"

    ended = in_child(body)
    assert (ended.signal, ended.said) == (0, "[]")

"""Writes and moves that survive a loss of power, and names that overwrite nothing."""

import errno
import os
import signal
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import strategies as st

from daemon.spool import durable
from tests.helpers.children import die_before, in_child

NAMES = (
    st.binary(min_size=1, max_size=255)
    .map(os.fsdecode)
    .filter(lambda name: name not in (".", "..") and not {"/", "\0"} & {*name})
)


@pytest.mark.parametrize("before", [None, "old"])
def test_a_write_that_is_cut_off_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, before: str | None
) -> None:
    path = tmp_path / "record.json"

    def body(change: int) -> None:
        die_before(change, tmp_path)
        durable.write_file(path, "new")

    seen = set()
    for change in count(1):
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_text(before)
        was_killed = in_child(partial(body, change)).was_killed
        seen.add(path.read_text() if path.exists() else None)
        if not was_killed:
            break
    assert seen == {before, "new"}
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_a_write_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    path = tmp_path / "record.json"
    outside.write_text("private")
    path.symlink_to(outside)
    durable.write_file(path, "new")
    assert outside.read_text() == "private"
    assert (path.read_text(), path.is_symlink()) == ("new", False)


def test_a_folder_moves_under_the_first_free_name(tmp_path: Path) -> None:
    done = tmp_path / "done"
    (done / "fox").mkdir(parents=True)
    for expected in ("fox-2", "fox-3"):
        source = tmp_path / "source"
        source.mkdir()
        (source / "page").write_text("words")
        assert durable.move_folder(source, done, "fox") == done / expected
        assert not source.exists()
        assert (done / expected / "page").read_text() == "words"
    assert [*(done / "fox").iterdir()] == []


@pytest.mark.parametrize("kind", ["nothing", "file"])
def test_only_a_folder_is_moved(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind == "file":
        source.touch()
    assert durable.move_folder(source, tmp_path, "fox") is None
    assert not (tmp_path / "fox").exists()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_name_that_is_taken_at_the_last_instant_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The race is scripted: names are given out as if they had been free a moment ago."""
    source = tmp_path / "source"
    taken = tmp_path / "fox"
    source.mkdir()
    if kind == "folder":
        (taken / "theirs").mkdir(parents=True)
    else:
        taken.write_text("theirs")

    def names(parent: Path, name: str) -> Iterator[str]:
        yield from (name, f"{name}-2")

    monkeypatch.setattr(durable, "free_names", names)
    assert durable.move_folder(source, tmp_path, "fox") == tmp_path / "fox-2"
    if kind == "folder":
        assert (taken / "theirs").is_dir()
    else:
        assert taken.read_text() == "theirs"


def test_a_move_that_is_impossible_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with pytest.raises(OSError, match="No such file") as caught:
        durable.move_folder(source, tmp_path / "gone", "fox")
    assert caught.value.errno == errno.ENOENT
    assert source.is_dir()


def test_a_move_syncs_both_folders_and_files_are_synced_with_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a record of the calls: only a real loss of power would show it on the disk."""
    synced: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    source = tmp_path / "work" / "source"
    done = tmp_path / "done"
    source.mkdir(parents=True)
    done.mkdir()
    (source / "page").touch()
    durable.sync_files(source)
    assert synced == [str(source / "page"), str(source)]
    synced.clear()
    durable.move_folder(source, done, "fox")
    assert {*synced} == {str(done), str(source.parent)}


def test_a_file_in_the_place_of_the_target_folder_is_an_error_not_an_endless_search(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    done = tmp_path / "done"
    done.touch()

    def body() -> str:
        signal.alarm(2)
        try:
            durable.move_folder(source, done, "fox")
        except OSError as error:
            return str(error.errno)
        return "moved"

    ended = in_child(body)
    assert (ended.signal, ended.said) == (0, str(errno.ENOTDIR))


def test_only_regular_files_are_synced_and_nothing_else_is_opened(tmp_path: Path) -> None:
    """M4 and L5: a folder was EISDIR, a pipe blocked, a link was followed."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    durable.sync_files(tmp_path)


@pytest.mark.parametrize("kind", ["file", "link", "folder", "pipe"])
def test_a_write_replaces_whatever_is_in_the_place_of_its_draft(tmp_path: Path, kind: str) -> None:
    draft = tmp_path / "record.json.new"
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    if kind == "file":
        draft.write_text("torn")
    elif kind == "link":
        draft.symlink_to(outside)
    elif kind == "folder":
        (draft / "below").mkdir(parents=True)
    else:
        os.mkfifo(draft)
    durable.write_file(tmp_path / "record.json", "new")
    assert (tmp_path / "record.json").read_text() == "new"
    assert outside.read_text() == "theirs"
    assert not os.path.lexists(draft)

"""The files of a folder, compactly: what is a change, and how much of a folder is looked at."""

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.inbox import entries as module
from daemon.inbox.entries import DEEPEST, Entries, Entry, changes, entries_of, fingerprint
from tests.helpers.pictures import picture
from tests.helpers.stories import story
from tests.inbox.sightings import ENTRY, entries

NUMBERS = st.integers(0, 2**70)
NAMES = st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(os.fsdecode)
FILES = st.lists(st.builds(Entry, NAMES, *[NUMBERS] * 5), unique_by=lambda entry: entry.name)


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    """A complete story of three pages."""
    return story(tmp_path / "fox")


# ---- compactly ----------------------------------------------------------------------------------


@given(FILES)
def test_what_is_packed_comes_out_again_by_name(files: list[Entry]) -> None:
    assert list(entries(*files)) == sorted(files, key=lambda entry: entry.name)


@given(FILES, FILES)
def test_entries_and_their_fingerprints_are_equal_when_all_files_are(
    one: list[Entry], other: list[Entry]
) -> None:
    is_equal = set(one) == set(other)
    assert (entries(*one) == entries(*other)) == is_equal
    assert (fingerprint(entries(*one)) == fingerprint(entries(*other))) == is_equal
    assert fingerprint(entries(*one)) == fingerprint(entries(*reversed(one)))
    assert hash(entries(*one)) == hash(entries(*reversed(one)))


def test_entries_are_no_tuple_and_show_their_names() -> None:
    assert entries(ENTRY) != (ENTRY,)
    assert repr(entries(ENTRY)) == "Entries of ['01.png']"
    assert list(Entries()) == []


def test_changes_name_each_file_and_what_about_it_differs(tmp_path: Path) -> None:
    for name in ("gone", "grown", "same"):
        (tmp_path / name).touch()
    before = entries_of(tmp_path)
    (tmp_path / "gone").unlink()
    (tmp_path / "new").touch()
    with (tmp_path / "grown").open("w") as file:
        file.write("x")
    os.utime(tmp_path / "grown", ns=(5, 5))
    assert changes(before, entries_of(tmp_path)) == [
        "gone: gone",
        "grown: size, mtime, ctime",
        "new: new",
    ]
    assert changes(before, before) == []


# ---- looking ------------------------------------------------------------------------------------


def test_litter_is_no_part_of_a_folder_and_its_changes_are_none(fox: Path) -> None:
    """N2: a NAS writes its thumbnails into a folder long after it was copied."""
    before = entries_of(fox)
    (fox / "@eaDir" / "01.png").mkdir(parents=True)
    (fox / "@eaDir" / "01.png" / "SYNOPHOTO_THUMB_M.jpg").touch()
    for name in (".DS_Store", "Thumbs.db", "._01.png"):
        (fox / name).touch()
    assert entries_of(fox) == before


def test_what_the_patterns_match_is_no_part_of_a_folder(fox: Path) -> None:
    before = entries_of(fox)
    (fox / "raw").mkdir()
    (fox / "raw" / "01.psd").touch()
    (fox / "01.bak").touch()
    assert entries_of(fox, ("*.bak", "raw")) == before
    assert entries_of(fox, ("*.bak",)) != before


def test_a_subfolder_that_vanishes_during_a_look_does_not_make_the_folder_vanish(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = entries_of(fox)
    (fox / "sub").mkdir()
    scandir = os.scandir

    def list_after_a_removal(folder: str) -> object:
        if folder == str(fox / "sub"):
            (fox / "sub").rmdir()
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", list_after_a_removal)  # the race at its worst instant
    assert entries_of(fox) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "new").touch(),
        lambda folder: (folder / "01.png").unlink(),
        lambda folder: (folder / "01.png").rename(folder / "1.png"),
        lambda folder: os.utime(folder / "01.png"),
        lambda folder: (folder / "01.png").write_bytes(b"x"),
        lambda folder: (folder / "01.png").chmod(0o600),
        lambda folder: picture(folder / "new.png").replace(folder / "01.png"),
        lambda folder: os.link(folder / "01.png", folder / "link.png"),
        lambda folder: os.utime(folder / "01.png", ns=(0, (folder / "01.png").stat().st_mtime_ns)),
    ],
)
def test_any_change_of_a_file_changes_the_entries(
    change: Callable[[Path], object], fox: Path
) -> None:
    before = entries_of(fox)
    change(fox)
    assert entries_of(fox) != before


def test_links_to_folders_are_entries_and_are_not_followed(fox: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret.png").touch()
    (fox / "sub").symlink_to(tmp_path / "secrets")
    (fox / "loop").symlink_to(fox)
    names = [entry.name for entry in entries_of(fox)]
    assert [name for name in names if "secret" in name or name.count("/")] == []
    assert {"sub", "loop"} <= set(names)


def test_files_below_the_deepest_level_are_not_seen(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*("d" * (DEEPEST + 1)))
    deep.mkdir(parents=True)
    (deep / "too-deep").touch()
    (deep.parent / "deep").touch()
    assert [Path(entry.name).name for entry in entries_of(tmp_path)] == ["deep"]


def test_of_a_folder_with_too_many_files_only_a_part_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)  # 20,000 files take a second to make
    for number in range(15):
        (tmp_path / str(number)).touch()
    assert len(list(entries_of(tmp_path))) == 10


def test_the_limit_of_entries_is_for_all_subfolders_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)  # 20,000 files take a second to make
    for number in range(5):
        (tmp_path / f"folder-{number}").mkdir()
        for other in range(5):
            (tmp_path / f"folder-{number}" / str(other)).touch()
    assert len(list(entries_of(tmp_path))) <= 10


def test_the_limit_of_entries_counts_empty_subfolders_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million of them would be walked through at every look, although none holds a file."""
    for number in range(50):
        (tmp_path / str(number)).mkdir()
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)  # 20,000 folders take seconds to make
    with monkeypatch.context() as patched:
        counting = Mock(wraps=os.scandir)  # how many were opened cannot be seen from outside
        patched.setattr(os, "scandir", counting)
        entries_of(tmp_path)
    assert counting.call_count <= 11

"""An untrusted folder: its files come out whole, and nothing from outside of it ever does."""

import contextlib
import errno
import hashlib
import itertools
import os
import socket
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import Refused, StoryError
from daemon.story.untrusted import (
    MIB,
    MISSING,
    MOST_COMPARED,
    NamesNearby,
    UntrustedFolder,
    add_or_rename,
)
from tests.helpers.children import ordinary_user
from tests.helpers.processes import open_files

SECRET = b"a secret outside of the folder"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_bytes(SECRET)
    source = tmp_path / "story"
    source.mkdir()
    return source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def copied(source: Path, name: str, target: Path) -> bytes:
    """The bytes that a copy of a file has."""
    with UntrustedFolder(source, MIB) as folder:
        folder.copy(name, target)
    return target.read_bytes()


def refusal(source: Path, name: str, target: Path, limit: int = MIB) -> Refused:
    """Why a file is not copied. Nothing of the secret must have been."""
    with UntrustedFolder(source, limit) as folder, pytest.raises(Refused) as caught:
        folder.copy(name, target)
    assert caught.value.mend.endswith(".")
    assert not target.exists() or SECRET not in target.read_bytes()
    return caught.value


@pytest.mark.parametrize(
    "name",
    ["01.png", "pages/01.png", "a/b/c/d/e/f/01.png", "eins zwei.png", "Müller.png", "日本\n.png"],
)
def test_a_file_comes_out_whole_with_its_size_and_hash(
    name: str, source: Path, target: Path
) -> None:
    data = bytes(range(256)) * 9000  # more than one block
    (source / name).parent.mkdir(parents=True, exist_ok=True)
    (source / name).write_bytes(data)
    with UntrustedFolder(source, 4 * MIB) as folder:
        made = folder.copy(name, target)
    assert target.read_bytes() == data
    assert (made.file, made.size) == (name, len(data))
    assert made.sha256 == hashlib.sha256(data).hexdigest()


def test_a_link_to_a_file_is_refused(source: Path, target: Path) -> None:
    (source / "01.png").symlink_to(source.parent / "secret.txt")
    assert refusal(source, "01.png", target).what == "a link"


def test_a_link_to_a_file_of_the_folder_is_refused_too(source: Path, target: Path) -> None:
    (source / "02.png").write_bytes(b"picture")
    (source / "01.png").symlink_to("02.png")
    assert refusal(source, "01.png", target).what == "a link"


def test_a_link_that_leads_nowhere_is_a_link(source: Path, target: Path) -> None:
    (source / "01.png").symlink_to("nowhere")
    assert refusal(source, "01.png", target).what == "a link"


def test_a_file_behind_a_linked_folder_is_refused(source: Path, target: Path) -> None:
    (source / "pages").symlink_to(source.parent / "elsewhere")
    assert "behind a link" in refusal(source, "pages/secret.txt", target).what


def test_a_file_below_a_file_is_refused(source: Path, target: Path) -> None:
    (source / "01.png").write_bytes(b"picture")
    assert "not a folder" in refusal(source, "01.png/02.png", target).what


def test_the_folder_itself_may_not_be_a_link(source: Path) -> None:
    (source.parent / "link").symlink_to(source)
    with pytest.raises(OSError, match="link") as caught:
        UntrustedFolder(source.parent / "link", MIB)
    assert caught.value.errno in (errno.ELOOP, errno.ENOTDIR)


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_without_waiting_for_a_writer(source: Path, target: Path) -> None:
    os.mkfifo(source / "01.png")
    assert refusal(source, "01.png", target).what == "not a regular file"


def test_a_socket_is_refused(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source)  # a socket's path may have 108 letters
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("01.png")
        assert refusal(source, "01.png", target).what == "not a regular file"


def test_a_device_is_refused(source: Path, target: Path) -> None:
    try:
        os.mknod(source / "01.png", 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero has no end
    except PermissionError:
        pytest.skip("only root may make devices, and not in every container")
    assert refusal(source, "01.png", target).what == "not a regular file"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("trick", ["link", "pipe"])
def test_a_file_swapped_between_stat_and_open_is_refused(
    trick: str, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test can be sure to win this race from outside, so the swap happens inside `stat`."""
    (source / "01.png").write_bytes(b"picture")
    stat_before = os.stat

    def stat_then_swap(*args: Any, **options: Any) -> os.stat_result:
        seen = stat_before(*args, **options)
        (source / "01.png").unlink()
        if trick == "link":
            (source / "01.png").symlink_to(source.parent / "secret.txt")
        else:
            os.mkfifo(source / "01.png")
        return seen

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat_then_swap)
        with UntrustedFolder(source, MIB) as folder, pytest.raises(Refused):
            folder.copy("01.png", target)
    assert not target.exists()


def test_a_folder_named_like_a_picture_is_refused(source: Path, target: Path) -> None:
    (source / "01.png").mkdir()
    assert refusal(source, "01.png", target).what == "a folder"


def test_an_empty_file_is_refused(source: Path, target: Path) -> None:
    (source / "01.png").touch()
    assert refusal(source, "01.png", target).what == "empty"


def test_the_limit_is_the_largest_size_that_passes(source: Path, target: Path) -> None:
    (source / "01.png").write_bytes(bytes(MIB))
    assert len(copied(source, "01.png", target)) == MIB
    (source / "02.png").write_bytes(bytes(MIB + 1))
    refused = refusal(source, "02.png", target.with_name("second"))
    assert refused.what == "larger than 1 MiB"
    assert "limits.file_mib" in refused.mend


def test_an_endless_file_costs_no_more_than_the_limit(source: Path, target: Path) -> None:
    with (source / "01.png").open("wb") as file:
        file.truncate(2**40)  # a terabyte of zeros
    refusal(source, "01.png", target)
    assert target.stat().st_size <= MIB


def test_all_files_together_have_a_limit_too(source: Path, target: Path) -> None:
    """M14: a thousand sparse files of 512 MiB cost nothing to make. Their copies do."""
    for name in ("01.png", "02.png", "03.png"):
        with (source / name).open("wb") as file:
            file.truncate(MIB)
    with UntrustedFolder(source, MIB, 2 * MIB) as folder:
        folder.copy("01.png", target)
        folder.hashed("02.png")
        with pytest.raises(StoryError, match="more than 2 MiB together") as caught:
            folder.copy("03.png", target.with_name("second"))
    assert "limits.story_mib" in str(caught.value)
    assert target.with_name("second").stat().st_size == 0


def test_an_unreadable_file_is_refused(source: Path, target: Path) -> None:
    (source / "01.png").write_bytes(b"picture")
    (source / "01.png").chmod(0)
    source.chmod(0o755)
    with (
        UntrustedFolder(source, MIB) as folder,
        ordinary_user(),
        pytest.raises(Refused) as caught,
    ):
        folder.copy("01.png", target)
    assert caught.value.what == "not readable for the service"
    assert "readable for everyone" in caught.value.mend


def test_an_error_of_the_disk_is_not_the_story_s_fault(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with UntrustedFolder(source, MIB) as folder, monkeypatch.context() as patched:
        patched.setattr(os, "stat", fail)
        with pytest.raises(OSError, match="Input/output error"):
            folder.copy("01.png", target)


def test_a_name_that_no_file_can_have_is_refused(source: Path, target: Path) -> None:
    assert "no possible name" in refusal(source, "n" * 300, target).what


@pytest.mark.parametrize(
    ("there", "named"),
    [
        ("01.PNG", "01.png"),
        ("02.MP3", "02.mp3"),  # the README's example
        ("Fox.png", "fox.png"),
        ("fox.png", "FOX.PNG"),
        ("page-01.png", "page_01.png"),
        ("fuchs.jpg", "fuchs.jpeg"),
    ],
)
def test_a_missing_file_is_answered_with_a_near_name_that_is_there(
    there: str, named: str, source: Path, target: Path
) -> None:
    (source / there).write_bytes(b"picture")
    refused = refusal(source, named, target)
    assert refused.what == MISSING
    assert f'there is "{there}"' in refused.mend


def test_a_missing_file_without_a_near_name_is_just_missing(source: Path, target: Path) -> None:
    (source / "harbour.ogg").write_bytes(b"sound")
    refused = refusal(source, "01.png", target)
    assert refused.what == MISSING
    assert "harbour" not in refused.mend


def remedy(named: str, there: Iterable[str]) -> str:
    """The remedy for a missing file, with these files in the folder."""
    return add_or_rename(NamesNearby(there).closest(named))


@pytest.mark.parametrize(
    ("there", "named"),
    [
        ("06.wav", "06.mp3"),
        ("6.mp3", "06.mp3"),
        ("06.png", "06"),
        ("06.png", "06.pgn"),
        ("Mu\u0308ller.png", "M\u00fcller.png"),
    ],
)
def test_another_ending_or_spelling_of_a_missing_file_is_near(there: str, named: str) -> None:
    assert f'there is "{there}"' in remedy(named, [there, "99.mp3", "99.png"])


@pytest.mark.parametrize(
    ("there", "named"),
    [
        (["03.mp3", "05.mp3", "07.mp3"], "06.mp3"),
        (["06.mp3", "06.txt"], "06.png"),
        (["06.png"], "06.mp3"),
        (["page-b.png"], "page-a.png"),
        ([], "06.png"),
    ],
)
def test_no_other_page_and_no_other_kind_is_near_a_missing_file(
    there: list[str], named: str
) -> None:
    assert remedy(named, there) == "Add it, or correct its name in the manifest."


def test_the_nearest_of_several_names_is_suggested() -> None:
    there = ["06.ogg", "06.MP3", "06b.mp3", "60.mp3"]
    assert 'there is "06.MP3"' in remedy("06.mp3", there)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("there", ["page-{:05}.png", "{}.jpg"])
def test_thousands_of_missing_files_are_answered_at_once(there: str) -> None:
    """Their names are not compared with each other's: 10,000 with 10,000 took many minutes."""
    nearby = NamesNearby([there.format(number) for number in range(10_000)])
    found = [nearby.closest(f"Page_{number}.PNG") for number in range(10_000)]
    if there.startswith("page"):
        assert found == [there.format(number) for number in range(10_000)]


@pytest.mark.timeout(20)
def test_names_without_numbers_are_compared_only_as_long_as_that_is_cheap() -> None:
    words = ["".join(letters) for letters in itertools.product("abcdef", repeat=5)]
    nearby = NamesNearby([f"{word}.png" for word in words])
    assert len(words) * 20 > MOST_COMPARED
    found = [nearby.closest(f"{word.upper()}.PNG") for word in words]
    assert found[0] == "aaaaa.png"
    assert found[-1] is None


def test_hidden_and_temporary_names_are_not_shown(source: Path) -> None:
    for name in (".hidden", "a.part", "b.png", "c.tmp"):
        (source / name).touch()
    with UntrustedFolder(source, MIB) as folder:
        assert folder.names() == ["b.png"]


def test_litter_and_names_that_match_a_pattern_are_not_shown(source: Path) -> None:
    for name in ("Thumbs.db", "b.png", "b.bak.png"):
        (source / name).touch()
    with UntrustedFolder(source, MIB, ignore=("*.bak.png",)) as folder:
        assert folder.names() == ["b.png"]


def test_swapping_the_open_folder_changes_nothing(source: Path, target: Path) -> None:
    """The folder is held open, so another one under its name is not read."""
    (source / "01.png").write_bytes(b"picture")
    with UntrustedFolder(source, MIB) as folder:
        source.rename(source.with_name("moved"))
        source.symlink_to(source.parent / "elsewhere")
        (source / "01.png").write_bytes(SECRET)
        folder.copy("01.png", target)
    assert target.read_bytes() == b"picture"


def test_a_copy_overwrites_nothing(source: Path, target: Path) -> None:
    (source / "01.png").write_bytes(b"picture")
    target.write_bytes(b"mine")
    with UntrustedFolder(source, MIB) as folder, pytest.raises(FileExistsError):
        folder.copy("01.png", target)
    assert target.read_bytes() == b"mine"


def test_a_name_is_there_even_if_its_file_cannot_be_used(source: Path) -> None:
    (source / "file").touch()
    (source / "link").symlink_to("nowhere")
    (source / "folder").mkdir()
    with UntrustedFolder(source, MIB) as folder:
        assert [folder.has(name) for name in ("file", "link", "folder")] == [True, True, True]
        assert [folder.has(name) for name in ("none", "none/file")] == [False, False]


def test_reading_a_file_stops_at_its_limit(source: Path) -> None:
    (source / "manifest.json").write_bytes(b"x" * 100)
    with UntrustedFolder(source, MIB) as folder:
        assert folder.read("manifest.json", 100) == b"x" * 100
        with pytest.raises(Refused, match="larger than 99 bytes"):
            folder.read("manifest.json", 99)


def test_no_descriptor_is_left_open(source: Path, target: Path) -> None:
    (source / "a").mkdir()
    (source / "a" / "01.png").write_bytes(b"picture")
    (source / "a" / "02.png").touch()
    before = open_files()
    for number in range(10):
        with UntrustedFolder(source, MIB) as folder:
            folder.copy("a/01.png", target.with_name(f"copy-{number}"))
            for name in ("a/02.png", "a/03.png", "a"):
                with pytest.raises(Refused):
                    folder.copy(name, target.with_name(f"{name.replace('/', '-')}-{number}"))
    assert open_files() == before


@given(
    name=st.lists(
        st.sampled_from(["loop", "file", "a", "none", "x" * 256]), min_size=1, max_size=6
    ).map("/".join)
)
def test_any_path_through_the_folder_ends_in_a_file_or_a_refusal(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path_factory.mktemp("story")
    (source / "a" / "a").mkdir(parents=True)
    (source / "a" / "file").write_bytes(b"inside")
    (source / "a" / "loop").symlink_to("..")
    (source / "loop").symlink_to("/")
    with contextlib.suppress(Refused):
        assert copied(source, name, source / "copy") == b"inside"

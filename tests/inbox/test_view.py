"""Looking into the inbox: what is there, what each folder lacks, and what no folder can do."""

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock, call

import pytest

from daemon.inbox import view as view_module
from daemon.inbox.readiness import ManifestState, Sighting
from daemon.inbox.view import (
    DEEPEST,
    FolderView,
    Listing,
    entries_of,
    list_inbox,
    look_at,
    sha256_of,
)
from daemon.story import manifest
from daemon.story.reading import read
from tests.helpers.folders import names
from tests.helpers.pictures import picture
from tests.helpers.stories import read_manifest, story, write_manifest


def view(folder: Path, *tracks: str) -> FolderView:
    """A view of a folder, where the music library has these tracks."""
    return FolderView(folder, "manifest.json", lambda: tracks)


def look(folder: Path, *tracks: str) -> Sighting:
    sighting = view(folder, *tracks).look()
    assert sighting is not None
    return sighting


def state_and_lacking(folder: Path, *tracks: str) -> tuple[ManifestState, tuple[str, ...]]:
    sighting = look(folder, *tracks)
    return sighting.manifest, sighting.lacking


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    """A complete story of three pages."""
    return story(tmp_path / "fox")


# ---- the inbox ----------------------------------------------------------------------------------


def test_folders_and_strays_are_listed_without_hidden_and_unfinished_ones(
    tmp_path: Path,
) -> None:
    for name in ("b", "a", ".hidden", "c.part", "d.tmp", ".x.AbC123"):
        (tmp_path / name).mkdir()
    for name in ("notes.txt", "video.mp4.part", ".DS_Store"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    assert list_inbox(tmp_path) == Listing(("a", "b"), ("link", "notes.txt", "pipe"))


def test_a_missing_inbox_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_inbox(tmp_path / "inbox")


def test_names_that_are_not_unicode_are_listed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"f\xfcchse")).mkdir()
    assert list_inbox(tmp_path).folders == ("f\udcfcchse",)


# ---- one folder ---------------------------------------------------------------------------------


def test_a_complete_story_is_sound_and_lacks_nothing(fox: Path) -> None:
    sighting = look(fox)
    assert (sighting.manifest, sighting.lacking) == (ManifestState.SOUND, ())
    assert [entry.name for entry in sighting.entries] == names(fox)


def test_a_folder_without_manifest_lacks_it_and_what_is_being_copied(tmp_path: Path) -> None:
    picture(tmp_path / "01.png")
    (tmp_path / "manifest.json.part").touch()
    assert state_and_lacking(tmp_path) == (
        ManifestState.ABSENT,
        ("manifest.json", "manifest.json.part"),
    )


@pytest.mark.parametrize("text", ["", '{"title": "half', "[" * 10_000])
def test_a_manifest_that_is_not_json_is_torn(text: str, fox: Path) -> None:
    write_manifest(fox, text)
    assert state_and_lacking(fox) == (ManifestState.TORN, ("the rest of manifest.json",))


@pytest.mark.parametrize(
    "content",
    [[], {"titel": "x"}, {"pages": [{"image": "../x.png", "duration": 1}]}, {"pages": []}],
)
def test_json_that_is_not_a_manifest_is_faulty_and_lacks_only_unfinished_copies(
    content: object, fox: Path
) -> None:
    write_manifest(fox, content)
    assert state_and_lacking(fox) == (ManifestState.FAULTY, ())
    (fox / "02.png.tmp").touch()
    (fox / "sub").mkdir()
    (fox / "sub" / ".01.png.AbC123").touch()
    lacking = ("02.png.tmp", "sub/.01.png.AbC123")
    assert state_and_lacking(fox) == (ManifestState.FAULTY, lacking)


def test_a_file_that_is_named_and_not_there_is_lacking(fox: Path) -> None:
    (fox / "02.png").unlink()
    (fox / "03.wav").unlink()
    assert state_and_lacking(fox) == (ManifestState.SOUND, ("02.png", "03.wav"))


@pytest.mark.parametrize("stem", [b"a\\b", b"a\xff"], ids=["backslash", "not UTF-8"])
def test_files_of_odd_names_do_not_break_the_look_at_the_inbox(stem: bytes, fox: Path) -> None:
    (fox / os.fsdecode(stem + b".png")).touch()
    (fox / os.fsdecode(stem + b".wav")).touch()
    write_manifest(fox, {"music": False})
    assert view(fox).look() is not None


def test_a_file_in_a_subfolder_is_found(fox: Path) -> None:
    (fox / "pictures").mkdir()
    (fox / "01.png").rename(fox / "pictures" / "01.png")
    assert look(fox).lacking == ("01.png",)
    pages = read_manifest(fox)["pages"]
    write_manifest(fox, {"pages": [pages[0] | {"image": "./pictures/01.png"}], "music": False})
    assert look(fox).lacking == ()


def test_a_folder_in_the_place_of_a_file_is_not_that_file(fox: Path) -> None:
    (fox / "01.png").unlink()
    (fox / "01.png").mkdir()
    assert look(fox).lacking == ("01.png",)


@pytest.mark.parametrize(
    "name",
    ["04.png.part", "sub/04.png.part", ".04.png.AbC123", "sub/.04.png.AbC123", ".syncthing.04.png"],
)
def test_an_unfinished_copy_anywhere_in_a_sound_folder_is_waited_for(name: str, fox: Path) -> None:
    (fox / name).parent.mkdir(exist_ok=True)
    (fox / name).touch()
    assert state_and_lacking(fox) == (ManifestState.SOUND, (name,))


def test_the_files_that_paired_names_still_lack_are_waited_for(tmp_path: Path) -> None:
    folder = story(tmp_path / "pairs")
    write_manifest(folder, {})
    assert state_and_lacking(folder) == (ManifestState.SOUND, ())
    (folder / "02.wav").unlink()
    sighting = look(folder)
    assert sighting.manifest is ManifestState.SOUND
    assert len(sighting.lacking) == 1


def test_a_manifest_alone_waits_for_its_pages(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"title": "All on its way"})
    assert state_and_lacking(tmp_path) == (ManifestState.SOUND, ("no pages",))


@pytest.mark.parametrize(
    ("music", "tracks", "lacking"),
    [
        ("song.mp3", (), ("song.mp3",)),
        ("song.mp3", ("song.mp3",), ()),
        ("calm/harbour.ogg", ("calm/harbour.ogg",), ()),
        ({"mood": "calm"}, (), ()),
        (False, (), ()),
        (None, (), ()),
    ],
)
def test_a_track_is_waited_for_unless_the_library_has_it(
    music: object, tracks: tuple[str, ...], lacking: tuple[str, ...], tmp_path: Path
) -> None:
    folder = story(tmp_path / "fox", music=music)
    assert look(folder, *tracks).lacking == lacking


def test_a_declared_size_is_waited_for(fox: Path) -> None:
    content = read_manifest(fox)
    size = (fox / "01.png").stat().st_size
    files = {"01.png": {"size": size + 1}, "notes.txt": {"size": 1}}
    write_manifest(fox, content | {"files": files})
    assert look(fox).lacking == (f"01.png ({size} of {size + 1} bytes)", "notes.txt")
    write_manifest(fox, content | {"files": {"01.png": {"size": size}}})
    assert look(fox).lacking == ()


def test_a_declared_hash_is_waited_for_in_capitals_too(fox: Path) -> None:
    content = read_manifest(fox)
    digest = hashlib.sha256((fox / "01.png").read_bytes()).hexdigest()
    for declared in (digest, digest.upper()):
        write_manifest(fox, content | {"files": {"01.png": {"sha256": declared}}})
        assert look(fox).lacking == ()
    fox_view = view(fox)
    fox_view.look()
    (fox / "01.png").write_bytes(b"other bytes")
    sighting = fox_view.look()
    assert sighting is not None
    assert sighting.lacking == ("01.png (its SHA-256 differs from the declared one)",)


def test_a_declared_hash_is_computed_once_for_each_state_of_a_file(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Mock(wraps=sha256_of)  # how often a file was read cannot be seen from outside
    monkeypatch.setattr(view_module, "sha256_of", counting)
    files = {"01.png": {"sha256": "0" * 64}, "02.png": {"sha256": "0" * 64}}
    write_manifest(fox, read_manifest(fox) | {"files": files})
    fox_view = view(fox)
    for _ in range(3):
        fox_view.look()
    assert counting.mock_calls == [call(fox / "01.png"), call(fox / "02.png")]
    picture(fox / "02.png", size=(20, 20))
    fox_view.look()
    assert counting.mock_calls[2:] == [call(fox / "02.png")]


def test_an_unchanged_folder_is_read_once_and_a_changed_manifest_again(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Mock(wraps=read)  # how often a manifest was read cannot be seen from outside
    monkeypatch.setattr(view_module, "read", counting)
    fox_view = view(fox)
    for _ in range(3):
        fox_view.look()
    assert counting.call_count == 1
    write_manifest(fox, read_manifest(fox) | {"title": "Another"})
    fox_view.look()
    assert counting.call_count == 2


def test_the_manifest_has_the_name_that_is_set(fox: Path) -> None:
    (fox / "manifest.json").rename(fox / "story.json")
    sighting = FolderView(fox, "story.json", tuple).look()
    assert sighting is not None
    assert sighting.manifest is ManifestState.SOUND


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


def test_looking_and_reading_change_nothing(fox: Path) -> None:
    before = entries_of(fox)
    look(fox)
    (fox / "01.png").read_bytes()
    assert entries_of(fox) == before


def test_a_folder_that_cannot_be_looked_at_has_its_error_in_place_of_a_sighting(
    fox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.ESTALE, "Stale file handle")
    lost = view(tmp_path / "lost")
    monkeypatch.setattr(lost, "look", Mock(side_effect=error))
    sightings = look_at({"lost": lost, "fox": view(fox), "gone": view(tmp_path / "gone")})
    assert sightings == {"lost": error, "fox": look(fox), "gone": None}


# ---- what a folder cannot do --------------------------------------------------------------------


def test_nothing_and_a_link_and_a_file_are_not_folders(fox: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(fox)
    (tmp_path / "file").touch()
    for name in ("nothing", "link", "file"):
        assert view(tmp_path / name).look() is None


def test_a_folder_that_is_taken_away_during_a_look_is_gone(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def list_too_late(folder: Path) -> object:
        fox.rename(fox.with_name("elsewhere"))
        return scandir(folder)

    with monkeypatch.context() as patched:  # the race at its worst instant
        patched.setattr(os, "scandir", list_too_late)
        sighting = view(fox).look()
    assert sighting is None


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "huge"])
def test_a_manifest_that_is_not_a_plain_file_or_too_large_is_not_read(
    kind: str, fox: Path, tmp_path: Path
) -> None:
    own = fox / "manifest.json"
    elsewhere = own.rename(tmp_path / "elsewhere.json")
    if kind == "link":
        own.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(own)
    elif kind == "folder":
        own.mkdir()
    else:
        own.write_bytes(elsewhere.read_bytes() + b" " * manifest.LARGEST_MANIFEST)
    expected = ManifestState.ABSENT if kind == "folder" else ManifestState.TORN
    assert look(fox).manifest is expected


def test_links_to_folders_are_entries_and_are_not_followed(fox: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret.png").touch()
    (fox / "sub").symlink_to(tmp_path / "secrets")
    (fox / "loop").symlink_to(fox)
    names = [entry.name for entry in entries_of(fox)]
    assert [name for name in names if "secret" in name or name.count("/")] == []
    assert {"sub", "loop"} <= set(names)


def test_a_link_with_a_declared_hash_is_not_read(fox: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (fox / "x").symlink_to(tmp_path / "secret")
    write_manifest(fox, read_manifest(fox) | {"files": {"x": {"sha256": "0" * 64}}})
    assert look(fox).lacking == ()  # intake refuses it; waiting is no help


def test_files_below_the_deepest_level_are_not_seen(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*("d" * (DEEPEST + 1)))
    deep.mkdir(parents=True)
    (deep / "too-deep").touch()
    (deep.parent / "deep").touch()
    assert [Path(entry.name).name for entry in entries_of(tmp_path)] == ["deep"]


def test_of_a_folder_with_too_many_files_only_a_part_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "MOST_ENTRIES", 10)  # 20,000 files take a second to make
    for number in range(15):
        (tmp_path / str(number)).touch()
    assert len(entries_of(tmp_path)) == 10


@pytest.mark.parametrize("stem", [b"a\\b", b"f\xfcchse", b"\xff"])
def test_any_name_that_a_file_may_have_can_be_looked_at(stem: bytes, tmp_path: Path) -> None:
    """A ValidationError here would end the service, and again after each restart."""
    write_manifest(tmp_path, {})
    for ending in (".png", ".mp3"):
        (tmp_path / f"{os.fsdecode(stem)}{ending}").touch()
    look(tmp_path)


def test_the_limit_of_entries_is_for_all_subfolders_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "MOST_ENTRIES", 10)  # 20,000 files take a second to make
    for number in range(5):
        (tmp_path / f"folder-{number}").mkdir()
        for other in range(5):
            (tmp_path / f"folder-{number}" / str(other)).touch()
    assert len(entries_of(tmp_path)) <= 10


def test_a_file_that_vanishes_during_a_look_does_not_make_the_folder_vanish(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rsync renames its temporary files all the time. The folder would be detected every time."""
    (fox / ".04.png.AbC123").touch()
    scandir = os.scandir

    @contextmanager
    def list_before_a_rename(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(folder) as entries:
            listed = list(entries)
        (fox / ".04.png.AbC123").rename(fox / "04.png")
        yield iter(listed)

    with monkeypatch.context() as patched:  # the race at its worst instant
        patched.setattr(os, "scandir", list_before_a_rename)
        sighting = view(fox).look()
    assert sighting is not None


def test_no_file_that_is_there_is_named_as_lacking(tmp_path: Path) -> None:
    """The log named 02.png, which is there; it is its narration that is missing."""
    folder = story(tmp_path / "pairs")
    write_manifest(folder, {})
    (folder / "02.wav").unlink()
    assert set(look(folder).lacking) & {path.name for path in folder.iterdir()} == set()


def test_a_huge_file_with_a_declared_hash_does_not_hold_up_the_others(fox: Path) -> None:
    """Hashing 64 GiB (a hole, which needs no disk) takes minutes; no other folder is looked at."""
    with (fox / "02.png").open("r+b") as file:
        file.truncate(64 * 2**30)
    write_manifest(fox, read_manifest(fox) | {"files": {"02.png": {"sha256": "0" * 64}}})
    code = (
        "import sys, pathlib; from daemon.inbox import FolderView; "
        "FolderView(pathlib.Path(sys.argv[1]), 'manifest.json', tuple).look()"
    )
    command = [sys.executable, "-c", code, str(fox)]
    subprocess.run(command, check=True, timeout=10, cwd=Path(__file__).parents[2])


def test_the_limit_of_entries_counts_empty_subfolders_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million of them would be walked through at every look, although none holds a file."""
    for number in range(50):
        (tmp_path / str(number)).mkdir()
    monkeypatch.setattr(view_module, "MOST_ENTRIES", 10)  # 20,000 folders take seconds to make
    with monkeypatch.context() as patched:
        counting = Mock(wraps=os.scandir)  # how many were opened cannot be seen from outside
        patched.setattr(os, "scandir", counting)
        entries_of(tmp_path)
    assert counting.call_count <= 11

"""Looking into the inbox: what is there, what each folder lacks, and what no folder can do."""

import errno
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from daemon.inbox import view as view_module
from daemon.inbox.entries import entries_of
from daemon.inbox.readiness import ManifestState, Sighting
from daemon.inbox.view import FolderView, Listing, list_inbox
from daemon.story import manifest
from daemon.story.reading import MOST_FILES, read
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
    assert list_inbox(tmp_path) == Listing(frozenset("ab"), ("link", "notes.txt", "pipe"))
    assert list_inbox(tmp_path, ("n*", "a")) == Listing(frozenset("b"), ("link", "pipe"))


def test_the_litter_of_a_nas_is_neither_a_story_nor_a_stray(tmp_path: Path) -> None:
    """N2: @eaDir, #recycle and lost+found were waited for, and failed after a day."""
    for name in ("@eaDir", "#recycle", "lost+found", "__MACOSX", "System Volume Information"):
        (tmp_path / name).mkdir()
    for name in ("Thumbs.db", "desktop.ini"):
        (tmp_path / name).touch()
    assert list_inbox(tmp_path) == Listing(frozenset(), ())


def test_a_missing_inbox_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_inbox(tmp_path / "inbox")


def test_names_that_are_not_unicode_are_listed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"f\xfcchse")).mkdir()
    assert list_inbox(tmp_path).folders == {"f\udcfcchse"}


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


@pytest.mark.parametrize("kind", ["file", "link"])
def test_no_file_but_the_manifest_is_read_whatever_is_declared_of_it(
    kind: str, fox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2: 16 sparse GiB with declared hashes, 8 KB on disk, held up every story for 45 s."""
    (tmp_path / "02.png").write_bytes(b"x")
    (fox / "02.png").unlink()
    if kind == "link":
        (fox / "02.png").symlink_to(tmp_path / "02.png")
    else:
        with (fox / "02.png").open("wb") as file:
            file.truncate(64 * 2**30)  # a hole, which needs no disk
    write_manifest(fox, read_manifest(fox) | {"files": {"02.png": {"sha256": "0" * 64}}})

    opened = Mock(wraps=os.open)  # what a look reads cannot be seen from outside
    monkeypatch.setattr(os, "open", opened)
    assert look(fox).lacking == ()  # intake compares the hash
    assert [Path(called.args[0]).name for called in opened.mock_calls] == ["manifest.json"]


def test_a_manifest_that_could_not_be_read_is_read_again_at_the_next_look(
    fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L2: an error of reading was remembered for the state of a file; a story waited a day."""
    fox_view = view(fox)
    with monkeypatch.context() as patched:
        patched.setattr(view_module, "open_plain", Mock(side_effect=OSError(errno.EIO, "EIO")))
        for _ in range(2):
            with pytest.raises(OSError, match="EIO"):
                fox_view.look()
    sighting = fox_view.look()
    assert sighting is not None
    assert (sighting.manifest, sighting.lacking) == (ManifestState.SOUND, ())


def test_a_folder_that_goes_before_its_manifest_is_read_is_gone(fox: Path) -> None:
    fox_view = view(fox)
    entries = fox_view.entries()
    assert entries is not None
    fox.rename(fox.with_name("elsewhere"))
    assert fox_view.sighting(entries) is None


def test_of_the_largest_manifest_only_a_little_is_kept(tmp_path: Path) -> None:
    """M8: 4 MiB of `files` became 141 MB, for each folder, for a day."""
    files = {f"{number:x}": {"size": 1} for number in range(20_000)}
    write_manifest(tmp_path, {"pages": [{"image": "a", "duration": 1}], "files": files})
    folder = FolderView(tmp_path, "manifest.json", tuple)
    sighting = folder.look()
    assert sighting is not None
    assert (len(sighting.lacking), sighting.lacking[-1]) == (11, "and 19990 more")
    assert len(pickle.dumps(folder)) < 2000


def test_a_manifest_with_more_files_than_a_story_can_have_is_faulty(tmp_path: Path) -> None:
    """M8: `files` had no bound."""
    files = {f"{number:x}": {"size": 1} for number in range(MOST_FILES + 1)}
    write_manifest(tmp_path, {"pages": [{"image": "a", "duration": 1}], "files": files})
    assert state_and_lacking(tmp_path) == (ManifestState.FAULTY, ())


@pytest.mark.parametrize(
    ("missing", "shown", "last"),
    [(10, 10, "page-9.png"), (11, 11, "and 1 more"), (30, 11, "and 20 more")],
)
def test_of_many_missing_files_ten_are_named(
    missing: int, shown: int, last: str, tmp_path: Path
) -> None:
    pages = [{"image": f"page-{number}.png", "duration": 1} for number in range(missing)]
    write_manifest(tmp_path, {"pages": pages})
    lacking = look(tmp_path).lacking
    assert (len(lacking), lacking[-1]) == (shown, last)


def test_litter_keeps_no_folder_from_being_complete(fox: Path) -> None:
    """N2: what NAS and desktop systems leave in every folder."""
    (fox / "@eaDir").mkdir()
    (fox / "@eaDir" / "01.png.part").touch()
    (fox / "._01.png.part").touch()
    (fox / "__MACOSX").mkdir()
    (fox / "__MACOSX" / "x.tmp").touch()
    assert state_and_lacking(fox) == (ManifestState.SOUND, ())


def test_what_the_patterns_match_keeps_no_folder_from_being_complete(fox: Path) -> None:
    (fox / "old.tmp").touch()
    sighting = FolderView(fox, "manifest.json", tuple, ("old.*",)).look()
    assert sighting is not None
    assert sighting.lacking == ()


def test_what_lies_in_a_temporary_subfolder_is_an_unfinished_copy(fox: Path) -> None:
    """N2: Safari downloads into a folder of that name."""
    (fox / "04.mp3.download").mkdir()
    (fox / "04.mp3.download" / "04.mp3").touch()
    assert look(fox).lacking == ("04.mp3.download/04.mp3",)


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


def test_looking_and_reading_change_nothing(fox: Path) -> None:
    before = entries_of(fox)
    look(fox)
    (fox / "01.png").read_bytes()
    assert entries_of(fox) == before


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


@pytest.mark.parametrize("stem", [b"a\\b", b"f\xfcchse", b"\xff"])
def test_any_name_that_a_file_may_have_can_be_looked_at(stem: bytes, tmp_path: Path) -> None:
    """A ValidationError here would end the service, and again after each restart."""
    write_manifest(tmp_path, {})
    for ending in (".png", ".mp3"):
        (tmp_path / f"{os.fsdecode(stem)}{ending}").touch()
    look(tmp_path)


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

"""What is in the music library, and which track a seed chooses."""

from collections import Counter
from pathlib import Path

import pytest

from daemon.media.library import Track, choose, library, moods, of_mood


def shelf(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(tracks: list[Track] | tuple[Track, ...]) -> list[str]:
    return [track.name for track in tracks]


def test_the_library_holds_sound_files_in_natural_order(tmp_path: Path) -> None:
    shelf(
        tmp_path,
        "calm/10.ogg",
        "calm/2.OGG",
        "README.md",
        "calm/cover.jpg",
        "loose.mp3",
        "b/x.flac",
        ".trash/x.ogg",
    )
    assert names(library(tmp_path)) == ["b/x.flac", "calm/2.OGG", "calm/10.ogg", "loose.mp3"]


def test_a_track_knows_its_file(tmp_path: Path) -> None:
    (track,) = library(shelf(tmp_path, "calm/harbour.ogg"))
    assert track.path == tmp_path / "calm/harbour.ogg"


def test_a_folder_named_like_a_track_is_not_a_track(tmp_path: Path) -> None:
    (tmp_path / "folder.ogg").mkdir()
    assert library(tmp_path) == ()


def test_an_empty_or_missing_library_has_no_tracks(tmp_path: Path) -> None:
    assert library(tmp_path) == library(tmp_path / "none") == ()
    assert choose((), 1) is None


def test_moods_are_the_folders_that_hold_tracks(tmp_path: Path) -> None:
    tracks = library(
        shelf(tmp_path, "calm/a.ogg", "calm/b.ogg", "wonder/c.ogg", "loose.ogg", "empty/readme.txt")
    )
    assert moods(tracks) == ["calm", "wonder"]
    assert names(of_mood(tracks, "calm")) == ["calm/a.ogg", "calm/b.ogg"]
    assert of_mood(tracks, "cal") == of_mood(tracks, "") == []


def test_a_seed_always_chooses_the_same_track_and_seeds_reach_every_track(tmp_path: Path) -> None:
    tracks = library(shelf(tmp_path, *(f"calm/{number}.ogg" for number in range(4))))
    chosen = [choose(tracks, seed) for seed in range(400)]
    assert chosen == [choose(tracks, seed) for seed in range(400)]
    counts = Counter(track.name for track in chosen if track)
    assert len(counts) == 4
    assert min(counts.values()) > 60


@pytest.mark.parametrize("hidden", ["calm/._harbour.ogg", "calm/.trash/old.ogg"])
def test_hidden_files_are_not_tracks_however_deep(hidden: str, tmp_path: Path) -> None:
    """macOS writes a `._name` next to each file on a disk of another system."""
    assert names(library(shelf(tmp_path, "calm/harbour.ogg", hidden))) == ["calm/harbour.ogg"]


def test_the_track_of_the_film_before_is_taken_only_if_there_is_no_other(tmp_path: Path) -> None:
    tracks = library(shelf(tmp_path, "calm/a.ogg", "calm/b.ogg", "calm/c.ogg"))
    chosen = [choose(tracks, seed, "calm/b.ogg") for seed in range(100)]
    assert {track.name for track in chosen if track} == {"calm/a.ogg", "calm/c.ogg"}
    for seed in range(20):
        assert choose(tracks, seed, "no such track") == choose(tracks, seed)
    assert choose(tracks[:1], 1, "calm/a.ogg") == tracks[0]
    assert choose((), 1, "calm/a.ogg") is None

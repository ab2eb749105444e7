"""What the service remembers between two runs; a torn memory, or a trap in its place, is none."""

import os
from pathlib import Path

import pytest

from daemon.spool.memory import Hold, Memory

NAMES = ["calm/a.ogg", "é 🦊", os.fsdecode(b"\xff.mp3"), '"', "a\nb"]
TORN = [
    "",
    "{",
    "7",
    "null",
    '["x"]',
    "[" * 60_000,
    '"' + "x" * 2**17 + '"',
    "\xff",
    '[{"a": 1}, 3]',
]
TRAPS = ["pipe", "link", "folder", "giant"]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path)


def put_trap(place: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to("/dev/zero")
    elif kind == "folder":
        place.mkdir()
    else:
        with place.open("wb") as file:
            file.truncate(2**43)


@pytest.mark.parametrize("track", NAMES)
def test_the_music_of_the_latest_film_is_known_to_the_next_run(
    memory: Memory, tmp_path: Path, track: str
) -> None:
    """H3: the reports of all films were read at each start."""
    assert memory.last_music() == ""
    memory.remember_music("earlier")
    memory.remember_music(track)
    assert Memory(tmp_path).last_music() == track


@pytest.mark.parametrize("name", NAMES)
def test_stories_that_are_held_are_known_to_the_next_run(
    memory: Memory, tmp_path: Path, name: str
) -> None:
    holds = [Hold(name, "an old print", ()), Hold("owl", "print", ("01.png (wrong)", name))]
    memory.remember_holds([Hold("earlier", "", ())])
    memory.remember_holds(holds)
    assert Memory(tmp_path).holds() == holds


@pytest.mark.parametrize("content", TORN)
def test_a_torn_memory_counts_as_none(memory: Memory, tmp_path: Path, content: str) -> None:
    """H3"""
    for name in (".last-music", ".holds"):
        (tmp_path / name).write_text(content, "latin-1")
    assert (memory.last_music(), memory.holds()) == ("", [])


@pytest.mark.parametrize("kind", TRAPS)
def test_a_trap_in_the_place_of_the_memory_neither_blocks_nor_fails(
    memory: Memory, tmp_path: Path, kind: str
) -> None:
    """H3"""
    for name in (".last-music", ".holds"):
        put_trap(tmp_path / name, kind)
    assert (memory.last_music(), memory.holds()) == ("", [])
    memory.remember_music("calm/a.ogg")
    memory.remember_holds([Hold("fox", "print", ())])
    if kind != "folder":
        assert (memory.last_music(), len(memory.holds())) == ("calm/a.ogg", 1)

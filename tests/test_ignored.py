"""Which names are hidden, and which belong to unfinished copies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.ignored import is_ignored, is_temporary


@pytest.mark.parametrize(
    "name",
    [
        "01.png.part", "01.PART", ".part", "story.tmp", "~x.TMP", "01.png.filepart",
        "film.crdownload", "a\nb.part",
        ".syncthing.01.png.tmp", ".syncthing.01.png", "~syncthing~01.png.tmp", "~syncthing~01.png",
        ".01.png.AbC123", ".manifest.json.x7Kq0Z", ".a\nb.png.AbC123",
    ],
)  # fmt: skip
def test_names_of_unfinished_copies_are_temporary(name: str) -> None:
    assert is_temporary(name)
    assert is_ignored(name)


@pytest.mark.parametrize(
    "name",
    [
        "01.png", "part", "tmp", "a.parts", "a.part.png", "compartment", "atmp", "01.png.AbC123",
        ".01.png.AbC12", ".01.png.AbC1234", ".01.png.Ab-123", ".DS_Store", "._01.png", ".AbC123",
        "syncthing.01.png", "x.syncthing.01.png", "",
    ],
)  # fmt: skip
def test_other_names_are_not_temporary(name: str) -> None:
    assert not is_temporary(name)
    assert is_ignored(name) == name.startswith(".")


@given(st.text(), st.sampled_from(["part", "tmp", "filepart", "crdownload", "PART", "Tmp"]))
def test_any_name_with_such_an_ending_is_temporary(stem: str, ending: str) -> None:
    assert is_temporary(f"{stem}.{ending}")

"""Names that overwrite nothing, and that the filesystem takes."""

import os
import tempfile
import unicodedata
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.spool.free_names import (
    LONGEST_ENDING,
    LONGEST_NAME,
    LONGEST_NUMBER,
    folded,
    for_everyone,
    free_for_everyone,
    free_names,
)

NAMES = (
    st.binary(min_size=1, max_size=255)
    .map(os.fsdecode)
    .filter(lambda name: name not in (".", "..") and not {"/", "\0"} & {*name})
)


@given(NAMES)
@example("x" * 255)
@example("é" * 127)
@example("x" * 236)
def test_the_filesystem_takes_free_names_even_with_an_ending(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, free in enumerate(islice(free_names(Path(folder), name), 3), 1):
            Path(folder, free + ".chapters.txt").touch()
            Path(folder, free).touch()
            assert free.endswith(f"-{number}") or number == 1
        assert len([*Path(folder).iterdir()]) == 6


@given(NAMES, st.sets(st.integers(1, 6)))
def test_free_names_skip_what_is_there_and_keep_their_order(name: str, taken: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = [*islice(free_names(Path(folder), name), 6)]
        for number in taken:
            Path(folder, wanted[number - 1]).symlink_to("nowhere")
        left = [free for number, free in enumerate(wanted, 1) if number not in taken]

        assert [*islice(free_names(Path(folder), name), len(left))] == left
        assert name.startswith(wanted[0])
        room = LONGEST_NAME - LONGEST_NUMBER - LONGEST_ENDING
        assert wanted[0] == name or len(os.fsencode(name)) > room


# ---- names for everyone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("the-fox", "the-fox"),
        ("Der Fuchs & der Bär, Teil 2 (neu)", "Der Fuchs & der Bär, Teil 2 (neu)"),
        ("狐と灯台", "狐と灯台"),
        ("👩‍🚀 a trip", "👩‍🚀 a trip"),
        ("Who? The fox: a story", "Who_ The fox_ a story"),
        ('a<b>c"d|e*f\\g', "a_b_c_d_e_f_g"),
        ("the fox.", "the fox_"),
        ("the fox. .", "the fox___"),
        ("con", "con_"),
        ("NUL.2", "NUL_.2"),
        ("com¹", "com¹_"),
        ("LPT9.fox.story", "LPT9_.fox.story"),
        ("console", "console"),
        ("COM10", "COM10"),
        ("a\x1b[2Jb\n", "a_[2Jb_"),
        ("\udcff-fox", "_-fox"),
        ("fox\u202e4pm.exe", "fox_4pm.exe"),
        ("u\u0308ber", "über"),
    ],
)
def test_a_name_for_everyone_is_as_much_like_the_storys_as_it_can_be(name: str, shown: str) -> None:
    assert for_everyone(name) == shown


@given(NAMES)
def test_a_name_for_everyone_is_one_already(name: str) -> None:
    shown = for_everyone(name)
    assert for_everyone(shown) == shown
    assert unicodedata.is_normalized("NFC", shown)
    shown.encode()


@pytest.mark.parametrize(
    ("there", "name", "free"),
    [
        ("The-Fox", "the-fox", "the-fox-2"),
        ("u\u0308ber", "über", "über-2"),
        ("STRASSE", "straße", "straße-2"),
        ("a_b", "a:b", "a_b-2"),
        ("the-fox", "the-fo", "the-fo"),
    ],
)
def test_a_name_that_some_systems_take_for_another_ones_is_not_free(
    tmp_path: Path, there: str, name: str, free: str
) -> None:
    (tmp_path / there).mkdir()
    assert next(free_for_everyone(tmp_path, name)) == free
    assert folded(free) != folded(there)

"""Names that overwrite nothing, and that the filesystem takes."""

import os
import tempfile
from itertools import islice
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from daemon.spool.free_names import LONGEST_ENDING, LONGEST_NAME, LONGEST_NUMBER, free_names

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

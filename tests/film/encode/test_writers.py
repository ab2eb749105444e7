"""The table of writers."""

from typing import get_args

from daemon.film.encode import WRITERS
from daemon.options import WriterName


def test_each_word_for_a_writer_has_one() -> None:
    assert set(WRITERS) == set(get_args(WriterName))

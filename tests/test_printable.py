"""Text from strangers: what would be obeyed is written out, and everything else stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.printable import JOINERS, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31mred", "\\x9b31mred"),  # the same in one byte
        ("one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"),
        ("one\u2028two\u2029three\x85four", "one\\u2028two\\u2029three\\x85four"),
        ("fox\u202egnp.exe", "fox\\u202egnp.exe"),
        ("\u2066fox\u2069", "\\u2066fox\\u2069"),
        ("a\udcff", "a\\udcff"),
        ("\x7f\x00", "\\x7f\\x00"),
    ],
)
def test_what_would_be_obeyed_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Der Müller",
        "むかし\u3000むかし",
        "می\u200cروم",
        "👩\u200d🚀",
        "«\u00a0fox\u00a0»",
        "\\n [b]",
    ],
)
def test_words_of_any_language_stay(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_it_is_made_of_a_text_is_one_line_and_can_be_written(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown
    formats = {letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cf")}
    assert formats <= set(JOINERS)

"""What Unicode says of letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.media.letters import clusters, may_break_between, needs_shaping
from tests.helpers.lettering import HELLO_ARABIC, SHALOM


@pytest.mark.parametrize(
    "text", [SHALOM, HELLO_ARABIC, "हिन्दी", "ไทย", "x\u0302", "👩\u200d🚀", "a ש"]
)
def test_these_texts_need_shaping(text: str) -> None:
    assert needs_shaping(text)


@pytest.mark.parametrize(
    "text",
    ["", "Plain words.", "é ß ø ł", "e\u0301", "昔々", "Привет", "Γειά", "❤\ufe0f", "한국어"],
)
def test_these_texts_do_not_need_shaping(text: str) -> None:
    assert not needs_shaping(text)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("fox", ["f", "o", "x"]),
        ("x\u0302y", ["x\u0302", "y"]),
        ("हिन्दी", ["हि", "न्दी"]),
        ("👩\u200d🚀!", ["👩\u200d🚀", "!"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("❤\ufe0fa", ["❤\ufe0f", "a"]),
    ],
    ids=ascii,
)
def test_a_cluster_is_a_letter_with_its_marks(word: str, expected: list[str]) -> None:
    assert clusters(word) == expected


@given(st.text(max_size=40))
def test_clusters_are_the_word_in_pieces(word: str) -> None:
    assert "".join(clusters(word)) == word


@pytest.mark.parametrize("pair", ["狐が", "ก1", "a狐", "狐a", "កម"])
def test_lines_may_end_next_to_letters_of_scripts_without_spaces(pair: str) -> None:
    assert may_break_between(*pair)


@pytest.mark.parametrize("pair", ["ab", "שם", "狐。", "狐っ", "狐」", "「狐", "กา", "ไก"])
def test_lines_may_not_end_inside_other_words_or_between_these_letters(pair: str) -> None:
    assert not may_break_between(*pair)

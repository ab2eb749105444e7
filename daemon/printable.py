"""Text from strangers, made safe to show: on a terminal, and in a file that somebody will `cat`.

Names of files and texts of a story may hold characters that command a terminal, break a line in
two, or change the order in which letters are shown. They are written out instead.
"""

import unicodedata

OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of characters that are obeyed and not seen: controls (ESC, newline), formats
(overrides of the writing direction), lone surrogates, line and paragraph separators."""
JOINERS = "\u200c\u200d"
"""Formats that belong to words and emoji, and command nothing: the zero width (non-)joiner."""


def printable(text: str) -> str:
    """Text with the characters that would be obeyed written out: ESC becomes ``\\x1b``."""
    return "".join(
        repr(letter)[1:-1]
        if unicodedata.category(letter) in OBEYED and letter not in JOINERS
        else letter
        for letter in text
    )

"""Texts that look like markup, times, commands or the end of a caption: their films are made."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.hostile.item import FILM, SMALL, Change, Item, manifest, plain, write

TEXTS: Mapping[str, str] = {
    "an arrow of a caption": "1\n00:00:00,000 --> 00:00:09,000\nSomething else",
    "bold": "<b>bold</b> <font color=red>red</font>",
    "a place of SubStation": "{\\an8}{\\pos(0,0)}above",
    "a script": "<script>alert(1)</script>",
    "blank lines": "one\n\n\n\ntwo",
    "all kinds of blanks": "one\u2028two\u2029three four\u00a0five\u3000six",
    "text that turns around": "\u202eright to left\u2066 and \u2069 back",
    "marks on one letter": "a" + "\u0301" * 5000,
    "one word of 20,000 letters": "a" * 20_000,
    "letters without width": "\u200b" * 20_000,
    "twenty thousand lines": "a\n" * 10_000,
    "a header of WebVTT": "WEBVTT\n\nNOTE x\n\nSTYLE\n::cue{color:red}",
    "entities": "&lt;b&gt; &amp;amp; &#0; &nbsp;",
    "the start of FFmetadata": ";FFMETADATA1\n[CHAPTER]\nSTART=0",
    "a tag of Unicode": "\U000e0041\U000e0042",
    "letters for private use": "\ue000\U0010ffff\ufdd0",
    "blanks alone": " \n\t " * 100,
}
BURNED: Mapping[str, tuple[str, str]] = {
    "an arrow": ("1 --> 2", FILM),
    "letters that no font has": ("\ue000\U0010fffd", "the font has no letters"),
    "one word of 20,000 letters": ("a" * 20_000, FILM),
    "two thousand lines": ("a\n" * 2000, FILM),
    "braces": ("{\\an8}%{pts}'\\:", FILM),
}


def saying(**keys: Any) -> Change:
    """Makes a plain story with these keys of its page or of its manifest."""

    of_page = {key: keys.pop(key) for key in ("text", "chapter") if key in keys}
    page = {"image": "01.png", "audio": "01.wav"} | of_page

    def make(folder: Path, _: Path) -> None:
        plain(folder)
        write(folder, manifest([page], **keys))

    return make


def told() -> Iterator[Item]:
    """Each text as the words of a page; the short ones as title, author and chapter too."""
    for name, text in TEXTS.items():
        yield Item(f"words: {name}", FILM, saying(text=text))
        if len(text) <= 500:
            words = {"title": text, "author": text, "comment": text, "chapter": text}
            yield Item(f"title, author and chapter: {name}", FILM, saying(**words))
    for name, (text, result) in BURNED.items():
        film = SMALL | {"captions": "burned", "size": "640x360"}
        yield Item(f"burned words: {name}", result, saying(text=text, film=film))
    for code in ("\0", "\x1b[2J", "\x07", "\x9b", "\x7f"):
        yield Item(f"words: {code!r}", "control characters", saying(text=f"a{code}b"))
        yield Item(f"title: {code!r}", "control characters", saying(title=f"a{code}b"))


ITEMS = tuple(told())

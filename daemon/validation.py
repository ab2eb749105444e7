"""What is wrong with an input, in the words of whoever wrote it.

The manifest and the settings are both checked by pydantic, whose messages speak to programmers.
This module turns them into `Problem`s: where (the key's path), what is wrong, and how to mend it.
It also finds the key or file that was probably meant by an unknown name (`closest`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from daemon.errors import Problem

MOST_PROBLEMS = 500
"""The most faults that are put into words. A hostile input may consist of nothing else."""
UNION_TAG = "union#"
"""How the tags of our unions begin. Pydantic puts them into the paths of faults."""
NEAR = 0.75
"""The share of letters, in their order, that two words must have in common for one to be a
misspelling of the other: "clam" and "calm" have 0.75, "narration" and "duration" 0.71."""
NEAR_IF_SHORT = 0.65
"""The same for words of at most three letters, of which one may differ: "fbs" and "fps" have
0.67."""
LONGEST_NAME = 255
"""NAME_MAX of Linux. What is longer is not worth comparing: it is not a misspelled name."""

Location = tuple[int | str, ...]


# ---- places --------------------------------------------------------------------------------------


def key_path(location: Location) -> str:
    """The place of a fault as people write it: ("pages", 2, "image") → "pages[2].image"."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def model_at(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """The model that stands at a place inside another model, if one does."""
    here: type[BaseModel] | None = model
    is_key = False
    for step in location:
        if is_key or isinstance(step, int) or here is None:
            is_key = False
        elif step in here.model_fields:
            annotation = here.model_fields[step].annotation
            here = model_in(annotation)
            is_key = dict in (get_origin(part) for part in (annotation, *get_args(annotation)))
    return here


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model named in an annotation such as `list[PageEntry] | None`."""
    if isinstance(annotation, type) and not get_origin(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    if get_origin(annotation) in (Union, UnionType, Annotated, list, tuple, dict):
        inner = (model_in(part) for part in get_args(annotation) if part is not NoneType)
        return next((found for found in inner if found), None)
    return None


# ---- faults --------------------------------------------------------------------------------------


def problems_of(
    error: ValidationError, model: type[BaseModel], where: Callable[[Location], str]
) -> list[Problem]:
    """The faults of a failed validation, the first `MOST_PROBLEMS`.

    `where` names a place in the reader's terms.
    """
    found = error.errors(include_url=False, include_context=False)
    return [problem_of(details, model, where) for details in found[:MOST_PROBLEMS]]


def problem_of(
    details: ErrorDetails, model: type[BaseModel], where: Callable[[Location], str]
) -> Problem:
    """One of pydantic's errors as a Problem."""
    location = tuple(
        step
        for step in details["loc"]
        if not (isinstance(step, str) and step.startswith(UNION_TAG))
    )
    *parents, last = location or ("",)
    if details["type"] == "extra_forbidden":
        owner = model_at(model, parents)
        known = list(owner.model_fields) if owner else []
        return Problem(where(tuple(parents)), f'unknown key "{last}"', nearest(str(last), known))

    expected = expectation_at(model, location)
    if details["type"] == "missing":
        return Problem(where(tuple(parents)), f'"{last}" is missing', f"Add it: {expected}")
    return Problem(where(location), sentence_of(details), f"Expected: {expected}")


def sentence_of(details: ErrorDetails) -> str:
    """Pydantic's message without its prefixes, and the value, shortened, if it is a plain one."""
    if details["type"] == "model_type":
        return "should be an object in braces"
    message = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    message = message[:1].lower() + message[1:]
    value = details.get("input")
    if isinstance(value, str | int | float | bool):
        return f"{message} (got {value!r:.80})"
    return message


def expectation_at(model: type[BaseModel], location: Location) -> str:
    """What belongs at a place: the description of its key. A list's items share the list's."""
    while location and isinstance(location[-1], int):
        location = location[:-1]
    *parents, last = location or ("",)
    owner = model_at(model, parents)
    field = owner.model_fields.get(str(last)) if owner else None
    if field is None or not field.description:
        return "see `storyreel schema`."
    return field.description


# ---- misspelled names ----------------------------------------------------------------------------


def nearest(word: str, known: Sequence[str]) -> str:
    """The remedy for an unknown word: the known one that was probably meant, or all of them."""
    if name := closest(word, known):
        return f'Did you mean "{name}"?'
    return f"Known here: {', '.join(known)}." if known else "Leave it out."


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant by an unknown one; None where none is near."""
    near = [name for name in known if is_near(word, name)]
    return max(near, key=lambda name: likeness(plain(word), plain(name)), default=None)


def is_near(one: str, other: str) -> bool:
    """Whether one name may be a misspelling of the other.

    Near are names that differ in case, in separators, in leading zeros, in a few letters of a word
    (`may_be_a_slip`), or in the ending alone ("06.wav" and "06.mp3"). Names with different numbers
    are never near, nor are those with different single letters: "03.mp3" and "06.mp3" are different
    pages, and so are "1a.png" and "1b.png".
    """
    if max(len(one), len(other)) > LONGEST_NAME:
        return False
    one_stem, one_ending = stem_and_ending(one)
    other_stem, other_ending = stem_and_ending(other)
    words = words_of(one_stem)
    other_words = words_of(other_stem)
    if words == other_words:
        return True
    if labels_in(words) != labels_in(other_words):
        return False
    if len(words) != len(other_words):
        words = ["".join(words)]
        other_words = ["".join(other_words)]
    pairs = zip([*words, one_ending], [*other_words, other_ending], strict=True)
    return all(may_be_a_slip(a, b) for a, b in pairs)


def may_be_a_slip(one: str, other: str) -> bool:
    """Whether two words have so many letters in common that one may be the other, misspelled."""
    is_short = max(len(one), len(other)) <= 3
    return likeness(one, other) >= (NEAR_IF_SHORT if is_short else NEAR)


def plain(name: str) -> str:
    """A name without what nobody sees: capitals, and the two ways in which Unicode writes "ü"."""
    return unicodedata.normalize("NFKC", name).casefold()


def stem_and_ending(name: str) -> tuple[str, str]:
    """A plain name taken apart: "01.PNG" → ("01", "png").

    Endings begin with a letter: "v1.2" has none.
    """
    match = re.fullmatch(r"(.+)\.([a-z]\w{0,4})", plain(name), re.DOTALL)
    return (match[1], match[2]) if match else (plain(name), "")


def words_of(stem: str) -> list[str]:
    """The words and numbers of a plain stem: "page_007" → ["page", "7"]; mere signs: one word."""
    words = re.findall(r"\d+|[^\W\d_]+", stem)
    return [word.lstrip("0") or "0" for word in words] or [stem]


def labels_in(words: Iterable[str]) -> list[str]:
    """The words that tell pages apart: numbers and single letters."""
    return [word for word in words if word.isdecimal() or len(word) == 1]


def likeness(one: str, other: str) -> float:
    """The share of letters that two words have in common, in their order: 0 to 1."""
    if one == other:
        return 1.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()

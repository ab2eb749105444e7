"""Pydantic's errors in the words of whoever wrote the input.

The manifest and the settings are both checked by pydantic, whose messages speak to programmers. This module turns them into
`Problem`s: where (the key's path), what is wrong, and how to mend it, with the nearest known key for a key that is unknown.
"""

import difflib
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from daemon.errors import Problem

MOST_PROBLEMS = 500
"""Faults that are put into words: an input may be made of nothing but faults, to cost time and memory."""
UNION_TAG = "union#"
"""How the tags of our unions begin: pydantic puts them into a fault's path, where nobody has written them."""

Location = tuple[int | str, ...]


def key_path(location: Location) -> str:
    """The place of a fault as people write it: ("pages", 2, "image") → "pages[2].image"."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def nearest(word: str, known: Sequence[str]) -> str:
    """The remedy for an unknown word: the nearest known one, or all of them."""
    if close := difflib.get_close_matches(word, known, n=1, cutoff=0.6):
        return f'Did you mean "{close[0]}"?'
    return f"Known here: {', '.join(known)}." if known else "Leave it out."


def problems_of(
    error: ValidationError, model: type[BaseModel], where: Callable[[Location], str]
) -> list[Problem]:
    """The faults of a failed validation, the first `MOST_PROBLEMS`. `where` names a place in the reader's terms."""
    found = error.errors(include_url=False, include_context=False)
    return [_problem(details, model, where) for details in found[:MOST_PROBLEMS]]


def _problem(
    details: ErrorDetails, model: type[BaseModel], where: Callable[[Location], str]
) -> Problem:
    location = tuple(step for step in details["loc"] if not _is_union_tag(step))
    *parents, last = location or ("",)
    if details["type"] == "extra_forbidden":
        return Problem(
            where(tuple(parents)),
            f'unknown key "{last}"',
            nearest(str(last), _keys_at(model, parents)),
        )
    remedy = _remedy(model, location)
    if details["type"] == "missing":
        return Problem(where(tuple(parents)), f'"{last}" is missing', f"Add it: {remedy}")
    return Problem(where(location), _sentence(details), f"Expected: {remedy}")


def _is_union_tag(step: int | str) -> bool:
    return isinstance(step, str) and step.startswith(UNION_TAG)


def _sentence(details: ErrorDetails) -> str:
    if details["type"] == "model_type":
        return "should be an object in braces"
    message = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    given = details.get("input")
    shown = f" (got {given!r:.80})" if isinstance(given, str | int | float | bool) else ""
    return message[:1].lower() + message[1:] + shown


def _remedy(model: type[BaseModel], location: Location) -> str:
    while location and isinstance(
        location[-1], int
    ):  # an item of a list is described with the list
        location = location[:-1]
    *parents, last = location or ("",)
    owner = _model_at(model, parents)
    field = owner.model_fields.get(str(last)) if owner else None
    if field is None or not field.description:
        return "see `storyreel schema`."
    return field.description


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    owner = _model_at(model, location)
    return list(owner.model_fields) if owner else []


def _model_at(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """The model that stands at a place inside another model, if one does."""
    here: type[BaseModel] | None = model
    is_key = False
    for step in location:
        if is_key or isinstance(step, int) or here is None:
            is_key = False
        elif step in here.model_fields:
            annotation = here.model_fields[step].annotation
            here, is_key = _first_model(annotation), _is_dictionary(annotation)
    return here


def _is_dictionary(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(
        get_origin(part) is dict for part in get_args(annotation)
    )


def _first_model(annotation: Any) -> type[BaseModel] | None:
    """The first pydantic model named in an annotation such as `list[PageEntry] | None`."""
    if isinstance(annotation, type) and not get_origin(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    if get_origin(annotation) in (Union, UnionType, Annotated, list, tuple, dict):
        inner = (_first_model(part) for part in get_args(annotation) if part is not NoneType)
        return next((found for found in inner if found), None)
    return None

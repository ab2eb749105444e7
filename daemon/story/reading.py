"""Reading a manifest, even one with faults.

A faulty manifest still says which files it mentions (`Mention`), so that one look at a folder finds
every problem, those of the manifest and those of the files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from natsort import natsorted, ns
from pydantic import ValidationError

from daemon.errors import Problem
from daemon.media import PICTURE_ENDINGS, SOUND_ENDINGS
from daemon.story.manifest import Manifest, PageEntry, composed, file_inside
from daemon.validation import MOST_PROBLEMS, Location, key_path, problems_of

MOST_PAGES = 10_000
"""A manifest with more pages is not even checked: it may be made to cost time and memory."""
MOST_FILES = 20_000
"""Entries of `files`, for the same reason. A thousand pages have two thousand files."""

MOST_KEYS = 150_000
"""Keys of all objects together: more than pages and files of these numbers can have. Each unknown
one costs about a kilobyte of memory in the service's process while it is put into words."""

MediaKind = Literal["picture", "sound"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A file that a manifest names, where, and as what."""

    where: str
    kind: MediaKind
    file: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What a manifest declares of a file: its size in bytes, its SHA-256 in small letters, or not.

    The readings of all stories in the inbox are kept, and each may declare thousands of files: this
    takes half of the memory of the model that is checked (`manifest.FileFacts`).
    """

    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a manifest found.

    `parsed`: it is JSON. `manifest`: it obeys the model, else `problems` says why not; its `files`
    are in `facts`, and only there. `unpaired`: pictures and sounds without a partner, where no
    pages are listed; they may still be on their way.
    """

    parsed: bool
    manifest: Manifest | None = None
    pages: tuple[PageEntry, ...] = ()
    mentions: tuple[Mention, ...] = ()
    problems: tuple[Problem, ...] = ()
    unpaired: tuple[Problem, ...] = ()
    facts: Mapping[str, Declared] = field(default_factory=dict)


def read(data: bytes, names: Sequence[str]) -> Reading:
    """Read a manifest's bytes. `names`: the files next to it, for a manifest without pages."""
    try:
        objects = _Objects()
        raw = json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=objects.made,
        )
    except RecursionError:
        what = "not JSON that can be read: nested too deeply"
    except ValueError as error:
        what = f"not JSON: {error}"
    else:
        problems = objects.problems()
        if problems and not _unusable(raw):
            return Reading(parsed=True, problems=capped(problems))
        return checked(raw, names)
    problem = Problem("manifest", what, "Mend it at that place, or write it again.")
    return Reading(parsed=False, problems=(problem,))


def checked(raw: Any, names: Sequence[str]) -> Reading:
    """The reading of a manifest that has been parsed as JSON; see `read`."""
    if problem := _unusable(raw):
        return Reading(parsed=True, problems=(problem,))

    found = contradictions(raw)
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        faults = problems_of(error, Manifest, place_of)
        problems = capped([*faults, *found], error.error_count() - len(faults))
        return Reading(parsed=True, mentions=mentions_in(raw), problems=problems)

    pages = manifest.pages
    unpaired: list[Problem] = []
    if not pages:
        pages, unpaired = pair([name for name in names if name != manifest.music])
    return Reading(
        parsed=True,
        manifest=None if found else manifest.model_copy(update={"files": {}}),
        pages=pages,
        mentions=mentions_in({"pages": [page.model_dump() for page in pages]}),
        problems=capped(found),
        unpaired=capped(unpaired),
        facts=declared_in(manifest),
    )


def declared_in(manifest: Manifest) -> dict[str, Declared]:
    """What a manifest declares of each file."""
    return {
        name: Declared(facts.size, (facts.sha256 or "").lower())
        for name, facts in manifest.files.items()
    }


def capped(problems: Sequence[Problem], left_out: int = 0) -> tuple[Problem, ...]:
    """The first `MOST_PROBLEMS`, and how many more there are.

    `left_out`: how many were left out before.
    """
    more = left_out + max(0, len(problems) - MOST_PROBLEMS)
    if not more:
        return tuple(problems)
    last = Problem("manifest", f"{more} more problems", "Mend these first, then look again.")
    return (*problems[:MOST_PROBLEMS], last)


def place_of(location: Location) -> str:
    """A place in the manifest in words: ("pages", 2, "image") → "page 3, image"."""
    match location:
        case ():
            return "manifest"
        case ("pages", int(index)):
            return f"page {index + 1}"
        case ("pages", int(index), *rest):
            return f"page {index + 1}, {key_path(tuple(rest))}"
        case ("files", str(name), *_):
            return f'files, "{name}"'
    return key_path(location)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


class _Objects:
    """The objects of a JSON text as it is parsed: how many keys they have, and which ones twice.

    Of a key that is there twice one value would be lost.
    """

    def __init__(self) -> None:
        self.keys = 0
        self.doubled: dict[str, None] = {}

    def made(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """The object of these keys and values."""
        made = dict(pairs)
        self.keys += len(pairs)
        if len(made) < len(pairs):
            seen = set()
            for key, _ in pairs:
                if key in seen:
                    self.doubled[key] = None
                seen.add(key)
        return made

    def problems(self) -> list[Problem]:
        """What is wrong with the objects, whatever they mean."""
        if self.keys > MOST_KEYS:
            return [
                Problem("manifest", f"more than {MOST_KEYS} keys", "Make several stories of it.")
            ]
        return [_twice(key) for key in self.doubled]


def _twice(key: str) -> Problem:
    return Problem("manifest", f'the key "{key:.80}" twice in one object', "Keep one of them.")


def _unusable(raw: Any) -> Problem | None:
    """Why JSON is not worth checking against the model."""
    if not isinstance(raw, dict):
        return Problem("manifest", "not a JSON object", 'Write {"title": …, "pages": […]}.')
    pages = raw.get("pages")
    if isinstance(pages, list) and len(pages) > MOST_PAGES:
        return Problem("pages", f"more than {MOST_PAGES}", "Make several stories of it.")
    files = raw.get("files")
    if isinstance(files, dict) and len(files) > MOST_FILES:
        mend = "Declare only the files that the film is made of."
        return Problem("files", f"more than {MOST_FILES}", mend)
    return None


# ---- pages by name -------------------------------------------------------------------------------


def pair(names: Sequence[str]) -> tuple[tuple[PageEntry, ...], list[Problem]]:
    """Pages from pictures and sounds of the same stem in natural order, and what has no partner."""
    pictures = by_stem(names, PICTURE_ENDINGS)
    sounds = by_stem(names, SOUND_ENDINGS)
    pages: list[PageEntry] = []
    problems: list[Problem] = []
    for stem in natsorted(sorted({*pictures, *sounds}), alg=ns.IGNORECASE):
        match paired(stem, pictures.get(stem, []), sounds.get(stem, [])):
            case PageEntry() as page:
                pages.append(page)
            case Problem() as problem:
                problems.append(problem)
    if not pages and not problems:
        mend = 'List "pages", or add pictures and sounds of the same name.'
        problems.append(Problem("manifest", "no pages", mend))
    return tuple(pages), problems


def by_stem(names: Sequence[str], endings: Sequence[str]) -> dict[str, list[str]]:
    """The visible files at the top of the folder that have one of the endings."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        is_at_the_top = len(path.parts) == 1 and not name.startswith(".")
        if is_at_the_top and path.suffix.lower() in endings:
            found.setdefault(composed(path.stem), []).append(name)
    return found


def paired(stem: str, pictures: Sequence[str], sounds: Sequence[str]) -> PageEntry | Problem:
    """The page of a stem, or why its files do not make one."""
    match pictures, sounds:
        case [picture], [sound] if mentioned(picture) and mentioned(sound):
            return PageEntry(image=picture, audio=sound)
        case [picture], [_]:
            mend = "Give it a plain name in UTF-8."
            return Problem("pages", "a name that cannot be used", mend, picture)
        case [picture], []:
            mend = f'Add "{stem}.mp3", or list "pages".'
            return Problem("pages", "no narration for it", mend, picture)
        case [], [sound, *_]:
            mend = f'Add "{stem}.png", or list "pages".'
            return Problem("pages", "no picture for it", mend, sound)
    what = f"several files for one page: {', '.join([*pictures, *sounds])}"
    return Problem("pages", what, 'Keep one, or list "pages".', stem)


# ---- what is mentioned, and what contradicts itself ----------------------------------------------


def mentions_in(raw: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Every file inside the folder that the pages name, however faulty the rest is."""
    pages = raw.get("pages")
    if not isinstance(pages, list):
        return ()
    kinds: tuple[tuple[str, MediaKind], ...] = (("image", "picture"), ("audio", "sound"))
    return tuple(
        Mention(f"page {number}", kind, file)
        for number, page in enumerate(pages, 1)
        if isinstance(page, dict)
        for key, kind in kinds
        if (file := mentioned(page.get(key)))
    )


def mentioned(value: Any) -> str | None:
    """The file that a value names; None where it names none inside the folder."""
    if not isinstance(value, str):
        return None
    try:
        return file_inside(value)
    except ValueError:
        return None


def contradictions(raw: Mapping[str, Any]) -> list[Problem]:
    """Pages with neither or both of narration and duration, and an empty list of pages.

    They are checked here, because pydantic checks a whole model only when all of its keys are
    right.
    """
    pages = raw.get("pages")
    if not isinstance(pages, list):
        return []
    if not pages:
        return [Problem("pages", "an empty list", "List the pages, or leave the key out.")]
    problems = []
    for number, page in enumerate(pages, 1):
        if not isinstance(page, dict):
            continue
        has_sound = page.get("audio") is not None
        has_duration = page.get("duration") is not None
        file = str(page.get("image", ""))
        if has_sound and has_duration:
            what = "both audio and duration"
            problems.append(Problem(f"page {number}", what, "Keep one of them.", file))
        elif not has_sound and not has_duration:
            what = "neither audio nor duration"
            mend = 'Add "audio": "01.mp3", or "duration": 4.0 (seconds).'
            problems.append(Problem(f"page {number}", what, mend, file))
    return problems

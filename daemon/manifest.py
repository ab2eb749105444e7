"""The manifest: what the maker of a story writes, as a model, and how it is read.

Reading is tolerant where checking is strict: even a manifest with faults tells which files it mentions (`Mention`), so that one
look at a folder finds every problem, those of the manifest and those of the files.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from natsort import natsorted, ns
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from daemon import config
from daemon.config import CardChoice, Colour, Fit, Focus, FramesPerSecond, Gap, Motion, PosterPage, Size
from daemon.errors import Problem
from daemon.validation import MOST_PROBLEMS, UNION_TAG, Location, key_path, problems_of

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
SOUND_ENDINGS = (".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac")
LARGEST_MANIFEST = 4 * 2**20
"""Bytes: a thousand pages with a page of text each; a larger file is no manifest."""

MOST_PAGES = 10_000
"""A manifest with more pages is not even looked at: it may be made to cost time and memory."""

Kind = Literal["picture", "sound"]


def _inside(path: str) -> str:
    """A file inside the story's folder, written relative to it, or ValueError."""
    if "\\" in path:
        raise ValueError("a backslash in a file's name; write folders as folder/file.png")
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or path.endswith("/") or not _is_text(path):
        raise ValueError("not the name of a file")
    if path.startswith("/") or ".." in parts:
        raise ValueError("leaves the story's folder")
    return str(PurePosixPath(path))  # "./01.png" and "01.png" are one file


def _is_text(path: str) -> bool:
    try:
        return bool(path.encode())
    except UnicodeEncodeError:  # half a surrogate pair: from JSON, or from a name on disk that is not UTF-8
        return False


def _printable(text: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t" for letter in text):
        raise ValueError("holds control characters")
    return text


FileName = Annotated[str, Field(max_length=1000), AfterValidator(_inside)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(_printable)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PageEntry(_Model):
    """One page: a picture, and either a narration or a duration."""

    image: FileName = Field(description='the picture\'s file, such as "image": "01.png".')
    audio: FileName | None = Field(None, description='the narration\'s file, such as "audio": "01.mp3".')
    duration: float | None = Field(
        None,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="seconds that a page without narration stands, up to 3600.",
    )
    text: Text = Field("", description="the words that are spoken; they become the captions.")
    title: Line = Field("", description="what the page's chapter is called; absent: the beginning of its text.")
    chapter: Line = Field("", description="begins a chapter of this name, which lasts until a page that begins another.")
    motion: Motion | None = Field(None, description=f"how the picture moves: {config.MOTION} Absent: as the film.")
    focus: Focus | None = Field(None, description=config.FOCUS)


class Mood(_Model):
    """A random track of one mood."""

    mood: Line = Field(description='a folder of the music library, such as {"mood": "calm"}.')


NONE, TRACK, MOOD = f"{UNION_TAG}none", f"{UNION_TAG}track", f"{UNION_TAG}mood"


def _music_tag(value: Any) -> str:
    return MOOD if isinstance(value, dict | Mood) else NONE if isinstance(value, bool) else TRACK


MusicChoice = Annotated[
    Annotated[Literal[False], Tag(NONE)] | Annotated[FileName, Tag(TRACK)] | Annotated[Mood, Tag(MOOD)],
    Discriminator(_music_tag),
]


class FilmChoices(_Model):
    """The keys of config.toml's [film] that a story may set for itself."""

    size: Size | None = Field(None, description=config.SIZE)
    fps: FramesPerSecond | None = Field(None, description=config.FPS)
    fit: Fit | None = Field(None, description=config.FIT)
    focus: Focus | None = Field(None, description=config.FOCUS)
    background: Colour | None = Field(None, description=config.BACKGROUND)
    gap_seconds: Gap | None = Field(None, description=config.GAP)
    motion: Motion | None = Field(None, description=config.MOTION)
    transition: config.Transition | None = Field(None, description=config.TRANSITION)
    transition_seconds: config.TransitionSeconds | None = Field(None, description=config.TRANSITION_SECONDS)
    captions: config.Captions | None = Field(None, description=config.CAPTIONS)
    caption_style: config.CaptionStyle | None = Field(None, description=config.CAPTION_STYLE)
    title_card: CardChoice | None = Field(None, description=config.TITLE_CARD)
    end_card: CardChoice | None = Field(None, description=config.END_CARD)
    poster_page: PosterPage | None = Field(None, description=config.POSTER_PAGE)


class FileFacts(_Model):
    """What a file must be before it counts as arrived."""

    size: int | None = Field(None, ge=0, description="the file's length in bytes.")
    sha256: str | None = Field(None, pattern=r"^[0-9a-fA-F]{64}$", description="the file's SHA-256, 64 hexadecimal digits.")


class Manifest(_Model):
    """A story as its maker describes it."""

    title: Line = Field("", description="the film's title; absent: the folder's name.")
    author: Line = Field("", description="who made the story.")
    comment: Text = Field("", description="a note that the film's file carries.")
    language: str = Field(
        "",
        pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description='the language as a tag, such as "en" or "pt-BR".',
    )
    pages: tuple[PageEntry, ...] | None = Field(
        None, description="the pages in order; absent: pictures and sounds of the same name make pages."
    )
    music: MusicChoice | None = Field(
        None, description='a track ("calm/harbour.ogg"), {"mood": "calm"}, or false for none; absent: a random track.'
    )
    film: FilmChoices = Field(FilmChoices(), description="keys of config.toml's [film] for this story.")
    files: dict[FileName, FileFacts] = Field(
        default_factory=dict, description='sizes and hashes, {"01.png": {"size": 2386436, "sha256": "…"}}.'
    )


@dataclass(frozen=True, slots=True)
class Mention:
    """A file that a manifest names, and as what."""

    where: str
    kind: Kind
    file: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a manifest found.

    `parsed`: it is JSON. `manifest`: it obeys the model, else `problems` says why not. `unpaired`: pictures and sounds without
    a partner, where no pages are listed; they may still be on their way.
    """

    parsed: bool
    manifest: Manifest | None = None
    pages: tuple[PageEntry, ...] = ()
    mentions: tuple[Mention, ...] = ()
    problems: tuple[Problem, ...] = ()
    unpaired: tuple[Problem, ...] = ()
    facts: Mapping[str, FileFacts] = field(default_factory=dict)


def read(data: bytes, names: Sequence[str]) -> Reading:
    """Read a manifest's bytes. `names`: the files that lie beside it, for a manifest without pages."""
    try:
        raw = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        what = f"not JSON: {error}" if not isinstance(error, RecursionError) else "not JSON that can be read: nested too deeply"
        return Reading(parsed=False, problems=(Problem("manifest", what, "Mend it at that place, or write it anew."),))
    if not isinstance(raw, dict):
        return Reading(parsed=True, problems=(Problem("manifest", "not a JSON object", 'Write {"title": …, "pages": […]}.'),))
    pages = raw.get("pages")
    if isinstance(pages, list) and len(pages) > MOST_PAGES:
        return Reading(parsed=True, problems=(Problem("pages", f"more than {MOST_PAGES}", "Make several stories of it."),))
    problems = _contradictions(raw)
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        found = problems_of(error, Manifest, _place)
        told = _first([*found, *problems], untold=error.error_count() - len(found))
        return Reading(parsed=True, mentions=_mentions(raw), problems=told)
    pages, unpaired = (manifest.pages, []) if manifest.pages else pair(_without_music(names, manifest))
    return Reading(
        parsed=True,
        manifest=None if problems else manifest,
        pages=pages,
        mentions=_mentions({"pages": [page.model_dump() for page in pages]}),
        problems=_first(problems),
        unpaired=_first(unpaired),
        facts=manifest.files,
    )


def _first(problems: Sequence[Problem], untold: int = 0) -> tuple[Problem, ...]:
    """The problems, as far as anybody would read them; `untold`: how many more there are than these."""
    more = untold + max(0, len(problems) - MOST_PROBLEMS)
    if not more:
        return tuple(problems)
    return (*problems[:MOST_PROBLEMS], Problem("manifest", f"{more} more problems", "Mend these first, then look again."))


def pair(names: Sequence[str]) -> tuple[tuple[PageEntry, ...], list[Problem]]:
    """Pages from pictures and sounds of the same stem, in natural order, and what found no partner."""
    pictures = _by_stem(names, PICTURE_ENDINGS)
    sounds = _by_stem(names, SOUND_ENDINGS)
    problems, pages = [], []
    for stem in natsorted(sorted({*pictures, *sounds}), alg=ns.IGNORECASE):
        match pictures.get(stem, []), sounds.get(stem, []):
            case [picture], [sound] if _file_inside(picture) and _file_inside(sound):
                pages.append(PageEntry(image=picture, audio=sound))
            case [picture], [_]:
                problems.append(Problem("pages", "a name that cannot be used", "Give it a plain name in UTF-8.", picture))
            case [picture], []:
                problems.append(Problem("pages", "no narration for it", f'Add "{stem}.mp3", or list "pages".', picture))
            case [], [sound, *_]:
                problems.append(Problem("pages", "no picture for it", f'Add "{stem}.png", or list "pages".', sound))
            case several:
                twice = ", ".join(name for names in several for name in names)
                problems.append(Problem("pages", f"several files for one page: {twice}", 'Keep one, or list "pages".', stem))
    if not pages and not problems:
        problems.append(Problem("manifest", "no pages", 'List "pages", or add pictures and sounds of the same name.'))
    return tuple(pages), problems


def _by_stem(names: Sequence[str], endings: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.suffix.lower() in endings and len(path.parts) == 1 and not name.startswith("."):
            found.setdefault(path.stem, []).append(name)
    return found


def _without_music(names: Sequence[str], manifest: Manifest) -> list[str]:
    """A track of the folder is not a narration."""
    return [name for name in names if name != manifest.music]


def _mentions(raw: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Every file inside the folder that the pages name, however faulty the rest is."""
    pages = raw.get("pages")
    entries = enumerate(pages, 1) if isinstance(pages, list) else ()
    kinds: tuple[tuple[str, Kind], ...] = (("image", "picture"), ("audio", "sound"))
    return tuple(
        Mention(f"page {number}", kind, file)
        for number, page in entries
        if isinstance(page, dict)
        for key, kind in kinds
        if (file := _file_inside(page.get(key)))
    )


def _file_inside(value: Any) -> str | None:
    try:
        return _inside(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _contradictions(raw: Mapping[str, Any]) -> list[Problem]:
    """Pages with neither or with both of narration and duration: checked here, since pydantic checks a whole model last."""
    pages = raw.get("pages")
    if pages == []:
        return [Problem("pages", "an empty list", "List the pages, or leave the key out.")]
    problems = []
    for number, page in enumerate(pages if isinstance(pages, list) else (), 1):
        if not isinstance(page, dict):
            continue
        sounds, lasts = page.get("audio") is not None, page.get("duration") is not None
        if sounds == lasts:
            what = "both audio and duration" if sounds else "neither audio nor duration"
            mend = "Keep one of them." if sounds else 'Add "audio": "01.mp3", or "duration": 4.0 (seconds).'
            problems.append(Problem(f"page {number}", what, mend, str(page.get("image", ""))))
    return problems


def _place(location: Location) -> str:
    """A place in the manifest in words: ("pages", 2, "image") → "page 3, image"."""
    match location:
        case ():
            return "manifest"
        case ("pages", int(index), *rest):
            return ", ".join([f"page {index + 1}", *filter(None, [key_path(tuple(rest))])])
        case ("files", str(name), *_):
            return f'files, "{name}"'
    return key_path(location)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")

"""The manifest as a model: what the maker of a story may write, and what each key means.

The keys of `film` are the settings that a story may choose for its own film. They are derived from
`config.FilmSettings`, where each key says whether it is one of them.
"""

import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from daemon.config import FilmSettings, Mark
from daemon.options import Focus, Motion
from daemon.validation import UNION_TAG

LARGEST_MANIFEST = 4 * 2**20
"""Bytes: room for a thousand pages with a page of text each. A larger file is not a manifest."""


def file_inside(path: str) -> str:
    """The normal form of a file's name inside the story's folder: "./01.png" is "01.png".

    Raises ValueError for what is not the name of a file, or leaves the folder.
    """
    if "\\" in path:
        raise ValueError("a backslash in a file's name; write folders as folder/file.png")
    try:
        path.encode()
    except UnicodeEncodeError:  # half a surrogate pair, from JSON or from a name that is not UTF-8
        raise ValueError("not the name of a file") from None
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or path.endswith("/"):
        raise ValueError("not the name of a file")
    if path.startswith("/") or ".." in parts:
        raise ValueError("leaves the story's folder")
    return str(PurePosixPath(path))


def composed(name: str) -> str:
    """A name as most systems write it (NFC): the same for all names that look the same for it."""
    return unicodedata.normalize("NFC", name)


def without_controls(text: str) -> str:
    """The text itself. Raises ValueError for control characters, which could command a terminal."""
    for letter in text:
        if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t":
            raise ValueError("holds control characters")
    return text


FileName = Annotated[str, Field(max_length=1000), AfterValidator(file_inside)]
Line = Annotated[str, Field(max_length=500), AfterValidator(without_controls)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(without_controls)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def described(key: str) -> str:
    """The description of a key of [film], the same as in the settings."""
    return FilmSettings.model_fields[key].description or ""


class PageEntry(_Model):
    """One page: a picture, and either a narration or a duration."""

    image: FileName = Field(description='the picture\'s file, such as "image": "01.png".')
    audio: FileName | None = Field(
        None, description='the narration\'s file, such as "audio": "01.mp3".'
    )
    duration: float | None = Field(
        None,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="seconds that a page without narration is shown, up to 3600.",
    )
    text: Text = Field("", description="the words that are spoken; they become the captions.")
    title: Line = Field(
        "", description="what the page's chapter is called; absent: the beginning of its text."
    )
    chapter: Line = Field(
        "", description="begins a chapter of this name, which lasts until the next page with one."
    )
    motion: Motion | None = Field(
        None, description=f"how the picture moves: {described('motion')} Absent: as the film."
    )
    focus: Focus | None = Field(None, description=f"{described('focus')} Absent: as the film.")


class Mood(_Model):
    """A random track of one mood."""

    mood: Line = Field(description='a folder of the music library, such as {"mood": "calm"}.')


_NONE = f"{UNION_TAG}none"
_TRACK = f"{UNION_TAG}track"
_MOOD = f"{UNION_TAG}mood"


def _music_tag(value: Any) -> str:
    if isinstance(value, bool):
        return _NONE
    return _MOOD if isinstance(value, dict | Mood) else _TRACK


MusicChoice = Annotated[
    Annotated[Literal[False], Tag(_NONE)]
    | Annotated[FileName, Tag(_TRACK)]
    | Annotated[Mood, Tag(_MOOD)],
    Discriminator(_music_tag),
]


def film_choices() -> type[_Model]:
    """The model of `film`: each key marked `Mark.STORY`, or None for the service's own setting."""
    types = get_type_hints(FilmSettings, include_extras=True)
    keys: dict[str, Any] = {
        key: (types[key] | None, Field(None, description=field.description))
        for key, field in FilmSettings.model_fields.items()
        if Mark.STORY in field.metadata
    }
    doc = "The keys of config.toml's [film] that a story may set for its own film."
    return create_model("FilmChoices", __base__=_Model, __doc__=doc, **keys)


if TYPE_CHECKING:  # a type checker cannot see keys that are made at run time
    FilmChoices = _Model
else:
    FilmChoices = film_choices()


class FileFacts(_Model):
    """What a file must match before it counts as arrived."""

    size: int | None = Field(None, ge=0, description="the file's length in bytes.")
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{64}$",
        description="the file's SHA-256, 64 hexadecimal digits.",
    )


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
        None,
        description="the pages in order; absent: pictures and sounds of the same name make pages.",
    )
    music: MusicChoice | None = Field(
        None,
        description='a track ("calm/harbour.ogg"), {"mood": "calm"}, or false for none;'
        " absent: a random track.",
    )
    film: FilmChoices = Field(
        FilmChoices(), description="keys of config.toml's [film] for this story."
    )
    files: dict[FileName, FileFacts] = Field(
        default_factory=dict,
        description='sizes and hashes, {"01.png": {"size": 2386436, "sha256": "…"}}.',
    )

    def film_settings(self, film: FilmSettings) -> FilmSettings:
        """The service's settings, changed by those of this story."""
        return film.model_copy(update=self.own_film_keys())

    def own_film_keys(self) -> dict[str, Any]:
        """The keys of [film] that this story sets, with their values."""
        return {key: value for key, value in self.film if value is not None}

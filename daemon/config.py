"""The settings: read once, checked whole, passed on frozen.

Sources, the stronger first: the command line's `--root`, environment variables
(`STORYREEL_FILM__FPS=30`), the config file, the defaults below. Every fault of all sources is
reported at once with its key's path. Relative paths start at the config file's folder, or at the
current folder where there is no file.

Each key says for itself whether a story may set it, and whether a change needs a restart (`Mark`).
"""

import os
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from daemon.errors import ConfigError, Problem
from daemon.ignored import is_ignored
from daemon.media import fonts
from daemon.options import (
    Captions,
    CaptionStyle,
    CardChoice,
    Colour,
    Fit,
    Focus,
    FramesPerSecond,
    Gap,
    Motion,
    PosterPage,
    Size,
    TransitionName,
    TransitionSeconds,
    WriterName,
    listed,
)
from daemon.validation import key_path, nearest, problems_of

ENVIRONMENT_PREFIX = "STORYREEL_"
CONFIG_PLACES = (Path("config.toml"), Path("/etc/storyreel/config.toml"))


class Mark(Enum):
    """A property of a key, as part of its type."""

    STORY = "a story's manifest may set it for its own film"
    RESTART = "a change takes effect at the next start"


def _checked_file_name(name: str) -> str:
    if not name or "/" in name or "\0" in name or is_ignored(name):
        raise ValueError("not the name of a file that is visible and whole")
    return name


def _checked_pattern(pattern: str) -> str:
    if not pattern or "/" in pattern or "\0" in pattern:
        raise ValueError("not a pattern of a name, such as *.bak (without a folder)")
    return pattern


Seconds = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]
FileName = Annotated[str, AfterValidator(_checked_file_name)]
Pattern = Annotated[str, AfterValidator(_checked_pattern)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Folders(_Table):
    """The folders that stories move through.

    All but the outbox must be on one filesystem, so that moves are atomic.
    """

    root: Annotated[Path, Mark.RESTART] = Field(
        Path("storyreel"), description="the folder that holds the others."
    )
    inbox: Annotated[Path, Mark.RESTART] = Field(
        Path("inbox"), description="where story folders are dropped."
    )
    work: Annotated[Path, Mark.RESTART] = Field(
        Path("work"), description="the service's own folder."
    )
    outbox: Annotated[Path, Mark.RESTART] = Field(
        Path("outbox"), description="where films appear; it may be on another filesystem."
    )
    done: Annotated[Path, Mark.RESTART] = Field(
        Path("done"), description="where the sources of finished films are kept."
    )
    failed: Annotated[Path, Mark.RESTART] = Field(
        Path("failed"), description="where stories with faults are kept, with the reason in them."
    )

    def resolved(self, base: Path, root: Path | None) -> "Folders":
        """The same folders as absolute paths: `root` below `base`, the others below the root."""
        top = (root or base / self.root).absolute()
        names = [name for name in Folders.model_fields if name != "root"]
        return Folders(root=top, **{name: top / getattr(self, name) for name in names})


class Watch(_Table):
    """When a folder counts as complete."""

    settle_seconds: Seconds = Field(
        2.0, description="seconds without any change until a complete folder is taken."
    )
    rescan_seconds: Seconds = Field(
        10.0, description="seconds between two scans of the whole inbox."
    )
    patience_seconds: Seconds = Field(
        30.0, description="seconds without change until a torn manifest is given up."
    )
    give_up_seconds: float = Field(
        86_400.0,
        ge=0,
        le=31_536_000,
        description="seconds without change until a folder that lacks files fails; 0: never.",
    )
    manifest: FileName = Field(
        "manifest.json", description="the name of the file that completes a folder."
    )
    ignore: tuple[Pattern, ...] = Field(
        (), description='patterns of names that are never looked at, such as "*.bak".'
    )

    @model_validator(mode="after")
    def _manifest_is_looked_at(self) -> Self:
        if is_ignored(self.manifest, self.ignore):
            raise ValueError("a pattern of ignore matches the manifest's own name")
        return self


class FilmSettings(_Table):
    """How films look."""

    size: Annotated[Size, Mark.STORY] = Field(
        "auto",
        description=(
            '"auto" (the largest page\'s own size), "landscape", "portrait", "square", "4k" or '
            "WIDTHxHEIGHT in even pixels."
        ),
    )
    fps: Annotated[FramesPerSecond, Mark.STORY] = Field(
        24,
        description="frames per second, 1 to 60; 23.976, 29.97 and 59.94 are the exact NTSC rates.",
    )
    fit: Annotated[Fit, Mark.STORY] = Field(
        "blur",
        description=(
            '"blur" (all of the picture over its own blurred self), "contain" (between bars) or '
            '"cover" (cropped to fill).'
        ),
    )
    focus: Annotated[Focus, Mark.STORY] = Field(
        (0.5, 0.5),
        description=(
            'what "cover" keeps in sight: from the left and from the top, 0 to 1, such as '
            "[0.5, 0.3]."
        ),
    )
    background: Annotated[Colour, Mark.STORY] = Field(
        "#000000",
        description='the colour of the bars and behind transparent pictures, such as "#000000".',
    )
    gap_seconds: Annotated[Gap, Mark.STORY] = Field(
        0.5, description="seconds of rest after each narration, 0 to 60."
    )
    motion: Annotated[Motion, Mark.STORY] = Field(
        "none",
        description=f"{listed(Motion)} (they take turns).",
    )
    transition: Annotated[TransitionName, Mark.STORY] = Field(
        "cut", description=f"{listed(TransitionName)}."
    )
    transition_seconds: Annotated[TransitionSeconds, Mark.STORY] = Field(
        0.5,
        description=(
            "seconds that a transition takes, half of them before the page change; up to 10."
        ),
    )
    captions: Annotated[Captions, Mark.STORY] = Field(
        "soft",
        description=(
            '"soft" (a track that players can show) or "burned" (drawn into the pictures too).'
        ),
    )
    caption_style: Annotated[CaptionStyle, Mark.STORY] = Field(
        "stroke",
        description=(
            'burned captions: "stroke" (white letters with a dark edge) or "box" (on a dark box).'
        ),
    )
    font: Annotated[str, Mark.RESTART] = Field(
        "",
        description=(
            "a font's file, or its family's name; empty: Open Sans, for European languages."
        ),
    )
    title_card: Annotated[CardChoice, Mark.STORY] = Field(
        False,
        description=(
            'false, true, or {text = "…", seconds = 3.0, ground = "blurred"}; without text: the '
            "title and the author."
        ),
    )
    end_card: Annotated[CardChoice, Mark.STORY] = Field(
        False, description='false, true, or {text = "The end", seconds = 3.0, ground = "blurred"}.'
    )
    poster_page: Annotated[PosterPage, Mark.STORY] = Field(
        1, description="the number of the page whose picture is the poster and the cover."
    )
    keyframe_seconds: float = Field(
        10.0,
        ge=1,
        le=60,
        description="seconds between the points of a page that a player can jump to, 1 to 60.",
    )
    writer: WriterName = Field(
        "still-stream",
        description=(
            '"still-stream" (each picture encoded once) or "moviepy" (every frame by '
            "write_videofile)."
        ),
    )


class Sound(_Table):
    """How loud films are."""

    loudness_lufs: float = Field(
        -16.0, ge=-30, le=-10, description="the film's loudness in LUFS, such as -16 or -14."
    )
    level_narrations: bool = Field(
        True, description="whether the pages' narrations are made equally loud."
    )


class Music(_Table):
    """The quiet track under the narration."""

    folder: Annotated[Path | None, Mark.RESTART] = Field(
        None, description="the library, a folder of mood folders; absent: the bundled tracks."
    )
    volume_db: float = Field(
        -12.0, ge=-60, le=0, description="decibels that are added to the track, -60 to 0."
    )
    duck_db: float = Field(
        -6.0,
        ge=-40,
        le=0,
        description="further decibels that are added while a narration sounds, -40 to 0.",
    )
    fade_seconds: float = Field(
        1.5,
        ge=0,
        le=30,
        description="seconds of fading in at the start and out at the end, 0 to 30.",
    )
    crossfade_seconds: float = Field(
        2.0,
        ge=0,
        le=30,
        description="seconds in which the track's end and its beginning overlap, 0 to 30.",
    )

    @property
    def library(self) -> Path:
        """The library's folder: the configured one, or the bundled tracks.

        Those are in the checkout, or where pip puts data files.
        """
        if self.folder:
            return self.folder
        checkout = Path(__file__).parent.parent / "music"
        if checkout.is_dir():
            return checkout
        return Path(sysconfig.get_path("data"), "share", "storyreel", "music")


class WorkerSettings(_Table):
    """How stories are compiled: how many at once, how often, for how long."""

    count: Annotated[int, Mark.RESTART] = Field(
        2, ge=1, le=256, description="stories compiled at the same time, 1 to 256."
    )
    attempts: int = Field(
        3, ge=1, le=100, description="how often a story is tried, ever, 1 to 100."
    )
    stall_seconds: Seconds = Field(
        600.0, description="seconds without any progress after which an attempt is ended."
    )
    retry_seconds: Seconds = Field(
        2.0, description="seconds before the second attempt; doubled for each further one."
    )
    drain_seconds: float = Field(
        60.0, ge=0, le=86_400, description="seconds that running stories get at shutdown."
    )
    memory_mib: Annotated[int, Mark.RESTART] = Field(
        4096, ge=512, description="MiB of memory that one worker may use, 512 or more."
    )


class Limits(_Table):
    """The limits of one story, and how much space must be free on the disk."""

    pages: int = Field(1000, ge=1, description="pages in a story.")
    picture_megapixels: int = Field(
        100, ge=1, le=500, description="megapixels of one picture, 1 to 500."
    )
    file_mib: int = Field(512, ge=1, description="MiB of one file.")
    story_mib: int = Field(4096, ge=1, description="MiB of all files of a story together.")
    film_minutes: int = Field(
        240, ge=1, le=360, description="minutes of a film, 1 to 360 (a WAV file holds no more)."
    )
    free_mib: int = Field(
        1024, ge=0, description="MiB that must be free on the disk before a story is taken."
    )


class Keep(_Table):
    """How long sources are kept. As long as nothing is set, none is ever removed."""

    done_days: float = Field(
        0.0, ge=0, le=36_500, description="days that done/ keeps a story; 0: for ever."
    )
    done_gib: float = Field(
        0.0, ge=0, description="GiB that done/ may hold, the oldest go first; 0: any number."
    )
    failed_days: float = Field(
        0.0,
        ge=0,
        le=36_500,
        description="days that failed/ keeps a story after its last change; 0: for ever.",
    )
    failed_gib: float = Field(
        0.0, ge=0, description="GiB that failed/ may hold, the oldest go first; 0: any number."
    )


class Log(_Table):
    """What is written on standard output."""

    format: Literal["auto", "json", "console"] = Field(
        "auto", description='"json", "console", or "auto": console on a terminal, JSON elsewhere.'
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description='"debug", "info", "warning" or "error".'
    )


class Settings(BaseSettings):
    """All tables of config.toml."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    folders: Folders = Folders()
    watch: Watch = Watch()
    film: FilmSettings = FilmSettings()
    sound: Sound = Sound()
    music: Music = Music()
    workers: WorkerSettings = WorkerSettings()
    limits: Limits = Limits()
    keep: Keep = Keep()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose tables are given as arguments."""
        return env_settings, init_settings

    def changes(self, other: "Settings") -> list[str]:
        """The paths of the keys that differ in `other`, such as "film.fps"."""
        return [
            path
            for path, table, key in _keys()
            if getattr(getattr(self, table), key) != getattr(getattr(other, table), key)
        ]

    def reloaded(self, new: "Settings") -> "Settings":
        """`new` without what only a restart can change: those keys keep their values."""
        kept: dict[str, dict[str, Any]] = {}
        for path, table, key in _keys():
            if path in NEEDS_RESTART:
                kept.setdefault(table, {})[key] = getattr(getattr(self, table), key)
        tables = {
            table: getattr(new, table).model_copy(update=values) for table, values in kept.items()
        }
        return new.model_copy(update=tables)


def _keys() -> Iterator[tuple[str, str, str]]:
    """Each key as its path, its table's name and its own name."""
    for table in Settings.model_fields:
        for key in _table(table).model_fields:
            yield f"{table}.{key}", table, key


def _table(name: str) -> type[_Table]:
    table = Settings.model_fields[name].annotation
    assert isinstance(table, type)
    assert issubclass(table, _Table)
    return table


NEEDS_RESTART = frozenset(
    path for path, table, key in _keys() if Mark.RESTART in _table(table).model_fields[key].metadata
)
"""The paths of the keys whose changes take effect at the next start."""


# ---- reading -------------------------------------------------------------------------------------


def load(file: Path | None = None, root: Path | None = None) -> Settings:
    """Read and check the settings.

    `file` None looks at `CONFIG_PLACES`; `root` replaces `folders.root`. Raises ConfigError with
    every fault found.
    """
    source = file or next((place for place in CONFIG_PLACES if place.is_file()), None)
    tables = _read_toml(source) if source else {}
    problems = [*_unknown_variables(os.environ), *_unknown_tables(tables)]
    try:
        known = {name: table for name, table in tables.items() if name in Settings.model_fields}
        settings = Settings(**known)
    except ValidationError as error:
        raise ConfigError([*problems, *problems_of(error, Settings, key_path)]) from None
    except SettingsError:  # a variable names a whole table; `_unknown_variables` has found it
        raise ConfigError(problems) from None
    if problems:
        raise ConfigError(problems)
    return _anchored(settings, source.parent if source else Path(), root)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError([_unreadable(file, error.strerror or str(error))]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([_unreadable(file, f"not TOML: {error}")]) from error


def _unreadable(file: Path, what: str) -> Problem:
    mend = "Mend the file, or name another one with --config."
    return Problem("config file", what, mend, str(file))


def _unknown_variables(environment: Mapping[str, str]) -> list[Problem]:
    """Variables with our prefix that name no table. pydantic-settings would ignore them."""
    tables = [_table_variable(table) for table in Settings.model_fields]
    ours = sorted(name for name in environment if name.upper().startswith(ENVIRONMENT_PREFIX))
    return [
        Problem(
            "environment",
            f'unknown variable "{name}"',
            nearest(_table_variable(name[len(ENVIRONMENT_PREFIX) :].partition("_")[0]), tables),
        )
        for name in ours
        if not name.upper().startswith(tuple(tables))
    ]


def _table_variable(table: str) -> str:
    """How the variables of a table begin: "film" → "STORYREEL_FILM__"."""
    return f"{ENVIRONMENT_PREFIX}{table}__".upper()


def _unknown_tables(tables: Mapping[str, Any]) -> list[Problem]:
    """Tables that do not exist.

    They are checked here, because some names, such as `_env_file`, are options of
    pydantic-settings.
    """
    known = list(Settings.model_fields)
    return [
        Problem("config file", f'unknown key "{name}"', nearest(name, known))
        for name in tables
        if name not in known
    ]


def _anchored(settings: Settings, base: Path, root: Path | None) -> Settings:
    """The settings with absolute paths. Raises ConfigError with every path that cannot be used."""
    music = settings.music
    if music.folder:
        music = music.model_copy(update={"folder": (base / music.folder).absolute()})
    folders = settings.folders.resolved(base, root)
    font, font_problems = _font_file(settings.film.font, base)
    problems = [*_missing_library(music), *font_problems, *_entangled(folders)]
    if problems:
        raise ConfigError(problems)
    film = settings.film.model_copy(update={"font": font})
    return settings.model_copy(update={"folders": folders, "film": film, "music": music})


def _missing_library(music: Music) -> list[Problem]:
    if music.library.is_dir():
        return []
    what = f"no such folder: {music.library}"
    return [Problem("music.folder", what, "Make it, or name another one.")]


def _font_file(font: str, base: Path) -> tuple[str, list[Problem]]:
    if not font:
        return "", []
    try:
        return str(fonts.find(font, base)), []
    except ValueError as error:
        mend = "Name a font's file, or a family that `fc-list` shows."
        return "", [Problem("film.font", str(error), mend, font)]


def _entangled(folders: Folders) -> list[Problem]:
    """Folders that are the same as another, or inside it.

    A story moved to one of them would appear in the other. Only the root may hold the others.
    """
    places = {name: Path(os.path.normpath(getattr(folders, name))) for name in Folders.model_fields}
    problems = []
    for name, place in places.items():
        for other, other_place in places.items():
            if name in ("root", other):
                continue
            is_inside = other != "root" and other_place in place.parents
            if place == other_place or is_inside:
                what = f"the same as {other}, or inside it"
                mend = "Give each a place of its own."
                problems.append(Problem(f"folders.{name}", what, mend, str(place)))
    return problems

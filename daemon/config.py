"""The settings: read once, checked whole, passed on frozen.

Sources, the stronger first: the command line's `--root`, environment variables (`STORYREEL_FILM__FPS=30`), the config file,
the defaults below. Every fault of all sources is reported at once with its key's path. Relative paths start at the config
file's folder, or at the current folder where there is no file.
"""

import os
import re
import sysconfig
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from daemon.errors import ConfigError, Problem
from daemon.names import is_ignored
from daemon.validation import key_path, nearest, problems_of

ENVIRONMENT_PREFIX = "STORYREEL_"
CONFIG_PLACES = (Path("config.toml"), Path("/etc/storyreel/config.toml"))

NAMED_SIZES = {"landscape": (1920, 1080), "portrait": (1080, 1920), "square": (1080, 1080), "4k": (3840, 2160)}
LARGEST_SIDE, LARGEST_AREA = 4096, 36_864 * 16 * 16
"""Pixels of a side and of all: H.264 level 5.1, which every player of recent years decodes (Rec. ITU-T H.264, table A-1)."""

Canvas = tuple[int, int]
"""Width and height in pixels, both even: yuv420p stores one colour sample for each 2×2 pixels."""


def named_canvas(size: str) -> Canvas | None:
    """The canvas that a size names, or None for "auto" (the largest page decides).

    Raises ValueError for what is neither a name nor WIDTHxHEIGHT in even pixels between 16 and `LARGEST_SIDE`.
    """
    if size == "auto":
        return None
    if size in NAMED_SIZES:
        return NAMED_SIZES[size]
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    sides = tuple(map(int, match.groups())) if match else ()
    if not match or any(side % 2 or not 16 <= side <= LARGEST_SIDE for side in sides):
        names = ", ".join(["auto", *NAMED_SIZES])
        raise ValueError(f"not one of {names}, nor WIDTHxHEIGHT in even pixels from 16 to {LARGEST_SIDE}")
    if coded_area(sides[0], sides[1]) > LARGEST_AREA:
        raise ValueError(f"more than {LARGEST_AREA / 1e6:.1f} megapixels, which players do not decode")
    return sides[0], sides[1]


def coded_area(width: int, height: int) -> int:
    """Pixels that a picture takes as whole macroblocks of 16×16."""
    return -(-width // 16) * -(-height // 16) * 256


def _checked_size(size: str) -> str:
    named_canvas(size)
    return size


def _checked_file_name(name: str) -> str:
    if not name or "/" in name or "\0" in name or is_ignored(name):
        raise ValueError("not the name of a file that is visible and whole")
    return name


Size = Annotated[str, AfterValidator(_checked_size)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Fit = Literal["contain", "cover"]
Gap = Annotated[float, Field(ge=0, le=60)]
FramesPerSecond = Annotated[int, Field(ge=1, le=60)]
Seconds = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]

SIZE = '"auto" (the largest page\'s own size), "landscape", "portrait", "square", "4k" or WIDTHxHEIGHT in even pixels.'
FPS = "frames per second, a whole number from 1 to 60."
FIT = '"contain" (all of the picture, bars beside it) or "cover" (all of the canvas, the picture cropped).'
GAP = "seconds of rest after each narration, 0 to 60."
BACKGROUND = 'the colour of the bars and behind transparent pictures, such as "#000000".'


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Folders(_Table):
    """Where stories travel. All but the outbox must be on one filesystem, so that moves are atomic."""

    root: Path = Field(Path("storyreel"), description="the folder that holds the others.")
    inbox: Path = Field(Path("inbox"), description="where story folders are dropped.")
    work: Path = Field(Path("work"), description="the service's own folder.")
    outbox: Path = Field(Path("outbox"), description="where films appear; it may be on another filesystem.")
    done: Path = Field(Path("done"), description="where the sources of finished films are kept.")
    failed: Path = Field(Path("failed"), description="where stories with faults are kept, with the reason in them.")

    def resolved(self, base: Path, root: Path | None) -> "Folders":
        """The same folders as absolute paths: `root` below `base`, the others below the root."""
        top = (root or base / self.root).absolute()
        below = {name: top / getattr(self, name) for name in Folders.model_fields if name != "root"}
        return Folders(root=top, **below)


class Watch(_Table):
    """When a folder counts as complete."""

    settle_seconds: Seconds = Field(2.0, description="seconds without any change until a complete folder is taken.")
    rescan_seconds: Seconds = Field(10.0, description="seconds between two scans of the whole inbox.")
    patience_seconds: Seconds = Field(30.0, description="seconds without change until a torn manifest is given up.")
    give_up_seconds: float = Field(
        86_400.0,
        ge=0,
        le=31_536_000,
        description="seconds without change until a folder that lacks files fails; 0: never.",
    )
    manifest: Annotated[str, AfterValidator(_checked_file_name)] = Field(
        "manifest.json", description="the name of the file that completes a folder."
    )


class FilmSettings(_Table):
    """How films look. A story's manifest may set the keys that `manifest.FilmChoices` names."""

    size: Size = Field("auto", description=SIZE)
    fps: FramesPerSecond = Field(24, description=FPS)
    fit: Fit = Field("contain", description=FIT)
    background: Colour = Field("#000000", description=BACKGROUND)
    gap_seconds: Gap = Field(0.5, description=GAP)
    keyframe_seconds: float = Field(10.0, ge=1, le=60, description="seconds between the points of a page to jump to, 1 to 60.")
    writer: Literal["still-stream", "moviepy"] = Field(
        "still-stream", description='"still-stream" (each picture encoded once) or "moviepy" (every frame by write_videofile).'
    )


class Music(_Table):
    """The quiet track under the narration."""

    folder: Path | None = Field(None, description="the library, a folder of mood folders; absent: the tracks that ship.")
    volume_db: float = Field(-20.0, ge=-60, le=0, description="decibels that are added to the track, -60 to 0.")

    @property
    def library(self) -> Path:
        """The library's folder: the configured one, or the tracks that ship (in a checkout, or where pip puts data files)."""
        if self.folder:
            return self.folder
        checkout = Path(__file__).parent.parent / "music"
        return checkout if checkout.is_dir() else Path(sysconfig.get_path("data"), "share", "storyreel", "music")


class WorkerSettings(_Table):
    """How stories are compiled: how many at once, how often, for how long."""

    count: int = Field(2, ge=1, le=256, description="stories compiled at the same time, 1 to 256.")
    attempts: int = Field(3, ge=1, le=100, description="how often a story is tried, ever, 1 to 100.")
    timeout_seconds: Seconds = Field(3600.0, description="seconds after which an attempt is ended.")
    retry_seconds: Seconds = Field(2.0, description="seconds before the second attempt; doubled for each further one.")
    drain_seconds: float = Field(60.0, ge=0, le=86_400, description="seconds that running stories get at shutdown.")
    memory_mib: int = Field(4096, ge=256, description="MiB of memory that one worker may use, 256 or more.")


class Limits(_Table):
    """What one story may ask for, and what the disk must have left."""

    pages: int = Field(1000, ge=1, description="pages in a story.")
    picture_megapixels: int = Field(100, ge=1, le=500, description="megapixels of one picture, 1 to 500.")
    file_mib: int = Field(512, ge=1, description="MiB of one file.")
    film_minutes: int = Field(240, ge=1, le=360, description="minutes of a film, 1 to 360 (a WAV file holds no more).")
    free_mib: int = Field(1024, ge=0, description="MiB that must be free on the disk before a story is taken.")


class Log(_Table):
    """What is said on standard output."""

    format: Literal["auto", "json", "console"] = Field(
        "auto", description='"json", "console", or "auto": console on a terminal, JSON elsewhere.'
    )
    level: Literal["debug", "info", "warning", "error"] = Field("info", description='"debug", "info", "warning" or "error".')


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
    music: Music = Music()
    workers: WorkerSettings = WorkerSettings()
    limits: Limits = Limits()
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


def load(file: Path | None = None, root: Path | None = None) -> Settings:
    """Read and check the settings.

    `file` None looks at `CONFIG_PLACES`; `root` replaces `folders.root`. Raises ConfigError with every fault found.
    """
    source = file or next((place for place in CONFIG_PLACES if place.is_file()), None)
    tables = _read_toml(source) if source else {}
    problems = [*_unknown_variables(os.environ), *_unknown_tables(tables)]
    try:
        settings = Settings(**{name: table for name, table in tables.items() if name in Settings.model_fields})
    except ValidationError as error:
        raise ConfigError([*problems, *problems_of(error, Settings, key_path)]) from None
    except SettingsError:  # a variable names a whole table; `_unknown_variables` has said so
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
    return Problem("config file", what, "Mend the file, or name another one with --config.", str(file))


def _unknown_variables(environment: Mapping[str, str]) -> list[Problem]:
    """Variables with our prefix whose table does not exist: pydantic-settings would pass over them in silence."""
    tables = [f"{ENVIRONMENT_PREFIX}{table}__".upper() for table in Settings.model_fields]
    ours = sorted(name for name in environment if name.upper().startswith(ENVIRONMENT_PREFIX))
    return [
        Problem("environment", f'unknown variable "{name}"', nearest(name.upper(), tables))
        for name in ours
        if not name.upper().startswith(tuple(tables))
    ]


def _unknown_tables(tables: Mapping[str, Any]) -> list[Problem]:
    """Looked at here: pydantic-settings takes some names, such as `_env_file`, for orders to itself."""
    known = list(Settings.model_fields)
    return [Problem("config file", f'unknown key "{name}"', nearest(name, known)) for name in tables if name not in known]


def _anchored(settings: Settings, base: Path, root: Path | None) -> Settings:
    music = settings.music
    if music.folder:
        music = Music(folder=(base / music.folder).absolute(), volume_db=music.volume_db)
    if not music.library.is_dir():
        raise ConfigError([Problem("music.folder", f"no such folder: {music.library}", "Make it, or name another one.")])
    folders = settings.folders.resolved(base, root)
    if problems := _entangled(folders):
        raise ConfigError(problems)
    return settings.model_copy(update={"folders": folders, "music": music})


def _entangled(folders: Folders) -> list[Problem]:
    """Folders that are one, or lie in one another: a story moved to one would appear in the other."""
    places = {name: Path(os.path.normpath(getattr(folders, name))) for name in Folders.model_fields}
    pairs = [(name, other) for name in places if name != "root" for other in places if other != name]
    return [
        Problem(f"folders.{name}", f"the same as {other}, or inside it", "Give each a place of its own.", str(places[name]))
        for name, other in pairs
        if places[name] == places[other] or (other != "root" and places[other] in places[name].parents)
    ]

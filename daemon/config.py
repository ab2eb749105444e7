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
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from daemon import fonts
from daemon.errors import ConfigError, Problem
from daemon.names import is_ignored
from daemon.validation import UNION_TAG, key_path, nearest, problems_of

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


NTSC_RATES = (24, 30, 48, 60)
"""Rates of television that are written 23.976, 29.97, 47.952 and 59.94, and are a thousandth and one less than these."""


def frame_rate(fps: float) -> Fraction:
    """Frames per second as the exact fraction that is meant: 29.97 is 30000/1001."""
    for nominal in NTSC_RATES:
        if abs(fps - nominal / 1.001) < 0.006:
            return Fraction(nominal * 1000, 1001)
    return Fraction(fps).limit_denominator(1000)


def _checked_file_name(name: str) -> str:
    if not name or "/" in name or "\0" in name or is_ignored(name):
        raise ValueError("not the name of a file that is visible and whole")
    return name


Size = Annotated[str, AfterValidator(_checked_size)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Fit = Literal["blur", "contain", "cover"]
Motion = Literal["none", "zoom-in", "zoom-out", "pan-left", "pan-right", "pan-up", "pan-down", "auto"]
Transition = Literal["cut", "crossfade", "fade-black"]
Captions = Literal["soft", "burned"]
CaptionStyle = Literal["stroke", "box"]
Gap = Annotated[float, Field(ge=0, le=60)]
TransitionSeconds = Annotated[float, Field(gt=0, le=10)]
FramesPerSecond = Annotated[float, Field(ge=1, le=60)]
Share = Annotated[float, Field(ge=0, le=1)]
Focus = tuple[Share, Share]
PosterPage = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]

SIZE = '"auto" (the largest page\'s own size), "landscape", "portrait", "square", "4k" or WIDTHxHEIGHT in even pixels.'
FPS = "frames per second, 1 to 60; 23.976, 29.97 and 59.94 are the exact fractions of television."
FIT = '"blur" (all of the picture over its own blurred self), "contain" (between bars) or "cover" (cropped to fill).'
FOCUS = 'what "cover" keeps in sight: from the left and from the top, 0 to 1, such as [0.5, 0.3].'
GAP = "seconds of rest after each narration, 0 to 60."
BACKGROUND = 'the colour of the bars and behind transparent pictures, such as "#000000".'
MOTION = '"none", "zoom-in", "zoom-out", "pan-left", "pan-right", "pan-up", "pan-down" or "auto" (they take turns).'
TRANSITION = '"cut", "crossfade" or "fade-black".'
TRANSITION_SECONDS = "seconds that a transition lasts, half of them before the next page begins; up to 10."
CAPTIONS = '"soft" (a track that players can show) or "burned" (drawn into the pictures as well).'
CAPTION_STYLE = 'burned captions: "stroke" (white letters with a dark edge) or "box" (on a dark box).'
TITLE_CARD = 'false, true, or {text = "…", seconds = 3.0, ground = "blurred"}; without text: the title and the author.'
END_CARD = 'false, true, or {text = "The end", seconds = 3.0, ground = "blurred"}.'
POSTER_PAGE = "the number of the page whose picture is the poster and the cover."


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


class Card(_Table):
    """A card of words before the first page, or after the last."""

    text: Annotated[str, Field(max_length=500)] = Field("", description="its words; a second line is set smaller.")
    seconds: float = Field(3.0, ge=0.5, le=60, description="seconds that it stands, 0.5 to 60.")
    ground: Annotated[str, Field(pattern=r"^(picture|blurred|#[0-9a-fA-F]{6})$")] = Field(
        "blurred", description='"picture" (the page beside it), "blurred", or a colour such as "#203040".'
    )


NO_CARD, A_CARD = f"{UNION_TAG}none", f"{UNION_TAG}card"

CardChoice = Annotated[
    Annotated[Literal[False], Tag(NO_CARD)] | Annotated[Card, Tag(A_CARD)],
    Discriminator(lambda value: NO_CARD if value is False else A_CARD),
    BeforeValidator(lambda value: {} if value is True else value),
]


class FilmSettings(_Table):
    """How films look. A story's manifest may set the keys that `manifest.FilmChoices` names."""

    size: Size = Field("auto", description=SIZE)
    fps: FramesPerSecond = Field(24, description=FPS)
    fit: Fit = Field("blur", description=FIT)
    focus: Focus = Field((0.5, 0.5), description=FOCUS)
    background: Colour = Field("#000000", description=BACKGROUND)
    gap_seconds: Gap = Field(0.5, description=GAP)
    motion: Motion = Field("none", description=MOTION)
    transition: Transition = Field("cut", description=TRANSITION)
    transition_seconds: TransitionSeconds = Field(0.5, description=TRANSITION_SECONDS)
    captions: Captions = Field("soft", description=CAPTIONS)
    caption_style: CaptionStyle = Field("stroke", description=CAPTION_STYLE)
    font: str = Field("", description="a font's file, or its family's name; absent: a plain one for European languages.")
    title_card: CardChoice = Field(False, description=TITLE_CARD)
    end_card: CardChoice = Field(False, description=END_CARD)
    poster_page: PosterPage = Field(1, description=POSTER_PAGE)
    keyframe_seconds: float = Field(10.0, ge=1, le=60, description="seconds between the points of a page to jump to, 1 to 60.")
    writer: Literal["still-stream", "moviepy"] = Field(
        "still-stream", description='"still-stream" (each picture encoded once) or "moviepy" (every frame by write_videofile).'
    )


class Sound(_Table):
    """How loud films are."""

    loudness_lufs: float = Field(-16.0, ge=-30, le=-10, description="the film's loudness in LUFS, such as -16 or -14.")
    level_narrations: bool = Field(True, description="whether the pages' narrations are made equally loud.")


class Music(_Table):
    """The quiet track under the narration."""

    folder: Path | None = Field(None, description="the library, a folder of mood folders; absent: the tracks that ship.")
    volume_db: float = Field(-12.0, ge=-60, le=0, description="decibels that are added to the track, -60 to 0.")
    duck_db: float = Field(-6.0, ge=-40, le=0, description="decibels more while a narration sounds, -40 to 0.")
    fade_seconds: float = Field(1.5, ge=0, le=30, description="seconds of fading in at the start and out at the end, 0 to 30.")
    crossfade_seconds: float = Field(
        2.0, ge=0, le=30, description="seconds in which the track's end and its beginning overlap."
    )

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
    sound: Sound = Sound()
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
        music = music.model_copy(update={"folder": (base / music.folder).absolute()})
    if not music.library.is_dir():
        raise ConfigError([Problem("music.folder", f"no such folder: {music.library}", "Make it, or name another one.")])
    film = settings.film.model_copy(update={"font": _font_file(settings.film.font, base)})
    folders = settings.folders.resolved(base, root)
    if problems := _entangled(folders):
        raise ConfigError(problems)
    return settings.model_copy(update={"folders": folders, "film": film, "music": music})


def _font_file(font: str, base: Path) -> str:
    if not font:
        return ""
    try:
        return str(fonts.find(font, base))
    except ValueError as error:
        mend = "Name a font's file, or a family that `fc-list` tells of."
        raise ConfigError([Problem("film.font", str(error), mend, font)]) from error


def _entangled(folders: Folders) -> list[Problem]:
    """Folders that are one, or lie in one another: a story moved to one would appear in the other."""
    places = {name: Path(os.path.normpath(getattr(folders, name))) for name in Folders.model_fields}
    pairs = [(name, other) for name in places if name != "root" for other in places if other != name]
    return [
        Problem(f"folders.{name}", f"the same as {other}, or inside it", "Give each a place of its own.", str(places[name]))
        for name, other in pairs
        if places[name] == places[other] or (other != "root" and places[other] in places[name].parents)
    ]

"""The settings: config.toml holds the defaults, each source counts, all faults come at once."""

import contextlib
import json
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont
from pydantic import ValidationError

from daemon import config
from daemon.config import Settings
from daemon.errors import ConfigError
from daemon.options import LARGEST_SIDE, Card

CONFIG_TOML = Path(__file__).parent.parent / "config.toml"
LINE = re.compile(
    r"(?P<off># )?(?P<key>[a-z_]+) = (?P<value>\"[^\"]*\"|\[[^\]]*\]|[^ #]+)"
    r"(?: +# (?P<comment>.+))?"
)
DEFAULTS: dict[str, dict[str, Any]] = Settings().model_dump(mode="json")
KEYS = [(table, key) for table, keys in DEFAULTS.items() for key in keys]


def config_toml_lines() -> dict[tuple[str, str], re.Match[str]]:
    """The keys of config.toml, those that are commented out as well, each with its line."""
    found = {}
    table = ""
    for line in CONFIG_TOML.read_text("utf-8").splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        elif table and (match := LINE.fullmatch(line)):
            found[table, match["key"]] = match
    return found


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def faults(file: Path | None = None) -> list[str]:
    """What is wrong with the settings: "place: what" of each problem."""
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert all(problem.mend for problem in caught.value.problems)
    return [f"{problem.where}: {problem.what}" for problem in caught.value.problems]


# ---- config.toml ---------------------------------------------------------------------------------


def test_every_key_of_config_toml_is_the_default() -> None:
    for table, keys in tomllib.loads(CONFIG_TOML.read_text("utf-8")).items():
        assert keys == {key: DEFAULTS[table][key] for key in keys}


def test_every_setting_is_in_config_toml_in_the_order_of_the_code() -> None:
    assert list(config_toml_lines()) == KEYS


def test_every_key_of_config_toml_has_a_comment() -> None:
    assert [key for key, line in config_toml_lines().items() if not line["comment"]] == []


def test_only_keys_without_a_default_are_commented_out() -> None:
    off = {key for key, line in config_toml_lines().items() if line["off"]}
    assert off == {(table, key) for table, key in KEYS if DEFAULTS[table][key] is None}


def test_config_toml_with_every_key_switched_on_is_valid(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    text = CONFIG_TOML.read_text("utf-8").replace('# folder = "/srv/music"', 'folder = "music"')
    assert config.load(written(tmp_path / "all.toml", text)).music.folder == tmp_path / "music"


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_every_setting_says_what_it_expects(table: str, key: str) -> None:
    field = type(getattr(Settings(), table)).model_fields[key]
    assert field.description
    assert field.description.endswith((".", ")"))


# ---- sources -------------------------------------------------------------------------------------


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    loaded = config.load()
    assert loaded.folders.inbox == tmp_path / "storyreel" / "inbox"
    assert loaded.model_dump(exclude={"folders"}) == Settings().model_dump(exclude={"folders"})


def test_a_file_in_the_current_folder_is_found(tmp_path: Path) -> None:
    written(tmp_path / "config.toml", "[film]\nfps = 30\n")
    assert config.load().film.fps == 30


def test_a_named_file_wins_over_the_one_in_the_current_folder(tmp_path: Path) -> None:
    written(tmp_path / "config.toml", "[film]\nfps = 30\n")
    assert config.load(written(tmp_path / "other.toml", "[film]\ngap_seconds = 1\n")).film.fps == 24


@pytest.mark.parametrize(
    ("name", "value", "table", "key", "expected"),
    [
        ("STORYREEL_FILM__FPS", "30", "film", "fps", 30),
        ("storyreel_film__fps", "30", "film", "fps", 30),
        ("STORYREEL_FILM__SIZE", "4k", "film", "size", "4k"),
        ("STORYREEL_WATCH__SETTLE_SECONDS", "0.25", "watch", "settle_seconds", 0.25),
        ("STORYREEL_WATCH__MANIFEST", "story.json", "watch", "manifest", "story.json"),
        ("STORYREEL_WORKERS__COUNT", "7", "workers", "count", 7),
        ("STORYREEL_LIMITS__FREE_MIB", "0", "limits", "free_mib", 0),
        ("STORYREEL_LOG__LEVEL", "debug", "log", "level", "debug"),
    ],
)
def test_the_environment_wins_over_the_file(
    name: str,
    value: str,
    table: str,
    key: str,
    expected: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    changed = config.load(CONFIG_TOML).model_dump(exclude={"folders"})
    assert changed[table].pop(key) == expected
    monkeypatch.delenv(name)
    plain = config.load(CONFIG_TOML).model_dump(exclude={"folders"})
    assert plain[table].pop(key) != expected
    assert changed == plain


def test_the_root_of_the_command_line_wins_over_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_FOLDERS__ROOT", str(tmp_path / "environment"))
    file = written(tmp_path / "c.toml", '[folders]\nroot = "file"\n')
    assert config.load(file).folders.root == tmp_path / "environment"
    assert config.load(file, tmp_path / "line").folders.work == tmp_path / "line" / "work"


def test_relative_folders_start_at_the_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "etc" / "tracks").mkdir(parents=True)
    text = """
        [folders]
        root = "spool"
        outbox = "/srv/films"
        inbox = "in/here"
        [music]
        folder = "tracks"
    """
    loaded = config.load(written(tmp_path / "etc" / "c.toml", text))
    assert loaded.folders.inbox == tmp_path / "etc" / "spool" / "in" / "here"
    assert loaded.folders.outbox == Path("/srv/films")
    assert loaded.music.library == tmp_path / "etc" / "tracks"


def test_a_relative_file_and_root_start_at_the_current_folder(tmp_path: Path) -> None:
    written(tmp_path / "c.toml", "")
    assert config.load(Path("c.toml")).folders.root == tmp_path / "storyreel"
    assert config.load(Path("c.toml"), Path("there")).folders.done == tmp_path / "there" / "done"


def test_the_bundled_tracks_are_the_default_library() -> None:
    assert config.load().music.library == CONFIG_TOML.parent / "music"


def test_a_byte_order_mark_before_the_file_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf[film]\nfps = 30\n")
    assert config.load(tmp_path / "c.toml").film.fps == 30


@pytest.mark.parametrize(("table", "key"), [("film", "fps"), ("folders", "root")])
def test_settings_are_frozen(table: str, key: str) -> None:
    loaded = config.load()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(getattr(loaded, table), key, 1)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(loaded, table, getattr(loaded, table))


# ---- faults --------------------------------------------------------------------------------------


def test_all_faults_of_all_sources_are_reported_at_once_with_their_key_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_WORKERS__COUNT", "many")
    monkeypatch.setenv("STORYREEL_FLIM__FPS", "30")
    monkeypatch.setenv("STORYREEL_LOG__COLOUR", "red")
    text = """
        [film]
        fps = 0
        size = "19x7"
        colour = 1
        [wacth]
        [watch]
        settle_seconds = 0
        [log]
        level = "loud"
    """
    found = faults(written(tmp_path / "c.toml", text))
    assert sorted(fault.split(":")[0] for fault in found) == sorted(
        [
            "environment",
            "workers.count",
            "film.fps",
            "film.size",
            "film",
            "config file",
            "watch.settle_seconds",
            "log.level",
            "log",
        ]
    )
    assert 'film: unknown key "colour"' in found


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("STORYREEL_FLIM__FPS", 'Did you mean "STORYREEL_FILM__"?'),
        ("storyreel_wacth__manifest", 'Did you mean "STORYREEL_WATCH__"?'),
        ("STORYREEL_FILM", 'Did you mean "STORYREEL_FILM__"?'),
        ("STORYREEL_FILM_FPS", 'Did you mean "STORYREEL_FILM__"?'),
    ],
)
def test_a_variable_of_ours_that_no_table_has_is_a_fault(
    name: str, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, '{"fps": 30}')
    with pytest.raises(ConfigError) as caught:
        config.load()
    [problem] = caught.value.problems
    assert (problem.where, problem.what) == ("environment", f'unknown variable "{name}"')
    assert problem.mend.startswith(mend)


def test_an_unknown_key_in_a_variable_names_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYREEL_FILM__FBS", "30")
    with pytest.raises(ConfigError, match=r'film: unknown key "fbs"\. Did you mean "fps"\?'):
        config.load()


def test_variables_of_other_programs_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREELS_FLIM__FPS", "30")
    monkeypatch.setenv("FILM__FPS", "30")
    assert config.load().film.fps == 24


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[film\nfps = 1", "not TOML"),
        (b"[film]\nfps = 1\nfps = 2", "not TOML"),
        (b'[folders]\nroot = "\xe4"', "not TOML"),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault_that_names_it(
    content: bytes | None, what: str, tmp_path: Path
) -> None:
    file = tmp_path / "c.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    [problem] = caught.value.problems
    assert (problem.where, problem.file) == ("config file", str(file))
    assert problem.what.startswith(what)


def test_a_folder_in_the_place_of_the_file_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path) == ["config file: Is a directory"]


def test_a_music_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    file = written(tmp_path / "c.toml", '[music]\nfolder = "tracks"\n')
    assert faults(file) == [f"music.folder: no such folder: {tmp_path / 'tracks'}"]


@pytest.mark.parametrize(
    ("table", "key", "values"),
    [
        ("film", "fps", ["0", "0.9", "60.1", "61", "nan", "inf", '"x"', "[24]"]),
        (
            "film",
            "size",
            [
                '"hd"',
                '"1920×1080"',
                '"1921x1080"',
                '"14x16"',
                f'"{LARGEST_SIDE + 2}x16"',
                '"1920x1080 "',
                "1080",
            ],
        ),
        ("film", "fit", ['"stretch"', '"Contain"', "true"]),
        ("film", "background", ['"black"', '"#000"', '"#0000000"', '"#00000g"', '"#000000\\n"']),
        ("film", "gap_seconds", ["-0.1", "60.1", "nan", "inf"]),
        ("film", "motion", ['"zoom"', '"Auto"', "true", '""']),
        ("film", "transition", ['"fade"', '"wipe"', "false"]),
        ("film", "transition_seconds", ["0", "-1", "10.1", "nan", "inf"]),
        ("film", "captions", ['"hard"', '"none"', "true"]),
        ("film", "caption_style", ['"outline"', "1"]),
        ("film", "font", ["1", "false", "[]"]),
        ("film", "title_card", ["1", '"The fox"', "[]", "3.0"]),
        ("film", "end_card", ['"The end"', "0.5", "[true]"]),
        ("film", "poster_page", ["0", "-1", "1.5", '"first"']),
        ("film", "keyframe_seconds", ["0.9", "60.1", "nan"]),
        ("film", "writer", ['"ffmpeg"']),
        ("sound", "loudness_lufs", ["-30.1", "-9.9", "0", "nan", "-inf", '"loud"']),
        ("sound", "level_narrations", ['"perhaps"', "2", "[]"]),
        ("watch", "settle_seconds", ["0", "-1", "nan", "inf", "1e9"]),
        ("watch", "rescan_seconds", ["0", "nan", "inf"]),
        ("watch", "patience_seconds", ["0", "nan", "inf"]),
        ("watch", "give_up_seconds", ["-1", "nan", "inf"]),
        (
            "watch",
            "manifest",
            ['""', '"."', '".."', '".hidden"', '"a/b"', '"/etc/passwd"', '"a\\u0000b"', "7"],
        ),
        ("music", "volume_db", ["0.1", "-60.1", "nan", "-inf"]),
        ("music", "duck_db", ["0.1", "-40.1", "nan", "-inf"]),
        ("music", "fade_seconds", ["-0.1", "30.1", "nan", "inf"]),
        ("music", "crossfade_seconds", ["-0.1", "30.1", "nan", "inf"]),
        ("workers", "count", ["0", "257"]),
        ("workers", "attempts", ["0", "101"]),
        ("workers", "stall_seconds", ["0", "nan", "inf"]),
        ("workers", "retry_seconds", ["0", "nan"]),
        ("workers", "drain_seconds", ["-1", "nan", "inf"]),
        ("workers", "memory_mib", ["511"]),
        ("limits", "pages", ["0"]),
        ("limits", "picture_megapixels", ["0", "501"]),
        ("limits", "file_mib", ["0"]),
        ("limits", "story_mib", ["0"]),
        ("limits", "film_minutes", ["0", "361"]),
        ("limits", "free_mib", ["-1"]),
        ("log", "format", ['"xml"']),
        ("log", "level", ['"loud"', '"INFO"']),
        ("folders", "inbox", ["1", "[]"]),
    ],
)
def test_a_value_outside_of_what_a_key_may_be_is_a_fault_at_its_path(
    table: str, key: str, values: list[str], tmp_path: Path
) -> None:
    for value in values:
        found = faults(written(tmp_path / "c.toml", f"[{table}]\n{key} = {value}\n"))
        assert [fault.split(":")[0] for fault in found] == [f"{table}.{key}"], value


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("[0.5]", {"film.focus"}),
        ("[0.1, 0.2, 0.3]", {"film.focus"}),
        ("0.5", {"film.focus"}),
        ('"middle"', {"film.focus"}),
        ("[-0.1, 1.1]", {"film.focus[0]", "film.focus[1]"}),
        ("[nan, 0.5]", {"film.focus[0]"}),
    ],
)
def test_a_focus_is_two_shares(value: str, places: set[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(written(tmp_path / "c.toml", f"[film]\nfocus = {value}\n"))
    assert {problem.where for problem in caught.value.problems} == places
    assert all('what "cover" keeps in sight' in problem.mend for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["film = 3", "film = []", "[[film]]\nfps = 3", 'film = "fps"'])
def test_what_should_be_a_table_and_is_not_is_a_fault(text: str, tmp_path: Path) -> None:
    assert [fault.split(":")[0] for fault in faults(written(tmp_path / "c.toml", text))] == ["film"]


VALUES = st.recursive(
    st.booleans()
    | st.integers(-10, 5000)
    | st.floats(-1e6, 1e6)
    | st.text(st.characters(codec="ascii", categories=["L", "N", "P"])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
TABLES = st.dictionaries(
    st.sampled_from([*DEFAULTS, "flim"]),
    st.dictionaries(st.sampled_from([key for _, key in KEYS] + ["x"]), VALUES, max_size=4),
    max_size=3,
)


@settings(max_examples=60)
@given(TABLES)
def test_any_file_gives_settings_or_config_errors_and_nothing_else(
    tables: dict[str, dict[str, object]],
) -> None:
    lines = [
        f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        for table, keys in tables.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = written(Path(folder, "c.toml"), "".join(lines))
        tomllib.loads(file.read_text("utf-8"))  # the test itself writes TOML
        with contextlib.suppress(ConfigError):
            assert isinstance(config.load(file), Settings)


# ---- sizes ---------------------------------------------------------------------------------------


def test_a_table_given_whole_in_a_variable_is_a_fault_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYREEL_FILM", "30")
    monkeypatch.setenv("STORYREEL_MUSIC", "no json")
    assert faults() == [
        'environment: unknown variable "STORYREEL_FILM"',
        'environment: unknown variable "STORYREEL_MUSIC"',
    ]


@pytest.mark.parametrize(
    "key", ["_env_file", "_env_prefix", "_secrets_dir", "_cli_parse_args", "__pydantic_self__"]
)
def test_a_key_of_the_file_that_pydantic_would_take_for_itself_is_unknown(
    key: str, tmp_path: Path
) -> None:
    assert faults(written(tmp_path / "c.toml", f'{key} = "x"\n')) == [
        f'config file: unknown key "{key}"'
    ]


def test_a_file_nested_too_deeply_is_a_fault_and_not_a_traceback(tmp_path: Path) -> None:
    [fault] = faults(written(tmp_path / "c.toml", "a = " + "[" * 3000 + "]" * 3000))
    assert fault.startswith("config file: not TOML")


@pytest.mark.parametrize("name", ["story.part", "manifest.tmp", "~syncthing~manifest"])
def test_a_manifest_s_name_that_means_not_yet_complete_is_a_fault(
    name: str, tmp_path: Path
) -> None:
    """With such a name every folder would wait for its own manifest to be renamed."""
    [fault] = faults(written(tmp_path / "c.toml", f'[watch]\nmanifest = "{name}"\n'))
    assert fault.startswith("watch.manifest: ")


@pytest.mark.parametrize("pattern", ["", "raw/*.png", "a\\u0000b"])
def test_a_pattern_to_ignore_is_that_of_one_name(pattern: str, tmp_path: Path) -> None:
    [fault] = faults(written(tmp_path / "c.toml", f'[watch]\nignore = ["*.bak", "{pattern}"]\n'))
    assert fault.startswith("watch.ignore[1]: ")


def test_a_pattern_that_would_hide_every_manifest_is_a_fault(tmp_path: Path) -> None:
    """No folder would ever be complete."""
    [fault] = faults(written(tmp_path / "c.toml", '[watch]\nignore = ["*.json"]\n'))
    assert fault.startswith("watch: ")
    assert "the manifest's own name" in fault


def test_patterns_to_ignore_can_be_set_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYREEL_WATCH__IGNORE", '["*.bak", "raw"]')
    assert config.load().watch.ignore == ("*.bak", "raw")


@pytest.mark.parametrize(
    "text",
    [
        'inbox = ""',
        'work = "inbox"',
        'inbox = "x"\ndone = "x/done"',
        'failed = "../storyreel/work"',
    ],
)
def test_folders_that_are_one_or_lie_in_one_another_are_a_fault(text: str, tmp_path: Path) -> None:
    """The service would take its own folders for stories, or its stories for its own."""
    assert faults(written(tmp_path / "c.toml", f"[folders]\n{text}\n"))


# ---- rates ---------------------------------------------------------------------------------------


# ---- cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["title_card", "end_card"])
@pytest.mark.parametrize(
    ("value", "card"),
    [
        ("false", False),
        ("true", Card()),
        ("{}", Card()),
        ('{text = "The fox\\nA tale", seconds = 4}', Card(text="The fox\nA tale", seconds=4)),
        ('{ground = "#A0b0C0"}', Card(ground="#A0b0C0")),
        ('{ground = "picture"}', Card(ground="picture")),
    ],
)
def test_a_card_is_off_on_or_a_table(key: str, value: str, card: object, tmp_path: Path) -> None:
    film = config.load(written(tmp_path / "c.toml", f"[film]\n{key} = {value}\n")).film
    assert getattr(film, key) == card


def test_a_card_may_be_a_table_of_its_own(tmp_path: Path) -> None:
    text = "[film]\nfps = 30\n[film.title_card]\nseconds = 2\n"
    assert config.load(written(tmp_path / "c.toml", text)).film.title_card == Card(seconds=2)


@pytest.mark.parametrize(
    ("name", "value", "card"),
    [
        ("STORYREEL_FILM__TITLE_CARD", "true", Card()),
        ("STORYREEL_FILM__TITLE_CARD", "false", False),
        ("STORYREEL_FILM__TITLE_CARD", '{"text": "Hello"}', Card(text="Hello")),
        ("STORYREEL_FILM__TITLE_CARD__TEXT", "Hello", Card(text="Hello")),
    ],
)
def test_a_card_can_be_set_in_the_environment(
    name: str, value: str, card: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert config.load().film.title_card == card


@pytest.mark.parametrize(
    ("value", "where", "what", "mend"),
    [
        ("{txt = 1}", "film.title_card", 'unknown key "txt"', 'Did you mean "text"?'),
        ("{second = 1}", "film.title_card", 'unknown key "second"', 'Did you mean "seconds"?'),
        (
            "{colour = 1}",
            "film.title_card",
            'unknown key "colour"',
            "Known here: text, seconds, ground.",
        ),
        (
            "{text = 1}",
            "film.title_card.text",
            "should be a valid string (got 1)",
            "Expected: its words",
        ),
        (
            "{seconds = 0.4}",
            "film.title_card.seconds",
            "should be greater than or equal to 0.5",
            "Expected: seconds that it",
        ),
        (
            "{seconds = 61}",
            "film.title_card.seconds",
            "should be less than or equal to 60",
            "Expected: seconds that it",
        ),
        (
            '"The fox"',
            "film.title_card",
            "should be an object in braces",
            "Expected: false, true, or {text",
        ),
    ],
)
def test_a_fault_in_a_card_is_reported_with_the_nearest_key(
    value: str, where: str, what: str, mend: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(written(tmp_path / "c.toml", f"[film]\ntitle_card = {value}\n"))
    [problem] = caught.value.problems
    assert problem.where == where
    assert problem.what.startswith(what)
    assert problem.mend.startswith(mend)


def test_a_ground_that_is_neither_a_word_nor_a_colour_is_a_fault_at_its_path(
    tmp_path: Path,
) -> None:
    found = faults(written(tmp_path / "c.toml", '[film]\nend_card = {ground = "navy"}\n'))
    assert [fault.split(":")[0] for fault in found] == ["film.end_card.ground"]


# ---- fonts ---------------------------------------------------------------------------------------


@pytest.fixture
def font(tmp_path: Path) -> Path:
    built_in = ImageFont.load_default(10)
    assert isinstance(built_in, ImageFont.FreeTypeFont)
    (tmp_path / "own.ttf").write_bytes(built_in.font_bytes)
    return tmp_path / "own.ttf"


@pytest.mark.parametrize("name", ["own.ttf", "./own.ttf"])
def test_a_font_s_file_starts_at_the_file_that_names_it(
    name: str, font: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    file = written(tmp_path / "c.toml", f'[film]\nfont = "{name}"\n')
    assert Path(config.load(file).film.font).resolve() == font


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("none.ttf", "no such file"),
        ("./c.toml", "not a TrueType or OpenType font"),
        ("No Such Family", ""),
    ],
)
def test_a_font_that_cannot_be_used_is_a_fault_at_its_path(
    name: str, what: str, tmp_path: Path
) -> None:
    [fault] = faults(written(tmp_path / "c.toml", f'[film]\nfont = "{name}"\n'))
    assert fault.startswith(f"film.font: {what}")


# ---- what a reload may change --------------------------------------------------------------------


def test_changes_are_named_by_their_key_paths() -> None:
    old = Settings()
    film = old.film.model_copy(update={"fps": 30, "gap_seconds": 1.0})
    workers = old.workers.model_copy(update={"count": 4})
    new = old.model_copy(update={"film": film, "workers": workers})
    assert old.changes(new) == ["film.fps", "film.gap_seconds", "workers.count"]
    assert old.changes(old) == []


@given(st.sampled_from(KEYS))
def test_a_reload_takes_over_every_key_but_those_that_need_a_restart(key: tuple[str, str]) -> None:
    table, name = key
    old = Settings()
    changed = getattr(old, table).model_copy(update={name: "another value"})
    new = old.model_copy(update={table: changed})
    needs_restart = f"{table}.{name}" in config.NEEDS_RESTART
    assert old.reloaded(new) == (old if needs_restart else new)


def test_what_the_workers_and_folders_are_made_with_needs_a_restart() -> None:
    folders = {f"folders.{key}" for key in DEFAULTS["folders"]}
    made_once = {"film.font", "music.folder", "workers.count", "workers.memory_mib"}
    assert folders | made_once == config.NEEDS_RESTART


def test_paths_that_cannot_be_used_are_all_reported_at_once(tmp_path: Path) -> None:
    text = """
        [folders]
        done = "inbox"
        [film]
        font = "nowhere.ttf"
        [music]
        folder = "nowhere"
    """
    places = [fault.partition(":")[0] for fault in faults(written(tmp_path / "config.toml", text))]
    assert {"folders.done", "film.font", "music.folder"} <= set(places)

"""What a manifest makes of its files: pages, cards, and the music under them."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from daemon.config import Settings
from daemon.log import Event
from daemon.media.samples import SAMPLE_RATE
from daemon.options import Card
from daemon.story.intake import intake
from tests.conftest import SettingsMaker
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import read_manifest, write_manifest
from tests.story.steps import admitted, problems, set_pages

# ---- pages ---------------------------------------------------------------------------------------


def test_a_page_without_narration_lasts_for_its_duration(
    source: Path, scratch: Path, settings: Settings
) -> None:
    set_pages(source, {"image": "01.png", "duration": 1.25})
    (page,) = admitted(source, scratch, settings).pages
    assert (page.samples, page.narration) == (60_000, None)


def test_the_folder_s_name_is_the_title_where_the_manifest_has_none(
    source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, {"music": False})
    assert admitted(source, scratch, settings).title == "the-fox"


def test_a_story_may_choose_how_its_film_looks(
    source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"film": {"fps": 30, "gap_seconds": 0.25}})
    made = admitted(source, scratch, settings)
    assert (made.film.fps, made.film.background) == (30, settings.film.background)
    assert {page.rest for page in made.pages} == {SAMPLE_RATE // 4}


def test_a_page_s_own_choices_win_over_the_film_s(
    source: Path, scratch: Path, settings: Settings
) -> None:
    own = {"motion": "pan-left", "focus": [0.1, 0.9], "title": "Once", "chapter": "One"}
    page = {"image": "01.png", "audio": "01.wav"}
    film = {"motion": "zoom-in", "focus": [0.3, 0.4]}
    set_pages(source, page | own, page, comment="CC0", film=film)
    made = admitted(source, scratch, settings)
    assert made.comment == "CC0"
    assert [(page.number, page.motion, page.focus) for page in made.pages] == [
        (1, "pan-left", (0.1, 0.9)),
        (2, "zoom-in", (0.3, 0.4)),
    ]
    assert [(page.title, page.chapter) for page in made.pages] == [("Once", "One"), ("", "")]


# ---- cards ---------------------------------------------------------------------------------------


def test_cards_are_pages_without_a_number_before_the_first_and_after_the_last(
    source: Path, scratch: Path, settings: Settings
) -> None:
    film = {
        "title_card": {"seconds": 2, "ground": "picture"},
        "end_card": True,
        "motion": "zoom-in",
    }
    keys = {"title": "The fox", "author": "A. Writer", "film": film}
    write_manifest(source, read_manifest(source) | keys)
    made = admitted(source, scratch, settings)
    first, one, two, last = made.pages
    assert [page.number for page in made.pages] == [0, 1, 2, 0]
    assert (first.text, first.samples, first.card) == (
        "The fox\nA. Writer",
        2 * SAMPLE_RATE,
        Card(seconds=2, ground="picture"),
    )
    assert (last.text, last.samples, last.card) == ("The End", 3 * SAMPLE_RATE, Card())
    assert (first.image, last.image) == (one.image, two.image)
    assert [page.narration is None for page in made.pages] == [True, False, False, True]
    assert [page.motion for page in made.pages] == ["none", "zoom-in", "zoom-in", "none"]
    assert [page.card is None for page in made.pages] == [False, True, True, False]
    assert len(made.inputs) == 4, "a card is not a file"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({}, "the-fox"),
        ({"title": "The fox"}, "The fox"),
        ({"author": "A. Writer"}, "the-fox\nA. Writer"),
        (
            {"title": "The fox", "author": "A. Writer", "film": {"title_card": {"text": "Hello"}}},
            "Hello",
        ),
    ],
)
def test_a_title_card_without_text_shows_the_title_and_the_author(
    keys: dict[str, Any], text: str, source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    write_manifest(source, {"pages": read_manifest(source)["pages"], "music": False} | keys)
    with_card = make_settings(film={"title_card": True})
    assert admitted(source, scratch, with_card).pages[0].text == text


def test_a_story_may_turn_off_a_card_of_the_settings(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    write_manifest(source, read_manifest(source) | {"film": {"title_card": False}})
    with_cards = make_settings(film={"title_card": True, "end_card": {"text": "Fin"}})
    made = admitted(source, scratch, with_cards)
    assert [page.text for page in made.pages if page.card] == ["Fin"]


# ---- music ---------------------------------------------------------------------------------------


def test_a_track_of_the_library_is_taken_from_there(
    source: Path, scratch: Path, with_library: Settings, library: Path
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "calm/harbour.wav"})
    track = admitted(source, scratch, with_library).music
    assert track is not None
    assert (track.name, track.path) == ("calm/harbour.wav", library / "calm/harbour.wav")


def test_a_track_in_the_story_s_folder_wins_over_one_in_the_library(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    (source / "calm").mkdir()
    wav(source / "calm/harbour.wav", sine(0.2))
    write_manifest(source, read_manifest(source) | {"music": "calm/harbour.wav"})
    made = admitted(source, scratch, with_library)
    assert made.music is not None
    assert made.music.path.parent == scratch
    assert made.inputs[-1].file == "calm/harbour.wav"


def test_an_unknown_track_is_a_problem_that_names_the_nearest_one(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "calm/harbor.wav"})
    (problem,) = problems(source, scratch, with_library)
    assert (problem.where, problem.mend) == ("music", 'Did you mean "calm/harbour.wav"?')


def test_a_track_in_the_story_s_folder_must_be_sound(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "01.png"})
    (problem,) = problems(source, scratch, with_library)
    assert (problem.where, problem.file) == ("music", "01.png")


def test_a_missing_track_is_looked_for_among_the_folder_s_files_too(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    (source / "SONG.MP3").write_bytes((source / "01.wav").read_bytes())
    write_manifest(source, read_manifest(source) | {"music": "song.mp3"})
    (problem,) = problems(source, scratch, with_library)
    assert problem.what == "neither in the story's folder nor in the library"
    assert problem.mend == 'Did you mean "SONG.MP3"?'


def test_a_narration_may_also_be_the_music(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "01.wav"})
    made = admitted(source, scratch, with_library)
    assert made.music is not None
    assert made.music.path.read_bytes() == (source / "01.wav").read_bytes()


@pytest.mark.parametrize("track", ["harbour.wav", "calm", "../library/calm/harbour.wav"])
def test_only_whole_names_of_the_library_are_tracks(
    track: str, source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": track})
    assert len(problems(source, scratch, with_library)) == 1


def test_a_mood_gives_one_of_its_tracks(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": {"mood": "playful"}})
    track = admitted(source, scratch, with_library).music
    assert track is not None
    assert track.name == "playful/hopscotch.wav"


def test_an_unknown_mood_is_a_problem_that_names_the_nearest_one(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": {"mood": "clam"}})
    (problem,) = problems(source, scratch, with_library)
    assert (problem.where, problem.mend) == ("music.mood", 'Did you mean "calm"?')


@pytest.mark.parametrize(
    ("choice", "names"), [({}, {"calm", "playful"}), ({"music": {"mood": "calm"}}, {"calm"})]
)
def test_chance_depends_on_the_story_alone(
    choice: dict[str, object], names: set[str], source: Path, tmp_path: Path, with_library: Settings
) -> None:
    def chosen(title: str, scratch: str) -> str:
        write_manifest(source, {"pages": read_manifest(source)["pages"], "title": title} | choice)
        (tmp_path / scratch).mkdir()
        track = admitted(source, tmp_path / scratch, with_library).music
        assert track is not None
        return track.name

    first = [chosen(f"title {number}", f"first-{number}") for number in range(12)]
    again = [chosen(f"title {number}", f"again-{number}") for number in range(12)]
    assert first == again
    assert len(set(first)) > 1
    assert {name.partition("/")[0] for name in first} == names


def test_the_track_of_the_film_before_is_not_chosen_again(
    source: Path, tmp_path: Path, with_library: Settings
) -> None:
    write_manifest(source, {"pages": read_manifest(source)["pages"], "music": {"mood": "calm"}})
    chosen = []
    for number, before in enumerate(["", "calm/harbour.wav", "calm/lantern.wav"]):
        (tmp_path / f"{number}").mkdir()
        track = intake(source, tmp_path / f"{number}", "the-fox", with_library, before).music
        assert track is not None
        chosen.append(track.name)
    assert chosen[1:] == ["calm/lantern.wav", "calm/harbour.wav"]


@pytest.mark.parametrize(
    ("volume_db", "duck_db", "spoken", "is_measured"),
    [
        (-30.0, 0.0, True, False),
        (-12.0, -6.0, True, False),
        (0.0, 0.0, True, True),
        (-30.0, 0.0, False, True),
    ],
)
def test_music_is_measured_only_where_it_adds_to_the_film_s_loudness(
    volume_db: float,
    duck_db: float,
    spoken: bool,
    is_measured: bool,
    source: Path,
    scratch: Path,
    library: Path,
    make_settings: SettingsMaker,
) -> None:
    lasting = {"audio": "01.wav"} if spoken else {"duration": 1}
    set_pages(source, {"image": "01.png"} | lasting, music="calm/harbour.wav")
    music = {"folder": library, "volume_db": volume_db, "duck_db": duck_db}
    track = admitted(source, scratch, make_settings(music=music)).music
    assert track is not None
    assert (track.powers is not None) is is_measured


@pytest.mark.parametrize("data", [b"", b"garbage" * 100, b"one sample"])
def test_a_bad_track_in_the_library_costs_no_story_and_is_logged(
    data: bytes,
    source: Path,
    scratch: Path,
    with_library: Settings,
    library: Path,
    log_lines: LogCapture,
) -> None:
    good = sorted(path for path in library.rglob("*") if path.is_file())
    for path in good[1:]:
        path.write_bytes(data)
        if data == b"one sample":
            wav(path, sine(1 / SAMPLE_RATE))
    write_manifest(
        source, {key: value for key, value in read_manifest(source).items() if key != "music"}
    )
    for seed in range(8):
        before = f"not-{seed}"
        (scratch / before).mkdir()
        write_manifest(source, read_manifest(source) | {"comment": before})
        track = intake(source, scratch / before, "the-fox", with_library).music
        assert track is not None
        assert track.path == good[0]
    lines = [entry for entry in log_lines.entries if entry["event"] == Event.MUSIC_UNUSABLE]
    assert {entry["track"] for entry in lines} == {
        path.relative_to(library).as_posix() for path in good[1:]
    }


def test_a_story_may_have_no_music(source: Path, scratch: Path, with_library: Settings) -> None:
    assert admitted(source, scratch, with_library).music is None


def test_an_empty_library_gives_no_music(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    empty = source.parent / "empty"
    empty.mkdir()
    write_manifest(source, {"pages": read_manifest(source)["pages"]})
    assert admitted(source, scratch, make_settings(music={"folder": empty})).music is None

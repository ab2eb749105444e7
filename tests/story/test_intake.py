"""The trust boundary: private, checked copies of what the manifest names, or every problem of the story at once."""

import hashlib
import json
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image

from daemon.config import Settings
from daemon.errors import Problem, StoryError
from daemon.inbox.view import FolderView
from daemon.media import sounds as media
from daemon.media.loudness import integrated
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.media.typeface import Typeface
from daemon.options import Card
from daemon.story.checks import letter_problems, picture_problems
from daemon.story.intake import intake
from daemon.story.model import Story
from tests.conftest import SettingsMaker
from tests.helpers.pictures import COLOURS, picture
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import read_manifest, story, write_manifest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return story(tmp_path / "the-fox", [0.1, 0.2])


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return scratch


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "library"
    for name in ("calm/harbour.wav", "calm/lantern.wav", "playful/hopscotch.wav"):
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        wav(library / name, sine(0.1))
    return library


@pytest.fixture
def with_library(make_settings: SettingsMaker, library: Path) -> Settings:
    return make_settings(music={"folder": library})


def problems(source: Path, scratch: Path, settings: Settings) -> list[Problem]:
    """Every problem of a story: those that intake finds, and where it finds none, of pictures that do not decode."""
    try:
        found = picture_problems(intake(source, scratch, "the-fox", settings), settings.limits)
    except StoryError as error:
        found = list(error.problems)
    assert found
    assert all(problem.what and problem.mend for problem in found)
    return found


def set_pages(source: Path, *pages: dict[str, Any], **more: Any) -> None:
    write_manifest(source, {"music": False, "pages": list(pages)} | more)


def admitted(source: Path, scratch: Path, settings: Settings) -> Story:
    return intake(source, scratch, "the-fox", settings)


def test_a_story_comes_in_with_counted_lengths_and_true_sizes(
    source: Path, scratch: Path, settings: Settings
) -> None:
    made = admitted(source, scratch, settings)
    assert made.title == "A test"
    assert [page.narration.samples for page in made.pages if page.narration] == [
        SAMPLE_RATE // 10,
        SAMPLE_RATE // 5,
    ]
    assert {(page.width, page.height, page.rest) for page in made.pages} == {
        (160, 90, SAMPLE_RATE // 2)
    }
    assert [page.text for page in made.pages] == ["Words of page 1.", "Words of page 2."]
    assert made.music is None


def test_every_path_of_the_story_is_a_private_copy(
    source: Path, scratch: Path, settings: Settings
) -> None:
    made = admitted(source, scratch, settings)
    paths = [
        path
        for page in made.pages
        for path in (page.image, page.narration and page.narration.path)
        if path
    ]
    assert len(paths) == 4
    assert {path.parent for path in paths} == {scratch}
    assert not any(path.is_symlink() or path.stat().st_nlink > 1 for path in paths)


def test_changing_the_folder_afterwards_changes_nothing(
    source: Path, scratch: Path, settings: Settings
) -> None:
    made = admitted(source, scratch, settings)
    before = {path.name: path.read_bytes() for path in scratch.iterdir()}
    for path in source.iterdir():
        path.write_bytes(b"something else")
    shutil.rmtree(source)
    assert {path.name: path.read_bytes() for path in scratch.iterdir()} == before
    with made.pages[0].image.open("rb") as file, Image.open(file) as image:
        assert image.convert("RGB").getpixel((80, 45)) == COLOURS[0]


def test_inputs_tell_the_hash_of_each_file(source: Path, scratch: Path, settings: Settings) -> None:
    inputs = {
        file.file: (file.size, file.sha256) for file in admitted(source, scratch, settings).inputs
    }
    assert inputs == {
        name: (len(data := (source / name).read_bytes()), hashlib.sha256(data).hexdigest())
        for name in ("01.png", "01.wav", "02.png", "02.wav")
    }


def test_a_file_on_two_pages_is_copied_once(
    source: Path, scratch: Path, settings: Settings
) -> None:
    page = {"image": "01.png", "audio": "01.wav"}
    set_pages(source, page, page, {"image": "./01.png", "duration": 1.0})
    made = admitted(source, scratch, settings)
    assert len({page.image for page in made.pages}) == 1
    assert len(list(scratch.iterdir())) == len(made.inputs) == 2


def test_a_page_without_narration_lasts_as_long_as_it_says(
    source: Path, scratch: Path, settings: Settings
) -> None:
    set_pages(source, {"image": "01.png", "duration": 1.25})
    (page,) = admitted(source, scratch, settings).pages
    assert (page.samples, page.narration) == (60_000, None)


def test_a_picture_s_size_is_that_of_the_upright_picture(
    source: Path, scratch: Path, settings: Settings
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 40)).save(source / "01.jpg", exif=exif)
    set_pages(source, {"image": "01.jpg", "duration": 1})
    (page,) = admitted(source, scratch, settings).pages
    assert (page.width, page.height) == (40, 60)


def test_without_pages_pictures_and_sounds_of_a_name_are_paired(
    source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, {"music": False})
    assert [file.file for file in admitted(source, scratch, settings).inputs] == [
        "01.png",
        "01.wav",
        "02.png",
        "02.wav",
    ]


def test_the_folder_s_name_is_the_title_where_there_is_none(
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


def test_a_page_s_own_choices_go_before_the_film_s(
    source: Path, scratch: Path, settings: Settings
) -> None:
    own = {"motion": "pan-left", "focus": [0.1, 0.9], "title": "Once", "chapter": "One"}
    page = {"image": "01.png", "audio": "01.wav"}
    set_pages(
        source, page | own, page, comment="CC0", film={"motion": "zoom-in", "focus": [0.3, 0.4]}
    )
    made = admitted(source, scratch, settings)
    assert made.comment == "CC0"
    assert [(page.number, page.motion, page.focus) for page in made.pages] == [
        (1, "pan-left", (0.1, 0.9)),
        (2, "zoom-in", (0.3, 0.4)),
    ]
    assert [(page.title, page.chapter) for page in made.pages] == [("Once", "One"), ("", "")]


def test_a_narration_comes_with_how_loud_it_is(
    source: Path, scratch: Path, settings: Settings
) -> None:
    """A tone of 997 Hz on both sides: 0 LUFS at full scale, 6 dB less at half of it (EBU Tech 3341)."""
    wav(source / "01.wav", sine(2.0, 997.0, 0.5))
    [narration, _] = [page.narration for page in admitted(source, scratch, settings).pages]
    assert narration
    assert len(narration.powers) == 20
    assert integrated(narration.powers) == pytest.approx(20 * np.log10(0.5), abs=0.1)


# ---- cards, posters, letters ----------------------------------------------------------------------------------------------


def test_cards_are_pages_without_a_number_before_the_first_and_after_the_last(
    source: Path, scratch: Path, settings: Settings
) -> None:
    film = {
        "title_card": {"seconds": 2, "ground": "picture"},
        "end_card": True,
        "motion": "zoom-in",
    }
    told = {"title": "The fox", "author": "A. Writer", "film": film}
    write_manifest(source, read_manifest(source) | told)
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
    assert len(made.inputs) == 4, "a card is no file"


@pytest.mark.parametrize(
    ("told", "text"),
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
def test_a_title_card_without_words_shows_the_title_and_the_author(
    told: dict[str, Any], text: str, source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    write_manifest(source, {"pages": read_manifest(source)["pages"], "music": False} | told)
    assert admitted(source, scratch, make_settings(film={"title_card": True})).pages[0].text == text


def test_a_story_may_do_without_the_settings_cards(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    write_manifest(source, read_manifest(source) | {"film": {"title_card": False}})
    made = admitted(
        source, scratch, make_settings(film={"title_card": True, "end_card": {"text": "Fin"}})
    )
    assert [page.text for page in made.pages if page.card] == ["Fin"]


def test_the_time_of_cards_counts_in_the_film_s_length(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    cards = {"title_card": {"seconds": 60}, "end_card": {"seconds": 40}}
    set_pages(source, {"image": "01.png", "duration": 20}, film=cards)
    (problem,) = problems(source, scratch, make_settings(limits={"film_minutes": 1}))
    assert problem.what == "2 minutes are more than 1"


@pytest.mark.parametrize("paired", [False, True])
def test_a_poster_of_a_page_that_is_not_there_is_a_problem(
    paired: bool, source: Path, scratch: Path, settings: Settings
) -> None:
    pages = {} if paired else {"pages": read_manifest(source)["pages"]}
    write_manifest(source, pages | {"music": False, "film": {"poster_page": 3, "title_card": True}})
    assert problems(source, scratch, settings) == [
        Problem("film.poster_page", "page 3 of 2", "Name a page that there is.")
    ]


def test_the_last_page_may_be_the_poster(source: Path, scratch: Path, settings: Settings) -> None:
    write_manifest(source, read_manifest(source) | {"film": {"poster_page": 2}})
    assert admitted(source, scratch, settings).film.poster_page == 2


JAPANESE = "むかしむかし"


def test_letters_that_the_font_lacks_are_a_problem_of_burned_captions_that_names_page_and_letters(
    source: Path, scratch: Path, settings: Settings
) -> None:
    page = {"image": "01.png", "audio": "01.wav"}
    set_pages(
        source,
        page | {"text": "Once"},
        page | {"text": f"a {JAPANESE} b"},
        film={"captions": "burned"},
    )
    (problem,) = problems(source, scratch, settings)
    assert (problem.where, problem.what) == ("page 2, text", "the font has no letters む か し")
    assert "font under [film]" in problem.mend


def test_captions_beside_the_film_may_have_any_letters(
    source: Path, scratch: Path, settings: Settings
) -> None:
    set_pages(source, {"image": "01.png", "audio": "01.wav", "text": JAPANESE})
    assert admitted(source, scratch, settings).pages[0].text == JAPANESE


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"title": JAPANESE, "film": {"title_card": True}}, "film.title_card"),
        ({"author": JAPANESE, "film": {"title_card": True}}, "film.title_card"),
        ({"title": JAPANESE, "film": {"title_card": {"text": "Hello"}}}, None),
        ({"title": JAPANESE}, None),
        ({"film": {"end_card": {"text": JAPANESE}}}, "film.end_card"),
    ],
)
def test_letters_that_the_font_lacks_are_a_problem_of_cards(
    told: dict[str, Any], where: str | None, source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, read_manifest(source) | told)
    if where is None:
        assert len(admitted(source, scratch, settings).pages) >= 2
    else:
        assert [
            (problem.where, problem.what) for problem in problems(source, scratch, settings)
        ] == [(where, "the font has no letters む か し")]


def test_of_very_many_missing_letters_the_first_are_named() -> None:
    [problem] = letter_problems(
        {"page 1, text": "".join(map(chr, range(0x4E00, 0x4F00)))}, Typeface()
    )
    assert len(problem.what) < 100


def test_problems_of_letters_and_posters_are_found_with_all_the_others(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "02.png").write_text("no picture")
    pages = [
        {"image": "01.png", "audio": "01.wav", "text": JAPANESE},
        {"image": "02.png", "audio": "02.wav"},
    ]
    film = {"captions": "burned", "poster_page": 9, "end_card": {"text": JAPANESE}}
    set_pages(source, *pages, film=film)
    assert [problem.where for problem in problems(source, scratch, settings)] == [
        "page 1, text",
        "page 2",
        "film.poster_page",
        "film.end_card",
    ]


def test_every_problem_is_found_at_once_and_told_in_the_order_of_the_pages(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "03.png").write_text("no picture")
    (source / "04.wav").write_text("no sound")
    (source / "05.png").symlink_to("/etc/passwd")
    (source / "06.png").touch()
    set_pages(
        source,
        {"image": "01.PNG", "audio": "missing.wav"},
        {"image": "../02.png", "duration": 1},
        {"image": "03.png", "audio": "01.wav"},
        {"image": "02.png", "audio": "04.wav"},
        {"image": "05.png"},
        {"image": "06.png", "duration": 1, "txet": "x"},
        {"image": "/etc/passwd", "duration": 0},
        music="no.mp3",
        titel="x",
    )
    found = [(problem.where, problem.file) for problem in problems(source, scratch, settings)]
    assert found == [
        ("manifest", ""),
        ("page 1", "01.PNG"),
        ("page 1", "missing.wav"),
        ("page 2, image", ""),
        ("page 3", "03.png"),
        ("page 4", "04.wav"),
        ("page 5", "05.png"),
        ("page 5", "05.png"),
        ("page 6", ""),
        ("page 6", "06.png"),
        ("page 7, image", ""),
        ("page 7, duration", ""),
    ]


def test_each_problem_says_what_is_wrong_and_how_to_mend_it(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "02.png").write_text("no picture")
    set_pages(
        source, {"image": "01.PNG", "audio": "02.wav"}, {"image": "02.png", "audio": "02.wav"}
    )
    assert problems(source, scratch, settings) == [
        Problem(
            "page 1",
            "the picture is missing",
            'Add it, or correct its name: there is "01.png".',
            "01.PNG",
        ),
        Problem(
            "page 2",
            "the picture is not a PNG, JPEG or WebP picture",
            "Save it as PNG or JPEG.",
            "02.png",
        ),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "/etc/passwd",
        "a/../../secret.png",
        "..",
        "pages/..",
        "C:\\\\01.png",
        "",
        ".",
        "/",
        "a\0b",
    ],
)
@pytest.mark.parametrize("key", ["image", "audio", "music"])
def test_a_name_that_leads_outside_reads_nothing(
    name: str, key: str, source: Path, scratch: Path, settings: Settings
) -> None:
    picture(source.parent / "secret.png")
    page = {"image": "01.png", "audio": "01.wav"}
    set_pages(
        source, page | ({key: name} if key in page else {}), music=name if key == "music" else False
    )
    assert len(problems(source, scratch, settings)) == 1
    assert b"secret" not in b"".join(path.name.encode() for path in scratch.iterdir())
    assert len(list(scratch.iterdir())) == (2 if key == "music" else 1)


def test_a_picture_may_lie_in_a_folder_of_the_story_but_not_behind_a_link(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "pages").mkdir()
    picture(source / "pages" / "01.png")
    set_pages(source, {"image": "pages/01.png", "duration": 1})
    assert admitted(source, scratch, settings).inputs[0].file == "pages/01.png"
    (source / "pages").rename(source.parent / "pages")
    (source / "pages").symlink_to("../pages")
    (problem,) = problems(source, scratch, settings)
    assert "behind a link" in problem.what


@pytest.mark.parametrize("kind", ["missing", "a link", "a folder", "not JSON", "larger than"])
def test_a_manifest_that_cannot_be_read_is_the_problem(
    kind: str, source: Path, scratch: Path, settings: Settings
) -> None:
    manifest = source / "manifest.json"
    content = manifest.read_bytes()
    manifest.unlink()
    if kind == "a link":
        (source.parent / "real.json").write_bytes(content)
        manifest.symlink_to("../real.json")
    elif kind == "a folder":
        manifest.mkdir()
    elif kind == "not JSON":
        manifest.write_bytes(content[:-2])
    elif kind == "larger than":
        manifest.write_bytes(content + b" " * 5_000_000)
    (problem,) = problems(source, scratch, settings)
    assert problem.where == "manifest"
    assert problem.what.startswith(kind)


def test_declared_sizes_and_hashes_that_are_true_are_fine(
    source: Path, scratch: Path, settings: Settings
) -> None:
    data = (source / "01.png").read_bytes()
    facts = {"01.png": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest().upper()}}
    write_manifest(source, read_manifest(source) | {"files": facts})
    assert len(admitted(source, scratch, settings).pages) == 2


@pytest.mark.parametrize(
    ("facts", "what"),
    [({"size": 1}, "bytes and not the declared 1"), ({"sha256": "0" * 64}, "SHA-256")],
)
@pytest.mark.parametrize("file", ["01.png", "02.wav", "extra.txt"])
def test_a_declared_fact_that_is_not_so_is_a_problem(
    facts: dict[str, object], what: str, file: str, source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "extra.txt").write_text("a file that no page names")
    write_manifest(source, read_manifest(source) | {"files": {file: facts}})
    (problem,) = problems(source, scratch, settings)
    assert (problem.where, problem.file) == ("files", file)
    assert what in problem.what


def test_a_declared_file_that_is_missing_is_a_problem_once(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "01.png").unlink()
    write_manifest(
        source, read_manifest(source) | {"files": {"01.png": {"size": 1}, "extra.txt": {"size": 1}}}
    )
    assert [problem.file for problem in problems(source, scratch, settings)] == [
        "01.png",
        "extra.txt",
    ]


def test_too_many_pages_are_refused(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    (problem,) = problems(source, scratch, make_settings(limits={"pages": 1}))
    assert problem.what == "2 pages are more than 1"
    assert "limits.pages" in problem.mend


def test_a_film_that_would_be_too_long_is_refused(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    limited = make_settings(limits={"film_minutes": 1})
    set_pages(source, {"image": "01.png", "duration": 30}, {"image": "02.png", "duration": 30})
    assert len(admitted(source, scratch, limited).pages) == 2
    set_pages(source, {"image": "01.png", "duration": 60}, {"image": "02.png", "duration": 40})
    shutil.rmtree(scratch)
    scratch.mkdir()
    (problem,) = problems(source, scratch, limited)
    assert "minutes are more than 1" in problem.what


def test_a_file_that_is_too_large_is_refused(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    with (source / "02.wav").open("ab") as file:
        file.truncate(2**20 + 1)
    (problem,) = problems(source, scratch, make_settings(limits={"file_mib": 1}))
    assert (problem.where, problem.file) == ("page 2", "02.wav")
    assert problem.what == "the sound is larger than 1 MiB"


def test_a_picture_of_too_many_pixels_is_refused(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    Image.new("1", (1001, 1000)).save(source / "01.png")
    (problem,) = problems(source, scratch, make_settings(limits={"picture_megapixels": 1}))
    assert problem.what == "the picture is larger than 1 megapixels (1001×1000 pixels)"


# Music


def test_a_track_of_the_library_is_taken_from_there(
    source: Path, scratch: Path, with_library: Settings, library: Path
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "calm/harbour.wav"})
    track = admitted(source, scratch, with_library).music
    assert track is not None
    assert (track.name, track.path) == ("calm/harbour.wav", library / "calm/harbour.wav")


def test_a_track_of_the_folder_goes_before_one_of_the_library(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    (source / "calm").mkdir()
    wav(source / "calm/harbour.wav", sine(0.2))
    write_manifest(source, read_manifest(source) | {"music": "calm/harbour.wav"})
    made = admitted(source, scratch, with_library)
    assert made.music is not None
    assert made.music.path.parent == scratch
    assert made.inputs[-1].file == "calm/harbour.wav"


def test_a_track_that_is_nowhere_is_a_problem_with_the_nearest_one(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "calm/harbor.wav"})
    (problem,) = problems(source, scratch, with_library)
    assert (problem.where, problem.mend) == ("music", 'Did you mean "calm/harbour.wav"?')


def test_a_track_of_the_folder_must_be_sound(
    source: Path, scratch: Path, with_library: Settings
) -> None:
    write_manifest(source, read_manifest(source) | {"music": "01.png"})
    (problem,) = problems(source, scratch, with_library)
    assert (problem.where, problem.file) == ("music", "01.png")


def test_a_narration_may_be_the_music_as_well(
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


def test_an_unknown_mood_is_a_problem_with_the_nearest_one(
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


def test_the_seed_depends_on_the_pictures(source: Path, tmp_path: Path, settings: Settings) -> None:
    seeds = []
    for number, colour in enumerate([COLOURS[0], COLOURS[0], COLOURS[1]]):
        picture(source / "01.png", colour)
        (tmp_path / f"{number}").mkdir()
        seeds.append(admitted(source, tmp_path / f"{number}", settings).seed)
    assert seeds[0] == seeds[1] != seeds[2]


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
def test_music_is_measured_only_where_it_counts_in_how_loud_the_film_is(
    volume_db: float,
    duck_db: float,
    spoken: bool,
    is_measured: bool,
    source: Path,
    scratch: Path,
    library: Path,
    make_settings: SettingsMaker,
) -> None:
    page = {"image": "01.png"} | ({"audio": "01.wav"} if spoken else {"duration": 1})
    set_pages(source, page, music="calm/harbour.wav")
    music = {"folder": library, "volume_db": volume_db, "duck_db": duck_db}
    track = admitted(source, scratch, make_settings(music=music)).music
    assert track is not None
    assert (track.powers is not None) is is_measured


def test_no_music_is_no_music(source: Path, scratch: Path, with_library: Settings) -> None:
    assert admitted(source, scratch, with_library).music is None


def test_an_empty_library_has_no_track_by_chance(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    (source.parent / "empty").mkdir()
    write_manifest(source, {"pages": read_manifest(source)["pages"]})
    assert (
        admitted(source, scratch, make_settings(music={"folder": source.parent / "empty"})).music
        is None
    )


def test_a_report_of_problems_can_be_written_as_json(
    source: Path, scratch: Path, settings: Settings
) -> None:
    set_pages(source, {"image": "\udcff.png", "duration": 1})
    assert json.dumps([str(problem) for problem in problems(source, scratch, settings)]).isascii()


@pytest.mark.parametrize("stem", [b"a\\b", b"a\xff"], ids=["backslash", "not UTF-8"])
def test_files_of_odd_names_are_a_problem_of_the_story(
    stem: bytes, source: Path, scratch: Path, settings: Settings
) -> None:
    (source / os.fsdecode(stem + b".png")).write_bytes((source / "01.png").read_bytes())
    (source / os.fsdecode(stem + b".wav")).write_bytes((source / "01.wav").read_bytes())
    write_manifest(source, {"music": False})
    assert problems(source, scratch, settings)


@pytest.mark.parametrize("stem", [b"a\\b", b"a\xff"], ids=["backslash", "not UTF-8"])
def test_files_of_odd_names_do_not_break_the_look_at_the_inbox(stem: bytes, source: Path) -> None:
    (source / os.fsdecode(stem + b".png")).touch()
    (source / os.fsdecode(stem + b".wav")).touch()
    write_manifest(source, {"music": False})
    assert FolderView(source, "manifest.json", list).look() is not None


def test_half_a_letter_in_a_file_s_name_is_a_problem_of_the_story(
    source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, '{"pages": [{"image": "\\ud800.png", "duration": 1}], "music": false}')
    assert problems(source, scratch, settings)


@pytest.mark.parametrize("place", ["audio", "music"])
def test_a_small_sound_that_unpacks_into_days_is_refused_early(
    place: str,
    source: Path,
    scratch: Path,
    make_settings: SettingsMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """40 kB at one sample per second are eleven hours; 500 MB would be sixteen years."""
    data = bytearray(wav(source / "01.wav", np.zeros(40_000)).read_bytes())
    data[24:28] = struct.pack("<I", 1)
    (source / "01.wav").write_bytes(data)
    page = {"image": "01.png"} | ({"audio": "01.wav"} if place == "audio" else {"duration": 1})
    set_pages(source, page, music="01.wav" if place == "music" else False)
    blocks, decoded = media.sound_blocks, 0

    def counting(file: IO[bytes], rate: int) -> Iterator[Samples]:
        nonlocal decoded
        for block in blocks(file, rate):
            decoded += block.shape[1]
            assert decoded < 20 * 60 * SAMPLE_RATE, "decodes on and on"
            yield block

    monkeypatch.setattr("daemon.story.admission.sound_blocks", counting)
    assert (
        "longer than 10 minutes"
        in problems(source, scratch, make_settings(limits={"film_minutes": 10}))[0].what
    )
    assert decoded


def test_a_bad_file_on_many_pages_is_copied_once(
    source: Path, scratch: Path, settings: Settings
) -> None:
    """A manifest of 4 MB can name a file of 500 MB a hundred thousand times."""
    (source / "bad.png").write_text("no picture")
    set_pages(source, *[{"image": "bad.png", "duration": 1}] * 5)
    assert [problem.where for problem in problems(source, scratch, settings)] == [
        f"page {number}" for number in range(1, 6)
    ]
    assert len(list(scratch.iterdir())) == 1

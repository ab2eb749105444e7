"""The trust boundary as a whole: private, checked copies, or every problem of the story at once."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import pytest
from PIL import Image

from daemon.config import Settings
from daemon.errors import Problem, StoryError
from daemon.inbox.view import FolderView
from daemon.media.samples import SAMPLE_RATE
from daemon.story import checks
from daemon.story.intake import inspect
from daemon.validation import MOST_PROBLEMS
from tests.conftest import SettingsMaker
from tests.helpers.folders import contents
from tests.helpers.pictures import COLOURS, picture
from tests.helpers.stories import read_manifest, write_manifest
from tests.story.steps import admitted, problems, set_pages

JAPANESE = "むかしむかし"


def test_a_story_comes_in_with_counted_lengths_and_true_sizes(
    source: Path, scratch: Path, settings: Settings
) -> None:
    made = admitted(source, scratch, settings)
    assert made.title == "A test"
    lengths = [page.narration.samples for page in made.pages if page.narration]
    assert lengths == [SAMPLE_RATE // 10, SAMPLE_RATE // 5]
    for page in made.pages:
        assert (page.width, page.height, page.rest) == (160, 90, SAMPLE_RATE // 2)
    assert [page.text for page in made.pages] == ["Words of page 1.", "Words of page 2."]
    assert made.music is None


def test_every_path_of_the_story_is_a_private_copy(
    source: Path, scratch: Path, settings: Settings
) -> None:
    made = admitted(source, scratch, settings)
    paths = [page.image for page in made.pages]
    paths += [page.narration.path for page in made.pages if page.narration]
    assert len(paths) == 4
    assert {path.parent for path in paths} == {scratch}
    assert not any(path.is_symlink() or path.stat().st_nlink > 1 for path in paths)


def test_changing_the_folder_afterwards_changes_nothing(
    source: Path, scratch: Path, settings: Settings
) -> None:
    made = admitted(source, scratch, settings)
    before = contents(scratch)
    for path in source.iterdir():
        path.write_bytes(b"something else")
    shutil.rmtree(source)
    assert contents(scratch) == before
    with made.pages[0].image.open("rb") as file, Image.open(file) as image:
        assert image.convert("RGB").getpixel((80, 45)) == COLOURS[0]


def test_without_pages_pictures_and_sounds_of_one_stem_are_paired(
    source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, {"music": False})
    inputs = admitted(source, scratch, settings).inputs
    assert [file.file for file in inputs] == ["01.png", "01.wav", "02.png", "02.wav"]


def test_the_seed_depends_on_the_pictures(source: Path, tmp_path: Path, settings: Settings) -> None:
    seeds = []
    for number, colour in enumerate([COLOURS[0], COLOURS[0], COLOURS[1]]):
        picture(source / "01.png", colour)
        (tmp_path / f"{number}").mkdir()
        seeds.append(admitted(source, tmp_path / f"{number}", settings).seed)
    assert seeds[0] == seeds[1] != seeds[2]


# ---- problems ------------------------------------------------------------------------------------


def test_every_problem_is_found_at_once_and_listed_in_the_order_of_the_pages(
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


def test_each_problem_says_what_is_wrong_and_how_to_mend_it(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "02.png").write_text("no picture")
    pages = [{"image": "01.PNG", "audio": "02.wav"}, {"image": "02.png", "audio": "02.wav"}]
    set_pages(source, *pages)
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


@pytest.mark.parametrize("kind", ["missing", "a link", "a folder", "not JSON", "larger than"])
def test_a_manifest_that_cannot_be_read_is_the_only_problem(
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


def test_a_report_of_problems_can_be_written_as_json(
    source: Path, scratch: Path, settings: Settings
) -> None:
    set_pages(source, {"image": "\udcff.png", "duration": 1})
    assert json.dumps([str(problem) for problem in problems(source, scratch, settings)]).isascii()


def test_a_story_with_too_many_bytes_is_refused_before_all_of_them_are_copied(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    """M14: 2000 sparse files of 512 MiB would be copied for real, until the disk is full."""
    numbers = range(1, 65)
    for number in numbers:
        with (source / f"p{number}.png").open("wb") as file:
            file.truncate(2**20)
    set_pages(source, *[{"image": f"p{number}.png", "duration": 1} for number in numbers])
    (problem,) = problems(source, scratch, make_settings(limits={"story_mib": 4}))
    assert problem.what == "its files have more than 4 MiB together"
    assert "limits.story_mib" in problem.mend
    assert sum(path.stat().st_size for path in scratch.iterdir()) <= 4 * 2**20


@pytest.mark.timeout(30)
def test_thousands_of_missing_files_are_listed_at_once_and_the_rest_is_counted(
    source: Path, scratch: Path, settings: Settings
) -> None:
    for number in range(3000):
        (source / f"{number:05}.JPEG").touch()
    pages = [{"image": f"{number}.jpg", "audio": f"{number}.mp3"} for number in range(3000)]
    set_pages(source, *pages)
    found = problems(source, scratch, settings)
    assert len(found) == MOST_PROBLEMS + 1
    assert found[0].file == "0.jpg"
    assert 'there is "00000.JPEG"' in found[0].mend
    assert found[-1].what == f"{6001 - MOST_PROBLEMS} more problems"


# ---- inspecting ----------------------------------------------------------------------------------


def test_an_inspection_finds_the_same_story_without_a_copy(
    source: Path, scratch: Path, settings: Settings
) -> None:
    facts = {"01.png": {"size": (source / "01.png").stat().st_size}}
    (source / "song.wav").write_bytes((source / "02.wav").read_bytes())
    extra = {"files": facts, "music": "song.wav"}
    write_manifest(source, read_manifest(source) | extra)
    before = contents(source)
    inspected = inspect(source, "the-fox", settings)
    taken = admitted(source, scratch, settings)
    assert [page.samples for page in inspected.pages] == [page.samples for page in taken.pages]
    assert (inspected.inputs, inspected.seed) == (taken.inputs, taken.seed)
    assert contents(source) == before


def test_a_picture_that_vanishes_during_an_inspection_is_missing(
    source: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test can be sure to win this race from outside, so it vanishes before it is decoded."""
    undecodable = checks.undecodable

    def after_the_race(*args: Any) -> list[Problem]:
        (source / "01.png").unlink()
        return undecodable(*args)

    monkeypatch.setattr(checks, "undecodable", after_the_race)
    with pytest.raises(StoryError, match="the picture is missing"):
        inspect(source, "the-fox", settings)


# ---- odd names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", [b"a\\b", b"a\xff"], ids=["backslash", "not UTF-8"])
def test_files_of_odd_names_are_a_problem_of_the_story(
    stem: bytes, source: Path, scratch: Path, settings: Settings
) -> None:
    (source / os.fsdecode(stem + b".png")).write_bytes((source / "01.png").read_bytes())
    (source / os.fsdecode(stem + b".wav")).write_bytes((source / "01.wav").read_bytes())
    write_manifest(source, {"music": False})
    assert problems(source, scratch, settings)


def test_half_a_surrogate_pair_in_a_file_s_name_is_a_problem_of_the_story(
    source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, '{"pages": [{"image": "\\ud800.png", "duration": 1}], "music": false}')
    assert problems(source, scratch, settings)


def test_a_missing_file_is_not_taken_for_another_page(
    source: Path, scratch: Path, settings: Settings
) -> None:
    page = {"image": "01.png", "audio": "01.wav"}
    set_pages(source, page, {"image": "03.png", "audio": "02.WAV"})
    assert [str(problem) for problem in problems(source, scratch, settings)] == [
        "page 2 (03.png): the picture is missing. Add it, or correct its name in the manifest.",
        'page 2 (02.WAV): the sound is missing. Add it, or correct its name: there is "02.wav".',
    ]


# ---- names that look the same --------------------------------------------------------------------


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_whose_name_was_composed_otherwise_is_the_one_that_the_manifest_names(
    source: Path, settings: Settings, form: Literal["NFC", "NFD"]
) -> None:
    """N25: macOS and its shares change the letters of names on the way."""
    other: Literal["NFC", "NFD"] = "NFD" if form == "NFC" else "NFC"
    (source / normalize(form, "bïlder")).mkdir()
    (source / "01.png").rename(source / normalize(form, "bïlder/föx.png"))
    manifest = read_manifest(source)
    manifest["pages"][0]["image"] = normalize(other, "bïlder/föx.png")
    write_manifest(source, manifest)
    sighting = FolderView(source, "manifest.json", tuple).look()
    assert sighting is not None
    assert sighting.lacking == ()
    assert len(inspect(source, "fox", settings).pages) == 2


def test_of_two_files_whose_names_look_the_same_the_exact_one_is_taken(
    source: Path, settings: Settings
) -> None:
    picture(source / normalize("NFC", "föx.png"))
    (source / normalize("NFD", "föx.png")).write_bytes(b"no picture")
    manifest = read_manifest(source)
    manifest["pages"][0]["image"] = normalize("NFC", "föx.png")
    write_manifest(source, manifest)
    assert len(inspect(source, "fox", settings).pages) == 2


def test_pages_are_paired_by_names_that_look_the_same(source: Path, settings: Settings) -> None:
    (source / "01.png").rename(source / normalize("NFD", "föx.png"))
    (source / "01.wav").rename(source / normalize("NFC", "föx.wav"))
    write_manifest(source, {"title": "föx"})
    assert len(inspect(source, "fox", settings).pages) == 2

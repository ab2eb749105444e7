"""What can be wrong with a story, and what is fine."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from daemon.config import Settings
from daemon.errors import Problem
from daemon.media.typeface import Typeface
from daemon.story.checks import letter_problems
from tests.conftest import SettingsMaker
from tests.helpers.stories import read_manifest, write_manifest
from tests.story.steps import admitted, not_arrived, problems, set_pages

JAPANESE = "むかしむかし"


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


def test_cards_count_in_the_film_s_length(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    cards = {"title_card": {"seconds": 60}, "end_card": {"seconds": 40}}
    set_pages(source, {"image": "01.png", "duration": 20}, film=cards)
    (problem,) = problems(source, scratch, make_settings(limits={"film_minutes": 1}))
    assert problem.what == "2 minutes are more than 1"


# ---- posters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("paired", [False, True])
def test_a_poster_page_beyond_the_last_page_is_a_problem(
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


# ---- declared sizes and hashes -------------------------------------------------------------------


def test_declared_sizes_and_hashes_that_match_are_fine(
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
def test_a_file_that_is_not_as_declared_has_not_arrived(
    facts: dict[str, object], what: str, file: str, source: Path, scratch: Path, settings: Settings
) -> None:
    """C2: hashes are compared while the files are copied, and not in the inbox."""
    (source / "extra.txt").write_text("a file that no page names")
    write_manifest(source, read_manifest(source) | {"files": {file: facts}})
    found = not_arrived(source, scratch, settings)
    (difference,) = found.problems
    assert found.differences == (difference,)
    assert (difference.where, difference.file) == ("files", file)
    assert what in difference.what


@pytest.mark.parametrize("content", [b"", bytes(500)], ids=["empty", "zeros"])
@pytest.mark.parametrize("file", ["01.png", "02.wav", "extra.txt", "song.wav"])
def test_a_file_that_cannot_be_used_yet_is_not_the_story_s_fault(
    content: bytes, file: str, source: Path, scratch: Path, settings: Settings
) -> None:
    """C2: a copy may make all of a file first, and fill it later."""
    facts = {"size": len(content) + 500 * (not content), "sha256": "0" * 64}
    (source / "song.wav").write_bytes((source / "01.wav").read_bytes())
    (source / file).write_bytes(content)
    manifest = read_manifest(source) | {"music": "song.wav", "files": {file: facts}}
    write_manifest(source, manifest)
    found = not_arrived(source, scratch, settings)
    assert [problem.file for problem in found.problems] == [file]


@pytest.mark.parametrize("place", ["narration", "music"])
def test_a_sound_that_ends_before_its_header_says_so_has_not_arrived(
    place: str, source: Path, scratch: Path, settings: Settings
) -> None:
    """H8: a copy that had stalled became a film with half a narration, without a word."""
    file = {"narration": "02.wav", "music": "song.wav"}[place]
    (source / "song.wav").write_bytes((source / "01.wav").read_bytes())
    write_manifest(source, read_manifest(source) | {"music": "song.wav"})
    whole = (source / file).read_bytes()
    (source / file).write_bytes(whole[: len(whole) // 2])
    found = not_arrived(source, scratch, settings)
    (difference,) = found.differences
    assert difference.file == file
    assert difference.what == f"it ends {len(whole) - len(whole) // 2} bytes before its end"


def test_a_short_sound_whose_size_is_declared_is_taken_as_it_is(
    source: Path, scratch: Path, settings: Settings
) -> None:
    """Whoever makes the story knows better than a header that some editor has left behind."""
    short = (source / "02.wav").read_bytes()[:-1000]
    (source / "02.wav").write_bytes(short)
    facts = {"02.wav": {"size": len(short)}}
    write_manifest(source, read_manifest(source) | {"files": facts})
    assert len(admitted(source, scratch, settings).pages) == 2


def test_a_story_that_has_not_arrived_lists_its_faults_too(
    source: Path, scratch: Path, settings: Settings
) -> None:
    """They are for whoever checks it; the story fails by them once it has arrived."""
    (source / "02.png").write_text("no picture")
    manifest = read_manifest(source) | {"files": {"01.wav": {"size": 7}}, "music": "no.mp3"}
    write_manifest(source, manifest)
    found = not_arrived(source, scratch, settings)
    assert [problem.file for problem in found.differences] == ["01.wav"]
    assert [problem.file for problem in found.problems] == ["01.wav", "02.png", "no.mp3"]


def test_a_declared_file_that_no_page_names_may_be_empty(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "extra.txt").touch()
    facts = {"extra.txt": {"size": 0, "sha256": hashlib.sha256().hexdigest()}}
    write_manifest(source, read_manifest(source) | {"files": facts})
    assert len(admitted(source, scratch, settings).pages) == 2
    assert not [path for path in scratch.iterdir() if path.stat().st_size == 0]


def test_a_declared_file_that_is_missing_is_a_problem_once(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "01.png").unlink()
    facts = {"01.png": {"size": 1}, "extra.txt": {"size": 1}}
    write_manifest(source, read_manifest(source) | {"files": facts})
    found = problems(source, scratch, settings)
    assert [problem.file for problem in found] == ["01.png", "extra.txt"]


# ---- letters -------------------------------------------------------------------------------------


def test_letters_that_the_font_lacks_are_a_problem_of_burned_captions(
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


def test_soft_captions_may_have_any_letters(
    source: Path, scratch: Path, settings: Settings
) -> None:
    set_pages(source, {"image": "01.png", "audio": "01.wav", "text": JAPANESE})
    assert admitted(source, scratch, settings).pages[0].text == JAPANESE


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"title": JAPANESE, "film": {"title_card": True}}, "film.title_card"),
        ({"author": JAPANESE, "film": {"title_card": True}}, "film.title_card"),
        ({"title": JAPANESE, "film": {"title_card": {"text": "Hello"}}}, None),
        ({"title": JAPANESE}, None),
        ({"film": {"end_card": {"text": JAPANESE}}}, "film.end_card"),
    ],
)
def test_letters_that_the_font_lacks_are_a_problem_of_cards(
    keys: dict[str, Any], where: str | None, source: Path, scratch: Path, settings: Settings
) -> None:
    write_manifest(source, read_manifest(source) | keys)
    if where is None:
        assert len(admitted(source, scratch, settings).pages) >= 2
    else:
        [problem] = problems(source, scratch, settings)
        assert (problem.where, problem.what) == (where, "the font has no letters む か し")


def test_of_very_many_missing_letters_the_first_are_named() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4F00)))
    [problem] = letter_problems({"page 1, text": text}, Typeface())
    assert len(problem.what) < 100

"""`storyreel check`: what is fine is summarised, what is wrong is listed whole."""

from pathlib import Path

from tests.helpers.pictures import picture
from tests.helpers.processes import storyreel
from tests.helpers.stories import story, write_manifest


def test_a_fine_story_is_summarised(tmp_path: Path) -> None:
    done = storyreel("check", str(story(tmp_path / "fox", (0.4, 0.6))))
    assert (done.returncode, done.stdout) == (0, "fox: fine, 2 pages, 0:02.0\n")


def test_every_problem_of_every_story_is_listed_with_place_file_and_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    picture(folder / "1.png")
    (folder / "2.png").write_text("no picture")
    (folder / "3.png").symlink_to("/etc/passwd")
    (folder / "4.png").touch()
    pages = [
        {"image": "1.png", "audio": "missing.mp3"},
        {"image": "2.png", "duration": 1},
        {"image": "3.png", "duration": 1},
        {"image": "4.png"},
        {"image": "/etc/passwd", "duration": 1},
    ]
    write_manifest(folder, {"titel": "x", "pages": pages})
    done = storyreel("check", str(folder), str(story(tmp_path / "fox")))
    assert done.returncode == 1
    assert done.stdout.startswith("fox: fine")
    link = "the picture is a link. Put the file itself into the folder."
    neither = 'Add "audio": "01.mp3", or "duration": 4.0 (seconds).'
    leaves = "leaves the story's folder (got '/etc/passwd')."
    expected = """Expected: the picture's file, such as "image": "01.png"."""
    missing = "the sound is missing. Add it, or correct its name in the manifest."
    assert done.stderr.splitlines() == [
        "broken: 7 problems",
        '  manifest: unknown key "titel". Did you mean "title"?',
        f"  page 1 (missing.mp3): {missing}",
        "  page 2 (2.png): the picture is not a PNG, JPEG or WebP picture. Save it as PNG or JPEG.",
        f"  page 3 (3.png): {link}",
        f"  page 4 (4.png): neither audio nor duration. {neither}",
        "  page 4 (4.png): the picture is empty. Copy it again.",
        f"  page 5, image: {leaves} {expected}",
    ]


def test_a_folder_without_a_manifest_gets_an_example_of_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = storyreel("check", str(tmp_path / "empty"))
    assert done.returncode == 1
    assert 'manifest (manifest.json): missing. Add one: {"pages"' in done.stderr

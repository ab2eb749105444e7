"""`storyreel drop`: a checked copy in the inbox, or nothing."""

from pathlib import Path

from tests.helpers.folders import names
from tests.helpers.processes import storyreel
from tests.helpers.stories import story


def test_the_whole_story_is_copied_into_the_inbox(tmp_path: Path) -> None:
    folder = story(tmp_path / "fox", (0.2,))
    inbox = tmp_path / "root/inbox"
    inbox.mkdir(parents=True)
    done = storyreel("drop", str(folder), "--root", str(tmp_path / "root"))
    assert done.returncode == 0
    assert f"dropped as {inbox}/fox" in done.stdout
    assert names(inbox) == ["fox"]
    assert names(inbox / "fox") == names(folder)
    assert (inbox / "fox").stat().st_mode & 0o770 == 0o770


def test_a_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    """M10: the folder may come from a stranger."""
    (tmp_path / "root/inbox").mkdir(parents=True)
    folder = story(tmp_path / "fox\x1b[31m\u202e", (0.2,))
    done = storyreel("drop", str(folder), "--root", str(tmp_path / "root"))
    assert done.stdout.splitlines() == [
        "fox\\x1b[31m\\u202e: fine, 1 page, 0:00.7",
        f"dropped as {tmp_path}/root/inbox/fox\\x1b[31m\\u202e",
    ]


def test_a_name_that_is_taken_in_the_inbox_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "root/inbox/fox").mkdir(parents=True)
    done = storyreel("drop", str(story(tmp_path / "fox", (0.2,))), "--root", str(tmp_path / "root"))
    assert done.stdout.endswith("/inbox/fox-2\n")


def test_a_story_with_faults_is_not_dropped(tmp_path: Path) -> None:
    inbox = tmp_path / "root/inbox"
    inbox.mkdir(parents=True)
    folder = story(tmp_path / "fox", (0.2,), unknown=1)
    done = storyreel("drop", str(folder), "--root", str(tmp_path / "root"))
    assert done.returncode == 1
    assert "Nothing was dropped." in done.stderr
    assert list(inbox.iterdir()) == []


def test_without_an_inbox_it_says_how_to_get_one(tmp_path: Path) -> None:
    done = storyreel("drop", str(story(tmp_path / "fox", (0.2,))), "--root", str(tmp_path / "root"))
    assert done.returncode == 78
    assert "There is no inbox" in done.stderr

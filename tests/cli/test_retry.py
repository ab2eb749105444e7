"""`storyreel retry`: a failed story goes back to the inbox."""

from pathlib import Path

from tests.helpers.folders import names
from tests.helpers.processes import storyreel


def test_a_failed_story_goes_back_to_the_inbox_without_its_reasons(tmp_path: Path) -> None:
    failed = tmp_path / "root/failed/fox"
    failed.mkdir(parents=True)
    (tmp_path / "root/inbox").mkdir()
    (failed / "error.json").write_text('{"problems": [{"where": "a", "what": "b", "mend": "c"}]}')
    (failed / "WHY.txt").touch()
    (failed / "01.png").touch()
    done = storyreel("retry", "fox", "--root", str(tmp_path / "root"))
    assert (done.returncode, done.stdout) == (0, f"moved to {tmp_path}/root/inbox/fox\n")
    assert names(tmp_path / "root/inbox/fox") == ["01.png"]


def test_a_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    """M10: the name of a failed story comes from a stranger."""
    (tmp_path / "root/failed/fox\x1b[31m").mkdir(parents=True)
    (tmp_path / "root/inbox").mkdir()
    done = storyreel("retry", "fox\x1b[31m", "--root", str(tmp_path / "root"))
    assert done.stdout == f"moved to {tmp_path}/root/inbox/fox\\x1b[31m\n"


def test_an_unknown_name_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "root/failed/the-fox").mkdir(parents=True)
    done = storyreel("retry", "the-fix", "--root", str(tmp_path / "root"))
    assert done.returncode == 2
    assert 'Did you mean "the-fox"?' in done.stderr


def test_no_name_leads_out_of_the_failed_folder(tmp_path: Path) -> None:
    (tmp_path / "root/failed").mkdir(parents=True)
    (tmp_path / "root/done/fox").mkdir(parents=True)
    assert storyreel("retry", "../done/fox", "--root", str(tmp_path / "root")).returncode == 2
    assert (tmp_path / "root/done/fox").is_dir()

"""Reasons in a story's own folder, into which its author may have put traps."""

import json
import os
import resource
import signal
import stat
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.attempt import Failure, Kind
from daemon.errors import Problem
from daemon.spool import Job, Spool, reasons
from tests.helpers.children import in_child, unprivileged
from tests.spool.stories import folders_in, names

PROBLEMS = (
    Problem("page 1", "picture missing", "Add it.", "01.png"),
    Problem("manifest", "“titel” is unknown", 'Did you mean "title"?'),
)
FAILURE = Failure("id", Kind.STORY, PROBLEMS)
FILES = (reasons.ERROR, reasons.WHY)
TEXT = st.text(st.characters(exclude_categories=())) | st.binary().map(os.fsdecode)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    made = Job("20260101T000000-00000000", "the-fox", tmp_path / "job", attempts=2)
    made.source.mkdir(parents=True)
    return made


def put_reasons(folder: Path, error: str) -> None:
    (folder / reasons.ERROR).write_text(error)
    (folder / reasons.WHY).write_text("words")


def test_reasons_are_written_for_programs_and_for_people(job: Job) -> None:
    reasons.write(job, FAILURE)
    fields = json.loads((job.source / reasons.ERROR).read_text())
    assert (fields["story"], fields["job"]) == ("the-fox", job.id)
    assert (fields["attempts"], fields["kind"]) == (2, "story")
    assert "trace" not in fields
    assert reasons.read(job.source) == PROBLEMS

    words = (job.source / reasons.WHY).read_text("utf-8")
    assert words.startswith("No film was made of “the-fox”: 2 problems.")
    assert "1. page 1 (01.png): picture missing.\n   Add it." in words
    assert "2. manifest: “titel” is unknown.\n" in words
    assert "storyreel retry" in words
    assert names(job.folder) == ["source"]


def test_the_trace_of_a_fault_of_the_program_is_only_in_the_file_for_programs(job: Job) -> None:
    reasons.write(job, Failure("id", Kind.PROGRAM, PROBLEMS, "Traceback: secret"))
    assert json.loads((job.source / reasons.ERROR).read_text())["trace"] == "Traceback: secret"
    assert "Traceback" not in (job.source / reasons.WHY).read_text()


def test_names_in_why_txt_neither_command_a_terminal_nor_forge_a_line(job: Job) -> None:
    """M10: WHY.txt is read with `cat`, and its names come from strangers."""
    file = "\x1b]0;owned\x07\x1b[2J01.png\n\n2. page 9: all is well."
    problem = Problem("page 1", "the picture is missing", "there is “\u202efox.\x9b2J”", file)
    reasons.write(replace(job, name="fox\x1b[31m\udcff"), Failure("id", Kind.STORY, (problem,)))
    words = (job.source / reasons.WHY).read_text("utf-8")
    shown = "\\x1b]0;owned\\x07\\x1b[2J01.png\\n\\n2. page 9: all is well."
    assert words.splitlines()[:4] == [
        "No film was made of “fox\\x1b[31m\\udcff”: 1 problem.",
        "",
        f"1. page 1 ({shown}): the picture is missing.",
        "   there is “\\u202efox.\\x9b2J”",
    ]
    assert (job.source / reasons.ERROR).read_text("utf-8").isascii()


def test_later_reasons_take_the_place_of_earlier_ones(job: Job) -> None:
    reasons.write(job, FAILURE)
    reasons.write(job, Failure("id", Kind.STORY, PROBLEMS[:1]))
    assert reasons.read(job.source) == PROBLEMS[:1]
    assert "1 problem." in (job.source / reasons.WHY).read_text()


# ---- traps for the writer -----------------------------------------------------------------------


def _link_to_file(place: Path, outside: Path) -> None:
    outside.write_text("private")
    place.symlink_to(outside)


def _link_to_folder(place: Path, outside: Path) -> None:
    outside.mkdir()
    place.symlink_to(outside)


def _hard_link(place: Path, outside: Path) -> None:
    outside.write_text("private")
    place.hardlink_to(outside)


def _dangling_link(place: Path, outside: Path) -> None:
    place.symlink_to(outside)


def _link_to_itself(place: Path, _outside: Path) -> None:
    place.symlink_to(place.name)


def _pipe(place: Path, _outside: Path) -> None:
    os.mkfifo(place)


def _unwritable(place: Path, _outside: Path) -> None:
    place.write_text("theirs")
    place.chmod(0)


TRAPS = [
    _link_to_file,
    _link_to_folder,
    _hard_link,
    _dangling_link,
    _link_to_itself,
    _pipe,
    _unwritable,
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_a_trap_in_the_place_of_a_reason_is_replaced_and_nothing_outside_is_touched(
    job: Job, tmp_path: Path, trap: Callable[[Path, Path], None], name: str
) -> None:
    outside = tmp_path / "outside"
    trap(job.source / name, outside)
    reasons.write(job, FAILURE)
    for file in FILES:
        assert stat.S_ISREG((job.source / file).lstat().st_mode)
    assert reasons.read(job.source) == PROBLEMS
    if outside.is_dir():
        assert [*outside.iterdir()] == []
    elif outside.exists():
        assert outside.read_text() == "private"
    else:
        assert trap in (_dangling_link, _link_to_itself, _pipe, _unwritable)


@pytest.mark.parametrize("name", FILES)
def test_folders_in_the_place_of_a_reason_are_kept_under_other_names(job: Job, name: str) -> None:
    for number in range(2):
        (job.source / name).unlink(missing_ok=True)
        (job.source / name).mkdir()
        (job.source / name / f"theirs {number}").touch()
        reasons.write(job, FAILURE)
    assert reasons.read(job.source) == PROBLEMS
    assert (job.source / f"{name}-folder" / "theirs 0").exists()
    assert (job.source / f"{name}-folder-2" / "theirs 1").exists()


# ---- removing -----------------------------------------------------------------------------------


def test_our_own_reasons_are_removed_and_nothing_else(job: Job) -> None:
    (job.source / "01.png").touch()
    reasons.write(job, FAILURE)
    reasons.remove(job.source)
    assert names(job.source) == ["01.png"]
    reasons.remove(job.source)
    reasons.remove(job.source / "gone")


NOT_OURS = [
    "",
    "{",
    "[]",
    "7",
    "{}",
    '{"problems": null}',
    '{"problems": []}',
    '{"problems": ["x"]}',
    '{"problems": [{"x": 1}]}',
]


@pytest.mark.parametrize("error", NOT_OURS)
def test_files_of_these_names_that_are_not_ours_have_no_problems_and_stay(
    job: Job, error: str
) -> None:
    put_reasons(job.source, error)
    assert reasons.read(job.source) == ()
    reasons.remove(job.source)
    assert names(job.source) == sorted(FILES)


def test_a_folder_in_the_place_of_why_txt_stays(job: Job) -> None:
    reasons.write(job, FAILURE)
    (job.source / reasons.WHY).unlink()
    (job.source / reasons.WHY).mkdir()
    reasons.remove(job.source)
    assert names(job.source) == [reasons.WHY]


# ---- reading ------------------------------------------------------------------------------------


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_any_words_can_be_written_and_are_read_as_they_were(
    name: str, where: str, what: str, mend: str, file: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        job = Job("id", name, Path(folder))
        job.source.mkdir()
        problems = (Problem(where, what, mend, file),)
        reasons.write(job, Failure("id", Kind.STORY, problems))
        assert reasons.read(job.source) == problems
        (job.source / reasons.WHY).read_bytes().decode("utf-8")


def _endless_pipe(place: Path) -> None:
    os.mkfifo(place)


def _endless_device(place: Path) -> None:
    place.symlink_to("/dev/zero")


def _huge(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(2**40)


def _deep(place: Path) -> None:
    place.write_text("[" * 100_000)


@pytest.mark.parametrize(
    "trap", [_endless_pipe, _endless_device, _huge, _deep], ids=lambda trap: trap.__name__
)
def test_a_trap_for_the_reader_neither_blocks_it_nor_makes_it_fail(
    job: Job, trap: Callable[[Path], None]
) -> None:
    """`finish` looks for earlier reasons in every story that became a film."""
    trap(job.source / reasons.ERROR)

    def body() -> str:
        signal.alarm(5)
        resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))
        reasons.remove(job.source)
        return str(reasons.read(job.source))

    ended = in_child(body)
    assert (ended.signal, ended.said) == (0, "()")


def test_reasons_behind_a_link_are_not_ours(job: Job, tmp_path: Path) -> None:
    error = {"problems": [{"where": "private", "what": "", "mend": ""}]}
    put_reasons(tmp_path, json.dumps(error))
    (job.source / reasons.ERROR).symlink_to(tmp_path / reasons.ERROR)
    assert reasons.read(job.source) == ()


def test_a_story_whose_folder_refuses_the_reasons_still_moves_to_failed() -> None:
    """Another user's sticky folder can be moved, but no file in it replaced (chmod(2), S_ISVTX)."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make files of two users")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o777)
        folders = folders_in(root / "root")
        assert in_child(unprivileged(lambda: Spool(folders).open().close())).code == 0
        folder = folders.inbox / "the-fox"
        folder.mkdir()
        (folder / reasons.ERROR).write_text("theirs")
        folder.chmod(0o1777)

        def body() -> None:
            opened = Spool(folders).open()
            job = opened.claim("the-fox")
            assert isinstance(job, Job), job
            opened.fail(job, FAILURE)

        ended = in_child(unprivileged(body))
        assert ended.code == 0, ended.said
        assert names(folders.failed) == ["the-fox"]

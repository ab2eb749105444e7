"""`storyreel status`: how the status is shown to people and to programs."""

import contextlib
import io
import os
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import typer
from rich.console import Console

from daemon import config
from daemon.attempt import Failure, Kind
from daemon.cli import status as command
from daemon.cli.console import FINE, USAGE
from daemon.config import Settings
from daemon.errors import Problem
from daemon.spool import Job, Spool
from daemon.status import Arriving, AtWork, FailedStory, Status, collect
from daemon.workers.sandbox import confinement
from tests.helpers.children import in_child, unprivileged
from tests.helpers.processes import status, storyreel
from tests.helpers.stories import story

EMPTY = Status(
    running=True,
    root="/srv/storyreel",
    inbox=[],
    strays=[],
    work=[],
    failed=[],
    outbox=3,
    done=3,
    free_mib=2048,
)
RENDERING = AtWork("the-fox", "job-1", "rendering", 2, "2026-01-01T00:00:00+00:00", "film", 0.25)


def shown(status: Status) -> str:
    """The status as text, as wide as it likes to be."""
    console = Console(width=300, color_system=None)
    with console.capture() as capture:
        console.print(command.drawn(status), soft_wrap=True)
    return capture.get()


def row(status: Status) -> list[str]:
    """The only row of the table, cell by cell."""
    _, _, line = shown(status).splitlines()
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


# ---- for programs -------------------------------------------------------------------------------


def test_programs_get_what_is_in_each_folder(settings: Settings, tmp_path: Path) -> None:
    spool = Spool(settings.folders).open()
    for name in ("complete", "wrong", "claimed"):
        story(settings.folders.inbox / name, (0.2,))
    (settings.folders.inbox / "incomplete").mkdir()
    (settings.folders.inbox / "stray.mp3").touch()
    (settings.folders.outbox / "old").mkdir()
    failed = spool.claim("wrong")
    assert isinstance(failed, Job)
    assert isinstance(spool.claim("claimed"), Job)
    spool.fail(failed, Failure(failed.id, Kind.STORY, (Problem("page 1", "wrong", "Mend it."),)))

    fields = status(settings.folders.root)
    assert fields["running"] is True
    arriving = [(story["story"], story["state"], story["lacking"]) for story in fields["inbox"]]
    assert arriving == [
        ("complete", "complete", []),
        ("incomplete", "waiting", ["manifest.json"]),
    ]
    assert fields["strays"] == ["stray.mp3"]
    at_work = [(job["story"], job["state"], job["attempt"]) for job in fields["work"]]
    assert at_work == [("claimed", "queued", 0)]
    assert fields["failed"] == [{"story": "wrong", "problems": ["page 1: wrong. Mend it."]}]
    assert (fields["outbox"], fields["done"]) == (1, 0)

    spool.close()
    assert status(settings.folders.root)["running"] is False


def test_programs_get_every_field(settings: Settings) -> None:
    fields = status(settings.folders.root)
    assert fields == asdict(collect(settings)) | {"confinement": confinement()}


def test_a_root_that_is_not_there_is_shown_as_empty(tmp_path: Path) -> None:
    fields = status(tmp_path / "nowhere")
    assert (fields["running"], fields["inbox"]) == (False, [])
    assert (fields["work"], fields["failed"]) == ([], [])


def test_without_the_right_to_look_it_says_what_would_help(settings: Settings) -> None:
    """L1: work/ is closed to users outside of the service's group."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        Spool(config.load(root=root).folders).open().close()
        ended = in_child(unprivileged(lambda: look_as_user(root)))
    assert (ended.signal, ended.code) == (0, 0), ended.said
    assert "work" in ended.said
    assert "become a member of its group" in ended.said


def look_as_user(root: Path) -> str:
    os.chdir(root)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.raises(typer.Exit) as ended:
        command.show_status(None, root, as_json=True, watch=False)
    assert ended.value.exit_code == USAGE
    return said.getvalue()


# ---- for people ---------------------------------------------------------------------------------


def test_people_get_a_table(settings: Settings) -> None:
    (settings.folders.inbox / "half\x1b[31m").mkdir(parents=True)
    done = storyreel("status", "--root", str(settings.folders.root))
    assert "Storyreel is not running" in done.stdout
    assert "half\\x1b[31m" in done.stdout
    assert "waiting manifest.json" in done.stdout


@pytest.mark.parametrize(
    ("landlock", "seccomp", "said"),
    [
        (7, True, "Workers are confined by Landlock 7 and a filter of system calls"),
        (0, True, "Workers are confined by no Landlock and a filter of system calls"),
        (3, False, "Workers are confined by Landlock 3 and no filter of system calls"),
    ],
)
def test_people_are_told_what_confines_the_workers(landlock: int, seccomp: bool, said: str) -> None:
    assert command.limits(landlock, seccomp).plain == said


def test_a_line_with_the_counts_comes_first() -> None:
    line = shown(replace(EMPTY, failed=[FailedStory("wrong", [])])).splitlines()[0]
    expected = "Storyreel is running on /srv/storyreel: 3 in the outbox, 1 failed, 2048 MiB free"
    assert line.strip() == expected


def test_without_stories_there_is_no_table() -> None:
    assert len(shown(EMPTY).splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inbox": [Arriving("fox", "complete", [])]}, ["fox", "inbox", "complete"]),
        ({"inbox": [Arriving("fox", "waiting", ["a", "b"])]}, ["fox", "inbox", "waiting a, b"]),
        ({"work": [RENDERING]}, ["the-fox", "work", "rendering, attempt 2 film 25%"]),
        (
            {"work": [replace(RENDERING, state="queued", attempt=0, stage="")]},
            ["the-fox", "work", "queued, attempt 0"],
        ),
        ({"failed": [FailedStory("fox", ["one", "two"])]}, ["fox", "failed", "one"]),
        ({"failed": [FailedStory("fox", [])]}, ["fox", "failed", "see WHY.txt in it"]),
        ({"strays": ["a.mp3"]}, ["a.mp3", "inbox", "not a folder: it is left alone"]),
    ],
    ids=["complete", "waiting", "rendering", "queued", "failed", "failed without reasons", "stray"],
)
def test_each_story_has_a_row(changes: dict[str, object], expected: list[str]) -> None:
    assert row(replace(EMPTY, **changes)) == expected  # type: ignore[arg-type]


def test_markup_and_control_characters_in_names_are_shown_not_obeyed() -> None:
    name = "[bold]fox[/bold]\x1b[31m"
    stories = replace(EMPTY, inbox=[Arriving(name, "waiting", [name])], strays=[name])
    assert shown(stories).count("[bold]fox[/bold]\\x1b[31m") == 3


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, ""),
        (2, "0, 1"),
        (8, "0, 1, 2, 3, 4, 5, 6, 7"),
        (10, "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"),
    ],
)
def test_only_the_first_names_are_listed(count: int, expected: str) -> None:
    assert command.few([str(number) for number in range(count)]) == expected


def test_watching_shows_the_status_again_until_ctrl_c(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", rest)
    root = settings.folders.root
    assert command.show_status(None, root, as_json=False, watch=True) == FINE
    assert rests == [command.REFRESH_SECONDS] * 3
    assert "Storyreel is not running" in capsys.readouterr().out

"""Faults of the inbox: gone and back, slow and stalling copies, names that come twice."""

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.rounds import only_long, rounds
from tests.faults.trial import Trial
from tests.helpers.folders import names
from tests.helpers.processes import wait_until
from tests.helpers.stories import read_manifest, write_manifest

pytestmark = [pytest.mark.service, pytest.mark.slow]

CHUNK_SECONDS = 0.1
"""A slow share writes a chunk, and waits that long."""
BYTES_PER_SECOND = 100_000
STALL_SECONDS = 1.0
"""Longer than the settle time of these services (`FAST`)."""


# ---- the folder itself ---------------------------------------------------------------------------


def test_an_inbox_that_is_deleted_is_made_again_and_takes_stories(trial: Trial) -> None:
    inbox = trial.root / "inbox"
    with trial.service():
        for chance in rounds("inbox deleted"):
            with trial.harm():
                shutil.rmtree(inbox)
                wait_until(inbox.is_dir, "the inbox is made again")
            trial.drop_some(chance)
            trial.wait()
    trial.enter("inbox deleted")


@only_long
def test_an_inbox_that_is_replaced_takes_stories(trial: Trial) -> None:
    inbox = trial.root / "inbox"
    with trial.service():
        for chance in rounds("inbox replaced"):
            with trial.harm():
                shutil.rmtree(inbox)
                inbox.mkdir()
            trial.drop_some(chance)
            trial.wait()
    trial.enter("inbox replaced")


@only_long
def test_an_inbox_that_is_renamed_away_and_back_keeps_its_stories(trial: Trial) -> None:
    inbox = trial.root / "inbox"
    away = trial.root / "away"

    def is_back() -> bool:
        """Whether it could be renamed back, in place of the one that the service made."""
        shutil.rmtree(inbox, ignore_errors=True)
        with contextlib.suppress(OSError):  # the service has made it again
            away.rename(inbox)
        return not away.exists()

    with trial.service():
        for chance in rounds("inbox renamed"):
            with trial.harm():
                trial.drop_some(chance)
                inbox.rename(away)
                wait_until(inbox.is_dir, "the inbox is made again")
                wait_until(is_back, "the inbox is renamed back")
            trial.wait()
    trial.enter("inbox renamed away and back")


# ---- names that come twice -----------------------------------------------------------------------


def test_a_name_that_is_dropped_again_during_its_attempt_makes_a_second_film(trial: Trial) -> None:
    with trial.service() as service:
        for number, _ in enumerate(rounds("same name"), 1):
            name = f"fox-{number}"
            trial.drop(name, (2.0,))
            with trial.harm():
                service.wait_for("render.started", story=name)
                trial.drop(name)
            trial.wait()
            assert {name, f"{name}-2"} <= {*names(trial.outbox)}
    trial.enter("same name dropped again")


# ---- copies --------------------------------------------------------------------------------------


def narrations(trial: Trial, name: str) -> list[float]:
    """The seconds of each page's narration, as the film's report says."""
    report = json.loads((trial.outbox / name / "report.json").read_text())
    return [page["narration_seconds"] for page in report["pages"]]


@pytest.mark.parametrize(
    "last",
    [
        "01.wav",
        pytest.param("02.png", marks=only_long),
        pytest.param("manifest.json", marks=only_long),
    ],
)
def test_a_slow_share_delivers_whole_stories(trial: Trial, last: str) -> None:
    """At a hundredth of its usual speed a share takes seconds for a file."""
    with trial.service() as service:
        for number, chance in enumerate(rounds(f"slow share, {last} last"), 1):
            folder = trial.write(f"fox-{number}", (0.5, 1.0))
            files = sorted(names(folder), key=lambda name: (name == last, chance.random()))
            with trial.harm():
                (trial.root / "inbox" / folder.name).mkdir()
                for name in files:
                    copy_slowly(folder / name, trial.root / "inbox" / folder.name / name)
                    assert not trial.is_done()
            trial.wait()
            assert narrations(trial, folder.name) == [0.5, 1.0]
        assert service.events("render.retrying") == []
    trial.enter(f"slow share ({last} last)")


def copy_slowly(source: Path, target: Path) -> None:
    """Copy a file in chunks. The pauses are what the tests are about."""
    with source.open("rb") as read, target.open("wb", buffering=0) as written:
        while chunk := read.read(round(BYTES_PER_SECOND * CHUNK_SECONDS)):
            written.write(chunk)
            time.sleep(CHUNK_SECONDS)


def test_a_copy_that_stalls_is_waited_for_where_its_size_is_declared(trial: Trial) -> None:
    with trial.service() as service:
        for number, _ in enumerate(rounds("stalled copy, size declared"), 1):
            folder = trial.write(f"fox-{number}", (1.0,))
            size = (folder / "01.wav").stat().st_size
            manifest = read_manifest(folder) | {"files": {"01.wav": {"size": size}}}
            write_manifest(folder, manifest)
            with trial.harm(), half_copied(trial, folder):
                line = service.wait_for("story.waiting", story=folder.name)
                assert f"of {size} bytes" in line["lacking"][0]
            trial.wait()
            assert narrations(trial, folder.name) == [1.0]
    trial.enter("stalled copy, size declared")


def test_a_copy_that_stalls_is_waited_for_where_nothing_declares_its_size(trial: Trial) -> None:
    """H8: it became a film with half a narration."""
    with trial.service() as service:
        for number, _ in enumerate(rounds("stalled copy, size not declared"), 1):
            folder = trial.write(f"fox-{number}", (4.0,))
            with trial.harm(), half_copied(trial, folder):
                service.wait_for("story.detected", story=folder.name)
                time.sleep(STALL_SECONDS)
            trial.wait()
            assert narrations(trial, folder.name) == [4.0]
    trial.enter("stalled copy, size not declared")


@contextmanager
def half_copied(trial: Trial, folder: Path) -> Iterator[None]:
    """A story is in the inbox, with half a narration until the block ends."""
    target = trial.root / "inbox" / folder.name
    whole = (folder / "01.wav").read_bytes()
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("01.wav"))
    with (target / "01.wav").open("wb", buffering=0) as copy:
        copy.write(whole[: len(whole) // 2])
        yield
        copy.write(whole[len(whole) // 2 :])

"""Faults of disks: full, read-only, elsewhere, hung, gone."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.mounts import Mounts, needs_shares
from tests.faults.rounds import only_long, rounds
from tests.faults.trial import Trial
from tests.helpers.folders import names
from tests.helpers.pictures import picture
from tests.helpers.processes import STORYREEL, storyreel

pytestmark = [pytest.mark.service, pytest.mark.slow]

FREE = {"STORYREEL_LIMITS__FREE_MIB": "1"}
"""The least room with which the service waits for more."""


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not one byte more fits on a disk for as long as the block lasts."""
    filler = disk / ".filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            with contextlib.suppress(OSError):  # no space left
                while True:
                    file.write(bytes(size))
    yield
    filler.unlink()


# ---- full ----------------------------------------------------------------------------------------


def test_a_disk_that_fills_up_during_attempts_costs_no_story(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    mounts.disk(trial.root, "24m")
    with trial.service(settings=FREE) as service:
        for number, chance in enumerate(rounds("full during attempts"), 1):
            trial.drop_some(chance)
            service.wait_for("render.started", count=2 * number - 1)
            with trial.harm(), full(trial.seen(trial.root)):
                service.wait_for("disk.low", count=number)
            trial.wait()
    trial.enter("full disk during an attempt")


@only_long
def test_a_disk_that_is_full_when_the_record_is_written_leaves_the_story_in_the_inbox(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    mounts.disk(trial.root, "24m")
    with trial.service() as service:
        for number, chance in enumerate(rounds("full during claims"), 1):
            trial.drop_some(chance, 1)
            with trial.harm(), full(trial.seen(trial.root)):
                trial.wait_for_report(service, f"fox-{number} cannot be claimed")
                assert f"fox-{number}" in names(trial.place("inbox"))
            trial.wait()
    trial.enter("full disk while the record is written")


def test_an_outbox_elsewhere_that_is_full_gets_its_film_when_there_is_room(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    trial.outbox = trial.folder / "outbox"
    mounts.disk(trial.outbox, "8m")
    with trial.service() as service:
        for chance in rounds("full outbox"):
            with trial.harm(), full(trial.seen(trial.outbox)):
                trial.drop_some(chance)
                trial.wait_for_report(service, "No space left")
                assert names(trial.seen(trial.outbox)) == sorted([".filler", *films(trial)])
            trial.wait()
    trial.enter("full outbox on another disk")


def films(trial: Trial) -> list[str]:
    """The names of the films in the outbox."""
    return [path.name for path in trial.seen(trial.outbox).glob("[!.]*")]


def test_a_full_disk_for_the_log_stops_nothing_and_the_log_goes_on_later(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    logs = trial.folder / "logs"
    mounts.disk(logs, "64k")
    log = trial.seen(logs / "storyreel.log")
    with trial.service(log=str(log)) as service:
        for chance in rounds("full log"):
            with trial.harm(), full(trial.seen(logs)):
                trial.drop_some(chance, 4)
                trial.wait()
            trial.drop_some(chance, 1)
            trial.wait()
            service.wait_for("story.delivered", story=f"fox-{len(trial.titles)}")
        assert service.stop() == 0
    assert service.lines()[-1]["event"] == "service.stopped"
    trial.enter("full disk for the log")


# ---- read-only -----------------------------------------------------------------------------------


def test_an_outbox_that_may_not_be_written_to_for_a_while_delays_the_films(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    trial.outbox = trial.folder / "outbox"
    mounts.disk(trial.outbox, "8m")
    with trial.service() as service:
        for chance in rounds("read-only outbox"):
            with trial.harm():
                mounts.remount(trial.outbox, "ro")
                trial.drop_some(chance)
                trial.wait_for_report(service, "Read-only file system")
                mounts.remount(trial.outbox, "rw")
            trial.wait()
    trial.enter("read-only outbox")


def test_a_start_on_a_read_only_disk_is_put_off(mounted_trial: Trial, mounts: Mounts) -> None:
    """M7: the settings counted as wrong, and systemd never tried again."""
    trial = mounted_trial
    mounts.disk(trial.root, "8m")
    with trial.service():
        pass
    mounts.remount(trial.root, "ro")
    refused = storyreel("run", "--root", str(trial.root), program=[*mounts.under, *STORYREEL])
    assert refused.returncode == 75
    assert "Read-only" in refused.stderr
    mounts.remount(trial.root, "rw")
    with trial.service():
        pass


# ---- mounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["inbox", "done", "failed", "work"])
def test_folders_that_are_mounts_of_their_own_are_refused_at_the_start(
    mounted_trial: Trial, mounts: Mounts, place: str
) -> None:
    """M3: one filesystem, but no rename crosses a bind mount. Every story failed in silence."""
    root = mounted_trial.root
    mounts.bind(root.parent / "volumes" / place, root / place)
    refused = storyreel("run", "--root", str(root), program=[*mounts.under, *STORYREEL])
    assert refused.returncode == 78
    assert str(root / place) in refused.stderr, "it says which folder is apart"


def test_an_outbox_that_is_a_mount_of_its_own_gets_films(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    """Its device is that of work/, and still nothing can be renamed into it."""
    trial = mounted_trial
    mounts.bind(trial.folder / "volume", trial.outbox)
    with trial.service():
        for chance in rounds("bind mount"):
            with trial.harm():
                trial.drop_some(chance)
            trial.wait()
    trial.enter("outbox is a bind mount")


@only_long
def test_a_done_folder_that_is_mounted_over_later_is_reported_and_waited_for(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    with trial.service() as service:
        for chance in rounds("done mounted over"):
            with trial.harm():
                mounts.bind(trial.folder / "volume", trial.root / "done")
                trial.drop_some(chance)
                trial.wait_for_report(service, "Invalid cross-device link")
                mounts.unmount(trial.root / "done")
            trial.wait()
    trial.enter("done/ mounted over")


@only_long
def test_a_root_that_is_unmounted_for_a_while_delays_its_stories(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    disk = trial.folder / "disk"
    mounts.bind(disk, trial.root)
    with trial.service() as service:
        for number, chance in enumerate(rounds("unmounted"), 1):
            trial.drop_some(chance)
            with trial.harm():
                mounts.unmount(trial.root)
                service.wait_for("watcher.degraded", count=number)
                assert names(trial.seen(trial.root)) == [], "what was made here would be hidden"
                mounts.bind(disk, trial.root)
            trial.wait()
            service.wait_for("watcher.recovered", count=number)
    trial.enter("root unmounted for a while")


# ---- a name that is taken ------------------------------------------------------------------------


def test_a_name_that_is_taken_while_the_film_waits_for_room_is_not_overwritten(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    """Also between two runs: the name was free when the first one recorded it."""
    trial = mounted_trial
    trial.outbox = trial.folder / "outbox"
    mounts.disk(trial.outbox, "8m")
    for number, _ in enumerate(rounds("name taken"), 1):
        name = f"fox-{number}"
        taken = trial.seen(trial.outbox) / name
        with trial.harm(), full(trial.seen(trial.outbox)), trial.service() as service:
            trial.drop(name)
            trial.wait_for_report(service, "No space left")
            service.kill()
            taken.mkdir()
        (taken / "precious").write_text("mine")
        with trial.service() as service:
            trial.wait()
        assert names(taken) == ["precious"]
        assert (trial.seen(trial.outbox) / f"{name}-2" / f"{name}-2.mp4").is_file()
        shutil.rmtree(taken)
    trial.enter("name in the outbox taken between runs")


# ---- shares --------------------------------------------------------------------------------------


@needs_shares
def test_an_outbox_that_hangs_delays_only_what_needs_it(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    trial.outbox = trial.folder / "outbox"
    with mounts.share(trial.folder / "server", trial.outbox) as server, trial.service() as service:
        for number, _ in enumerate(rounds("hung outbox"), 1):
            trial.drop(f"early-{number}", (2.0,))
            with trial.harm():
                service.wait_for("render.started", story=f"early-{number}")
                os.kill(server, signal.SIGSTOP)
                service.wait_for("render.finished", story=f"early-{number}")
                trial.drop(f"late-{number}")
                trial.drop(f"lacking-{number}", pages=[{"image": "none.png", "duration": 1}])
                service.wait_for("story.ready", story=f"late-{number}")
                service.wait_for("story.waiting", story=f"lacking-{number}")
                os.kill(server, signal.SIGCONT)
            picture(trial.place("inbox") / f"lacking-{number}" / "none.png")
            trial.wait()
        trial.enter("hung outbox (FUSE, stopped)")


@only_long
@needs_shares
def test_an_outbox_whose_server_dies_gets_its_films_from_the_next_one(
    mounted_trial: Trial, mounts: Mounts
) -> None:
    trial = mounted_trial
    trial.outbox = trial.folder / "outbox"
    shares = contextlib.ExitStack()
    server = shares.enter_context(mounts.share(trial.folder / "server", trial.outbox))
    with shares, trial.service() as service:
        for chance in rounds("lost outbox"):
            trial.drop_some(chance)
            with trial.harm():
                service.wait_for("render.started")
                os.kill(server, signal.SIGKILL)
                trial.wait_for_report(service, "Transport endpoint is not connected")
                mounts.unmount(trial.outbox)
                server = shares.enter_context(mounts.share(trial.folder / "server", trial.outbox))
            trial.wait()
        trial.enter("lost outbox (FUSE, killed)")

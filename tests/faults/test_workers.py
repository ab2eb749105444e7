"""Faults of workers: killed, crashed, hung, too large, and their fork server gone."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.rounds import only_long, rounds
from tests.faults.trial import Trial
from tests.helpers.folders import names
from tests.helpers.pictures import picture
from tests.helpers.processes import RunningService, children

pytestmark = [pytest.mark.service, pytest.mark.slow]

ONE_WORKER = {"STORYREEL_WORKERS__COUNT": "1"}
"""So that a test knows which worker has the story."""
SLOWLY = {"STORYREEL_FILM__WRITER": "moviepy"}
"""So that an attempt lasts until its worker is killed."""
ATTEMPT_SECONDS = 0.3
"""An attempt at a story of these tests takes about that long."""


def workers(service: RunningService) -> list[int]:
    """The worker processes: the children of the fork server, which is the service's."""
    return [worker for server in children(service.process.pid) for worker in children(server)]


def fork_server(service: RunningService) -> int:
    """The process that starts the workers."""
    [server] = [
        pid
        for pid in children(service.process.pid)
        if b"multiprocessing.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return server


def harm_worker(trial: Trial, service: RunningService, number: int, later: float = 0.0) -> None:
    """Send a signal to the worker, so many seconds after an attempt has begun in it."""
    trial.wait_for_attempt()
    time.sleep(later)
    for worker in workers(service):
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(worker, number)


@pytest.mark.parametrize("name", ["SIGKILL", pytest.param("SIGSEGV", marks=only_long)])
def test_a_worker_that_dies_at_any_moment_costs_an_attempt_and_no_story(
    trial: Trial, name: str
) -> None:
    """SIGKILL is what the kernel sends when memory has run out."""
    with trial.service(settings=ONE_WORKER) as service:
        for chance in rounds(f"worker dies of {name}"):
            trial.drop_some(chance)
            with trial.harm():
                harm_worker(
                    trial, service, signal.Signals[name], chance.uniform(0, ATTEMPT_SECONDS)
                )
            trial.wait()
    trial.enter(f"worker dies ({name})")


def test_a_story_whose_worker_is_killed_each_time_fails_alone_and_says_why(trial: Trial) -> None:
    with trial.service(settings=ONE_WORKER | SLOWLY) as service:
        for number, _ in enumerate(rounds("worker dies each time"), 1):
            name = f"killer-{number}"
            trial.drop(name, (60.0,))
            for attempt in (1, 2, 3):
                with trial.harm():
                    service.wait_for("render.started", story=name, attempt=attempt)
                    harm_worker(trial, service, signal.SIGKILL)
                    service.wait_for("render.finished", story=name, attempt=attempt)
            trial.drop(f"good-{number}")
            trial.wait()
            why = (trial.root / "failed" / name / "WHY.txt").read_text()
            assert "the worker ended before the film was done" in why
    trial.enter("worker dies at each attempt", failed=number)


@only_long
def test_a_worker_that_hangs_is_ended_and_its_story_tried_again(trial: Trial) -> None:
    """Stopped, it does not even hear SIGTERM: as in a loop of C, or a read that never returns."""
    with trial.service(
        settings=ONE_WORKER | SLOWLY | {"STORYREEL_WORKERS__STALL_SECONDS": "4"}
    ) as service:
        for number, _ in enumerate(rounds("worker hangs"), 1):
            trial.drop(f"fox-{number}", (6.0,))
            with trial.harm():
                harm_worker(trial, service, signal.SIGSTOP)
                line = service.wait_for("render.retrying", story=f"fox-{number}")
                assert "no progress for 4 s" in line["reason"]
            trial.wait()
    trial.enter("worker hangs (SIGSTOP)")


@only_long
def test_a_story_that_needs_more_memory_than_a_worker_may_have_fails_alone(trial: Trial) -> None:
    little = {"STORYREEL_WORKERS__MEMORY_MIB": "512", "STORYREEL_WORKERS__STALL_SECONDS": "3"}
    with trial.service(settings=ONE_WORKER | little):
        for number, _ in enumerate(rounds("too large"), 1):
            folder = trial.write(f"huge-{number}")
            picture(folder / "01.png", size=(9000, 9000))
            with trial.harm():
                folder.rename(trial.root / "inbox" / folder.name)
                trial.drop(f"good-{number}")
            trial.wait()
            assert folder.name in names(trial.root / "failed")
    trial.enter("more memory than a worker may have", failed=number)


def test_when_the_fork_server_is_killed_the_next_attempt_has_a_new_one(trial: Trial) -> None:
    with trial.service(settings=ONE_WORKER) as service:
        for chance in rounds("fork server dies"):
            trial.drop_some(chance)
            with trial.harm():
                trial.wait_for_attempt()
                os.kill(fork_server(service), signal.SIGKILL)
            trial.wait()
    trial.enter("fork server dies (SIGKILL)")

"""Faults of the service's own process: a second one, signals, clocks, time that stands still."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.rounds import only_long, rounds
from tests.faults.trial import Trial
from tests.helpers.processes import RunningService, descendants, storyreel

pytestmark = [pytest.mark.service, pytest.mark.slow]

SLEEPS = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds)
"""
"""Python imports a module of this name at each start (site). libfaketime 0.9.10 breaks the call of
the system that `time.sleep` uses, where the monotonic clock is left alone."""
LOOK_SECONDS = 1.2
"""Longer than a service takes between two looks at an attempt that may stand still for 4 s."""
CLOCK_SECONDS = 1
"""How often libfaketime reads what the clock says: more often makes a service very slow."""


def start_of(trial: Trial, service: RunningService) -> None:
    """Wait until an attempt at the latest story has begun."""
    service.wait_for("render.started", story=f"fox-{len(trial.titles)}")


# ---- a second service ----------------------------------------------------------------------------


@only_long
def test_a_second_service_exits_with_75_and_the_first_goes_on(trial: Trial) -> None:
    with trial.service() as service:
        for chance in rounds("second service"):
            trial.drop_some(chance)
            with trial.harm():
                service.wait_for("render.started")
                second = storyreel("run", "--root", str(trial.root))
                assert (second.returncode, second.stdout) == (75, "")
                assert "another storyreel works on" in second.stderr
            trial.wait()
        assert service.events("render.retrying") == []
    trial.enter("second service on the same root")


# ---- signals -------------------------------------------------------------------------------------


def test_a_stop_during_attempts_loses_nothing(trial: Trial) -> None:
    """Without time to drain, and in the long form also with it; the next service goes on."""
    for number, chance in enumerate(rounds("stop")):
        seconds = "60" if number % 2 else "0"
        with trial.service(settings={"STORYREEL_WORKERS__DRAIN_SECONDS": seconds}) as service:
            trial.drop_some(chance, 4)
            with trial.harm():
                service.wait_for("render.started")
                assert service.stop() == 0
            stopped = service.lines()[-1]
            assert stopped["event"] == "service.stopped"
        with trial.service():
            trial.wait()
    trial.enter("SIGTERM during attempts")


def test_a_reload_of_wrong_settings_keeps_the_old_ones_and_stops_no_attempt(trial: Trial) -> None:
    config = trial.folder / "config.toml"
    config.write_text("[film]\nfps = 12\n")
    with trial.service("--config", str(config)) as service:
        for number, chance in enumerate(rounds("reload"), 1):
            trial.drop_some(chance)
            with trial.harm():
                service.wait_for("render.started")
                config.write_text("[film]\nfps = 0\n[watch\n")
                service.process.send_signal(signal.SIGHUP)
                line = service.wait_for("service.reloaded", count=number)
                assert line["level"] == "error"
                assert str(config) in line["problems"][0]
            trial.drop_some(chance)
            trial.wait()
    reports = [json.loads(path.read_text()) for path in trial.outbox.glob("*/report.json")]
    assert {report["film"]["fps"] for report in reports} == {12}
    trial.enter("SIGHUP with broken settings")


# ---- time ----------------------------------------------------------------------------------------


@only_long
@pytest.mark.parametrize("step", ["+3600", "-3600"])
def test_a_step_of_the_clock_changes_nothing(trial: Trial, step: str) -> None:
    """An hour is more than any settle, stall or give-up time here."""
    clock = Clock(trial.folder)
    with trial.service(settings=clock.environment()) as service:
        for chance in rounds(f"clock {step}"):
            trial.drop_some(chance)
            with trial.harm():
                start_of(trial, service)
                clock.set(step)
                trial.drop_some(chance)
            trial.wait()
            clock.set("+0")
        assert service.events("render.retrying") == []
        assert abs(clock_of(service.events("story.claimed")[-1]) - time.time()) > 3000
    trial.enter(f"clock step ({step} s)")


def clock_of(line: dict[str, Any]) -> float:
    """When a line was logged, by the service's clock: seconds since 1970."""
    return datetime.fromisoformat(line["timestamp"]).timestamp()


class Clock:
    """The clock of a service, which the test sets. Its monotonic clock is the machine's."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._site = folder / "site"
        self._site.mkdir()
        (self._site / "sitecustomize.py").write_text(SLEEPS)
        self.set("+0")

    def set(self, offset: str) -> None:
        """Set it to the machine's time plus an offset in seconds: "+60"."""
        new = self._file.with_suffix(".new")
        new.write_text(offset)
        new.replace(self._file)
        time.sleep(CLOCK_SECONDS)

    def environment(self) -> dict[str, str]:
        """What a service with this clock has in its environment. Skips where there is no way."""
        libraries = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
        if not libraries:
            pytest.skip("a process with a clock of its own needs Debian's libfaketime")
        return {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": str(CLOCK_SECONDS),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": f"{self._site}:{os.environ.get('PYTHONPATH', '')}",
            "STORYREEL_WORKERS__STALL_SECONDS": "60",
            "STORYREEL_WATCH__GIVE_UP_SECONDS": "60",
        }


@only_long
def test_a_service_that_is_stopped_for_longer_than_it_may_stand_still_goes_on(
    trial: Trial,
) -> None:
    """With its workers: as a frozen control group, or a machine that sleeps."""
    slowly = {"STORYREEL_FILM__WRITER": "moviepy", "STORYREEL_WORKERS__STALL_SECONDS": "4"}
    with trial.service(settings=slowly) as service:
        for number, chance in enumerate(rounds("stopped"), 1):
            trial.drop(f"long-{number}", (30.0,))
            with trial.harm():
                trial.wait_for_attempt()
                with stopped(service):
                    trial.drop_some(chance)
                    time.sleep(4)
            trial.wait()
        assert service.events("render.retrying") == []
    trial.enter("SIGSTOP and SIGCONT of everything")


@contextmanager
def stopped(service: RunningService) -> Iterator[None]:
    """The service and all its processes stand still for as long as the block lasts.

    The workers stop first and go on last, so that the service sees no progress at its looks before
    and after.
    """
    workers = descendants(service.process.pid)
    for process in workers:
        os.kill(process, signal.SIGSTOP)
    time.sleep(LOOK_SECONDS)
    os.kill(service.process.pid, signal.SIGSTOP)
    yield
    os.kill(service.process.pid, signal.SIGCONT)
    time.sleep(0.5)
    for process in workers:
        os.kill(process, signal.SIGCONT)

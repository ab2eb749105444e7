"""The unit file agrees with what the service does, and with its settings."""

from pathlib import Path

import pytest

from daemon.cli.console import BAD_CONFIG
from daemon.config import Settings

UNIT = Path(__file__).parents[2] / "systemd/storyreel.service"


def assigned(key: str) -> str:
    """The value of a key that the unit sets once."""
    lines = UNIT.read_text("utf-8").splitlines()
    [value] = [line.removeprefix(f"{key}=") for line in lines if line.startswith(f"{key}=")]
    return value


def seconds(text: str) -> float:
    """A time as systemd writes it, with one unit."""
    for unit, factor in (("min", 60), ("s", 1)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise AssertionError(text)


def test_a_worker_that_is_killed_for_memory_does_not_end_the_service() -> None:
    """H7: systemd's default policy stops the unit when any of its processes is killed for it."""
    assert assigned("OOMPolicy") == "continue"


def test_starts_that_fail_are_never_given_up() -> None:
    """H2: ten failed starts in ten minutes ended the service for good; most causes pass."""
    assert assigned("StartLimitIntervalSec") == "0"
    assert assigned("Restart") == "on-failure"


def test_only_wrong_settings_prevent_a_restart() -> None:
    assert assigned("RestartPreventExitStatus") == str(BAD_CONFIG)


def test_running_stories_have_their_time_before_systemd_kills(settings: Settings) -> None:
    """L7: what follows the drain, workers ending and threads finishing, needs time too."""
    assert seconds(assigned("TimeoutStopSec")) >= settings.workers.drain_seconds + 60


@pytest.mark.parametrize("key", ["TimeoutStartSec", "WatchdogSec"])
def test_times_are_written_so_that_they_can_be_read(key: str) -> None:
    assert seconds(assigned(key)) >= 60

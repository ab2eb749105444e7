"""What `storyreel` says without a command: its help and its version, at once."""

import importlib.metadata
import subprocess
import sys

import pytest

from tests.helpers.processes import storyreel

HEAVY = {"av", "cv2", "moviepy", "numpy", "PIL", "pydantic", "rich", "structlog"}


def test_the_version_is_printed() -> None:
    done = storyreel("--version")
    version = importlib.metadata.version("storyreel")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"storyreel {version}\n", "")


def test_without_a_command_the_help_is_shown() -> None:
    done = storyreel()
    assert done.returncode == 2
    assert done.stdout + done.stderr == storyreel("--help").stdout


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_do_not_wait_for_what_commands_use(option: str) -> None:
    """Imports are checked, because seconds depend on the machine."""
    command = [sys.executable, "-X", "importtime", "-m", "daemon", option]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_describes_each_command_on_one_line(option: str) -> None:
    done = storyreel(option, COLUMNS="80")
    assert done.returncode == 0
    _, _, commands = done.stdout.partition("Commands:\n")
    lines = commands.splitlines()
    assert len(lines) == 10
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)

"""What commands and the service load: no library that they do not use.

Imports are checked, because seconds depend on the machine.
"""

import subprocess
import sys

import pytest

CODECS = {"PIL", "av", "cv2", "moviepy"}


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        pytest.param("cli.retry", {"numpy", "rich", "structlog", "watchdog"}, id="retry"),
        pytest.param("cli.schema", {"numpy", "rich", "structlog", "watchdog"}, id="schema"),
        pytest.param("cli.status", {"numpy", "structlog", "watchdog"}, id="status"),
        pytest.param("cli.run", {"numpy"}, id="service"),
    ],
)
def test_nothing_is_loaded_that_is_not_used(module: str, unused: set[str]) -> None:
    code = f"import sys, daemon.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "daemon.config" in loaded
    assert loaded & (CODECS | unused) == set()

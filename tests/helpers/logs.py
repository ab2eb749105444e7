"""What was logged in this process: see the fixture `log_lines`."""

from typing import Any

from structlog.testing import LogCapture


def events(log_lines: LogCapture, event: str) -> list[dict[str, Any]]:
    """The lines of one event, in order."""
    return [dict(line) for line in log_lines.entries if line["event"] == event]

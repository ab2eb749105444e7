"""How far an attempt is: reported through a small file in the attempt's folder.

It is a file and not a pipe: a worker that is killed while writing blocks nobody, and the command
`storyreel status` can read it too.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SCRATCH = ".scratch"
"""The folder inside an attempt's folder that is removed before the film is published."""
FILE = "progress.json"

Reporter = Callable[[str, float], None]
"""Called with the stage ("film") and how much of the attempt is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage that an attempt is in, and how much of the attempt is done, 0 to 1."""

    stage: str
    done: float


def reporter(attempt: Path, every_seconds: float = 1.0) -> Reporter:
    """A reporter that writes the attempt's progress file.

    It writes at each new stage, and within a stage at most once in `every_seconds`.
    """
    file = attempt / SCRATCH / FILE
    last_stage = ""
    last_time = 0.0

    def report(stage: str, done: float) -> None:
        nonlocal last_stage, last_time
        now = time.monotonic()
        if stage != last_stage or now - last_time >= every_seconds:
            last_stage = stage
            last_time = now
            new = file.with_suffix(".new")
            new.write_text(json.dumps({"stage": stage, "done": round(done, 3)}))
            new.replace(file)

    return report


def read(attempt: Path) -> Progress | None:
    """How far an attempt is; None before its first report, after its end, and for a torn file."""
    try:
        fields = json.loads((attempt / SCRATCH / FILE).read_text())
        return Progress(str(fields["stage"]), float(fields["done"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None

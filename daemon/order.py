"""What a worker is asked to do: compile one story, once. Its answer is an `Outcome`."""

from dataclasses import dataclass
from pathlib import Path

from daemon.config import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """Compile the folder `source` of the story `name` into the existing folder `attempt`; `number` counts the attempts."""

    job: str
    name: str
    number: int
    source: Path
    attempt: Path
    settings: Settings

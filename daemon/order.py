"""What a worker is asked to do: compile one story, once. Its answer is an `Outcome`."""

from dataclasses import dataclass
from pathlib import Path

from daemon.config import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """Compile the folder `source` of the story `name` into the existing folder `attempt`; `number` counts the attempts.

    `not_again`: the music of the film before, which this one should not have as well. `preview`: a film of a quarter of
    the pixels, for a quick look.
    """

    job: str
    name: str
    number: int
    source: Path
    attempt: Path
    settings: Settings
    not_again: str = ""
    preview: bool = False

"""What a worker is given and what it gives back: an `Order`, and an `Outcome`.

An order says: compile this one story, once. How that ended is a value and not an exception, because it
crosses the border of a process, and exceptions with a constructor of their own do not survive pickling.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from daemon.config import Settings
from daemon.errors import Problem


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


class Kind(StrEnum):
    """Why there is no film."""

    STORY = "story"  # the story's own faults
    MACHINE = "machine"  # disk, memory, input and output
    FILM = "film"  # the film that was written is not the one that was planned
    DIED = "died"  # the worker's process ended in the midst of it
    TIMEOUT = "timeout"
    EXHAUSTED = "exhausted"  # recovered, and all attempts are used up
    PROGRAM = "program"  # a fault of ours


_MAY_PASS = frozenset({Kind.MACHINE, Kind.FILM, Kind.DIED, Kind.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Film:
    """A verified film and what belongs to it lie in `folder`. `music` is the name of its track, if it has one."""

    job: str
    folder: Path
    seconds: float
    music: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """No film. `trace` is for developers and empty unless the program itself is at fault."""

    job: str
    kind: Kind
    problems: tuple[Problem, ...]
    trace: str = ""

    @property
    def retryable(self) -> bool:
        """Whether the next attempt may succeed with the story as it is."""
        return self.kind in _MAY_PASS


Outcome = Film | Failure

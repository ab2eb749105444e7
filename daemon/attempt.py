"""What a worker is given and what it returns: an `Order`, and an `Outcome`.

An order says: compile this one story, once. The outcome is a value and not an exception, because it
crosses a process border, and exceptions with a constructor of their own do not survive pickling.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from daemon.config import Settings
from daemon.errors import Problem


@dataclass(frozen=True, slots=True)
class Order:
    """Compile the story `name` from the folder `source` into the existing folder `attempt`.

    `number`: which attempt this is, from 1. `not_again`: the music of the previous film, to be
    avoided where there is other music. `preview`: make a film with a quarter of the pixels.
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

    STORY = "story"  # something in the story itself
    ARRIVING = "arriving"  # files differ from what the manifest declares: it has not arrived whole
    MACHINE = "machine"  # disk, memory, input and output
    FILM = "film"  # the film that was written is not the one that was planned
    DIED = "died"  # the worker's process ended during the attempt
    TIMEOUT = "timeout"  # the attempt made no progress for too long; tried again once
    EXHAUSTED = "exhausted"  # all attempts are used up, or it was interrupted too often
    PROGRAM = "program"  # a bug in this program


RETRYABLE = frozenset({Kind.MACHINE, Kind.FILM, Kind.DIED, Kind.TIMEOUT})
"""Failures whose cause may be gone at the next attempt."""


@dataclass(frozen=True, slots=True)
class Film:
    """A verified film, in `folder` with the files that belong to it. `music` names its track."""

    job: str
    folder: Path
    seconds: float
    music: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """No film. `trace` is for developers, and empty unless the program itself is at fault."""

    job: str
    kind: Kind
    problems: tuple[Problem, ...]
    trace: str = ""

    @classmethod
    def of(cls, job: str, kind: Kind, what: str, mend: str, trace: str = "") -> Self:
        """A failure with one problem, which is not at any place of the story."""
        return cls(job, kind, (Problem(str(kind), what, mend),), trace)

    @property
    def retryable(self) -> bool:
        """Whether the next attempt may succeed with the story as it is."""
        return self.kind in RETRYABLE


Outcome = Film | Failure

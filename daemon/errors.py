"""The whole tree of errors, drawn once. It imports nothing of the package, so that every layer can raise from it.

    StoryreelError
    ├── StoryError         the story's own fault: its problems are told to whoever made it; never tried again
    ├── ConfigError        the settings are wrong: exit code 78, every fault at once
    ├── FilmError          a film came out wrong although the story is right: tried again
    ├── WorkersBroken      no worker process can be started: exit code 75
    └── SpoolError         the folders cannot be used as they are: exit code 78
        └── AlreadyRunning another instance works on the same folders: exit code 75

Errors stay inside one process. What crosses a process border is an `Outcome` (see `compiler`), because exceptions with a
constructor of their own do not survive pickling.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in words for the person who can mend it.

    `where` is a place that this person knows ("page 3", "manifest", "film.fps"), `file` the file concerned, if there is one.
    """

    where: str
    what: str
    mend: str
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.where} ({self.file})" if self.file else self.where
        return f"{place}: {self.what}. {self.mend}"


class StoryreelError(Exception):
    """Anything that this program raises on purpose."""


class _ProblemsError(StoryreelError):
    """An error that lists every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class StoryError(_ProblemsError):
    """The story cannot become a film as it is. Trying again would not help; mending it would."""


class ConfigError(_ProblemsError):
    """The settings cannot be used. `where` of each problem is the key's path, such as `film.fps`."""


class FilmError(StoryreelError):
    """The film that was written is not the film that was planned. The next attempt may well succeed."""


class WorkersBroken(StoryreelError):  # noqa: N818 - a state, as the one below
    """Worker processes do not even start. No story is at fault, and none is charged for it."""


class SpoolError(StoryreelError):
    """The spool's folders cannot be used: not one filesystem, not writable, not there."""


class AlreadyRunning(SpoolError):  # noqa: N818 - a state of the world and no fault of anybody's
    """Another instance holds the lock of this spool."""

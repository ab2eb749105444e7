"""The whole tree of errors.

This module imports nothing of the package, so that every layer can raise them.

    StoryreelError
    ├── StoryError          the story's own fault, with every problem of it; never tried again
    ├── NotArrived          files differ from what is declared of them; the story is not judged yet
    ├── ConfigError         the settings are wrong, with every fault of them: exit code 78
    ├── FilmError           a film came out wrong although the story is right: tried again
    ├── WorkersBroken       no worker process can be started: exit code 75
    ├── ChildDied           a command's confined child ended without a result
    ├── SpoolError          the folders cannot be used as they are: exit code 78
    │   ├── AlreadyRunning  another instance works on the same folders: exit code 75
    │   └── FoldersAway     the disk is full, broken or gone for now: exit code 75
    ├── UnusableFile        a file that cannot be used: what it is, and what would help
    │   ├── Refused         it is not let in: missing, a link, too large, …
    │   ├── UnreadableMedia it is not a picture or sound that can be decoded
    │   └── UnreadableFont  it is not a font that can be drawn
    └── UnusableFilm        a film of which no sheet can be drawn

Errors stay inside one process. What crosses a process border is an `Outcome` (`attempt`), because
exceptions with a constructor of their own do not survive pickling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in words for the person who can mend it.

    `where` is a place that this person knows ("page 3", "manifest", "film.fps"), `file` the file
    concerned, if there is one.
    """

    where: str
    what: str
    mend: str
    file: str = ""

    @property
    def place(self) -> str:
        """`where`, with the file if there is one: "page 3 (03.png)"."""
        return f"{self.where} ({self.file})" if self.file else self.where

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.mend}"


class StoryreelError(Exception):
    """The base of every error that this program raises on purpose."""


class _ProblemsError(StoryreelError):
    """An error that lists every problem found, not only the first; there is at least one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        if not problems:
            raise ValueError("an error without a problem would leave its reader without a remedy")
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class StoryError(_ProblemsError):
    """The story cannot become a film as it is. Trying again would not help; mending it would."""


class NotArrived(_ProblemsError):  # noqa: N818 - a state of the story, nobody's fault
    """Files of a story differ from what its manifest declares of them: they have not arrived whole.

    `differences`: each of these files, and how it differs. `problems`: these, and what else is
    wrong with the story as far as it is there.
    """

    def __init__(self, differences: Sequence[Problem], others: Sequence[Problem] = ()) -> None:
        super().__init__([*differences, *others])
        self.differences = tuple(differences)


class ConfigError(_ProblemsError):
    """The settings cannot be used. The `where` of a problem is the key's path: "film.fps"."""


class FilmError(StoryreelError):
    """The film that was written is not the film that was planned. The next attempt may succeed."""


class WorkersBroken(StoryreelError):  # noqa: N818 - a state, as AlreadyRunning is
    """Worker processes do not even start. No story is at fault, and none is charged for it."""


class ChildDied(StoryreelError):  # noqa: N818 - as WorkersBroken
    """The confined child of a command has ended without a result."""


class SpoolError(StoryreelError):
    """The spool's folders cannot be used: not one filesystem, not writable, not there."""


class AlreadyRunning(SpoolError):  # noqa: N818 - a state of the world, nobody's fault
    """Another instance holds the lock of this spool."""


class FoldersAway(SpoolError):  # noqa: N818 - a state of the world, nobody's fault
    """The folders cannot be used now. Nothing is wrong with the settings: it may pass."""


class UnusableFile(StoryreelError):  # noqa: N818 - it says what the file is
    """A file that cannot be used: what it is ("damaged", "larger than …"), and what would help."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


class Refused(UnusableFile):
    """A file of a story's folder that is not let in: "missing", "a link", "empty"."""


class UnreadableMedia(UnusableFile):
    """A picture or sound that is not of a known kind, is damaged, or is larger than allowed."""


class UnreadableFont(UnusableFile):
    """A file that cannot be used as a font."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{file}: {what}", "Name a TrueType or OpenType font (.ttf, .otf, .ttc).")


class UnusableFilm(StoryreelError):  # noqa: N818 - it says what the film is
    """A film of which no sheet can be drawn, and why."""

"""Why a story failed, written into its folder: `error.json` for programs and `WHY.txt` for people.

The folder is untrusted. A link in the place of either file is replaced and never followed. A folder
in the place of either file is renamed.
"""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

from daemon.attempt import Failure
from daemon.delivery.files import read_plain
from daemon.errors import Problem
from daemon.printable import printable
from daemon.spool import durable
from daemon.spool.free_names import free_names
from daemon.spool.job import Job, now
from daemon.spool.looks import is_folder

LARGEST = 4 * 2**20
"""The most bytes of an `error.json` that are read."""
ERROR = "error.json"
WHY = "WHY.txt"


def write(job: Job, failure: Failure) -> None:
    """Put the reasons into the job's source, in place of those of an earlier failure."""
    fields = {
        "story": job.name,
        "job": job.id,
        "attempts": job.attempts,
        "interruptions": job.interruptions,
        "failed_at": now(),
        "kind": failure.kind,
        "problems": [asdict(problem) for problem in failure.problems],
    }
    if failure.trace:
        fields["trace"] = failure.trace
    put(job, ERROR, json.dumps(fields, indent=2) + "\n")
    put(job, WHY, in_words(job.name, failure.problems))
    durable.sync_folder(job.folder)  # the files were moved out of it
    with contextlib.suppress(PermissionError):  # the owner may have taken away the right to read it
        durable.sync_folder(job.source)


def put(job: Job, name: str, text: str) -> None:
    """Write a file into the job's source, replacing a file or a link of that name.

    Where the story's own permissions forbid it, the story fails without this file.
    """
    draft = job.folder / name
    durable.write_file(draft, text)
    place = job.source / name
    with contextlib.suppress(PermissionError):
        if is_folder(place):
            free = next(free_names(job.source, f"{name}-folder"))
            place.rename(job.source / free)
        draft.replace(place)


def remove(folder: Path) -> None:
    """Remove the reasons of an earlier failure. Files of the same names that are not ours stay."""
    if not read(folder):
        return
    for name in (WHY, ERROR):  # error.json last: it shows that both are ours
        with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            (folder / name).unlink()


def read(folder: Path) -> tuple[Problem, ...]:
    """The problems in the `error.json` of a failed story; none when it is missing or not ours."""
    try:
        fields = json.loads(read_plain(folder / ERROR, LARGEST))
        return tuple(Problem(**problem) for problem in fields["problems"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()


def in_words(name: str, problems: tuple[Problem, ...]) -> str:
    """The reasons as a page for people.

    The names in it come from strangers: what would command a terminal, or look like another line of
    the page, is written out.
    """
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    lines = [f"No film was made of “{printable(name)}”: {count}.", ""]
    for number, problem in enumerate(problems, 1):
        lines.append(f"{number}. {printable(f'{problem.place}: {problem.what}.')}")
        lines.append(f"   {printable(problem.mend)}")
    lines.append("")
    lines.append(
        "When it is mended, move this folder back into the inbox (or run: storyreel retry NAME)."
    )
    return "\n".join(lines) + "\n"

"""Why a story failed, written into its folder: `error.json` for programs and `WHY.txt` for people.

The folder is untrusted: a link in the place of either file is replaced and never followed, and a folder there gives way.
"""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

from daemon.attempt import Failure
from daemon.delivery.files import read_plain
from daemon.errors import Problem
from daemon.spool import durable
from daemon.spool.job import Job, now

LARGEST = 4 * 2**20
ERROR, WHY = "error.json", "WHY.txt"


def write(job: Job, failure: Failure) -> None:
    """Put the reasons into the job's source, in place of those of an earlier time."""
    told = {
        "story": job.name,
        "job": job.id,
        "attempts": job.attempts,
        "failed_at": now(),
        "kind": failure.kind,
        "problems": [asdict(problem) for problem in failure.problems],
    }
    if failure.trace:
        told["trace"] = failure.trace
    for name, text in (
        (ERROR, json.dumps(told, indent=2) + "\n"),
        (WHY, in_words(job.name, failure.problems)),
    ):
        draft = job.folder / name
        durable.write_file(draft, text)
        with contextlib.suppress(
            PermissionError
        ):  # the story's own rights keep it out: it is failed without
            _put(draft, job.source / name)
    durable.sync_folder(job.source)


def _put(draft: Path, place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        place.rename(
            place.with_name(next(durable.free_names(place.parent, f"{place.name}-folder")))
        )
    draft.replace(place)


def remove(folder: Path) -> None:
    """Take the reasons of an earlier failure away; files of the same names that are not ours stay."""
    if read(folder):
        for name in (WHY, ERROR):  # error.json last: it tells that both are ours
            with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                (folder / name).unlink()


def read(folder: Path) -> tuple[Problem, ...]:
    """The problems that a failed story's folder tells of; none where it tells of none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        told = json.loads(read_plain(folder / ERROR, LARGEST))
        return tuple(Problem(**problem) for problem in told["problems"])
    return ()


def in_words(name: str, problems: tuple[Problem, ...]) -> str:
    """The reasons as a page for people."""
    count = len(problems)
    lines = [
        f"No film was made of “{name}”: {count} problem{'s' if count != 1 else ''}.",
        "",
        *(_numbered(number, problem) for number, problem in enumerate(problems, 1)),
        "",
        "When it is mended, move this folder back into the inbox (or run: storyreel retry NAME).",
    ]
    return "\n".join(lines).encode(errors="replace").decode() + "\n"


def _numbered(number: int, problem: Problem) -> str:
    place = f"{problem.where} ({problem.file})" if problem.file else problem.where
    return f"{number}. {place}: {problem.what}.\n   {problem.mend}"

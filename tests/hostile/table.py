"""Prints the table of `docs/security.md`: what came of each group, and what it cost at most.

python -m tests.hostile.table
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.hostile.attempts import Result
from tests.hostile.corpus import GROUPS
from tests.hostile.item import FILM

REPOSITORY = Path(__file__).parents[2]
HEADINGS = ("items", "number", "films", "the story gets", "worst seconds", "worst MiB")
REASONS = 5
"""Reasons that are named of each group, the most frequent ones."""


def results(
    groups: Sequence[str], confinement: str = "confined", before: Sequence[str] = ()
) -> list[Result]:
    """What came of the items of these groups; `before` begins the command."""
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-m", "tests.hostile.attempts", f"{folder}/site", confinement]
        command = [*before, *program, *groups]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    lines = map(json.loads, done.stdout.splitlines())
    return [Result(**line | {"changed": tuple(line["changed"])}) for line in lines]


def reasons(found: Sequence[Result]) -> str:
    """The most frequent reasons, without names and numbers of the items."""
    counts: dict[str, int] = {}
    for result in found:
        if result.kind != FILM:
            what = result.words.split("; ")[0]
            what = re.sub(r"^.*?: ", "", what).split(". ")[0]
            what = re.sub(r"\(.*|\"[^\"]*\"|: .*", "", what).strip().replace("|", "/")
            counts[what] = counts.get(what, 0) + 1
    frequent = sorted(counts, key=lambda what: -counts[what])[:REASONS]
    return "; ".join(frequent) or "–"


def row(group: str, found: Sequence[Result]) -> str:
    """A line of the table."""
    films = sum(result.kind == FILM for result in found)
    seconds = max(result.seconds for result in found)
    mib = max(result.mib for result in found)
    cells = (group, len(found), films, reasons(found), f"{seconds:.1f}", mib)
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Run the corpus and print the table."""
    print(f"| {' | '.join(HEADINGS)} |")
    print("|---" * len(HEADINGS) + "|")
    for group in GROUPS:
        print(row(group, results([group])), flush=True)


if __name__ == "__main__":
    main()

"""The ledger of faults: a line for each fault, and the table that `make test-faults` prints.

Tests run in several processes, so each appends its line to a file. Without the environment variable
that names the file, nothing is written. It is read at once: tests do not see variables like it.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.audit import Tally

PLACE = os.environ.get("STORYREEL_FAULTS_LEDGER", "")
"""The file; "" when there is none. Read before the tests begin: they see no settings of others."""
HEADINGS = (
    "fault",
    "times",
    "stories in",
    "films out",
    "failed with reason",
    "lost",
    "doubled",
    "half-published",
    "worst recovery (s)",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one kind of fault did: how often it was injected, and what became of the stories.

    `seconds`: the longest time from a fault's end to the end of the stories that it met.
    """

    fault: str
    times: int
    stories: int
    films: int
    failed: int
    lost: int
    doubled: int
    half_published: int
    seconds: float


def enter(fault: str, times: int, stories: int, tally: Tally, seconds: float) -> None:
    """Append a line to the ledger, and fail the test unless the tally is clean."""
    entry = Entry(
        fault=fault,
        times=times,
        stories=stories,
        films=tally.films,
        failed=tally.failed,
        lost=len(tally.lost),
        doubled=len(tally.doubled),
        half_published=len(tally.half_published),
        seconds=round(seconds, 1),
    )
    if PLACE:
        with Path(PLACE).open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(asdict(entry)) + "\n")
    assert tally.is_clean, tally


def table(ledger: Path) -> str:
    """The ledger as a Markdown table, in the order of the faults' names; a row for each fault."""
    lines = [Entry(**json.loads(line)) for line in ledger.read_text("utf-8").splitlines()]
    faults = sorted({line.fault for line in lines})
    entries = [total([line for line in lines if line.fault == fault]) for fault in faults]
    rows = [[str(value) for value in asdict(entry).values()] for entry in entries]
    ruled = [list(HEADINGS), ["---"] * len(HEADINGS), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def total(lines: list[Entry]) -> Entry:
    """The lines of one fault, which several tests may have written, as one."""
    return Entry(
        fault=lines[0].fault,
        times=sum(line.times for line in lines),
        stories=sum(line.stories for line in lines),
        films=sum(line.films for line in lines),
        failed=sum(line.failed for line in lines),
        lost=sum(line.lost for line in lines),
        doubled=sum(line.doubled for line in lines),
        half_published=sum(line.half_published for line in lines),
        seconds=max(line.seconds for line in lines),
    )


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))

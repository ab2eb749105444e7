"""What a process holds and has used, as the kernel counts it (proc(5))."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from tests.helpers.processes import descendants


@dataclass(frozen=True, slots=True)
class Vitals:
    """One process at one moment. `children`: all processes below it. `watches`: inotify's."""

    memory_mib: float
    descriptors: int
    threads: int
    children: int
    watches: int
    cpu_seconds: float


def vitals(pid: int) -> Vitals:
    """Look at a process now. What vanishes during the look is left out."""
    return Vitals(
        memory_mib=round(status_of(pid, "VmRSS") / 1024, 1),
        descriptors=len([*Path(f"/proc/{pid}/fd").iterdir()]),
        threads=status_of(pid, "Threads"),
        children=len(descendants(pid)),
        watches=watches(pid),
        cpu_seconds=cpu_seconds(pid),
    )


def status_of(pid: int, field: str) -> int:
    """A number in /proc/PID/status; memory is in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def watches(pid: int) -> int:
    """How many inotify watches a process has: a line for each in the files' fdinfo."""
    found = 0
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found += info.read_text().count("inotify wd:")
        except FileNotFoundError:
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process has used, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- samples -------------------------------------------------------------------------------------


def drift(samples: Sequence[float]) -> float:
    """How much more the last quarter of some samples has than the second one (medians).

    The first quarter is left out: caches and threads are made as they are needed.
    """
    quarter = len(samples) // 4
    return median(samples[-quarter:]) - median(samples[quarter : 2 * quarter])


def noise(samples: Sequence[float]) -> float:
    """How far apart two neighbours are at most, of all samples but the first quarter."""
    settled = samples[len(samples) // 4 :]
    return max(abs(later - earlier) for earlier, later in pairwise(settled))

"""What was measured, in words: the text of RESULTS.md."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import reference_story
from benchmarks.measure import Cost

MOVING_NAMES = {
    "moviepy": "plain moviepy: Resize by a function of time, CrossFadeIn",
    "ffmpeg": "ffmpeg by hand: zoompan, xfade, preset veryfast",
    "storyreel": 'storyreel compile, `motion = "auto"`, crossfades',
    "moviepy, crossfades": "plain moviepy: CrossFadeIn alone",
    "storyreel, crossfades": "storyreel compile, crossfades alone",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the film: what it took, and what came of it."""

    name: str
    cost: Cost
    megabytes: float
    ssim: float


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


def heading(rounds: int) -> str:
    """What was measured, and where."""
    day = datetime.now(UTC).date().isoformat()
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    processor = model[1] if model else platform.machine()
    machine = f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}"
    pages = f"{reference_story.PAGES} pages of 1920×1080"
    return f"""# Benchmarks

Written by `make bench` on {day}: {machine}.
Medians of {rounds} turns, (a) once. The machine is shared: compare ratios.
The reference story: {pages} (photographic noise and shapes, PNG), 24 frames a second, 78 s.
"""


def ways_table(ways: Sequence[Way]) -> str:
    """The four ways, and how our two (the last) compare with the others."""
    columns = (
        "way",
        "wall s",
        "CPU s",
        "peak MiB of a process",
        "MB",
        "least SSIM of mid-page frames",
    )
    rows = []
    for way in ways:
        cost = [f"{way.cost.wall:.2f}", f"{way.cost.cpu:.2f}", f"{way.cost.memory:.0f}"]
        rows.append([way.name, *cost, f"{way.megabytes:.2f}", f"{way.ssim:.4f}"])
    ratios = []
    for ours in ways[-2:]:
        for other in ways[:-2]:
            faster = f"**{other.cost.wall / ours.cost.wall:.1f}** times as fast as {other.name}"
            cpu = f"1/{other.cost.cpu / ours.cost.cpu:.0f} of its CPU seconds"
            ratios.append(f"- {ours.name} is {faster}, with {cpu}.")
    title = "## The reference story, four ways\n"
    return "\n".join([title, table(columns, rows), "", *ratios, ""])


def moving_table(costs: dict[str, Cost], pages: int, seconds: float) -> str:
    """Films that move, by the names of `MOVING_NAMES`, and how ours compare with the others."""
    rows = [
        (words, f"{costs[name].wall:.2f}", f"{costs[name].cpu:.2f}")
        for name, words in MOVING_NAMES.items()
        if name in costs
    ]
    ratios = []
    for ours, other in (
        ("storyreel", "moviepy"),
        ("storyreel", "ffmpeg"),
        ("storyreel, crossfades", "moviepy, crossfades"),
    ):
        if other in costs:
            faster = f"**{costs[other].wall / costs[ours].wall:.1f}** times as fast"
            ratios.append(f"- {MOVING_NAMES[ours]} is {faster} as {MOVING_NAMES[other]}.")
    length = f"{pages} pages of {seconds:g} s and a gap"
    what = f"{length}, 1920×1080, 24 frames a second, crossfades of half a second."
    columns = ("way", "wall s", "CPU s")
    return "\n".join(["## What moves\n", what, "", table(columns, rows), "", *ratios, ""])


def growth_table(growth: dict[int, tuple[Cost, float]]) -> str:
    """Stories of more and more pages (at least two numbers of them): cost and minutes of each."""
    columns = ("pages", "minutes", "wall s", "wall s a page", "CPU s", "peak MiB")
    rows = []
    for pages, (cost, minutes) in growth.items():
        wall = [f"{cost.wall:.2f}", f"{cost.wall / pages:.3f}"]
        rows.append([str(pages), f"{minutes:.1f}", *wall, f"{cost.cpu:.2f}", f"{cost.memory:.0f}"])

    fewer, most = sorted(growth)[-2:]
    small, small_minutes = growth[fewer]
    large, large_minutes = growth[most]
    page = (large.wall - small.wall) / (most - fewer)
    minute = (large.wall - small.wall) / (large_minutes - small_minutes)
    ratio = large.wall / most / (small.wall / fewer)
    one_more = f"{page:.3f} s, one more minute of film {minute:.2f} s"
    return "\n".join(
        [
            "## Growth (`storyreel compile`, whole process)\n",
            table(columns, rows),
            "",
            f"- One more page of seven seconds costs {one_more}.",
            f"- A page of {most} costs {ratio:.2f} times what a page of {fewer} costs.",
            "",
        ]
    )


def others(unfinished: int, idle: float, start: Cost) -> str:
    """The service at rest (a share of one core), and the command's start."""
    waiting = f"with {unfinished:,} unfinished folders in its inbox"
    return "\n".join(
        [
            "## At rest, and at the start\n",
            f"- The service {waiting} takes {idle:.2%} of one core.",
            f"- `storyreel --help` takes {start.wall:.2f} s.",
            "",
        ]
    )

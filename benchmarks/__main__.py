"""Run all benchmarks and write what they gave to benchmarks/RESULTS.md: `make bench`.

    python -m benchmarks [--quick]     --quick leaves out the original, which takes minutes

The four ways to the film of the reference story take turns, so that a machine whose speed drifts
is the same for all. Figures are medians; ratios are within one run. The original's method
runs once.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from benchmarks import reference_story
from benchmarks.measure import Cost, cpu_seconds, median, run
from benchmarks.quality import quality
from benchmarks.report import Way, growth_table, heading, moving_table, others, ways_table
from benchmarks.warm_service import PROGRAM, WarmService
from daemon.config import Music

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 3
GROWTH = (5, 50, 500)
"""Numbers of pages."""
MOVING_PAGES = 6
MOVING_SECONDS = 3.5
UNFINISHED = 1000
"""Folders in the inbox of the service at rest."""
MODULE = [sys.executable, "-m"]


def main(quick: bool) -> None:
    """Measure everything, in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="storyreel-bench-") as place:
        folder = Path(place)
        story = reference_story.write(folder / "reference")
        ways = four_ways(folder, story, quick)
        moved = moving(folder, quick)
        growth = {pages: grown(folder, pages) for pages in GROWTH}
        idle = idle_share(folder)
        start = median([run([PROGRAM, "--help"]) for _ in range(5)])
    sections = [
        heading(ROUNDS),
        ways_table(ways),
        moving_table(moved, MOVING_PAGES, MOVING_SECONDS),
        growth_table(growth),
        others(UNFINISHED, idle, start),
    ]
    report = "\n".join(sections)
    RESULTS.write_text(report, "utf-8")
    print(report)


# ---- the reference story, four ways --------------------------------------------------------------


def four_ways(folder: Path, story: Path, quick: bool) -> list[Way]:
    """The original's method once; by hand, our command and a warm worker in turns."""
    track = next(iter(sorted(Music().library.rglob("*.ogg"))))
    original = folder / "original.mp4"
    by_hand = folder / "by_hand.mp4"
    compiled = folder / "compiled"

    ways = []
    if not quick:
        cost = run([*MODULE, "benchmarks.original", story, track, original])
        ways.append(Way("(a) the original's moviepy", cost, *quality(original, story)))

    hand: list[Cost] = []
    command: list[Cost] = []
    warm: list[Cost] = []
    with WarmService(folder / "root", story) as service:
        for _ in range(ROUNDS):
            hand.append(run([*MODULE, "benchmarks.by_hand", story, track, by_hand]))
            command.append(run([PROGRAM, "compile", story, "-o", compiled]))
            warm.append(service.deliver())

        for name, costs, film in (
            ("(b) ffmpeg by hand", hand, by_hand),
            ("(c) storyreel compile, whole process", command, compiled / "reference.mp4"),
            ("(d) warm worker, claim to published", warm, service.film()),
        ):
            ways.append(Way(name, median(costs), *quality(film, story)))
    return ways


# ---- what moves ----------------------------------------------------------------------------------


def moving(folder: Path, quick: bool) -> dict[str, Cost]:
    """Six short pages that move, with crossfades, and with crossfades alone: three ways.

    The names are those of `report.MOVING_NAMES`.
    """
    story = reference_story.write(folder / "moving", MOVING_PAGES, seconds=MOVING_SECONDS)
    target = folder / "moving.mp4"
    costs: dict[str, Cost] = {}
    if not quick:
        original: list[str | Path] = [*MODULE, "benchmarks.moving_original", story, target]
        costs["moviepy"] = run(original)
        costs["moviepy, crossfades"] = run([*original, "--still"])

    ffmpeg: list[Cost] = []
    both: list[Cost] = []
    alone: list[Cost] = []
    for _ in range(ROUNDS):
        ffmpeg.append(run([*MODULE, "benchmarks.moving_by_hand", story, target]))
        both.append(compiled_with(story, {"motion": "auto", "transition": "crossfade"}, folder))
        alone.append(compiled_with(story, {"transition": "crossfade"}, folder))
    costs["ffmpeg"] = median(ffmpeg)
    costs["storyreel"] = median(both)
    costs["storyreel, crossfades"] = median(alone)
    return costs


def compiled_with(story: Path, film: dict[str, str], folder: Path) -> Cost:
    """What `storyreel compile` takes when the story's manifest asks for such a film."""
    manifest = json.loads((story / "manifest.json").read_text())
    (story / "manifest.json").write_text(json.dumps(manifest | {"film": film, "music": False}))
    return run([PROGRAM, "compile", story, "-o", folder / "moving-film"])


# ---- growth and rest -----------------------------------------------------------------------------


def grown(folder: Path, pages: int) -> tuple[Cost, float]:
    """What `storyreel compile` takes for pages of about seven seconds, and the film's minutes."""
    story = reference_story.write(folder / "grown", pages, seconds=6.65)
    target = folder / "grown-film"
    cost = run([PROGRAM, "compile", story, "-o", target], {"STORYREEL_LIMITS__FREE_MIB": "0"})
    with av.open(target / "grown.mp4") as film:
        minutes = float((film.duration or 0) / av.time_base) / 60
    shutil.rmtree(story)
    shutil.rmtree(target)
    return cost, minutes


def idle_share(folder: Path, unfinished: int = UNFINISHED, seconds: float = 30.0) -> float:
    """The share of one core that the service takes when all its folders are unfinished."""
    root = folder / "idle"
    manifest = '{"pages": [{"image": "01.png", "audio": "01.mp3"}]}'
    for number in range(unfinished):
        waiting = root / "inbox" / f"story-{number:04d}"
        waiting.mkdir(parents=True)
        (waiting / "01.png").write_bytes(b"half a picture")
        (waiting / "manifest.json").write_text(manifest)

    with (root / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "run", "--root", root], stdout=log)
    time.sleep(10)
    before = cpu_seconds(process.pid)
    time.sleep(seconds)
    share = (cpu_seconds(process.pid) - before) / seconds
    process.terminate()
    process.wait()
    return share


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)

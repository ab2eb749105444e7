"""Run all benchmarks and write what they gave to benchmarks/RESULTS.md: `make bench`.

    python -m benchmarks [--quick]      --quick leaves the original's method out, which takes minutes

The four ways to the same film of the reference story take turns, so that a machine whose speed drifts is the same to all of
them; figures are medians, ratios are within this one run. The original's method runs once.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
from imageio_ffmpeg import get_ffmpeg_exe

from benchmarks import reference_story
from benchmarks.measure import Cost, median, run
from daemon.config import Music

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 3
GROWTH = (5, 50, 500)
MOVING_PAGES, MOVING_SECONDS = 6, 3.5
PYTHON = sys.executable
PROGRAM = Path(PYTHON).with_name("storyreel")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the film: what it took, and what came of it."""

    name: str
    cost: Cost
    megabytes: float
    ssim: float


def main(quick: bool) -> None:
    """Measure everything, in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="storyreel-bench-") as place:
        folder = Path(place)
        story = reference_story.write(folder / "reference")
        ways = four_ways(folder, story, quick)
        moved = moving(folder, quick)
        growth = {pages: grown(folder, pages) for pages in GROWTH}
        idle, start = idle_share(folder), median([run([PROGRAM, "--help"]) for _ in range(5)])
        report = "\n".join(
            [
                heading(),
                ways_table(ways),
                moving_table(moved),
                growth_table(growth),
                others(idle, start),
            ]
        )
    RESULTS.write_text(report, "utf-8")
    print(report)


# ---- the reference story, four ways ---------------------------------------------------------------------------------------


def four_ways(folder: Path, story: Path, quick: bool) -> list[Way]:
    """The original's method once; by hand, our command and a warm worker in turns."""
    track = next(iter(sorted(Music().library.rglob("*.ogg"))))
    films = {name: folder / f"{name}.mp4" for name in ("original", "by_hand")}
    compiled = folder / "compiled"
    original = (
        []
        if quick
        else [run([PYTHON, "-m", "benchmarks.original", story, track, films["original"]])]
    )
    by_hand, command, warm = [], [], []
    with WarmService(folder / "root", story) as service:
        for _ in range(ROUNDS):
            by_hand.append(
                run([PYTHON, "-m", "benchmarks.by_hand", story, track, films["by_hand"]])
            )
            command.append(run([PROGRAM, "compile", story, "-o", compiled]))
            warm.append(service.deliver())
        film = service.film()
        ways = [Way("(b) ffmpeg by hand", median(by_hand), *quality(films["by_hand"], story))]
        ways.append(
            Way(
                "(c) storyreel compile, whole process",
                median(command),
                *quality(compiled / "reference.mp4", story),
            )
        )
        ways.append(Way("(d) warm worker, claim to published", median(warm), *quality(film, story)))
    if original:
        ways.insert(
            0,
            Way("(a) the original's moviepy", median(original), *quality(films["original"], story)),
        )
    return ways


class WarmService:
    """A running service whose workers have made this film once already."""

    def __init__(self, root: Path, story: Path) -> None:
        self._root, self._story, self._count = root, story, 0
        self._log = root.with_suffix(".log")

    def __enter__(self) -> "WarmService":
        environment = os.environ | {
            "STORYREEL_WATCH__SETTLE_SECONDS": "0.2",
            "STORYREEL_WORKERS__COUNT": "1",
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "run", "--root", self._root], stdout=log, env=environment
            )
        self.deliver()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def deliver(self) -> Cost:
        """Drop the story and wait for its film: seconds from the claim, and what the worker took meanwhile."""
        self._count += 1
        inbox = self._root / "inbox"
        while not inbox.is_dir():
            time.sleep(0.05)
        shutil.copytree(self._story, inbox / ".coming")
        before = self._worker_cpu()
        (inbox / ".coming").rename(inbox / f"story-{self._count}")
        while len(delivered := self._events("story.delivered")) < self._count:
            time.sleep(0.05)
        return Cost(
            float(str(delivered[-1]["seconds"])), self._worker_cpu() - before, self._worker_memory()
        )

    def film(self) -> Path:
        """The latest film."""
        return self._root / "outbox" / f"story-{self._count}" / f"story-{self._count}.mp4"

    def _events(self, name: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self._log.read_bytes().split(b"\n")[:-1]]
        return [line for line in lines if line["event"] == name]

    def _family(self) -> list[int]:
        family = [self._process.pid]
        for pid in family:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            family += map(int, children.read_text().split() if children.exists() else [])
        return family[1:]

    def _worker_cpu(self) -> float:
        stats = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for pid in self._family()
        )
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")

    def _worker_memory(self) -> float:
        status = (Path(f"/proc/{pid}/status").read_text() for pid in self._family())
        peaks = [int(found[1]) for text in status if (found := re.search(r"VmHWM:\s+(\d+)", text))]
        return max(peaks) / 1024


def quality(film: Path, story: Path) -> tuple[float, float]:
    """A film's size in MB, and the least SSIM (luma) of its pages' middle frames against the source pictures.

    Each film is read in the colours that it was made in: a film without a tag is BT.601, as swscale makes it by default.
    """
    with av.open(film) as opened:
        seconds = float((opened.duration or 0) / av.time_base)
        context = opened.streams.video[0].codec_context
        matrix = "bt709" if context.colorspace == 1 else "bt601"
    pages = json.loads((story / "manifest.json").read_text())["pages"]
    length = seconds / len(pages)
    found = [
        ssim(film, (number + 0.5) * length, story / page["image"], matrix)
        for number, page in enumerate(pages)
        if number % 3 == 0
    ]
    return film.stat().st_size / 1e6, min(found)


def ssim(film: Path, seconds: float, picture: Path, matrix: str) -> float:
    """The structural similarity of one frame's luma and a picture's, by ffmpeg's own filter."""
    source = f"[1:v]scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p[b]"
    graph = f"{source};[0:v]trim=end_frame=1,format=yuv420p[a];[a][b]ssim"
    command = [get_ffmpeg_exe(), "-hide_banner", "-ss", f"{seconds:.3f}", "-i", film, "-i", picture]
    said = subprocess.run(
        [*command, "-filter_complex", graph, "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    match = re.search(r"SSIM Y:([\d.]+)", said.stderr)
    assert match, said.stderr
    return float(match[1])


# ---- what moves -----------------------------------------------------------------------------------------------------------


def moving(folder: Path, quick: bool) -> dict[str, Cost]:
    """A film of six short pages that move, with crossfades, and one with crossfades alone: ours, ffmpeg's, and moviepy's."""
    story = reference_story.write(folder / "moving", MOVING_PAGES, seconds=MOVING_SECONDS)
    both, alone = {"motion": "auto", "transition": "crossfade"}, {"transition": "crossfade"}
    original = [PYTHON, "-m", "benchmarks.moving_original", story, folder / "moving.mp4"]
    costs = (
        {}
        if quick
        else {"moviepy": run(original), "moviepy, crossfades": run([*original, "--still"])}
    )
    rounds: dict[str, list[Cost]] = {"ffmpeg": [], "storyreel": [], "storyreel, crossfades": []}
    for _ in range(ROUNDS):
        rounds["ffmpeg"].append(
            run([PYTHON, "-m", "benchmarks.moving_by_hand", story, folder / "moving.mp4"])
        )
        rounds["storyreel"].append(compiled_with(story, both, folder))
        rounds["storyreel, crossfades"].append(compiled_with(story, alone, folder))
    return costs | {name: median(each) for name, each in rounds.items()}


def compiled_with(story: Path, film: dict[str, str], folder: Path) -> Cost:
    """What `storyreel compile` takes when the story asks for such a film."""
    manifest = json.loads((story / "manifest.json").read_text())
    (story / "manifest.json").write_text(json.dumps(manifest | {"film": film, "music": False}))
    return run([PROGRAM, "compile", story, "-o", folder / "moving-film"])


# ---- growth, rest, start --------------------------------------------------------------------------------------------------


def grown(folder: Path, pages: int) -> tuple[Cost, float]:
    """What `storyreel compile` takes for so many pages of some seven seconds, and the film's minutes."""
    story = folder / "grown"
    reference_story.write(story, pages, seconds=6.65)
    cost = run(
        [PROGRAM, "compile", story, "-o", folder / "grown-film"],
        {"STORYREEL_LIMITS__FREE_MIB": "0"},
    )
    with av.open(folder / "grown-film" / "grown.mp4") as film:
        minutes = float((film.duration or 0) / av.time_base) / 60
    shutil.rmtree(story)
    shutil.rmtree(folder / "grown-film")
    return cost, minutes


def idle_share(folder: Path, unfinished: int = 1000, seconds: float = 30.0) -> float:
    """The share of one core that the resting service takes, with so many unfinished folders in its inbox."""
    root = folder / "idle"
    for number in range(unfinished):
        waiting = root / "inbox" / f"story-{number:04d}"
        waiting.mkdir(parents=True)
        (waiting / "01.png").write_bytes(b"half a picture")
        (waiting / "manifest.json").write_text(
            '{"pages": [{"image": "01.png", "audio": "01.mp3"}]}'
        )
    with (root / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "run", "--root", root], stdout=log)
    time.sleep(10)
    before = cpu_seconds(process.pid)
    time.sleep(seconds)
    share = (cpu_seconds(process.pid) - before) / seconds
    process.terminate()
    process.wait()
    return share


def cpu_seconds(pid: int) -> float:
    """The CPU seconds that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- words ----------------------------------------------------------------------------------------------------------------


def heading() -> str:
    """What was measured where."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    where = f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), Python {platform.python_version()}"
    day = datetime.now(UTC).date().isoformat()
    return f"""# Benchmarks

Written by `make bench` on {day}: {where}. Medians of {ROUNDS} turns, (a) once; compare ratios, for the machine is shared.
The reference story: {reference_story.PAGES} pages of 1920×1080 (photographic noise and shapes, PNG), 24 frames a second, 78 s.
"""


def ways_table(ways: list[Way]) -> str:
    """The four ways, and how they stand to each other."""
    rows = [
        f"| {way.name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:.0f} | {way.megabytes:.2f} | {way.ssim:.4f} |"
        for way in ways
        for cost in [way.cost]
    ]
    ratios = [
        f"- {ours.name} is **{other.cost.wall / ours.cost.wall:.1f}** times as fast as {other.name}, "
        f"with 1/{other.cost.cpu / ours.cost.cpu:.0f} of its CPU seconds."
        for ours in ways[-2:]
        for other in ways[:-2]
    ]
    head = "| way | wall s | CPU s | peak MiB of a process | MB | least SSIM of mid-page frames |\n|---|---|---|---|---|---|"
    return "\n".join(["## The reference story, four ways\n", head, *rows, "", *ratios, ""])


def moving_table(costs: dict[str, Cost]) -> str:
    """What moves, and how our films stand to those of the others."""
    words = {
        "moviepy": "plain moviepy: Resize by a function of time, CrossFadeIn",
        "ffmpeg": "ffmpeg by hand: zoompan, xfade, preset veryfast",
        "storyreel": 'storyreel compile, `motion = "auto"`, crossfades',
        "moviepy, crossfades": "plain moviepy: CrossFadeIn alone",
        "storyreel, crossfades": "storyreel compile, crossfades alone",
    }
    rows = [
        f"| {words[name]} | {costs[name].wall:.2f} | {costs[name].cpu:.2f} |"
        for name in words
        if name in costs
    ]
    pairs = [
        ("storyreel", "moviepy"),
        ("storyreel", "ffmpeg"),
        ("storyreel, crossfades", "moviepy, crossfades"),
    ]
    ratios = [
        f"- {words[ours]} is **{costs[other].wall / costs[ours].wall:.1f}** times as fast as {words[other]}."
        for ours, other in pairs
        if other in costs
    ]
    head = "| way | wall s | CPU s |\n|---|---|---|"
    what = f"{MOVING_PAGES} pages of {MOVING_SECONDS:g} s and a gap, 1920×1080, 24 frames a second, crossfades of half a second."
    return "\n".join(["## What moves\n", what, "", head, *rows, "", *ratios, ""])


def growth_table(growth: dict[int, tuple[Cost, float]]) -> str:
    """Stories of more and more pages."""
    rows = [
        f"| {pages} | {minutes:.1f} | {cost.wall:.2f} | {cost.wall / pages:.3f} | {cost.cpu:.2f} | {cost.memory:.0f} |"
        for pages, (cost, minutes) in growth.items()
    ]
    (_, middle, last) = GROWTH
    more = (growth[last][0].wall - growth[middle][0].wall) / (last - middle)
    minute = (growth[last][0].wall - growth[middle][0].wall) / (growth[last][1] - growth[middle][1])
    per_page = growth[last][0].wall / last / (growth[middle][0].wall / middle)
    head = (
        "| pages | minutes | wall s | wall s a page | CPU s | peak MiB |\n|---|---|---|---|---|---|"
    )
    return "\n".join(
        [
            "## Growth (`storyreel compile`, whole process)\n",
            head,
            *rows,
            "",
            f"- One more page of seven seconds costs {more:.3f} s, one more minute of film {minute:.2f} s.",
            f"- A page of {last} costs {per_page:.2f} times what a page of {middle} costs.",
            "",
        ]
    )


def others(idle: float, start: Cost) -> str:
    """The service at rest, and the command's start."""
    return "\n".join(
        [
            "## At rest, and at the start\n",
            f"- The service with 1,000 unfinished folders in its inbox takes {idle:.2%} of one core.",
            f"- `storyreel --help` takes {start.wall:.2f} s.",
            "",
        ]
    )


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)

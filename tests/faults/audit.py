"""What became of dropped stories: exactly one end for each, and nothing doubled or half done."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import av

HIDDEN = "."


@dataclass(slots=True)
class Tally:
    """What a root holds in the end. The lists name stories (titles), or folders of the outbox."""

    films: int = 0
    failed: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    half_published: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every story has one end, and nothing else is left."""
        return not (self.lost or self.doubled or self.half_published or self.left)


def audit(root: Path, titles: Iterable[str], outbox: Path | None = None) -> Tally:
    """Count what became of the stories with these titles, each of which was dropped once.

    A story's identity is the title in its manifest: folders may be renamed (`-2`). An outbox folder
    counts as whole when its film plays to the end and its report belongs to it. A source must be in
    done/ for each film, and in failed/ with its reasons for each failure.
    """
    outbox = outbox or root / "outbox"
    tally = Tally()
    published: Counter[str] = Counter()
    for folder in visible(outbox):
        if fault := fault_of(folder):
            tally.half_published.append(f"{folder.name}: {fault}")
            continue
        published[json.loads((folder / "report.json").read_text())["title"]] += 1
    kept = Counter(title_of(folder) for folder in visible(root / "done"))
    refused = Counter(title_of(folder) for folder in visible(root / "failed"))
    reasons = {
        title_of(folder)
        for folder in visible(root / "failed")
        if (folder / "WHY.txt").is_file() and (folder / "error.json").is_file()
    }

    for title in titles:
        ends = published[title] + refused[title]
        if ends > 1:
            tally.doubled.append(title)
        elif (
            not ends or published[title] != kept[title] or (refused[title] and title not in reasons)
        ):
            tally.lost.append(title)
        tally.films += published[title]
        tally.failed += refused[title]
    tally.left = [
        str(path.relative_to(root))
        for place in ("inbox", "work")
        for path in sorted((root / place).iterdir())
        if path.name not in (".lock", ".last-music", ".holds", ".storyreel-canary")
    ]
    tally.left += [path.name for path in outbox.iterdir() if path.name.startswith(HIDDEN)]
    return tally


def visible(folder: Path) -> list[Path]:
    """The entries of a folder that do not begin with a dot, in order."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith(HIDDEN))


def title_of(folder: Path) -> str:
    """The title in a story's manifest; "" when it cannot be read."""
    try:
        return str(json.loads((folder / "manifest.json").read_text())["title"])
    except (OSError, ValueError, KeyError):
        return ""


def fault_of(folder: Path) -> str:
    """What is wrong with a folder of the outbox; "" when its film is whole and plays to its end."""
    name = folder.name
    try:
        report = json.loads((folder / "report.json").read_text())
        with av.open(folder / f"{name}.mp4") as film:
            frames = sum(1 for _ in film.decode(video=0))
        with av.open(folder / f"{name}.mp4") as film:
            samples = sum(frame.samples for frame in film.decode(audio=0))
    except (OSError, ValueError, av.FFmpegError) as error:
        return f"{error}"
    if frames != report["film"]["frames"]:
        return f"{frames} of {report['film']['frames']} frames"
    if not samples or not (folder / f"{name}.jpg").is_file():
        return "no sound, or no poster"
    return ""

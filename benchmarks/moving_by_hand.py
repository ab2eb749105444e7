"""One ffmpeg command for a film that moves: zoompan for each page, xfade between them.

It encodes with our own preset.

python -m benchmarks.moving_by_hand STORY OUT.mp4
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from benchmarks.by_hand import AUDIO
from benchmarks.pages import Page, read_pages

FADE = 0.5
"""Seconds of crossfade at each page change."""
REACH = 1.15
"""How near the camera comes."""
FPS = 24
VIDEO = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "stillimage", "-crf", "20"]


def command(folder: Path, target: Path) -> list[str]:
    """The command."""
    pages = read_pages(folder)
    film, label = picture_graph(pages)
    graph = [*film, *sound_graph(pages)]

    words = [get_ffmpeg_exe(), "-y", "-v", "error"]
    for page in pages:
        words += ["-i", str(page.image)]
    for page in pages:
        words += ["-i", str(page.audio)]
    words += ["-filter_complex", ";".join(graph)]
    words += ["-map", label, "-map", "[sound]"]
    words += [*VIDEO, *AUDIO, "-movflags", "+faststart", str(target)]
    return words


def picture_graph(pages: Sequence[Page]) -> tuple[list[str], str]:
    """The filters that zoom into each page and fade to the next, and the label of their result."""
    graph = []
    for number, page in enumerate(pages):
        fades = (number > 0) + (number < len(pages) - 1)
        frames = round((page.seconds + FADE / 2 * fades) * FPS)
        zoom = f"z='1+{REACH - 1}*(1-cos(PI*on/{frames}))/2'"
        middle = "x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)'"
        zoompan = f"zoompan={zoom}:{middle}:d={frames}:s=1920x1080:fps={FPS}"
        graph.append(f"[{number}:v]{zoompan},format=yuv420p[v{number}]")

    last = "[v0]"
    change = 0.0
    for number in range(1, len(pages)):
        change += pages[number - 1].seconds
        xfade = f"xfade=transition=fade:duration={FADE}:offset={change - FADE / 2}"
        graph.append(f"{last}[v{number}]{xfade}[x{number}]")
        last = f"[x{number}]"
    return graph, last


def sound_graph(pages: Sequence[Page]) -> list[str]:
    """The filters that pad each narration to its page's length and put them one after the other."""
    graph = [
        f"[{len(pages) + number}:a]apad=whole_dur={page.seconds}[a{number}]"
        for number, page in enumerate(pages)
    ]
    narrations = "".join(f"[a{number}]" for number in range(len(pages)))
    return [*graph, f"{narrations}concat=n={len(pages)}:v=0:a=1[sound]"]


def main(story: str, target: str) -> None:
    """Become the command."""
    words = command(Path(story), Path(target))
    os.execv(words[0], words)  # noqa: S606 - a list of our own words, and no shell


if __name__ == "__main__":
    main(*sys.argv[1:])

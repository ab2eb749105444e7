"""One ffmpeg command for a film that moves: zoompan for each page, xfade between them, at the preset that we use.

python -m benchmarks.moving_by_hand STORY OUT.mp4
"""

import json
import os
import sys
import wave
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

GAP, FADE, REACH, FPS = 0.5, 0.5, 1.15, 24


def command(folder: Path, target: Path) -> list[str]:
    """The command."""
    pages = json.loads((folder / "manifest.json").read_text())["pages"]
    lengths = [_seconds(folder / page["audio"]) + GAP for page in pages]
    inputs = [word for page in pages for word in ("-i", str(folder / page["image"]))]
    inputs += [word for page in pages for word in ("-i", str(folder / page["audio"]))]
    graph, at = [], 0.0
    for number, length in enumerate(lengths):
        frames = round((length + FADE / 2 * ((number > 0) + (number < len(pages) - 1))) * FPS)
        zoom = (
            f"z='1+{REACH - 1}*(1-cos(PI*on/{frames}))/2':x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)'"
        )
        graph.append(
            f"[{number}:v]zoompan={zoom}:d={frames}:s=1920x1080:fps={FPS},format=yuv420p[v{number}]"
        )
    last = "v0"
    for number in range(1, len(pages)):
        at += lengths[number - 1]
        graph.append(
            f"[{last}][v{number}]xfade=transition=fade:duration={FADE}:offset={at - FADE / 2}[x{number}]"
        )
        last = f"x{number}"
    padded = [
        f"[{len(pages) + number}:a]apad=whole_dur={length}[a{number}]"
        for number, length in enumerate(lengths)
    ]
    joined = (
        "".join(f"[a{number}]" for number in range(len(pages)))
        + f"concat=n={len(pages)}:v=0:a=1[sound]"
    )
    return [
        *(
            get_ffmpeg_exe(),
            "-y",
            "-v",
            "error",
            *inputs,
            "-filter_complex",
            ";".join([*graph, *padded, joined]),
        ),
        *(
            "-map",
            f"[{last}]",
            "-map",
            "[sound]",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-tune",
            "stillimage",
        ),
        *("-crf", "20", "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", str(target)),
    ]


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


if __name__ == "__main__":
    words = command(Path(sys.argv[1]), Path(sys.argv[2]))
    os.execv(words[0], words)  # noqa: S606 - a list of our own words, and no shell

"""One hand-tuned ffmpeg command for the same film: what somebody who knows ffmpeg well would type.

python -m benchmarks.by_hand STORY MUSIC OUT.mp4 [FPS]
"""

import json
import os
import sys
import wave
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

GAP = 0.5


def command(folder: Path, music: Path, target: Path, fps: int) -> list[str]:
    """The command; writes the concat demuxer's list of pictures beside the target."""
    pages = json.loads((folder / "manifest.json").read_text())["pages"]
    lengths = [_seconds(folder / page["audio"]) + GAP for page in pages]
    listing = target.with_suffix(".txt")
    lines = [
        f"file '{folder / page['image']}'\nduration {length}\n"
        for page, length in zip(pages, lengths, strict=True)
    ]
    listing.write_text("".join([*lines, f"file '{folder / pages[-1]['image']}'\n"]))
    narrations = [word for page in pages for word in ("-i", str(folder / page["audio"]))]
    padded = "".join(
        f"[{number}:a]apad=whole_dur={length}[a{number}];"
        for number, length in enumerate(lengths, 1)
    )
    joined = (
        "".join(f"[a{number}]" for number in range(1, len(pages) + 1))
        + f"concat=n={len(pages)}:v=0:a=1[voice];"
    )
    mixed = f"[{len(pages) + 1}:a]volume=-20dB[music];[voice][music]amix=duration=first:normalize=0[sound]"
    return [
        *(
            get_ffmpeg_exe(),
            "-y",
            "-v",
            "error",
            "-f",
            "concat",
            "-safe",
            "0",
            "-i",
            str(listing),
            *narrations,
        ),
        *("-stream_loop", "-1", "-i", str(music), "-filter_complex", padded + joined + mixed),
        *(
            "-map",
            "0:v",
            "-map",
            "[sound]",
            "-vf",
            f"fps={fps},format=yuv420p",
            "-t",
            str(sum(lengths)),
        ),
        *(
            "-c:v",
            "libx264",
            "-tune",
            "stillimage",
            "-preset",
            "veryfast",
            "-crf",
            "20",
            "-c:a",
            "aac",
            "-b:a",
            "192k",
        ),
        *("-movflags", "+faststart", str(target)),
    ]


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


if __name__ == "__main__":
    words = command(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        Path(sys.argv[3]),
        int(sys.argv[4]) if len(sys.argv) > 4 else 24,
    )
    os.execv(words[0], words)  # noqa: S606 - a list of our own words, and no shell

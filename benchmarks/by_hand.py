"""One hand-tuned ffmpeg command for the same film: what somebody who knows ffmpeg well would type.

python -m benchmarks.by_hand STORY MUSIC OUT.mp4 [FPS]
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from benchmarks.pages import Page, read_pages

VIDEO = ["-c:v", "libx264", "-tune", "stillimage", "-preset", "veryfast", "-crf", "20"]
AUDIO = ["-c:a", "aac", "-b:a", "192k"]


def command(folder: Path, music: Path, target: Path, fps: int) -> list[str]:
    """The command. Writes the list of pictures that it reads, next to the target."""
    pages = read_pages(folder)
    listing = target.with_suffix(".txt")
    listing.write_text(picture_list(pages))
    narrations = [word for page in pages for word in ("-i", str(page.audio))]
    length = sum(page.seconds for page in pages)

    words = [get_ffmpeg_exe(), "-y", "-v", "error"]
    words += ["-f", "concat", "-safe", "0", "-i", str(listing)]
    words += narrations
    words += ["-stream_loop", "-1", "-i", str(music)]
    words += ["-filter_complex", sound_graph(pages)]
    words += ["-map", "0:v", "-map", "[sound]"]
    words += ["-vf", f"fps={fps},format=yuv420p", "-t", str(length)]
    words += [*VIDEO, *AUDIO, "-movflags", "+faststart", str(target)]
    return words


def picture_list(pages: Sequence[Page]) -> str:
    """What the concat demuxer reads: each picture with its seconds, and the last one again."""
    lines = [f"file '{page.image}'\nduration {page.seconds}\n" for page in pages]
    return "".join([*lines, f"file '{pages[-1].image}'\n"])


def sound_graph(pages: Sequence[Page]) -> str:
    """The narrations, each padded to its page's length, one after the other over quiet music."""
    filters = [
        f"[{number}:a]apad=whole_dur={page.seconds}[a{number}]"
        for number, page in enumerate(pages, 1)
    ]
    narrations = "".join(f"[a{number}]" for number in range(1, len(pages) + 1))
    filters.append(f"{narrations}concat=n={len(pages)}:v=0:a=1[voice]")
    filters.append(f"[{len(pages) + 1}:a]volume=-20dB[music]")
    filters.append("[voice][music]amix=duration=first:normalize=0[sound]")
    return ";".join(filters)


def main(story: str, music: str, target: str, fps: str = "24") -> None:
    """Become the command."""
    words = command(Path(story), Path(music), Path(target), int(fps))
    os.execv(words[0], words)  # noqa: S606 - a list of our own words, and no shell


if __name__ == "__main__":
    main(*sys.argv[1:])

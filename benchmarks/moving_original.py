"""A film that moves, written out in plain moviepy 2.

Pictures grow by a function of time, with crossfades between them.

python -m benchmarks.moving_original STORY OUT.mp4 [--still]      --still: crossfades only
"""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

from moviepy import (
    AudioClip,
    AudioFileClip,
    CompositeAudioClip,
    CompositeVideoClip,
    ImageClip,
    VideoClip,
    vfx,
)

GAP = 0.5
FADE = 0.5
"""Seconds of crossfade at each page change."""
REACH = 1.15
"""How large a picture is at the end of its page."""
SIZE = (1920, 1080)
FPS = 24


def compile_story(folder: Path, target: Path, moving: bool) -> None:
    """Each picture, growing, for its narration and a gap, with a crossfade at each change."""
    pages = json.loads((folder / "manifest.json").read_text())["pages"]
    pictures: list[VideoClip] = []
    narrations: list[AudioClip] = []
    start = 0.0
    for number, page in enumerate(pages):
        narration = AudioFileClip(str(folder / page["audio"]))
        length = narration.duration + GAP
        before = FADE / 2 * (number > 0)
        after = FADE / 2 * (number < len(pages) - 1)
        clip = ImageClip(str(folder / page["image"])).with_duration(before + length + after)
        if moving:
            clip = clip.with_effects([vfx.Resize(growth(clip.duration))]).with_position("center")
        if number:
            clip = clip.with_effects([vfx.CrossFadeIn(FADE)])
        pictures.append(clip.with_start(start - before))
        narrations.append(narration.with_start(start))
        start += length

    film = CompositeVideoClip(pictures, size=SIZE).with_duration(start)
    film = film.with_audio(CompositeAudioClip(narrations))
    film.write_videofile(str(target), fps=FPS, codec="libx264", audio_codec="aac", logger=None)


def growth(length: float) -> Callable[[float], float]:
    """The size of a picture at each second of a page of that length: from 1 to `REACH`, eased."""
    return lambda t: 1 + (REACH - 1) * (1 - math.cos(math.pi * min(1.0, t / length))) / 2


if __name__ == "__main__":
    compile_story(Path(sys.argv[1]), Path(sys.argv[2]), moving="--still" not in sys.argv)

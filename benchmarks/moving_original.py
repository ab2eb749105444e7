"""A film that moves, written out in plain moviepy 2: pictures that grow by a function of time, and crossfades between them.

python -m benchmarks.moving_original STORY OUT.mp4 [--still]      --still: crossfades only
"""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

from moviepy import AudioFileClip, CompositeAudioClip, CompositeVideoClip, ImageClip, VideoClip, vfx

GAP, FADE, REACH, SIZE, FPS = 0.5, 0.5, 1.15, (1920, 1080), 24


def compile_story(folder: Path, target: Path, moving: bool) -> None:
    """Each picture for its narration and a gap, growing meanwhile, half a second of crossfade at each change."""
    pages = json.loads((folder / "manifest.json").read_text())["pages"]
    pictures: list[VideoClip] = []
    narrations, start = [], 0.0
    for number, page in enumerate(pages):
        narration = AudioFileClip(str(folder / page["audio"]))
        length = narration.duration + GAP
        before, after = FADE / 2 * (number > 0), FADE / 2 * (number < len(pages) - 1)
        clip = ImageClip(str(folder / page["image"])).with_duration(before + length + after)
        if moving:
            clip = clip.with_effects([vfx.Resize(_growing(clip.duration))]).with_position("center")
        if number:
            clip = clip.with_effects([vfx.CrossFadeIn(FADE)])
        pictures.append(clip.with_start(start - before))
        narrations.append(narration.with_start(start))
        start += length
    film = (
        CompositeVideoClip(pictures, size=SIZE)
        .with_duration(start)
        .with_audio(CompositeAudioClip(narrations))
    )
    film.write_videofile(str(target), fps=FPS, codec="libx264", audio_codec="aac", logger=None)


def _growing(length: float) -> Callable[[float], float]:
    return lambda t: 1 + (REACH - 1) * (1 - math.cos(math.pi * min(1.0, t / length))) / 2


if __name__ == "__main__":
    compile_story(Path(sys.argv[1]), Path(sys.argv[2]), moving="--still" not in sys.argv)

"""The original's method, written out in moviepy 2: what this project has to be faster than.

python -m benchmarks.original STORY MUSIC OUT.mp4 [FPS]
"""

import json
import sys
from pathlib import Path

from moviepy import AudioFileClip, CompositeAudioClip, ImageClip, afx, concatenate_videoclips

GAP = 0.5


def compile_story(folder: Path, music: Path, target: Path, fps: int) -> None:
    """Each picture for its narration and a gap, a quiet looped track under all of it."""
    pictures, narrations, start = [], [], 0.0
    for page in json.loads((folder / "manifest.json").read_text())["pages"]:
        narration = AudioFileClip(str(folder / page["audio"]))
        length = narration.duration + GAP
        pictures.append(ImageClip(str(folder / page["image"])).with_duration(length))
        narrations.append(narration.with_start(start))
        start += length
    film = concatenate_videoclips(pictures, method="compose")
    track = AudioFileClip(str(music)).with_effects(
        [afx.MultiplyVolume(0.1), afx.AudioLoop(duration=film.duration)]
    )
    film.with_audio(CompositeAudioClip([*narrations, track])).write_videofile(
        str(target), fps=fps, logger=None
    )


if __name__ == "__main__":
    compile_story(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        Path(sys.argv[3]),
        int(sys.argv[4]) if len(sys.argv) > 4 else 24,
    )

"""The original's method, written out in moviepy 2: what this project must be faster than.

python -m benchmarks.original STORY MUSIC OUT.mp4 [FPS]
"""

import json
import sys
from pathlib import Path

from moviepy import (
    AudioClip,
    AudioFileClip,
    CompositeAudioClip,
    ImageClip,
    VideoClip,
    afx,
    concatenate_videoclips,
)

GAP = 0.5


def compile_story(folder: Path, music: Path, target: Path, fps: int) -> None:
    """Each picture for its narration and a gap, a quiet looped track under all of it."""
    pictures: list[VideoClip] = []
    narrations: list[AudioClip] = []
    start = 0.0
    for page in json.loads((folder / "manifest.json").read_text())["pages"]:
        narration = AudioFileClip(str(folder / page["audio"]))
        length = narration.duration + GAP
        pictures.append(ImageClip(str(folder / page["image"])).with_duration(length))
        narrations.append(narration.with_start(start))
        start += length

    film = concatenate_videoclips(pictures, method="compose")
    quiet = [afx.MultiplyVolume(0.1), afx.AudioLoop(duration=film.duration)]
    track = AudioFileClip(str(music)).with_effects(quiet)
    film = film.with_audio(CompositeAudioClip([*narrations, track]))
    film.write_videofile(str(target), fps=fps, logger=None)


def main(story: str, music: str, target: str, fps: str = "24") -> None:
    """Make the film."""
    compile_story(Path(story), Path(music), Path(target), int(fps))


if __name__ == "__main__":
    main(*sys.argv[1:])

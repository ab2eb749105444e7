"""How good and how large a film is."""

import json
import re
import subprocess
from pathlib import Path

import av
from imageio_ffmpeg import get_ffmpeg_exe

BT709 = 1
"""The code point in a stream's colour description, ITU-T H.273 table 4."""


def quality(film: Path, story: Path) -> tuple[float, float]:
    """The film's size in MB, and the least SSIM of its pages' middle frames against their pictures.

    SSIM is that of the luma, of every third page. Each film is read in the colours that it was
    made in: a film without a tag is BT.601, as swscale makes it by default.
    """
    with av.open(film) as opened:
        seconds = float((opened.duration or 0) / av.time_base)
        context = opened.streams.video[0].codec_context
        matrix = "bt709" if context.colorspace == BT709 else "bt601"
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
    inputs: list[str | Path] = ["-ss", f"{seconds:.3f}", "-i", film, "-i", picture]
    finished = subprocess.run(
        [get_ffmpeg_exe(), "-hide_banner", *inputs, "-filter_complex", graph, "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    match = re.search(r"SSIM Y:([\d.]+)", finished.stderr)
    assert match, finished.stderr
    return float(match[1])

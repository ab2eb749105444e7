"""Draw a contact sheet of a finished film: the frame in the middle of each page, with the time at which the page begins.

    python scripts/contact_sheet.py OUTBOX_FOLDER SHEET.jpg

The frames are decoded from the film, the times are read from the report beside it: the sheet shows what was made, and not
what was meant. The picture in the README is made from the demo's film with it.
"""

import json
import sys
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

COLUMNS, WIDTH, MARGIN, LABEL = 3, 480, 16, 30
PAPER, INK = "#f6f3ec", "#4a4458"


def middle_frames(film: Path, times: list[tuple[float, float]]) -> list[Image.Image]:
    """The picture half-way through each page, for pages given as (start, seconds)."""
    frames = []
    with av.open(film) as container:
        stream = container.streams.video[0]
        for start, seconds in times:
            wanted = start + seconds / 2
            container.seek(int(wanted * av.time_base), backward=True)
            frames.append(next(frame for frame in container.decode(stream) if (frame.time or 0) >= wanted).to_image())
    return frames


def sheet(frames: list[Image.Image], labels: list[str]) -> Image.Image:
    """The frames in rows, each with its label below."""
    height = WIDTH * frames[0].height // frames[0].width
    rows = -(-len(frames) // COLUMNS)
    size = (MARGIN + COLUMNS * (WIDTH + MARGIN), MARGIN + rows * (height + LABEL + MARGIN))
    paper = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(size=17)
    for number, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        left = MARGIN + number % COLUMNS * (WIDTH + MARGIN)
        top = MARGIN + number // COLUMNS * (height + LABEL + MARGIN)
        paper.paste(frame.resize((WIDTH, height), Image.Resampling.LANCZOS), (left, top))
        draw.text((left, top + height + 6), label, INK, font)
    return paper


def main(folder: Path, target: Path) -> None:
    """Draw the sheet of the film in a folder of the outbox."""
    [film] = folder.glob("*.mp4")
    pages = json.loads((folder / "report.json").read_text("utf-8"))["pages"]
    times = [(page["start"], page["seconds"]) for page in pages]
    labels = [f"{int(start) // 60}:{start % 60:04.1f}   page {number}" for number, (start, _) in enumerate(times, 1)]
    sheet(middle_frames(film, times), labels).save(target, quality=88)
    print(f"{target}: {len(pages)} pages")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""Draw the six pictures of the bundled children's story, "The Fox and the Lighthouse".

    python -m art.draw_pictures [OUT_FOLDER]

The story gives a new user a film to make within a minute, and gives the tests pictures whose
rights are beyond doubt: every shape is computed here, with numpy and Pillow alone. Seeds are
fixed, so the same program draws the same six pictures. The colours follow the story: a warm dusk,
a cold night, a green wood around a lantern, amber against indigo in the tower, a burst of gold,
and a pale pink morning.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from art.brushes import Canvas, bloom, finished, paper, tint, vignette, wobble
from art.scenes import SCENES

FOLDER = Path(__file__).resolve().parent.parent / "daemon" / "demo" / "the-fox-and-the-lighthouse"
QUALITY = 88
"""Of the JPEG files."""
VIGNETTES = (0.5, 0.5, 0.5, 0.55, 0.5, 0.15)
"""How dark the corners of each page are."""


def drawn(page: int, scale: float = 1.0) -> Canvas:
    """One page: its scene and the last touches that all pages share."""
    canvas = Canvas(scale)
    SCENES[page](canvas)
    bloom(canvas, 0.72, 26, 0.35)
    wobble(canvas, 900 + page, 1.1)
    paper(canvas, 950 + page, 0.12)
    vignette(canvas, VIGNETTES[page], tint("1a1230"))
    return canvas


def saved(folder: Path, page: int) -> Path:
    """The file of one page, drawn and written."""
    path = folder / f"{page + 1:02}.jpg"
    finished(drawn(page), page).save(path, quality=QUALITY, optimize=True, subsampling=0)
    return path


def main(folder: Path) -> None:
    """Draw every page into the folder, two at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(max_workers=2) as pool:
        for path in pool.map(partial(saved, folder), range(len(SCENES))):
            print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

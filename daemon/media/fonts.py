"""Finding a font's file: by the file's path, or by a family's name, which fontconfig looks up.

Separate from `typeface` because the settings need this, and must not load the drawing of letters.
"""

import subprocess
from pathlib import Path

FONT_ENDINGS = (".ttf", ".otf", ".ttc")


def find(font: str, base: Path) -> Path:
    """The file of a font, which is given by a path (relative to `base`) or by its family's name.

    Raises ValueError, in words for the person who chose it, if there is no such font.
    """
    if "/" in font or font.lower().endswith(FONT_ENDINGS):
        file = (base / font).absolute()
        if not file.is_file():
            raise ValueError(f"no such file: {file}")
    else:
        file = find_family(font)
    require_font(file)
    return file


def find_family(name: str) -> Path:
    """The file of a family. Raises ValueError if this machine has none of exactly that name.

    fontconfig itself always finds something: the family that it thinks closest.
    """
    try:
        found = subprocess.run(
            ["fc-match", "--format=%{family}\n%{file}", name],  # noqa: S607 - PATH decides
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError("a family's name, but fontconfig is not there to look it up") from error
    families, _, file = found.stdout.partition("\n")
    if name.casefold() not in [family.strip().casefold() for family in families.split(",")]:
        raise ValueError(f'no font family "{name}" on this machine')
    return Path(file)


def require_font(file: Path) -> None:
    """Raise ValueError if Pillow or fontTools cannot read a file as a font."""
    # Both take as long to import as all other settings, and few settings name a font.
    from fontTools.ttLib import TTFont
    from PIL import ImageFont

    try:
        ImageFont.truetype(file)
        with TTFont(file, fontNumber=0, lazy=True) as font:
            font.getBestCmap()
    except Exception as error:  # a damaged table makes fontTools raise anything
        raise ValueError(f"not a TrueType or OpenType font that can be used: {file}") from error

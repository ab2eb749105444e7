"""Which file a font is in: named by its file, or by its family, which fontconfig looks up.

Separate from `typeface`, because the settings need it and must not load the drawing of letters.
"""

import subprocess
from pathlib import Path

FONT_ENDINGS = (".ttf", ".otf", ".ttc")


def find(font: str, base: Path) -> Path:
    """The file of a font that is named by a path (relative to `base`) or by its family's name.

    Raises ValueError, in words for whoever configured it, where there is none.
    """
    if "/" in font or font.lower().endswith(FONT_ENDINGS):
        file = (base / font).absolute()
        if not file.is_file():
            raise ValueError(f"no such file: {file}")
    else:
        file = _of_family(font)
    _require_font(file)
    return file


def _of_family(name: str) -> Path:
    """The file of a family. fontconfig always finds something; only that very name counts."""
    try:
        found = subprocess.run(
            ["fc-match", "--format=%{family}\n%{file}", name],  # noqa: S607 - wherever it is
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


def _require_font(file: Path) -> None:
    # Both take as long to import as all other settings, and few settings name a font.
    from fontTools.ttLib import TTFont
    from PIL import ImageFont

    try:
        ImageFont.truetype(file)
        with TTFont(file, fontNumber=0, lazy=True) as font:
            font.getBestCmap()
    except Exception as error:  # fontTools raises whatever a damaged table leads it to
        raise ValueError(f"not a TrueType or OpenType font that can be used: {file}") from error

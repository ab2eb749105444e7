"""What a folder holds."""

from pathlib import Path


def names(folder: Path) -> list[str]:
    """The names of all that is directly in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    """The files directly in a folder: their contents by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}

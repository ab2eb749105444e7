"""Files that somebody swaps while the attempt looks at them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.item import CANARY, FILM, Change, Item, Swap, manifest, plain, png, wav, write
from tests.hostile.links import DEVICES

LINKED = "behind a link|a link"


def replaced(name: str, by: Change) -> Change:
    """Removes a file, and puts something in its place."""

    def change(folder: Path, outside: Path) -> None:
        (folder / name).unlink()
        by(folder / name, outside)

    return change


def filled(path: Path, data: bytes) -> None:
    """A file with these bytes."""
    path.write_bytes(data)


def story(folder: Path, _: Path) -> None:
    """A story whose files lie in a folder of their own, and at the top."""
    plain(folder)
    (folder / "pages").mkdir()
    (folder / "pages/02.png").write_bytes(png())
    pages = [
        {"image": "01.png", "audio": "01.wav"},
        {"image": "pages/02.png", "duration": 0.2},
    ]
    write(folder, manifest(pages))


def between_look_and_opening() -> Iterator[Item]:
    """The file was regular when it was looked at, and is something else when it is opened."""
    kinds: dict[str, tuple[Change, str]] = {
        "a link": (
            lambda path, outside: path.symlink_to(outside / f"{CANARY}{path.suffix}"),
            LINKED,
        ),
        "a pipe": (lambda path, _: os.mkfifo(path), "not a regular file"),
        "a folder": (lambda path, _: path.mkdir(), "a folder"),
        "another file": (lambda path, _: filled(path, OTHER[path.suffix]), FILM),
        "garbage": (lambda path, _: filled(path, b"garbage" * 100), "not a|not JSON"),
        "nothing": (lambda *_: None, "missing"),
    }
    kinds["a device"] = (DEVICES["the device of zeros"], "not a regular file")
    for file in ("manifest.json", "01.png", "01.wav"):
        for name, (by, result) in kinds.items():
            if (file, name) != ("manifest.json", "another file"):
                yield Item(f"{file} by {name}", result, story, Swap(file, replaced(file, by)))


OTHER = {".png": png((80, 60)), ".wav": wav(0.3)}


def linked_folder(folder: Path, outside: Path) -> None:
    """The folder of the pages becomes a link."""
    shutil.rmtree(folder / "pages")
    (outside / "02.png").exists()
    (folder / "pages").symlink_to(outside)


def moved_folder(folder: Path, _: Path) -> None:
    """The folder of the pages is moved away while it is open."""
    (folder / "pages").rename(folder / "elsewhere")


def emptied(folder: Path, _: Path) -> None:
    """The picture is emptied while it is open."""
    os.truncate(folder / "01.png", 0)


def grown(folder: Path, _: Path) -> None:
    """The picture grows while it is open."""
    with (folder / "01.png").open("ab") as file:
        file.write(bytes(100_000))


def overwritten(folder: Path, _: Path) -> None:
    """The picture is overwritten while it is open."""
    (folder / "01.png").write_bytes(b"garbage")


def alone(folder: Path, _: Path) -> None:
    """A story of one picture."""
    (folder / "01.png").write_bytes(png())
    write(folder, manifest([{"image": "01.png", "duration": 0.2}]))


def gone(folder: Path, _: Path) -> None:
    """All files go, once the picture has been copied."""
    for path in folder.iterdir():
        path.unlink()


ITEMS = (
    *between_look_and_opening(),
    Item("a folder by a link", LINKED, story, Swap("pages", linked_folder)),
    Item("a folder moved away while it is open", FILM, story, Swap("02.png", moved_folder)),
    Item("a picture emptied while it is open", "empty", alone, Swap(".scratch/000001", emptied)),
    Item("a picture grown while it is open", FILM, alone, Swap(".scratch/000001", grown)),
    Item(
        "a picture overwritten while it is open",
        "not a PNG",
        alone,
        Swap(".scratch/000001", overwritten),
    ),
    Item("all files removed before the film is written", FILM, alone, Swap("film.mp4", gone)),
)

"""Links of every kind, pipes, sockets and devices, in each place where a file belongs."""

import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.hostile.item import CANARY, FILM, Change, Item, manifest, plain, png, wav, write

Place = Callable[[Path, Path], None]
"""Puts something at a path; the second one is the folder `outside`."""


def bound(path: Path) -> None:
    """A socket at a path, which may be longer than a socket's address."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(before)


def chained(path: Path, outside: Path) -> None:
    """A link to a link to the canary."""
    (path.parent / "chain").symlink_to(outside / f"{CANARY}{path.suffix}")
    path.symlink_to("chain")


def looped(path: Path, _: Path) -> None:
    """Two links to each other."""
    (path.parent / "loop").symlink_to(path.name)
    path.symlink_to("loop")


def device(kind: int, major: int, minor: int) -> Place:
    """A device by its numbers; a pipe where this user may not make devices."""

    def make(path: Path, _: Path) -> None:
        try:
            os.mknod(path, 0o666 | kind, os.makedev(major, minor))
        except PermissionError:
            os.mkfifo(path)

    return make


LINKS: Mapping[str, Place] = {
    "a link to the canary": lambda path, outside: path.symlink_to(
        outside / f"{CANARY}{path.suffix}"
    ),
    "a relative link to the canary": lambda path, _: path.symlink_to(
        f"../outside/{CANARY}{path.suffix}"
    ),
    "a link to a link": chained,
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "two links to each other": looped,
    "a link to nowhere": lambda path, _: path.symlink_to("nowhere"),
    "a link to /dev/zero": lambda path, _: path.symlink_to("/dev/zero"),
    "a link to /proc/self/environ": lambda path, _: path.symlink_to("/proc/self/environ"),
    "a link to /proc/self/fd/0": lambda path, _: path.symlink_to("/proc/self/fd/0"),
    "a link to /proc/self/root": lambda path, _: path.symlink_to("/proc/self/root/etc/passwd"),
    "a link to a folder": lambda path, outside: path.symlink_to(outside),
}
OTHERS: Mapping[str, tuple[Place, str]] = {
    "a folder": (lambda path, _: path.mkdir(), "a folder"),
    "a pipe": (lambda path, _: os.mkfifo(path), "not a regular file"),
    "a socket": (lambda path, _: bound(path), "not a regular file"),
    "an empty file": (lambda path, _: path.touch(), "empty|not JSON"),
}
DEVICES: Mapping[str, Place] = {
    "the device of zeros": device(stat.S_IFCHR, 1, 5),
    "the device of chance": device(stat.S_IFCHR, 1, 8),
    "a terminal": device(stat.S_IFCHR, 5, 0),
    "a disk": device(stat.S_IFBLK, 7, 0),
}


def at(name: str, place: Place) -> Change:
    """Makes a story with this in the place of one of its files."""

    def make(folder: Path, outside: Path) -> None:
        plain(folder)
        (folder / "track.wav").write_bytes(wav())
        page = {"image": "01.png", "audio": "01.wav"}
        write(folder, manifest([page], music="track.wav", files={"track.wav": {}}))
        (folder / name).unlink()
        place(folder / name, outside)

    return make


def in_every_place() -> Iterator[Item]:
    """Each kind in the place of the manifest, a picture, a narration and a track."""
    kinds = {name: (place, "a link") for name, place in LINKS.items()} | dict(OTHERS)
    kinds |= {name: (place, "not a regular file") for name, place in DEVICES.items()}
    for file in ("manifest.json", "01.png", "01.wav", "track.wav"):
        for name, (place, result) in kinds.items():
            yield Item(f"{file}: {name}", result, at(file, place))


def behind(folder: Path, outside: Path) -> None:
    """A picture behind a linked folder."""
    (folder / "pages").symlink_to(outside)
    write(folder, manifest([{"image": f"pages/{CANARY}.png", "duration": 0.2}]))


def below(folder: Path, _: Path) -> None:
    """A picture below a file."""
    plain(folder)
    write(folder, manifest([{"image": "01.png/01.png", "duration": 0.2}]))


def declared(folder: Path, outside: Path) -> None:
    """A declared file that no page names, and that is a link."""
    plain(folder, files={"notes.txt": {}})
    (folder / "notes.txt").symlink_to(outside / f"{CANARY}.txt")


def hard(folder: Path, _: Path) -> None:
    """A picture with two names, as tools make them that keep copies apart by hard links."""
    plain(folder)
    os.link(folder / "01.png", folder / "02.png")


def bystander(folder: Path, outside: Path) -> None:
    """A link, a pipe and a socket that no page names."""
    plain(folder)
    (folder / "02.txt").symlink_to(outside / f"{CANARY}.txt")
    os.mkfifo(folder / "03.txt")
    bound(folder / "04.txt")


def paired(folder: Path, outside: Path) -> None:
    """Pages by name, of links."""
    (folder / "01.png").symlink_to(outside / f"{CANARY}.png")
    (folder / "01.wav").write_bytes(wav())
    write(folder, {"music": False})


def sparse(folder: Path, _: Path) -> None:
    """A picture of 600 MiB that takes no room on the disk."""
    (folder / "01.png").write_bytes(png())
    os.truncate(folder / "01.png", 600 * 2**20)
    write(folder, manifest([{"image": "01.png", "duration": 0.2}]))


ITEMS = (
    *in_every_place(),
    Item("a picture behind a linked folder", "behind a link", behind),
    Item("a picture below a file", "not a folder", below),
    Item("a declared file that is a link", "a link", declared),
    Item("a picture with a second, hard link", FILM, hard),
    Item("links, pipes and sockets that no page names", FILM, bystander),
    Item("pages by name, of links", "a link", paired),
    Item("a sparse file of 600 MiB", "larger than 512 MiB", sparse),
)

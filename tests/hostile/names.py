"""Names that lead outside, look like options or addresses, or are no names at all."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.item import FILM, Change, Item, manifest, png, wav, write

LEAVES = "leaves the story's folder"
OUTSIDE = {
    "one step up": ("../outside/canary{}", LEAVES),
    "many steps up": ("../" * 40 + "etc/passwd", LEAVES),
    "down and up": ("a/../../outside/canary{}", LEAVES),
    "up within the folder": ("a/../01{}", LEAVES),
    "from the root": ("/etc/passwd", LEAVES),
    "from the root, twice": ("//etc/passwd", LEAVES),
    "in /proc": ("/proc/self/environ", LEAVES),
    "two dots": ("..", LEAVES),
    "a dot": (".", "not the name of a file"),
    "nothing": ("", "not the name of a file"),
    "a folder's name": ("01/", "not the name of a file"),
    "backslashes": ("..\\outside\\canary{}", "a backslash"),
    "a drive": ("C:\\Windows\\win.ini", "a backslash"),
    "a server": ("\\\\server\\share\\01{}", "a backslash"),
    "a null byte": ("01{}\0.txt", "not the name of a file"),
    "percents": ("%2e%2e/outside/canary{}", "missing"),
    "wide dots": ("\uff0e\uff0e/outside/canary{}", "missing"),
    "a tilde": ("~/.ssh/id_ed25519", "missing"),
    "a variable": ("$HOME/canary{}", "missing"),
    "a thousand and one letters": ("a" * 1001, "1000"),
    "256 letters": ("a" * 252 + "{}", "no possible name of a file"),
    "a hundred folders that are not there": ("a/" * 100 + "01{}", "missing"),
    "an address": ("http://127.0.0.1:9/01{}", "missing"),
    "a secure address": ("https://127.0.0.1:9/01{}", "missing"),
    "an address of a file": ("file:///etc/passwd", "missing"),
    "FFmpeg's concat": ("concat:01{}|/etc/passwd", "missing"),
    "FFmpeg's subfile": ("subfile,,start,0,end,9,,:/etc/passwd", "missing"),
    "FFmpeg's pipe": ("pipe:0", "missing"),
    "FFmpeg's data": ("data:audio/wav;base64,AAAA", "missing"),
    "FFmpeg's fd": ("fd:", "missing"),
    "FFmpeg's tee": ("tee:01{}|x{}", "missing"),
    "a pattern": ("*{}", "missing"),
    "printf's pattern": ("%02d{}", "missing"),
    "a command": ("$(touch x){}", "missing"),
    "a pipe to a command": ("|id", "missing"),
    "a stream of NTFS": ("01{}::$DATA", "missing"),
}
"""Names that reach nothing; {} is for an ending."""
PLAIN = {
    "an option": "-i{}",
    "a long option": "--help{}",
    "a null muxer": "-f null{}",
    "255 bytes": "a" * 251 + "{}",
    "255 bytes of Japanese": "語" * 83 + "aa{}",
    "a newline": "01\n{}",
    "an escape": "\x1b[2J{}",
    "text that turns around": "\u202egnp.10{}",
    "spaces": "  01  {}",
    "quotes": "'\"`{}",
    "a percent": "%s%n%d{}",
    "a pipe": "01|02{}",
    "a colon, as an address has": "http:{}",
    "concat with a colon": "concat:01{}",
    "a stream of Windows": "01:x{}",
    "a device of Windows": "CON{}",
    "another device of Windows": "nul.x{}",
    "a trailing dot": "01{}.",
    "an emoji of a family": "👨\u200d👩\u200d👧{}",
    "a tag of HTML": "<img src=x onerror=alert(1)>{}".replace("/", ""),
    "a folder with an option's name": "-rf/01{}",
    "twenty folders": "a/" * 20 + "01{}",
    "a hidden file": ".01{}",
    "three dots": ".../01{}",
}
"""Names that are odd and still names: their films are made."""


def named(name: str, key: str) -> Change:
    """Makes a story that names this picture, narration or track, which is not there."""

    def make(folder: Path, _: Path) -> None:
        (folder / "01.png").write_bytes(png())
        (folder / "01.wav").write_bytes(wav())
        page = {"image": "01.png", "audio": "01.wav"}
        ending = ".png" if key == "image" else ".wav"
        wanted = name.replace("{}", ending)
        if key == "music":
            write(folder, manifest([page], music=wanted))
        else:
            write(folder, manifest([page | {key: wanted}]))

    return make


def present(name: str) -> Change:
    """Makes a story whose picture and narration have this name."""

    def make(folder: Path, _: Path) -> None:
        image = name.replace("{}", ".png")
        audio = name.replace("{}", ".wav")
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).write_bytes(png())
        (folder / audio).write_bytes(wav())
        write(folder, manifest([{"image": image, "audio": audio}]))

    return make


def outside() -> Iterator[Item]:
    """Each name as a picture, a narration and a track."""
    for name, (path, result) in OUTSIDE.items():
        for key in ("image", "audio", "music"):
            expected = result
            if key == "music" and result in ("missing", "no possible name of a file"):
                expected = "neither in the story's folder nor in the library|no possible name"
            yield Item(f"{key}: {name}", expected, named(path, key))


def twins() -> Iterator[Item]:
    """Files whose names look the same, in one story."""
    composed = unicodedata.normalize("NFC", "é")
    pairs = {
        "composed and decomposed": (f"{composed}.png", unicodedata.normalize("NFD", "é.png")),
        "small and capital": ("a.png", "A.png"),
        "two endings' cases": ("a.png", "a.PNG"),
        "a Latin and a Cyrillic letter": ("a.png", "\u0430.png"),
        "with and without a joiner": ("a.png", "a\u200d.png"),
    }
    for name, pair in pairs.items():
        yield Item(f"twins: {name}", FILM, pages_of(*pair))
    yield Item("another form of a name that is there", FILM, other_form)


def pages_of(*images: str) -> Change:
    """Makes a story of these pictures."""

    def make(folder: Path, _: Path) -> None:
        for image in images:
            (folder / image).write_bytes(png())
        write(folder, manifest([{"image": image, "duration": 0.2} for image in images]))

    return make


def other_form(folder: Path, _: Path) -> None:
    """A story that names its picture in another form of Unicode."""
    (folder / unicodedata.normalize("NFD", "é.png")).write_bytes(png())
    page = {"image": unicodedata.normalize("NFC", "é.png"), "duration": 0.2}
    write(folder, manifest([page]))


ITEMS = (*outside(), *(Item(name, FILM, present(path)) for name, path in PLAIN.items()), *twins())

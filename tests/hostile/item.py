"""An item of the corpus, and the plain story that most items are made from.

The folder `outside` lies next to the story's folder and holds what no story may reach: a text, a
picture and a sound.
"""

import io
import json
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from daemon.attempt import Kind

FILM = "a film"
CANARY = "canary"
"""How the files in `outside` are called, before their endings."""
SMALL = {"size": "64x48", "fps": 5, "gap_seconds": 0.0}
"""A film that is made in an instant."""

Change = Callable[[Path, Path], None]
"""Called with the story's folder and the folder `outside`."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A change of the folder by somebody else, just before the attempt opens a certain path."""

    before: str
    change: Change


@dataclass(frozen=True, slots=True)
class Item:
    """A hostile folder. `result` is FILM, or a piece of the reason why there is none."""

    name: str
    result: str
    make: Change
    swap: Swap | None = None

    def allows(self, kind: str, words: str) -> bool:
        """Whether an outcome of this kind, for these reasons, is one that must come of the item.

        Where FFmpeg may reject damage or play over it, `result` has several pieces between bars.
        """
        if kind == FILM:
            return FILM in self.result.split("|")
        is_refusal = kind in (Kind.STORY, Kind.ARRIVING) or words.startswith(self.result)
        return is_refusal and any(piece in words for piece in self.result.split("|"))


def png(size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """A flat picture as a PNG."""
    return picture("PNG", size, mode, **options)


def picture(
    form: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any
) -> bytes:
    """A picture of soft noise in a format that Pillow writes."""
    file = io.BytesIO()
    made = Image.effect_noise(size, 20).convert(mode)
    made.save(file, form, **options)
    return file.getvalue()


def wav(seconds: float = 0.2, rate: int = 48_000) -> bytes:
    """A quiet buzz as a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        period = b"\x00\x04" * 50 + b"\x00\xfc" * 50
        samples = round(seconds * rate)
        writer.writeframes((period * (samples // 100 + 1))[: 2 * samples])
    return file.getvalue()


def manifest(pages: Any, **keys: Any) -> dict[str, Any]:
    """A manifest of these pages, without music and for a small film."""
    return {"music": False, "film": SMALL, "pages": pages} | keys


def write(folder: Path, content: Any) -> None:
    """Write the manifest: bytes as they are, anything else as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "manifest.json").write_bytes(data)


def plain(folder: Path, **keys: Any) -> None:
    """A story of one page with a picture and a narration; `keys` for its manifest."""
    (folder / "01.png").write_bytes(png())
    (folder / "01.wav").write_bytes(wav())
    write(folder, manifest([{"image": "01.png", "audio": "01.wav"}], **keys))


def with_manifest(content: Any) -> Change:
    """Makes a plain story with this manifest."""

    def make(folder: Path, _: Path) -> None:
        plain(folder)
        write(folder, content() if callable(content) else content)

    return make


def with_picture(data: bytes | Callable[[], bytes], name: str = "01.png") -> Change:
    """Makes a story whose picture has these bytes."""

    def make(folder: Path, _: Path) -> None:
        (folder / name).write_bytes(data() if callable(data) else data)
        write(folder, manifest([{"image": name, "duration": 0.2}]))

    return make


def with_sound(data: bytes | Callable[[], bytes], name: str = "01.mp3") -> Change:
    """Makes a story whose narration has these bytes."""

    def make(folder: Path, _: Path) -> None:
        (folder / "01.png").write_bytes(png())
        (folder / name).write_bytes(data() if callable(data) else data)
        write(folder, manifest([{"image": "01.png", "audio": name}]))

    return make

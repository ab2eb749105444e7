"""Letting files in from an untrusted folder: they are copied, hashed, counted and checked.

Each file is admitted once, however often it is named. A faulty file is recorded and does not keep
the others from being checked. An `Inspection` does the same without copies.
"""

import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from daemon.config import Limits
from daemon.errors import Refused, UnreadableMedia
from daemon.media.library import Track
from daemon.media.loudness import LoudnessMeter, Powers
from daemon.media.pictures import picture_size
from daemon.media.samples import SAMPLE_RATE
from daemon.media.sounds import sound_blocks
from daemon.media.whole import bytes_missing
from daemon.story.model import Input, Narration
from daemon.story.reading import MediaKind
from daemon.story.untrusted import EMPTY, UntrustedFolder

Fault = Refused | UnreadableMedia
"""Why a file did not come in: both say what it is, and how to mend it."""
HASH_OF_NOTHING = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class AdmittedPicture:
    """A picture at `path`, a private copy, and the size in pixels of the upright picture."""

    input: Input
    path: Path
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class AdmittedSound:
    """A sound, counted and measured; its path is a private copy."""

    input: Input
    narration: Narration


class Admission:
    """The files of one folder that were let into `scratch`, and the faults of the others.

    `pictures`, `sounds` and `inputs` are by the file's name, in the order of admission. `found` has
    the size and hash of every file that was read to its end, whether it could be used or not. `cut`
    has the bytes that a sound lacks, by its own header.
    `near_track` is the file that was probably meant by a track that is not there.
    """

    def __init__(self, folder: UntrustedFolder, scratch: Path, limits: Limits) -> None:
        self.pictures: dict[str, AdmittedPicture] = {}
        self.sounds: dict[str, AdmittedSound] = {}
        self.faults: dict[tuple[MediaKind, str], Fault] = {}
        self.inputs: dict[str, Input] = {}
        self.tracks: dict[str, Track] = {}
        self.track_faults: dict[str, Fault] = {}
        self.near_track: str | None = None
        self.found: dict[str, Input] = {}
        self.cut: dict[str, int] = {}
        self._folder = folder
        self._scratch = scratch
        self._limits = limits
        self._numbers = itertools.count(1)

    # ---- admitting -------------------------------------------------------------------------------

    def admit(self, files: Iterable[tuple[MediaKind, str]]) -> None:
        """Copy and check files, on all cores."""
        wanted = list(dict.fromkeys(files))
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(lambda file: self._tried(*file), wanted))
        for (kind, file), result in zip(wanted, results, strict=True):
            match result:
                case AdmittedPicture():
                    self.pictures[file] = result
                    self.inputs[file] = result.input
                case AdmittedSound():
                    self.sounds[file] = result
                    self.inputs[file] = result.input
                case _:
                    self.faults[kind, file] = result

    def admit_track(self, file: str) -> None:
        """Copy and check the story's own music. Without it, the library may have the track."""
        if not self._folder.has(file):
            self.near_track = self._folder.near(file)
            return
        try:
            sound = self.sound(file)
        except (Refused, UnreadableMedia) as fault:
            self.track_faults[file] = fault
            return
        self.tracks[file] = Track(file, sound.narration.path, sound.narration.powers)
        self.inputs[file] = sound.input

    def _tried(self, kind: MediaKind, file: str) -> AdmittedPicture | AdmittedSound | Fault:
        """One file, or its fault: as a result, so that the other files are checked too."""
        try:
            return self.picture(file) if kind == "picture" else self.sound(file)
        except (Refused, UnreadableMedia) as fault:
            return fault

    # ---- one file --------------------------------------------------------------------------------

    def picture(self, file: str) -> AdmittedPicture:
        """Copy a picture and check its header. Raises Refused or UnreadableMedia."""
        path = self.taken(file)
        with self.opened(file, path) as picture:
            width, height = picture_size(picture, self._limits.picture_megapixels)
        return AdmittedPicture(self.found[file], path, width, height)

    def sound(self, file: str) -> AdmittedSound:
        """Copy a sound and decode all of it. Raises Refused or UnreadableMedia."""
        path = self.taken(file)
        most = self._limits.film_minutes * 60 * SAMPLE_RATE
        with self.opened(file, path) as sound:
            if missing := bytes_missing(sound):
                self.cut[file] = missing
            samples, powers = measured_sound(sound, most)
        return AdmittedSound(self.found[file], Narration(path, samples, powers))

    def hashed(self, file: str) -> Input:
        """Size and hash of a file that the film does not need; it may be empty. Raises Refused."""
        if file not in self.found:
            try:
                self.found[file] = self._folder.hashed(file)
            except Refused as refused:
                if refused.what != EMPTY:
                    raise
                self.found[file] = Input(file, 0, HASH_OF_NOTHING)
        return self.found[file]

    def taken(self, file: str) -> Path:
        """Copy a file; the path of the copy. Raises Refused."""
        path = self._scratch / f"{next(self._numbers):06d}"
        try:
            self.found[file] = self._folder.copy(file, path)
        except Refused as refused:
            if refused.what == EMPTY:
                self.found[file] = Input(file, 0, HASH_OF_NOTHING)
            raise
        return path

    def opened(self, file: str, path: Path) -> AbstractContextManager[BinaryIO]:
        """A file that was taken to `path`, for decoding."""
        return path.open("rb")


class Inspection(Admission):
    """Checks a folder's files where they lie. No path of a picture or sound leads anywhere."""

    def __init__(self, folder: UntrustedFolder, limits: Limits) -> None:
        super().__init__(folder, Path(), limits)

    def taken(self, file: str) -> Path:
        """Hash a file; its name. Raises Refused."""
        if not self.hashed(file).size:
            raise Refused(EMPTY, "Copy it again.")
        return Path(file)

    @contextmanager
    def opened(self, file: str, path: Path) -> Iterator[BinaryIO]:
        """A file in the folder, for decoding. Raises Refused."""
        with self._folder.opened(file) as descriptor, open(descriptor, "rb", closefd=False) as data:
            yield data


def measured(path: Path) -> tuple[int, Powers]:
    """`measured_sound` of the file at `path`."""
    with path.open("rb") as file:
        return measured_sound(file)


def measured_sound(file: IO[bytes], most: int | None = None) -> tuple[int, Powers]:
    """How many samples a sound has, and its powers, by decoding all of it.

    Raises UnreadableMedia when it is not sound that can be decoded to its end, has no samples, or
    has more than `most`.
    """
    samples = 0
    meter = LoudnessMeter()
    for block in sound_blocks(file, SAMPLE_RATE):
        samples += block.shape[1]
        if most is not None and samples > most:
            minutes = most / SAMPLE_RATE / 60
            mend = "Cut it, or raise limits.film_minutes."
            raise UnreadableMedia(f"longer than {minutes:g} minutes", mend)
        meter.add(block)
    return samples, meter.powers()

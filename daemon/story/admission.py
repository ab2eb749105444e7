"""Letting files in from an untrusted folder: they are copied, hashed, counted and checked.

Each file is admitted once, however often it is named. A faulty file is recorded and does not keep
the others from being checked.
"""

import itertools
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Limits
from daemon.errors import Refused, UnreadableMedia
from daemon.media.library import Track
from daemon.media.loudness import LoudnessMeter, Powers
from daemon.media.pictures import picture_size
from daemon.media.samples import SAMPLE_RATE
from daemon.media.sounds import sound_blocks
from daemon.story.model import Input, Narration
from daemon.story.reading import MediaKind
from daemon.story.untrusted import UntrustedFolder

Fault = Refused | UnreadableMedia
"""Why a file was not let in: both say what is wrong, and how to mend it."""


@dataclass(frozen=True, slots=True)
class AdmittedPicture:
    """A private copy of a picture, and the size in pixels of the upright picture."""

    input: Input
    path: Path
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class AdmittedSound:
    """A private copy of a sound, counted and measured."""

    input: Input
    narration: Narration


class Admission:
    """The files of one folder that were let into `scratch`, and the faults of the others.

    `pictures`, `sounds` and `inputs` are by the file's name, in the order of admission.
    """

    def __init__(self, folder: UntrustedFolder, scratch: Path, limits: Limits) -> None:
        self.pictures: dict[str, AdmittedPicture] = {}
        self.sounds: dict[str, AdmittedSound] = {}
        self.faults: dict[tuple[MediaKind, str], Fault] = {}
        self.inputs: dict[str, Input] = {}
        self.tracks: dict[str, Track] = {}
        self.track_faults: dict[str, Fault] = {}
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
        """Copy and check the story's own music."""
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
        path = self._next_path()
        copied = self._folder.copy(file, path)
        with path.open("rb") as copy:
            width, height = picture_size(copy, self._limits.picture_megapixels)
        return AdmittedPicture(copied, path, width, height)

    def sound(self, file: str) -> AdmittedSound:
        """Copy a sound and decode all of it. Raises Refused or UnreadableMedia."""
        path = self._next_path()
        copied = self._folder.copy(file, path)
        samples, powers = measured(path, self._limits.film_minutes * 60 * SAMPLE_RATE)
        return AdmittedSound(copied, Narration(path, samples, powers))

    def hashed(self, file: str) -> Input:
        """Size and hash of a file that the film does not need. Raises Refused."""
        path = self._next_path()
        try:
            return self._folder.copy(file, path)
        finally:
            path.unlink(missing_ok=True)

    def _next_path(self) -> Path:
        return self._scratch / f"{next(self._numbers):06d}"


def measured(path: Path, most: int | None = None) -> tuple[int, Powers]:
    """How many samples a sound has, and its powers, by decoding all of it.

    Raises UnreadableMedia when it is not sound that can be decoded to its end, has no samples, or
    has more than `most`.
    """
    samples = 0
    meter = LoudnessMeter()
    with path.open("rb") as file:
        for block in sound_blocks(file, SAMPLE_RATE):
            samples += block.shape[1]
            if most is not None and samples > most:
                minutes = most / SAMPLE_RATE / 60
                mend = "Cut it, or raise limits.film_minutes."
                raise UnreadableMedia(f"longer than {minutes:g} minutes", mend)
            meter.add(block)
    return samples, meter.powers()

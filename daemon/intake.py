"""The trust boundary: an untrusted folder in, a Story of private, checked and hashed copies out.

Every file that the manifest names is copied under a name of ours and decoded from that copy: what is looked at here is what the
film is made of, even if somebody still writes into the folder. One look finds every problem of a story, not only the first.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from daemon import manifest
from daemon.config import FilmSettings, Settings
from daemon.errors import Problem, StoryError
from daemon.film import music as music_library
from daemon.folder import MIB, MISSING, Refused, UntrustedFolder
from daemon.manifest import Kind, Manifest, Mention, Mood, PageEntry, Reading
from daemon.media import UnreadableMedia, count_samples, open_picture
from daemon.story import SAMPLE_RATE, Input, Narration, Page, Story, Track
from daemon.validation import nearest


@dataclass(frozen=True, slots=True)
class _Picture:
    path: Path
    width: int
    height: int


def intake(source: Path, scratch: Path, name: str, settings: Settings) -> Story:
    """Check the folder `source` and copy what it names into the empty folder `scratch`.

    `name` becomes the title where the manifest has none. Raises StoryError with every problem of the story, OSError when the
    machine is at fault.
    """
    with UntrustedFolder(source, settings.limits.file_mib * MIB) as folder:
        return _Desk(folder, scratch, settings).admit(name)


class _Desk:
    """One folder being checked: what was admitted so far, and every problem found."""

    def __init__(self, folder: UntrustedFolder, scratch: Path, settings: Settings) -> None:
        self._folder = folder
        self._scratch = scratch
        self._settings = settings
        self._problems: list[Problem] = []
        self._copies = 0
        self._refused: dict[tuple[Kind, str], Refused | UnreadableMedia] = {}
        self._inputs: dict[str, Input] = {}
        self._pictures: dict[str, _Picture] = {}
        self._narrations: dict[str, Narration] = {}

    def admit(self, name: str) -> Story:
        data = self._manifest_bytes()
        reading = manifest.read(data, self._folder.names()) if data is not None else Reading(parsed=False)
        self._problems += [*reading.problems, *reading.unpaired]
        self._check_count(reading)
        for mention in reading.mentions:
            self._admit_file(mention)
        track = self._music(reading.manifest) if reading.manifest else None
        self._check_facts(reading)
        film = _merged(self._settings.film, reading.manifest)
        pages = self._pages(reading.pages, film) if not self._problems else ()
        self._check_length(pages)
        if self._problems or reading.manifest is None:
            raise StoryError(_in_order(self._problems))
        told = reading.manifest
        seed = _seed(data or b"", self._inputs)
        track = self._random_track(told, seed) if track is None else track
        inputs = tuple(self._inputs.values())
        return Story(told.title or name, told.author, told.language, pages, track, film, seed, inputs)

    def _manifest_bytes(self) -> bytes | None:
        name = self._settings.watch.manifest
        try:
            return self._folder.read(name, manifest.LARGEST_MANIFEST)
        except Refused as refused:
            example = 'Add one: {"pages": [{"image": "01.png", "audio": "01.mp3"}]}.'
            mend = example if refused.what == MISSING else refused.mend
            self._problems.append(Problem("manifest", refused.what, mend, name))
            return None

    def _check_count(self, reading: Reading) -> None:
        most = self._settings.limits.pages
        if len(reading.pages) > most:
            what = f"{len(reading.pages)} pages are more than {most}"
            self._problems.append(Problem("pages", what, "Make two stories of it, or raise limits.pages."))

    def _admit_file(self, mention: Mention) -> None:
        """Copy, check and count one file that a page names, once however many pages name it."""
        known = self._pictures if mention.kind == "picture" else self._narrations
        refused = self._refused.get((mention.kind, mention.file))
        if mention.file not in known and refused is None:
            try:
                copy = self._copy(mention.file, mention.kind)
                if mention.kind == "picture":
                    self._pictures[mention.file] = self._picture(copy)
                else:
                    self._narrations[mention.file] = self._narration(copy)
            except (Refused, UnreadableMedia) as error:
                refused = self._refused[mention.kind, mention.file] = error
        if refused:
            self._problems.append(Problem(mention.where, f"the {mention.kind} is {refused.what}", refused.mend, mention.file))

    def _copy(self, file: str, kind: Kind) -> Path:
        self._copies += 1
        target = self._scratch / f"{kind}-{self._copies:04d}"
        self._inputs[file] = self._folder.copy(file, target)
        return target

    def _picture(self, copy: Path) -> _Picture:
        limits = self._settings.limits
        with copy.open("rb") as file, open_picture(file, limits.picture_megapixels, "#000000") as picture:
            return _Picture(copy, picture.width, picture.height)

    def _narration(self, copy: Path) -> Narration:
        most = self._settings.limits.film_minutes * 60 * SAMPLE_RATE
        with copy.open("rb") as file:
            return Narration(copy, count_samples(file, SAMPLE_RATE, most))

    def _check_facts(self, reading: Reading) -> None:
        """Whatever the manifest declares of a file must be so."""
        for file, facts in reading.facts.items():
            actual = self._inputs.get(file) or self._declared_only(file)
            if actual is None:
                continue
            if facts.size not in (None, actual.size):
                what = f"{actual.size} bytes and not the declared {facts.size}"
                self._problems.append(Problem("files", what, "Copy the file again.", file))
            elif facts.sha256 and facts.sha256.lower() != actual.sha256:
                self._problems.append(Problem("files", "its SHA-256 is not the declared one", "Copy the file again.", file))

    def _declared_only(self, file: str) -> Input | None:
        """The facts of a file that no page names."""
        if any(problem.file == file for problem in self._problems):
            return None
        target = self._scratch / "declared"
        try:
            return self._folder.copy(file, target)
        except Refused as refused:
            self._problems.append(Problem("files", refused.what, refused.mend, file))
            return None
        finally:
            target.unlink(missing_ok=True)

    def _pages(self, entries: tuple[PageEntry, ...], film: FilmSettings) -> tuple[Page, ...]:
        return tuple(self._page(entry, round(film.gap_seconds * SAMPLE_RATE)) for entry in entries)

    def _page(self, entry: PageEntry, gap: int) -> Page:
        picture = self._pictures[entry.image]
        narration = self._narrations[entry.audio] if entry.audio else None
        rest = gap if narration else round((entry.duration or 0) * SAMPLE_RATE)
        return Page(picture.path, picture.width, picture.height, rest, narration, entry.text.strip())

    def _check_length(self, pages: tuple[Page, ...]) -> None:
        minutes = sum(page.samples for page in pages) / SAMPLE_RATE / 60
        if minutes > self._settings.limits.film_minutes:
            what = f"{minutes:.0f} minutes are more than {self._settings.limits.film_minutes}"
            self._problems.append(Problem("pages", what, "Make two stories of it, or raise limits.film_minutes."))

    def _music(self, told: Manifest) -> Track | None:
        """The track that the manifest names; None where it is left to chance, or where there is none."""
        if not isinstance(told.music, str):
            self._check_mood(told)
            return None
        tracks = {track.name: track for track in self._library()}
        if self._folder.has(told.music):
            return self._own_track(told.music)
        if told.music not in tracks:
            mend = nearest(told.music, [*tracks])
            self._problems.append(Problem("music", "neither in the story's folder nor in the library", mend, told.music))
        return tracks.get(told.music)

    def _own_track(self, file: str) -> Track | None:
        try:
            copy = self._copy(file, "sound")
            self._narration(copy)
            return Track(file, copy)
        except (Refused, UnreadableMedia) as refused:
            self._problems.append(Problem("music", refused.what, refused.mend, file))
            return None

    def _check_mood(self, told: Manifest) -> None:
        if isinstance(told.music, Mood) and told.music.mood not in (known := music_library.moods(self._library())):
            what = f'the library has no mood "{told.music.mood}"'
            self._problems.append(Problem("music.mood", what, nearest(told.music.mood, known)))

    def _random_track(self, told: Manifest, seed: int) -> Track | None:
        if told.music is False:
            return None
        tracks = self._library()
        return music_library.choose(
            music_library.of_mood(tracks, told.music.mood) if isinstance(told.music, Mood) else tracks, seed
        )

    def _library(self) -> tuple[Track, ...]:
        return music_library.library(self._settings.music.library)


def _merged(film: FilmSettings, told: Manifest | None) -> FilmSettings:
    """The service's settings with what the story chose for itself."""
    return film.model_copy(update=told.film.model_dump(exclude_none=True)) if told else film


def _seed(manifest_bytes: bytes, inputs: dict[str, Input]) -> int:
    """A story's identity as a number: the same words, pictures and sounds give the same choices."""
    digest = hashlib.sha256(manifest_bytes)
    for file in sorted(inputs):
        digest.update(bytes.fromhex(inputs[file].sha256))
    return int.from_bytes(digest.digest()[:8], "big")


def _in_order(problems: list[Problem]) -> list[Problem]:
    """The manifest's own problems first, then those of the pages in their order."""

    def rank(problem: Problem) -> tuple[int, int]:
        words = problem.where.replace(",", " ").split()
        is_page = len(words) > 1 and words[0] == "page" and words[1].isdigit()
        return (1, int(words[1])) if is_page else (0 if words[:1] == ["manifest"] else 2, 0)

    return sorted(problems, key=rank)

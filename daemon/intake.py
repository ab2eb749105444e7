"""The trust boundary: an untrusted folder in, a Story of private, checked and hashed copies out.

Every file that the manifest names is copied under a name of ours and looked at from that copy: what is checked here is what the
film is made of, even if somebody still writes into the folder. One look finds every problem of a story, not only the first.
Only the decoding of pictures, which is dear, is left to the writer of the film; when one fails there, or anything else is
wrong, all of them are decoded, so that the list is whole (`picture_problems`).
"""

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from daemon import manifest
from daemon.config import Card, FilmSettings, Limits, Settings
from daemon.errors import Problem, StoryError
from daemon.film import music as music_library
from daemon.film.lettering import Typeface, can_shape, needs_shaping
from daemon.film.loudness import LoudnessMeter, Powers
from daemon.folder import MIB, MISSING, Refused, UntrustedFolder
from daemon.manifest import FilmChoices, Kind, Manifest, Mention, Mood, PageEntry, Reading
from daemon.media import UnreadableMedia, sound_blocks
from daemon.picture import open_picture, picture_size
from daemon.story import SAMPLE_RATE, Input, Narration, Page, Story, Track
from daemon.validation import nearest

THE_END = "The End"
FAINT_DB = -17.5
"""Music that lies this much lower than it was recorded under a narration adds less than 0.5 dB to it: even a track as loud as
-8 LUFS, which is about the loudest that there are, is then 9.5 dB below -16 LUFS.
"""
LETTERS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Picture:
    told: Input
    path: Path
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Sound:
    told: Input
    narration: Narration


_Admitted = _Picture | _Sound
_Faulty = Refused | UnreadableMedia


def intake(source: Path, scratch: Path, name: str, settings: Settings, not_again: str = "") -> Story:
    """Check the folder `source` and copy what it names into the empty folder `scratch`.

    `name` becomes the title where the manifest has none; `not_again` is the track of the film before. Raises StoryError with
    every problem of the story, OSError when the machine is at fault. That all pictures decode is not checked where nothing else
    is wrong: see `picture_problems`.
    """
    with UntrustedFolder(source, settings.limits.file_mib * MIB) as folder:
        return _Desk(folder, scratch, settings, not_again).admit(name)


def picture_problems(story: Story, limits: Limits) -> list[Problem]:
    """Every page of an admitted story whose picture does not decode."""
    faults = _decode({page.image for page in story.pages}, limits)
    return [
        _problem(f"page {page.number}", "picture", page.file, faults[page.image])
        for page in story.pages
        if page.image in faults and not page.card
    ]


def _decode(pictures: Iterable[Path], limits: Limits) -> dict[Path, UnreadableMedia]:
    """What is wrong with those of the pictures that do not decode."""
    faults = {}
    for path in pictures:
        try:
            with path.open("rb") as file:
                open_picture(file, limits.picture_megapixels, "#000000", largest=(256, 256)).close()  # only decoding matters
        except UnreadableMedia as fault:
            faults[path] = fault
    return faults


def _problem(where: str, kind: Kind, file: str, fault: _Faulty) -> Problem:
    return Problem(where, f"the {kind} is {fault.what}", fault.mend, file)


class _Desk:
    """One folder being checked: what was admitted so far, and every problem found."""

    def __init__(self, folder: UntrustedFolder, scratch: Path, settings: Settings, not_again: str) -> None:
        self._folder = folder
        self._scratch = scratch
        self._settings = settings
        self._not_again = not_again
        self._problems: list[Problem] = []
        self._numbers = itertools.count(1)
        self._inputs: dict[str, Input] = {}
        self._pictures: dict[str, _Picture] = {}
        self._narrations: dict[str, Narration] = {}

    def admit(self, name: str) -> Story:
        data = self._manifest_bytes()
        reading = manifest.read(data, self._folder.names()) if data is not None else Reading(parsed=False)
        self._problems += [*reading.problems, *reading.unpaired]
        self._check_count(reading)
        self._admit_files(reading.mentions)
        track = self._music(reading.manifest) if reading.manifest else None
        self._check_facts(reading)
        film = _merged(self._settings.film, reading.manifest)
        self._check_poster(reading)
        self._check_letters(film, reading, name)
        pages = self._pages(reading, film, name) if not self._problems else ()
        self._check_length(pages)
        if self._problems or reading.manifest is None:
            self._check_decoding(reading.mentions)
            raise StoryError(_in_order(self._problems))
        told = reading.manifest
        seed = _seed(data or b"", self._inputs)
        track = self._random_track(told, seed) if track is None else track
        if track and track.powers is None and self._is_music_heard(pages):
            track = _measured_track(track)
        inputs = tuple(self._inputs.values())
        return Story(told.title or name, told.author, told.comment, told.language, pages, track, film, seed, inputs)

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

    def _admit_files(self, mentions: Sequence[Mention]) -> None:
        """Copy and check every file that pages name, on all cores, each once however many pages name it."""
        files = list(dict.fromkeys((mention.kind, mention.file) for mention in mentions))
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = dict(zip(files, pool.map(self._admitted, files), strict=True))
        for (_, file), result in results.items():
            if isinstance(result, _Picture):
                self._pictures[file], self._inputs[file] = result, result.told
            elif isinstance(result, _Sound):
                self._narrations[file], self._inputs[file] = result.narration, result.told
        for mention in mentions:
            result = results[mention.kind, mention.file]
            if isinstance(result, _Faulty):
                self._problems.append(_problem(mention.where, mention.kind, mention.file, result))

    def _admitted(self, named: tuple[Kind, str]) -> _Admitted | _Faulty:
        """Copy and check one file; what is wrong with it is a result, for other files are checked all the same."""
        kind, file = named
        try:
            return self._picture(file) if kind == "picture" else self._sound(file)
        except (Refused, UnreadableMedia) as fault:
            return fault

    def _picture(self, file: str) -> _Picture:
        told, path = self._copied(file)
        with path.open("rb") as copy:
            return _Picture(told, path, *picture_size(copy, self._settings.limits.picture_megapixels))

    def _sound(self, file: str) -> _Sound:
        told, path = self._copied(file)
        most = self._settings.limits.film_minutes * 60 * SAMPLE_RATE
        return _Sound(told, Narration(path, *measured(path, most)))

    def _copied(self, file: str) -> tuple[Input, Path]:
        target = self._scratch / f"{next(self._numbers):06d}"
        return self._folder.copy(file, target), target

    def _check_decoding(self, mentions: Sequence[Mention]) -> None:
        """Something is wrong already: find the pictures that do not decode, too, so that all is mended at once."""
        faults = _decode({picture.path for picture in self._pictures.values()}, self._settings.limits)
        for mention in mentions:
            picture = self._pictures.get(mention.file) if mention.kind == "picture" else None
            if picture and picture.path in faults:
                self._problems.append(_problem(mention.where, mention.kind, mention.file, faults[picture.path]))

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

    def _check_poster(self, reading: Reading) -> None:
        told = reading.manifest.film.poster_page if reading.manifest else None
        if told and told > len(reading.pages):
            what = f"page {told} of {len(reading.pages)}"
            self._problems.append(Problem("film.poster_page", what, "Name a page that there is."))

    def _check_letters(self, film: FilmSettings, reading: Reading, name: str) -> None:
        """What is drawn into pictures must be in the font: a box instead of a letter is no caption."""
        if reading.manifest is None:
            return
        texts = {f"{card.where}": card.text for card in _cards(film, reading.manifest, name)}
        if film.captions == "burned":
            texts |= {f"page {number}, text": entry.text for number, entry in enumerate(reading.pages, 1)}
        self._problems += letter_problems(texts, Typeface(Path(film.font) if film.font else None))

    def _pages(self, reading: Reading, film: FilmSettings, name: str) -> tuple[Page, ...]:
        assert reading.manifest, "a manifest with problems makes no pages"
        gap = round(film.gap_seconds * SAMPLE_RATE)
        pages = [self._page(number, entry, gap, film) for number, entry in enumerate(reading.pages, 1)]
        for card in _cards(film, reading.manifest, name):
            beside = pages[0 if card.is_first else -1]
            page = dataclasses.replace(
                beside,
                number=0,
                rest=round(card.card.seconds * SAMPLE_RATE),
                narration=None,
                text=card.text,
                title="",
                chapter="",
                motion="none",
                card=card.card,
            )
            pages.insert(0 if card.is_first else len(pages), page)
        return tuple(pages)

    def _page(self, number: int, entry: PageEntry, gap: int, film: FilmSettings) -> Page:
        picture = self._pictures[entry.image]
        narration = self._narrations[entry.audio] if entry.audio else None
        return Page(
            number=number,
            file=entry.image,
            image=picture.path,
            width=picture.width,
            height=picture.height,
            rest=gap if narration else round((entry.duration or 0) * SAMPLE_RATE),
            narration=narration,
            text=entry.text.strip(),
            title=entry.title,
            chapter=entry.chapter,
            motion=entry.motion or film.motion,
            focus=entry.focus or film.focus,
        )

    def _is_music_heard(self, pages: Sequence[Page]) -> bool:
        """Whether the music counts in how loud the film is: it is measured only then, for all of it must be decoded."""
        music = self._settings.music
        return music.volume_db + music.duck_db > FAINT_DB or not all(page.narration or page.card for page in pages)

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
        result = self._admitted(("sound", file))
        if isinstance(result, _Sound):
            self._inputs[file] = result.told
            return Track(file, result.narration.path, result.narration.powers)
        if isinstance(result, _Faulty):
            self._problems.append(Problem("music", f"the track is {result.what}", result.mend, file))
        return None

    def _check_mood(self, told: Manifest) -> None:
        if isinstance(told.music, Mood) and told.music.mood not in (known := music_library.moods(self._library())):
            what = f'the library has no mood "{told.music.mood}"'
            self._problems.append(Problem("music.mood", what, nearest(told.music.mood, known)))

    def _random_track(self, told: Manifest, seed: int) -> Track | None:
        if told.music is False:
            return None
        tracks = self._library()
        if isinstance(told.music, Mood):
            tracks = tuple(music_library.of_mood(tracks, told.music.mood))
        return music_library.choose(tracks, seed, self._not_again)

    def _library(self) -> tuple[Track, ...]:
        return music_library.library(self._settings.music.library)


@dataclass(frozen=True, slots=True)
class _CardPlan:
    """A card that a film gets, with its words."""

    where: str
    card: Card
    text: str
    is_first: bool


def _cards(film: FilmSettings, told: Manifest, name: str) -> list[_CardPlan]:
    """The cards of a film; without words of its own, the first shows the title and the author."""
    cards = []
    if film.title_card:
        text = film.title_card.text or "\n".join(filter(None, [told.title or name, told.author]))
        cards.append(_CardPlan("film.title_card", film.title_card, text, is_first=True))
    if film.end_card:
        cards.append(_CardPlan("film.end_card", film.end_card, film.end_card.text or THE_END, is_first=False))
    return cards


def letter_problems(texts: Mapping[str, str], face: Typeface) -> list[Problem]:
    """Every text, by its place, that cannot be drawn in a font."""
    problems = []
    for where, text in texts.items():
        if missing := face.missing(text):
            what = f"the font has no letters {' '.join(missing[:LETTERS_SHOWN])}"
            problems.append(Problem(where, what, "Name a font that has them: font under [film] in config.toml."))
        elif needs_shaping(text) and not can_shape():
            what = "its script needs FriBiDi to be set right, which is not there"
            problems.append(Problem(where, what, "Install it on the machine (Debian: libfribidi0)."))
    return problems


def measured(path: Path, most: int | None = None) -> tuple[int, Powers]:
    """How many samples a sound has, and its powers, by decoding all of it, or until there are more than `most`.

    Raises UnreadableMedia when it is not sound that can be decoded to its end, has no samples, or is too long.
    """
    samples, meter = 0, LoudnessMeter()
    with path.open("rb") as file:
        for block in sound_blocks(file, SAMPLE_RATE):
            samples += block.shape[1]
            if most is not None and samples > most:
                raise UnreadableMedia(
                    f"longer than {most / SAMPLE_RATE / 60:g} minutes", "Cut it, or raise limits.film_minutes."
                )
            meter.add(block)
    return samples, meter.powers()


def _measured_track(track: Track) -> Track:
    """A track with its powers. One that does not decode stays as it is: whoever plays it says so, and may try another time."""
    try:
        return dataclasses.replace(track, powers=measured(track.path)[1])
    except UnreadableMedia:
        return track


def _merged(film: FilmSettings, told: Manifest | None) -> FilmSettings:
    """The service's settings with what the story chose for itself."""
    chosen = told.film if told else FilmChoices()
    own = {key: value for key in FilmChoices.model_fields if (value := getattr(chosen, key)) is not None}
    return film.model_copy(update=own)


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

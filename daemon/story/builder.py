"""Building a story from its manifest and the admitted files: pages, cards, and music."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from daemon.config import FilmSettings, Music, Settings
from daemon.errors import Problem, UnreadableMedia
from daemon.log import Event, logger
from daemon.media.library import Track, choose, library, moods, of_mood
from daemon.media.samples import SAMPLE_RATE
from daemon.media.sounds import sound_blocks
from daemon.media.typeface import open_typeface
from daemon.options import Card
from daemon.story import checks
from daemon.story.admission import Admission, measured, measured_sound
from daemon.story.manifest import Manifest, Mood, PageEntry
from daemon.story.model import Page, Story
from daemon.validation import nearest

THE_END = "The End"
FAINT_DB = -17.5
"""Music that is lowered to this gain adds less than 0.5 dB to a narration. Even a track of -8 LUFS,
about the loudest that exist, is then 9.5 dB below a narration of -16 LUFS."""

SHORTEST_TRACK = SAMPLE_RATE // 10


class StoryBuilder:
    """Builds a story from a manifest that obeys the model, and from the admitted files."""

    def __init__(
        self,
        manifest: Manifest,
        entries: Sequence[PageEntry],
        admission: Admission,
        name: str,
        settings: Settings,
    ) -> None:
        self._manifest = manifest
        self._entries = entries
        self._admission = admission
        # A folder's name may not be UTF-8: other bytes become question marks.
        self._title = manifest.title or name.encode(errors="replace").decode()
        self._music = settings.music
        self._film = manifest.film_settings(settings.film)
        self._cards = planned_cards(self._film, self._title, manifest.author)
        self._library = library(settings.music.library)

    def problems(self) -> list[Problem]:
        """What is wrong with the story as a whole, even when each file is right."""
        poster_page = self._manifest.own_film_keys().get("poster_page")
        return [
            *self.music_problems(),
            *checks.poster_problems(poster_page, len(self._entries)),
            *checks.letter_problems(self.drawn_texts(), open_typeface(self._film.font)),
        ]

    def story(self, seed: int, not_again: str) -> Story:
        """The story, once `problems` finds none. `seed` decides what is left to chance."""
        pages = self.pages()
        heard = is_heard(self._music, pages)
        track = self.track(seed, not_again, heard)
        if track and track.powers is None and heard:
            track = with_powers(track)
        return Story(
            title=self._title,
            author=self._manifest.author,
            comment=self._manifest.comment,
            language=self._manifest.language,
            pages=pages,
            music=track,
            film=self._film,
            seed=seed,
            inputs=tuple(self._admission.inputs.values()),
        )

    # ---- pages -----------------------------------------------------------------------------------

    def pages(self) -> tuple[Page, ...]:
        """The story's pages with the cards before and after them."""
        pages = [self.page(number, entry) for number, entry in enumerate(self._entries, 1)]
        for card in self._cards:
            if card.is_first:
                pages.insert(0, card.page(pages[0]))
            else:
                pages.append(card.page(pages[-1]))
        return tuple(pages)

    def page(self, number: int, entry: PageEntry) -> Page:
        """The page that an entry describes, with the film's choices where it makes none."""
        picture = self._admission.pictures[entry.image]
        narration = None
        rest_seconds = entry.duration or 0.0
        if entry.audio:
            narration = self._admission.sounds[entry.audio].narration
            rest_seconds = self._film.gap_seconds
        return Page(
            number=number,
            file=entry.image,
            image=picture.path,
            width=picture.width,
            height=picture.height,
            rest=round(rest_seconds * SAMPLE_RATE),
            narration=narration,
            text=entry.text.strip(),
            title=entry.title,
            chapter=entry.chapter,
            motion=entry.motion or self._film.motion,
            focus=entry.focus or self._film.focus,
        )

    def drawn_texts(self) -> dict[str, str]:
        """The words that are drawn into pictures, by their places."""
        texts = {card.where: card.text for card in self._cards}
        if self._film.captions == "burned":
            for number, entry in enumerate(self._entries, 1):
                texts[f"page {number}, text"] = entry.text
        return texts

    # ---- music -----------------------------------------------------------------------------------

    def music_problems(self) -> list[Problem]:
        """What is wrong with the music that the manifest asks for."""
        wanted = self._manifest.music
        if isinstance(wanted, Mood):
            known = moods(self._library)
            if wanted.mood in known:
                return []
            what = f'the library has no mood "{wanted.mood}"'
            return [Problem("music.mood", what, nearest(wanted.mood, known))]
        if not isinstance(wanted, str) or wanted in self._admission.tracks:
            return []
        if fault := self._admission.track_faults.get(wanted):
            return [Problem("music", f"the track is {fault.what}", fault.mend, wanted)]
        names = [track.name for track in self._library]
        if wanted in names:
            return []
        what = "neither in the story's folder nor in the library"
        if near := self._admission.near_track:
            names.insert(0, near)
        return [Problem("music", what, nearest(wanted, names), wanted)]

    def track(self, seed: int, not_again: str, heard: bool) -> Track | None:
        """The track that the manifest names, or one chosen by the seed; None for no music.

        `heard`: the track is going to be measured.
        """
        wanted = self._manifest.music
        if wanted is False:
            return None
        if isinstance(wanted, str):
            by_name = {track.name: track for track in self._library} | self._admission.tracks
            return by_name[wanted]
        if isinstance(wanted, Mood):
            return usable(of_mood(self._library, wanted.mood), seed, not_again, heard)
        return usable(self._library, seed, not_again, heard)


def usable(tracks: Sequence[Track], seed: int, not_again: str, heard: bool) -> Track | None:
    """A track chosen by the seed; in place of one that cannot be used, another one is chosen.

    A file that went wrong in the library is not the fault of the stories that meet it. It is
    reported once, by whoever asks for `unusable`, and not by each film.
    """
    left = list(tracks)
    while track := choose(left, seed, not_again):
        try:
            return checked(track, heard)
        except (UnreadableMedia, PermissionError) as fault:
            logger().debug(Event.MUSIC_UNUSABLE, track=track.name, reason=str(fault))
        left.remove(track)
    return None


def unusable(tracks: Iterable[Track]) -> Iterator[tuple[str, str]]:
    """The names of tracks that cannot be used, and why."""
    for track in tracks:
        try:
            checked(track, heard=False)
        except (UnreadableMedia, OSError) as fault:
            yield track.name, str(fault)


def checked(track: Track, heard: bool) -> Track:
    """The track, with its powers if it is heard: then all of it is decoded, else its beginning.

    Raises UnreadableMedia when it does not decode, or is so short that it would be opened again
    thousands of times for a film; and the machine's OSError.
    """
    with track.path.open("rb") as file:
        if heard:
            samples, powers = measured_sound(file)
            track = dataclasses.replace(track, powers=powers)
        else:
            samples = next(sound_blocks(file, SAMPLE_RATE)).shape[1]
    if samples < SHORTEST_TRACK:
        raise UnreadableMedia("shorter than a tenth of a second", "Remove it from the library.")
    return track


def is_heard(music: Music, pages: Sequence[Page]) -> bool:
    """Whether the music adds to the film's loudness.

    Only then is it measured, because measuring means decoding all of it.
    """
    is_alone = not all(page.narration or page.card for page in pages)
    return is_alone or music.volume_db + music.duck_db > FAINT_DB


def with_powers(track: Track) -> Track:
    """The track with its powers. One that does not decode stays as it is; the mix reports it."""
    try:
        _, powers = measured(track.path)
    except UnreadableMedia:
        return track
    return dataclasses.replace(track, powers=powers)


# ---- cards ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedCard:
    """A card that a film gets, with its words, and the key that asks for it."""

    where: str
    card: Card
    text: str
    is_first: bool

    def page(self, neighbour: Page) -> Page:
        """The card as a page: over its neighbour's picture, for the card's own time."""
        return dataclasses.replace(
            neighbour,
            number=0,
            rest=round(self.card.seconds * SAMPLE_RATE),
            narration=None,
            text=self.text,
            title="",
            chapter="",
            motion="none",
            card=self.card,
        )


def planned_cards(film: FilmSettings, title: str, author: str) -> list[PlannedCard]:
    """The cards of a film; a title card without text shows the title and the author."""
    cards = []
    if film.title_card:
        text = film.title_card.text or "\n".join(filter(None, [title, author]))
        cards.append(PlannedCard("film.title_card", film.title_card, text, is_first=True))
    if film.end_card:
        text = film.end_card.text or THE_END
        cards.append(PlannedCard("film.end_card", film.end_card, text, is_first=False))
    return cards

"""What a manifest makes of the files that came in: pages, cards, and the music under them."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from daemon.config import FilmSettings, Music, Settings
from daemon.errors import Problem, UnreadableMedia
from daemon.media.library import Track, choose, library, moods, of_mood
from daemon.media.samples import SAMPLE_RATE
from daemon.media.typeface import open_typeface
from daemon.options import Card
from daemon.story import checks
from daemon.story.admission import Admission, measured
from daemon.story.manifest import Manifest, Mood, PageEntry
from daemon.story.model import Page, Story
from daemon.validation import nearest

THE_END = "The End"
FAINT_DB = -17.5
"""Music that is lowered this much under a narration adds less than 0.5 dB to it: even a track of -8
LUFS, which is about the loudest that there are, is then 9.5 dB below -16 LUFS."""


class Cast:
    """Makes a story of a manifest that obeys the model, and of the files that came in for it."""

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
        self._title = manifest.title or name
        self._music = settings.music
        self._film = manifest.film_settings(settings.film)
        self._cards = _cards(self._film, self._title, manifest.author)
        self._library = library(settings.music.library)

    def problems(self) -> list[Problem]:
        """What is wrong with the story itself, when all its files may be right."""
        poster_page = self._manifest.own_film_keys().get("poster_page")
        return [
            *self._music_problems(),
            *checks.poster_problems(poster_page, len(self._entries)),
            *checks.letter_problems(self._drawn_texts(), open_typeface(self._film.font)),
        ]

    def story(self, seed: int, not_again: str) -> Story:
        """The story; nothing must be wrong with it. `seed` decides what is left to chance."""
        pages = self._pages()
        track = self._track(seed, not_again)
        if track and track.powers is None and _is_heard(self._music, pages):
            track = _measured(track)
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

    # ---- pages --------------------------------------------------------------------------------------

    def _pages(self) -> tuple[Page, ...]:
        pages = [self._page(number, entry) for number, entry in enumerate(self._entries, 1)]
        for card in self._cards:
            neighbour = pages[0] if card.is_first else pages[-1]
            pages.insert(0 if card.is_first else len(pages), _card_page(card, neighbour))
        return tuple(pages)

    def _page(self, number: int, entry: PageEntry) -> Page:
        picture = self._admission.pictures[entry.image]
        narration = self._admission.sounds[entry.audio].narration if entry.audio else None
        rest_seconds = self._film.gap_seconds if narration else entry.duration or 0
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

    def _drawn_texts(self) -> dict[str, str]:
        """The words that are drawn into pictures, by their places."""
        texts = {card.where: card.text for card in self._cards}
        if self._film.captions == "burned":
            entries = enumerate(self._entries, 1)
            texts |= {f"page {number}, text": entry.text for number, entry in entries}
        return texts

    # ---- music --------------------------------------------------------------------------------------

    def _music_problems(self) -> list[Problem]:
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
        return [Problem("music", what, nearest(wanted, names), wanted)]

    def _track(self, seed: int, not_again: str) -> Track | None:
        """The track that the manifest names, or one chosen by the seed; None for no music."""
        wanted = self._manifest.music
        if wanted is False:
            return None
        if isinstance(wanted, str):
            named = [track for track in self._library if track.name == wanted]
            return self._admission.tracks.get(wanted) or named[0]
        tracks: Iterable[Track] = self._library
        if isinstance(wanted, Mood):
            tracks = of_mood(self._library, wanted.mood)
        return choose(list(tracks), seed, not_again)


def _is_heard(music: Music, pages: Sequence[Page]) -> bool:
    """Whether the music counts in how loud the film is.

    It is measured only then, because measuring means decoding all of it.
    """
    is_alone = not all(page.narration or page.card for page in pages)
    return is_alone or music.volume_db + music.duck_db > FAINT_DB


def _measured(track: Track) -> Track:
    """A track with its powers. One that does not decode stays as it is; the mix reports it."""
    try:
        _, powers = measured(track.path)
    except UnreadableMedia:
        return track
    return dataclasses.replace(track, powers=powers)


# ---- cards ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _CardPlan:
    """A card that a film gets, with its words."""

    where: str
    card: Card
    text: str
    is_first: bool


def _cards(film: FilmSettings, title: str, author: str) -> list[_CardPlan]:
    """The cards of a film; without words of its own, the first shows the title and the author."""
    cards = []
    if film.title_card:
        text = film.title_card.text or "\n".join(filter(None, [title, author]))
        cards.append(_CardPlan("film.title_card", film.title_card, text, is_first=True))
    if film.end_card:
        text = film.end_card.text or THE_END
        cards.append(_CardPlan("film.end_card", film.end_card, text, is_first=False))
    return cards


def _card_page(plan: _CardPlan, neighbour: Page) -> Page:
    """A card as a page: over the picture of its neighbour, for the card's own time."""
    return dataclasses.replace(
        neighbour,
        number=0,
        rest=round(plan.card.seconds * SAMPLE_RATE),
        narration=None,
        text=plan.text,
        title="",
        chapter="",
        motion="none",
        card=plan.card,
    )

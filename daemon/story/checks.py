"""What can be wrong with a story, each as Problems: where, what, and how to mend it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import IO

from daemon.config import Limits
from daemon.errors import Problem, Refused, UnreadableMedia
from daemon.media.letters import needs_shaping
from daemon.media.pictures import open_picture
from daemon.media.samples import SAMPLE_RATE
from daemon.media.typeface import Typeface, can_shape
from daemon.story.admission import Admission, Fault
from daemon.story.model import Input, Page, Story
from daemon.story.reading import Declared, MediaKind, Mention, Reading

LETTERS_SHOWN = 20
TRIAL_SIZE = (256, 256)
"""Pixels to which a trial reduces a picture: only whether it decodes matters."""


def count_problems(reading: Reading, limits: Limits) -> list[Problem]:
    """More pages than allowed."""
    count = len(reading.pages)
    if count <= limits.pages:
        return []
    mend = "Make two stories of it, or raise limits.pages."
    return [Problem("pages", f"{count} pages are more than {limits.pages}", mend)]


def length_problems(pages: Sequence[Page], limits: Limits) -> list[Problem]:
    """A longer film than allowed."""
    minutes = sum(page.samples for page in pages) / SAMPLE_RATE / 60
    if minutes <= limits.film_minutes:
        return []
    what = f"{minutes:.0f} minutes are more than {limits.film_minutes}"
    return [Problem("pages", what, "Make two stories of it, or raise limits.film_minutes.")]


def poster_problems(poster_page: int | None, pages: int) -> list[Problem]:
    """A poster of a page that the story does not have; `poster_page` is what its manifest says."""
    if not poster_page or poster_page <= pages:
        return []
    what = f"page {poster_page} of {pages}"
    return [Problem("film.poster_page", what, "Name a page that there is.")]


# ---- files ---------------------------------------------------------------------------------------


def file_problems(mentions: Iterable[Mention], admission: Admission) -> list[Problem]:
    """Every place that names a file which was not let in."""
    return [
        file_problem(mention.where, mention.kind, mention.file, fault)
        for mention in mentions
        if (fault := admission.faults.get((mention.kind, mention.file)))
    ]


def file_problem(where: str, kind: MediaKind, file: str, fault: Fault) -> Problem:
    """The fault of a file, at a place that names it."""
    return Problem(where, f"the {kind} is {fault.what}", fault.mend, file)


def differences(facts: Mapping[str, Declared], admission: Admission) -> list[Problem]:
    """Every file that is there and is not what the manifest, or its own header, says of it.

    A file that cannot be used may be one of them, when it could be read.
    """
    found = admission.found
    differing = {
        file: Problem("files", what, "Copy the file again.", file)
        for file, declared in facts.items()
        if file in found and (what := difference(declared, found[file]))
    }
    cut = [
        cut_short(file, missing)
        for file, missing in admission.cut.items()
        if file not in differing and not is_declared(facts.get(file))
    ]
    return [*differing.values(), *cut]


def is_declared(declared: Declared | None) -> bool:
    """Whether the manifest says of a file how it must be. Then its header does not count."""
    return declared is not None and (declared.size is not None or bool(declared.sha256))


def cut_short(file: str, missing: int) -> Problem:
    """A sound that ends before its own header says so: its copy may not have ended yet."""
    mend = "Copy it again; if it is whole, export it again, or declare its size under files."
    return Problem("files", f"it ends {missing} bytes before its end", mend, file)


def declared_problems(facts: Mapping[str, Declared], admission: Admission) -> list[Problem]:
    """Every declared file that cannot be read, and that no page names; the others are read."""
    faulty = {*admission.track_faults, *(file for _, file in admission.faults)}
    problems = []
    for file in facts:
        if file in faulty:
            continue
        try:
            admission.hashed(file)
        except Refused as refused:
            problems.append(Problem("files", refused.what, refused.mend, file))
    return problems


def difference(declared: Declared, actual: Input) -> str:
    """In which way a file is not as declared; empty where it is."""
    if declared.size not in (None, actual.size):
        return f"{actual.size} bytes and not the declared {declared.size}"
    if declared.sha256 and declared.sha256 != actual.sha256:
        return "its SHA-256 is not the declared one"
    return ""


# ---- pictures ------------------------------------------------------------------------------------


def picture_problems(story: Story, limits: Limits) -> list[Problem]:
    """Every page of an admitted story whose picture does not decode."""
    faults = {}
    for path in {page.image for page in story.pages}:
        try:
            with path.open("rb") as file:
                try_decoding(file, limits)
        except UnreadableMedia as fault:
            faults[path] = fault
    return [
        file_problem(f"page {page.number}", "picture", page.file, faults[page.image])
        for page in story.pages
        if page.image in faults and not page.card
    ]


def undecodable(mentions: Iterable[Mention], admission: Admission, limits: Limits) -> list[Problem]:
    """The same for a story that does not become a film now.

    Something else is wrong with it, or it is only inspected.
    """
    faults: dict[str, Fault] = {}
    for name, picture in admission.pictures.items():
        try:
            with admission.opened(name, picture.path) as file:
                try_decoding(file, limits)
        except (Refused, UnreadableMedia) as fault:
            faults[name] = fault
    return [
        file_problem(mention.where, "picture", mention.file, faults[mention.file])
        for mention in mentions
        if mention.kind == "picture" and mention.file in faults
    ]


def try_decoding(picture: IO[bytes], limits: Limits) -> None:
    """Decode a picture, and nothing more. Raises UnreadableMedia when it does not decode."""
    open_picture(picture, limits.picture_megapixels, "#000000", TRIAL_SIZE).close()


# ---- words ---------------------------------------------------------------------------------------


def letter_problems(texts: Mapping[str, str], face: Typeface) -> list[Problem]:
    """Every text that cannot be drawn; `texts` are by their places.

    A box instead of a letter is not a caption.
    """
    problems = []
    for where, text in texts.items():
        if missing := face.missing(text):
            what = f"the font has no letters {' '.join(missing[:LETTERS_SHOWN])}"
            mend = "Name a font that has them: font under [film] in config.toml."
            problems.append(Problem(where, what, mend))
        elif needs_shaping(text) and not can_shape():
            what = "its script needs FriBiDi, which is not there"
            mend = "Install it on the machine (Debian: libfribidi0)."
            problems.append(Problem(where, what, mend))
    return problems

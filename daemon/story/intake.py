"""The trust boundary: an untrusted folder in, a Story of private, checked and hashed copies out.

Every file that the manifest names is copied under a name of ours and checked in that copy: what was
checked is what the film is made of, even if somebody still writes into the folder. One pass finds
every problem of a story, not only the first. Only decoding the pictures, which is expensive, is
left to the renderer; when one fails there, or anything else is wrong, all of them are decoded, so
that the list is complete (`checks.picture_problems`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Settings
from daemon.errors import Problem, Refused, StoryError
from daemon.story import checks
from daemon.story.admission import Admission
from daemon.story.cast import Cast
from daemon.story.manifest import LARGEST_MANIFEST
from daemon.story.model import Input, Story
from daemon.story.reading import Reading, read
from daemon.story.untrusted import MIB, MISSING, UntrustedFolder


def intake(
    source: Path, scratch: Path, name: str, settings: Settings, not_again: str = ""
) -> Story:
    """Check the folder `source` and copy what it names into the empty folder `scratch`.

    `name` becomes the title where the manifest has none; `not_again` is the track of the film
    before. Raises StoryError with every problem of the story, OSError when the machine is at fault.
    Pictures are decoded only when something else is wrong: see `checks.picture_problems`.
    """
    limits = settings.limits
    with UntrustedFolder(source, limits.file_mib * MIB, settings.watch.ignore) as folder:
        arrival = arrive(folder, scratch, settings)
    problems = [*arrival.problems, *checks.count_problems(arrival.reading, limits)]

    story = None
    if manifest := arrival.reading.manifest:
        cast = Cast(manifest, arrival.reading.pages, arrival.admission, name, settings)
        problems += cast.problems()
        if not problems:
            story = cast.story(seed_of(arrival.data, arrival.admission.inputs), not_again)
            problems += checks.length_problems(story.pages, limits)

    if problems or story is None:
        problems += checks.undecodable(arrival.reading.mentions, arrival.admission, limits)
        raise StoryError(in_order(problems))
    return story


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in from the folder: the manifest, its bytes, the files, and the problems so far."""

    data: bytes
    reading: Reading
    admission: Admission
    problems: list[Problem]


def arrive(folder: UntrustedFolder, scratch: Path, settings: Settings) -> Arrival:
    """Read the manifest and let in the files that it names."""
    admission = Admission(folder, scratch, settings.limits)
    name = settings.watch.manifest
    try:
        data = folder.read(name, LARGEST_MANIFEST)
    except Refused as refused:
        mend = refused.mend
        if refused.what == MISSING:
            mend = 'Add one: {"pages": [{"image": "01.png", "audio": "01.mp3"}]}.'
        problem = Problem("manifest", refused.what, mend, name)
        return Arrival(b"", Reading(parsed=False), admission, [problem])

    reading = read(data, folder.names())
    admission.admit((mention.kind, mention.file) for mention in reading.mentions)
    music = reading.manifest.music if reading.manifest else None
    if isinstance(music, str) and folder.has(music):
        admission.admit_track(music)

    problems = [*reading.problems, *reading.unpaired]
    problems += checks.file_problems(reading.mentions, admission)
    problems += checks.fact_problems(reading.facts, admission)
    return Arrival(data, reading, admission, problems)


def seed_of(manifest: bytes, inputs: Mapping[str, Input]) -> int:
    """A story's identity as a number: the same words, pictures and sounds give the same choices."""
    digest = hashlib.sha256(manifest)
    for file in sorted(inputs):
        digest.update(bytes.fromhex(inputs[file].sha256))
    return int.from_bytes(digest.digest()[:8], "big")


def in_order(problems: list[Problem]) -> list[Problem]:
    """The manifest's own problems first, then those of the pages in order, then the others."""

    def rank(problem: Problem) -> tuple[int, int]:
        words = problem.where.replace(",", " ").split()
        if words[:1] == ["manifest"]:
            return 0, 0
        if len(words) > 1 and words[0] == "page" and words[1].isdigit():
            return 1, int(words[1])
        return 2, 0

    return sorted(problems, key=rank)

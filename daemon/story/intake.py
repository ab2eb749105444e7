"""The trust boundary: an untrusted folder in, a Story of private, checked and hashed copies out.

A file that differs from what the manifest declares of it, in its size or its hash, has not arrived
whole. That is not the story's fault, and the story is not judged by it: see `NotArrived`.

Every file that the manifest names is copied under a new name, and the copy is checked: what was
checked is what the film is made of, even if somebody still writes into the folder. One pass finds
every problem of a story, not only the first. Only decoding the pictures, which is expensive, is
left to the renderer; when one fails there, or anything else is wrong, all of them are decoded, so
that the list is complete (`checks.picture_problems`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Limits, Settings
from daemon.errors import NotArrived, Problem, Refused, StoryError
from daemon.story import checks
from daemon.story.admission import Admission, Inspection
from daemon.story.builder import StoryBuilder
from daemon.story.manifest import LARGEST_MANIFEST
from daemon.story.model import Input, Story
from daemon.story.reading import Reading, capped, read
from daemon.story.untrusted import MISSING, UntrustedFolder, opened


def intake(
    source: Path, scratch: Path, name: str, settings: Settings, not_again: str = ""
) -> Story:
    """Check the folder `source` and copy what it names into the empty folder `scratch`.

    `name` becomes the title where the manifest has none; `not_again` is the track of the film
    before. Raises StoryError with every problem of the story, NotArrived when files differ from
    what is declared of them, OSError when the machine is at fault. Pictures are decoded only when
    something else is wrong: see `checks.picture_problems`.
    """
    with opened(source, settings) as folder:
        arrival = arrive(folder, Admission(folder, scratch, settings.limits), settings)
        return story_of(arrival, name, settings, not_again)


def inspect(source: Path, name: str, settings: Settings) -> Story:
    """Check the folder `source` where it lies, without copies, and decode all of its pictures.

    No path in the story leads anywhere. Raises what `intake` raises.
    """
    with opened(source, settings) as folder:
        arrival = arrive(folder, Inspection(folder, settings.limits), settings)
        story = story_of(arrival, name, settings)
        if undecodable := arrival.undecodable(settings.limits):
            raise StoryError(capped(in_order(undecodable)))
        return story


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in from the folder: the manifest, its bytes, the files, and the problems so far.

    `differences`: files that differ from what is declared of them.
    """

    data: bytes
    reading: Reading
    admission: Admission
    problems: Sequence[Problem]
    differences: Sequence[Problem] = ()

    def undecodable(self, limits: Limits) -> list[Problem]:
        """Every picture that came in and does not decode."""
        return checks.undecodable(self.reading.mentions, self.admission, limits)


def story_of(arrival: Arrival, name: str, settings: Settings, not_again: str = "") -> Story:
    """The story that has arrived; see `intake`."""
    limits = settings.limits
    problems = [*arrival.problems, *checks.count_problems(arrival.reading, limits)]

    story = None
    if manifest := arrival.reading.manifest:
        builder = StoryBuilder(manifest, arrival.reading.pages, arrival.admission, name, settings)
        problems += builder.problems()
        if not problems and not arrival.differences:
            story = builder.story(seed_of(arrival.data, arrival.admission.inputs), not_again)
            problems += checks.length_problems(story.pages, limits)

    if story and not problems:
        return story
    problems += arrival.undecodable(limits)
    if arrival.differences:
        differing = {difference.file for difference in arrival.differences}
        others = [problem for problem in problems if problem.file not in differing]
        raise NotArrived(capped(arrival.differences), capped(in_order(others)))
    raise StoryError(capped(in_order(problems)))


def arrive(folder: UntrustedFolder, admission: Admission, settings: Settings) -> Arrival:
    """Read the manifest and let in the files that it names."""
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
    if isinstance(music, str):
        admission.admit_track(music)

    problems = [*reading.problems, *reading.unpaired]
    problems += checks.file_problems(reading.mentions, admission)
    problems += checks.declared_problems(reading.facts, admission)
    differences = checks.differences(reading.facts, admission)
    return Arrival(data, reading, admission, problems, differences)


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

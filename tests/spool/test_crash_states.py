"""What recovery makes of every state in which a loss of power may leave the disk."""

import errno
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.spool import Spool
from tests.spool.crashes import Life, inbox_keeps_folders
from tests.spool.recorder import Recorder, State, build
from tests.spool.stories import STORY, contents, folders_in, put_story

SEED = 9
MOST = 60
"""States for each change of the disk."""
SECOND = 6
"""From how many of these states a recovery is cut off by a second loss of power."""
TRIED = 900
"""How many of the states are tried, at most: all would take a minute."""
FEWEST = {
    "deliver": 1000,
    "deliver elsewhere": 1000,
    "fail": 100,
    "deliver a copy": 1000,
    "fail a copy": 300,
}
PLACES = ("inbox", "work", "done", "failed")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory, where there is one."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


def life_in(place: Path, kind: str) -> Life:
    place.mkdir(exist_ok=True)
    (place / "marks").touch()
    return Life(
        folders_in(place / "root"),
        place / "marks",
        delivers="deliver" in kind,
        copies="copy" in kind,
    )


def outboxes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rename from outside comes into an outbox, as when it is another filesystem."""
    rename = os.rename

    def renamed(source: Path, target: Path) -> None:
        goes_in = Path(target).parent.name == "outbox"
        if goes_in and Path(source).parent.name != "outbox":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "rename", renamed)


def states_of(life: Life) -> dict[State, int]:
    """States in which a loss of power before any change of a life may leave the disk.

    Each with the number of attempts that had begun.
    """
    recorder = Recorder(life.folders.root)
    chance = random.Random(SEED)
    found: dict[State, int] = {}

    def collect() -> None:
        for state in sorted(recorder.states(MOST, chance), key=repr):
            found.setdefault(state, life.marks.stat().st_size)

    recorder.before_change = collect
    with recorder.recording():
        life.run()
    collect()
    life.assert_ended_well()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", FEWEST)
def test_no_loss_of_power_loses_or_doubles_anything(
    place: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """C1 and H2: SIGKILL loses nothing of what was written, so it does not show a missing fsync.

    N1: WHY.txt was missing from a failed story.
    """

    def life_from(state: State, begun: int) -> Life:
        life = life_in(Path(tempfile.mkdtemp(dir=place)), kind)
        build(state, life.folders.root)
        life.marks.write_bytes(b"." * begun)
        return life

    if kind == "deliver elsewhere":
        outboxes_elsewhere(monkeypatch)
    if "copy" in kind:
        inbox_keeps_folders(monkeypatch)
    first = life_in(place / "first", kind)
    Spool(first.folders).open().close()
    put_story(first.folders)
    states = states_of(first)
    chance = random.Random(SEED)
    for state in chance.sample(list(states), SECOND):
        for later, begun in states_of(life_from(state, states[state])).items():
            states.setdefault(later, begun)

    assert len(states) > FEWEST[kind], "fewer states than there must be: are they found?"

    for number, state in enumerate(chance.sample(list(states), min(TRIED, len(states)))):
        life = life_from(state, states[state])
        try:
            assert sources(life.folders.root) == 1 or "copy" in kind
            life.run()
            life.assert_ended_well()
        except BaseException as error:
            error.add_note(f"state {number} of {len(states)}, seed {SEED}:\n{shown(state)}")
            raise
        shutil.rmtree(life.folders.root)


def sources(root: Path) -> int:
    """How often the story is below a root."""
    manifests = [path for name in PLACES for path in (root / name).rglob("manifest.json")]
    whole = [path for path in manifests if STORY.items() <= contents(path.parent).items()]
    drafts = [path for path in manifests if path.parent.name == "draft"]
    assert whole
    assert {*whole, *drafts} == {*manifests}
    return len(manifests)


def shown(state: State) -> str:
    return "\n".join(f"  {path} {content!r}" for path, content in state)

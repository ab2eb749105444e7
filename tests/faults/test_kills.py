"""SIGKILL of the service, of its workers, and of both: before each change of the disk, and at any
time. Every story has one end, and nothing is lost, doubled or half published.

The changes are found by a run without harm, so that none can be forgotten. `STORYREEL_FAULTS_SEED`
repeats the chances of an earlier run.
"""

import contextlib
import functools
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.chain import chain_of_kills
from tests.faults.fate import (
    ATTEMPT,
    CLAIM,
    LAST_FATAL_ATTEMPT,
    Victim,
    kill_all,
    workers_of,
)
from tests.faults.scale import IS_LONG, chance_for
from tests.faults.site import Ended, Site, changes_in
from tests.faults.toll import Toll
from tests.faults.vigil import Vigil

pytestmark = [pytest.mark.service, pytest.mark.slow]
NewSite = Callable[[str], Site]
Record = Callable[[str], Ended]

SHARED_MEMORY = Path("/dev/shm")
EXPECTED = {
    "delivered": {
        "make work/.lock": 1,
        "mkdir work/JOB": 1,
        "rename work/JOB/job.json.new → work/JOB/job.json": 3,
        "rename inbox/TALE → work/JOB/source": 1,
        "mkdir work/JOB/attempt-1": 1,
        "rename work/JOB/attempt-1/film.mp4 → work/JOB/attempt-1/TALE.mp4": 1,
        "rename work/JOB/attempt-1 → outbox/TALE": 1,
        "sync outbox": 1,
        "rename work/JOB/source → done/TALE": 1,
        "rmdir work/JOB": 1,
    },
    "failed": {
        "rename inbox/TALE → work/JOB/source": 1,
        "rename work/JOB/job.json.new → work/JOB/job.json": 2,
        "rename work/JOB/WHY.txt → work/JOB/source/WHY.txt": 1,
        "rename work/JOB/error.json → work/JOB/source/error.json": 1,
        "rename work/JOB/source → failed/TALE": 1,
        "rmdir work/JOB": 1,
    },
    "delivered elsewhere": {
        "rename inbox/TALE → work/JOB/source": 1,
        "mkdir outbox/.JOB": 1,
        "write outbox/.JOB/TALE.mp4": 1,
        "rename outbox/.JOB → outbox/TALE": 1,
        "remove work/JOB/attempt-1/TALE.mp4": 1,
        "rename work/JOB/source → done/TALE": 1,
        "rmdir work/JOB": 1,
    },
}
"""Some of the changes in the life of a story, and how often they come, to its very end."""

PARTS = 3 if IS_LONG else 1
"""Into how many tests the kills of one kind are split, so that all processors have work."""
ALL_KILLS = [*((Victim.SERVICE, life) for life in EXPECTED), (Victim.BOTH, "delivered")]
KILLS = ALL_KILLS if IS_LONG else ALL_KILLS[-2:]
"""Who is killed before each change in which life."""
STRIDE = 11 if IS_LONG else 29
"""How many changes the kills of a chain are apart."""
SHORT_LIVES = 3
AT_RANDOM = 45 if IS_LONG else 4
"""Kills of a kind at random times, in each part."""
LIFE_SECONDS = (0.3, 1.6)
"""How long a service lives that is killed at random."""
WRITERS = ("still-stream", "moviepy")
TOGETHER = 15
"""Kills at random times between two audits."""


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[NewSite]:
    """Makes a site for a life; where that needs a second filesystem and there is none, it skips."""
    made: list[Site] = []
    with contextlib.ExitStack() as stack:

        def make(life: str) -> Site:
            site = Site(tmp_path / f"site-{len(made)}")
            site.folder.mkdir()
            made.append(site)
            if "elsewhere" in life:
                memory = stack.enter_context(second_filesystem(tmp_path))
                site.elsewhere = memory / "outbox"
            return site

        yield make
        for site in made:
            kill_all(site.processes())  # of a test that has failed


@contextlib.contextmanager
def second_filesystem(first: Path) -> Iterator[Path]:
    """A folder that is not on the filesystem of `first`; skips the test where there is none."""
    is_writable = os.access(SHARED_MEMORY, os.W_OK)
    if not is_writable or SHARED_MEMORY.stat().st_dev == first.stat().st_dev:
        pytest.skip("no second filesystem that this user may write to")
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Records the life of one story: runs the service without harm until the story has ended."""

    @functools.cache
    def run(life: str) -> Ended:
        folder = tmp_path_factory.mktemp("recorded")
        with contextlib.ExitStack() as stack:
            site = Site(folder)
            if "elsewhere" in life:
                site.elsewhere = stack.enter_context(second_filesystem(folder)) / "outbox"
            site.drop(is_broken=life == "failed")
            ended = site.run()
        assert ended.code == int(life == "failed")
        return ended

    return run


# ---- before each change --------------------------------------------------------------------------


@pytest.mark.parametrize("life", EXPECTED)
def test_the_trace_sees_a_life_from_its_beginning_to_its_end(record: Record, life: str) -> None:
    """Else kills before its changes would prove nothing."""
    changes = Counter(record(life).changes)
    assert {change: changes[change] for change in EXPECTED[life]} == EXPECTED[life]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("victim", "life"), KILLS, ids=str)
def test_a_service_that_is_killed_before_any_change_ends_its_work_later(
    new_site: NewSite, record: Record, victim: Victim, life: str, part: int
) -> None:
    """So do the services that are killed while they recover. None of it charges an attempt."""
    changes = record(life).changes
    firsts = [*range(1 + part, len(changes) + 1, PARTS)]
    if not IS_LONG:
        firsts = [chance_for(f"{victim}, {life}").choice(firsts)]

    toll = Toll(f"SIGKILL of {victim} before each change: {life}")
    met: Counter[str] = Counter()
    for first in firsts:
        site = new_site(life)
        chain = chain_of_kills(site, victim, first, STRIDE, life == "failed")
        toll.take(site, chain.deaths, chain.seconds, most_attempts=1)
        met[chain.deaths[0]] += 1
    assert met == Counter(changes[first - 1] for first in firsts)
    toll.enter()


@pytest.mark.parametrize("part", range(PARTS))
def test_workers_that_are_killed_before_any_change_of_the_service_cost_one_attempt(
    new_site: NewSite, record: Record, part: int
) -> None:
    changes = record("delivered").changes
    life = changes[changes.index(CLAIM) :]
    firsts = range(part * len(life) // PARTS, (part + 1) * len(life) // PARTS)
    if not IS_LONG:
        begin = chance_for("all workers").randrange(len(life) - SHORT_LIVES)
        firsts = firsts[begin : begin + SHORT_LIVES]

    site = new_site("delivered")
    with Vigil(site, firsts[0] + 1) as vigil:
        for _ in firsts:
            site.drop()
            vigil.wait()
    toll = Toll("SIGKILL of all workers before each change of the service")
    toll.take(site, vigil.deaths(), vigil.seconds, most_attempts=2)
    toll.enter()


@pytest.mark.parametrize("part", range(PARTS))
def test_workers_that_are_killed_before_any_change_of_their_own_cost_one_attempt_each(
    new_site: NewSite, record: Record, part: int
) -> None:
    count = len(record("delivered").changes_of_workers)
    firsts = [*range(1, count + 1, LAST_FATAL_ATTEMPT)][part::PARTS]
    if not IS_LONG:
        firsts = [chance_for("a worker").choice(firsts)]

    toll = Toll("SIGKILL of a worker before each change of its own")
    for first in firsts:
        site = new_site("delivered")
        site.drop()
        ended = site.run(Victim.WORKER, first)
        deaths = last_changes(ended.changes_of_workers)[:-1]
        assert len(deaths) == min(LAST_FATAL_ATTEMPT, count - first + 1)
        toll.take(site, deaths, ended.seconds, most_attempts=1 + len(deaths))
    toll.enter()


def last_changes(changes: list[str]) -> list[str]:
    """The last change of each attempt."""
    last = {found[1]: change for change in changes if (found := ATTEMPT.search(change))}
    return [*last.values()]


# ---- at random times -----------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("victim", [Victim.SERVICE, Victim.BOTH], ids=str)
def test_a_service_that_is_killed_at_any_time_ends_its_work_later(
    new_site: NewSite, victim: Victim, part: int
) -> None:
    """None of it charges an attempt. Some stories are broken, and some writers are slow."""
    chance = chance_for(f"{victim}, at random, {part}")
    toll = Toll(f"SIGKILL of {victim} at random times")
    for _ in range(0, AT_RANDOM, TOGETHER):
        site = new_site("elsewhere" if chance.random() < 0.3 else "delivered")
        deaths = [killed_at_random(site, victim, chance) for _ in range(min(AT_RANDOM, TOGETHER))]
        toll.take(site, deaths, site.finish(), most_attempts=1)
    toll.enter()


def killed_at_random(site: Site, victim: Victim, chance: random.Random) -> str:
    """Drop stories, start the service and kill it some time later; the last change that it saw."""
    for _ in range(chance.randint(0, 2)):
        site.drop(is_broken=chance.random() < 0.2)
    fate = site.fate()
    service = site.start(fate, STORYREEL_FILM__WRITER=chance.choice(WRITERS))
    time.sleep(chance.uniform(*LIFE_SECONDS))
    if victim is Victim.BOTH:
        kill_all(workers_of(service.process.pid))
    service.kill()
    return (changes_in(Path(fate.trace)) or ["any change"])[-1]


@pytest.mark.parametrize("part", range(PARTS))
def test_workers_that_are_killed_at_any_time_cost_no_story(new_site: NewSite, part: int) -> None:
    """What they have started is killed too: an encoder, for example."""
    chance = chance_for(f"a worker, at random, {part}")
    toll = Toll("SIGKILL of a worker, or of its encoder, at random times")
    for _ in range(0, AT_RANDOM, TOGETHER):
        site = new_site("delivered")
        deaths = 0
        with Vigil(site, STORYREEL_FILM__WRITER=chance.choice(WRITERS)) as vigil:
            while deaths < min(AT_RANDOM, TOGETHER):
                if site.is_idle():
                    site.drop(is_broken=chance.random() < 0.2)
                time.sleep(chance.uniform(0, 0.4))
                deaths += kill_all(one_of(workers_of(vigil.pid), chance))
                vigil.keep()
            vigil.wait()
        sys.stderr.write(f"the service was started again {vigil.restarts} times\n")
        toll.take(site, ["an unknown change"] * deaths, vigil.seconds, most_attempts=1 + deaths)
    toll.enter()


def one_of(processes: list[int], chance: random.Random) -> list[int]:
    """One of the processes, if there are any."""
    return chance.sample(sorted(processes), min(1, len(processes)))

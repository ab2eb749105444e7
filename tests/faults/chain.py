"""A chain of kills: one story, whose service is killed at each start, until nothing is left to do.

The first start is killed before a given change of the disk, the later ones before ever later
changes of theirs: so recovery is killed too, and the recovery of that.
"""

from dataclasses import dataclass

from tests.faults.fate import Victim
from tests.faults.site import Site


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain of kills did: before which changes, and the seconds from the last restart until
    the story had come to its end.
    """

    deaths: list[str]
    seconds: float


def chain_of_kills(site: Site, victim: Victim, first: int, stride: int, is_broken: bool) -> Chain:
    """Drop a story; kill the service before its change `first` (from 1), and then at each start.

    The restarts are killed before changes that are `stride` apart, beginning with one of the first.
    The last one ends by itself.
    """
    site.drop(is_broken)
    deaths: list[str] = []
    change = first
    while True:
        ended = site.run(victim, change)
        if not ended.was_killed:
            assert ended.code in (0, int(is_broken)), (ended.code, deaths)
            return Chain(deaths, ended.seconds)
        deaths.append(ended.changes[-1])
        change = 1 + first % stride + stride * (len(deaths) - 1)

"""What the kills of one test did: every site is audited, and the ledger gets a line."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.audit import Tally
from tests.faults.ledger import enter
from tests.faults.scale import repeat
from tests.faults.site import Site


@dataclass(slots=True)
class Toll:
    """The kills of one kind. `seconds`: the longest recovery."""

    fault: str
    kills: int = 0
    stories: int = 0
    seconds: float = 0.0
    tallies: list[Tally] = field(default_factory=list)

    def take(self, site: Site, deaths: list[str], seconds: float, most_attempts: int) -> None:
        """Audit a site whose stories have ended. `deaths` says before what was killed.

        No film may have been charged with more attempts than `most_attempts`.
        """
        self.kills += len(deaths)
        self.stories += len(site.titles)
        self.seconds = max(self.seconds, seconds)
        with explained(site, deaths):
            self.tallies.append(site.audit())
            if not self.tallies[-1].is_clean:
                self.enter()
            assert self.tallies[-1].films == len(site.sound)
            assert max(site.attempts().values(), default=0) <= most_attempts

    def enter(self) -> None:
        """Enter all that has been taken into the ledger. Fails when a tally is not clean."""
        enter(self.fault, self.kills, self.stories, joined(self.tallies), self.seconds)


def joined(tallies: list[Tally]) -> Tally:
    """Several tallies as one."""
    return Tally(
        films=sum(tally.films for tally in tallies),
        failed=sum(tally.failed for tally in tallies),
        lost=[title for tally in tallies for title in tally.lost],
        doubled=[title for tally in tallies for title in tally.doubled],
        half_published=[folder for tally in tallies for folder in tally.half_published],
        left=[path for tally in tallies for path in tally.left],
    )


@contextlib.contextmanager
def explained(site: Site, deaths: list[str]) -> Iterator[None]:
    """Say of a failure in this block where it happened, and how to repeat it."""
    try:
        yield
    except AssertionError as error:
        error.add_note("\n".join((f"at {site.folder}, with", repeat(), "killed before:", *deaths)))
        raise

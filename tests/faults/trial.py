"""One fault, tried on the real service: stories are dropped, harm is done, and all is counted."""

import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.faults.audit import audit, visible
from tests.faults.ledger import enter
from tests.faults.mounts import Mounts
from tests.faults.rounds import STORIES
from tests.helpers.processes import STORYREEL, RunningService, ready, wait_until
from tests.helpers.stories import story

PROMPT = {
    "STORYREEL_WORKERS__RETRY_SECONDS": "0.1",
    "STORYREEL_LIMITS__FREE_MIB": "0",
}
"""Settings with which a small disk is enough, and what failed is soon tried again."""


class Trial:
    """The stories of one test. `mounts`: where the service's folders are in a namespace."""

    def __init__(self, folder: Path, mounts: Mounts | None = None) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.outbox = self.root / "outbox"
        self.times = 0
        self.titles: list[str] = []
        self._mounts = mounts
        self._harm_began = datetime.now(UTC)
        self._harm_ended = 0.0
        self._seconds = 0.0

    def seen(self, path: Path) -> Path:
        """The path by which the test reaches what the service has at `path`."""
        return self._mounts.seen(path) if self._mounts else path

    def service(
        self,
        *arguments: str,
        under: Sequence[str] = (),
        log: str = "",
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> AbstractContextManager[RunningService]:
        """The service on this trial's folders, ready, for as long as a block lasts.

        `under`: a command that runs it, such as unshare(1), and becomes it. `log`: where its
        standard output goes.
        """
        inside = self._mounts.under if self._mounts else ()
        program = [*inside, *under, *STORYREEL]
        environment = PROMPT | {"STORYREEL_FOLDERS__OUTBOX": str(self.outbox)} | dict(settings)
        started = RunningService(self.root, *arguments, program=program, log=log, **environment)
        return ready(started)

    # ---- stories ---------------------------------------------------------------------------------

    def write(self, name: str, seconds: tuple[float, ...] = (0.3,), **manifest: Any) -> Path:
        """A story that is somewhere else, and will be dropped. It has a title of its own."""
        title = f"{name}, story {len(self.titles) + 1}"
        self.titles.append(title)
        folder = self.folder / "written" / str(len(self.titles)) / name
        return story(folder, seconds, **{"title": title} | manifest)

    def drop(self, name: str, seconds: tuple[float, ...] = (0.3,), **manifest: Any) -> None:
        """Put a whole story into the inbox, by one rename."""
        folder = self.write(name, seconds, **manifest)
        inbox = self.seen(self.root / "inbox")
        inbox.mkdir(parents=True, exist_ok=True)
        hidden = inbox / f".{name}-{len(self.titles)}"
        shutil.copytree(folder, hidden)
        hidden.rename(inbox / name)

    def drop_some(self, chance: random.Random, count: int = STORIES) -> None:
        """Put stories of different lengths into the inbox."""
        for _ in range(count):
            self.drop(f"fox-{len(self.titles) + 1}", (chance.uniform(0.2, 2.0),))

    # ---- harm and its end ------------------------------------------------------------------------

    @contextmanager
    def harm(self) -> Iterator[None]:
        """Harm is done for as long as the block lasts; then all stories must come to an end."""
        self._harm_began = datetime.now(UTC)
        self._harm_ended = time.monotonic()  # for whoever waits for the stories meanwhile
        yield
        self.times += 1
        self._harm_ended = time.monotonic()

    def wait_for_attempt(self) -> None:
        """Wait until a worker has begun to write for an attempt."""
        work = self.place("work")
        wait_until(lambda: [*work.glob("*/attempt-*/*")], "an attempt writes")

    def wait_for_report(self, service: RunningService, reason: str) -> None:
        """Wait until the log says, since this harm began, that something is wrong for a reason."""

        def is_reported() -> bool:
            return any(
                reason in line["reason"]
                and datetime.fromisoformat(line["timestamp"]) >= self._harm_began
                for line in service.events("service.degraded")
            )

        wait_until(is_reported, f"the log says: {reason}")

    def wait(self) -> None:
        """Wait until every story has come to an end, and take note how long that took."""
        wait_until(self.is_done, "every story has come to an end")
        self._seconds = max(self._seconds, time.monotonic() - self._harm_ended)

    def is_done(self) -> bool:
        """Whether as many stories have ended as were dropped, and none is at work."""
        ended = [path for place in ("done", "failed") for path in visible(self.place(place))]
        return len(ended) >= len(self.titles) and not visible(self.place("work"))

    def place(self, name: str) -> Path:
        """One of the root's folders, as the test reaches it."""
        return self.seen(self.root / name)

    def enter(self, fault: str, failed: int = 0) -> None:
        """Audit the folders, and write the ledger's line. `failed`: how many may have no film."""
        tally = audit(self.seen(self.root), self.titles, self.seen(self.outbox))
        enter(fault, self.times, len(self.titles), tally, self._seconds)
        assert tally.failed == failed, tally


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A trial in the test's own folder."""
    return Trial(tmp_path)


@pytest.fixture
def mounted_trial(tmp_path: Path, mounts: Mounts) -> Trial:
    """A trial whose service runs in the namespace `mounts`."""
    return Trial(tmp_path, mounts)

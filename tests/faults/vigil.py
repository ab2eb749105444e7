"""A service that runs while its workers die, and is started again when it ends, as by systemd."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.cli.console import FINE, TRY_AGAIN
from tests.faults.fate import KILLED, Victim
from tests.faults.site import Site, changes_in
from tests.helpers.processes import RunningService, wait_until


class Vigil:
    """The service of a site, for as long as the block lasts.

    `change`: the change of the disk before which all workers are killed in the life of the first
    story; 0 for none. `restarts`: how often the service ended by itself. `seconds`: the longest
    time that a story was waited for.
    """

    def __init__(self, site: Site, change: int = 0, **environment: str) -> None:
        self.restarts = 0
        self.seconds = 0.0
        self._site = site
        self._change = change
        self._environment = environment
        self._traces: list[Path] = []
        self._service = self._start(change)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._service.process.poll() is None:
            code = self._service.stop()
            assert error or code == FINE

    @property
    def pid(self) -> int:
        """The service's process."""
        return self._service.process.pid

    def wait(self) -> None:
        """Wait until every story has ended."""
        began = time.monotonic()
        wait_until(self._is_idle, "every story ends")
        self.seconds = max(self.seconds, time.monotonic() - began)

    def deaths(self) -> list[str]:
        """Before which changes of the service workers were killed; some changes met none."""
        found = []
        for trace in self._traces:
            lines = changes_in(trace)
            found += [lines[n - 1] for n, line in enumerate(lines) if line.startswith(KILLED)]
        return found

    def keep(self) -> None:
        """Start the service again if it has ended, which it may do only to be started again."""
        code = self._service.process.poll()
        if code is not None:
            assert code == TRY_AGAIN, (code, self._service.lines())
            self.restarts += 1
            waiting = len([*(self._site.root / "inbox").glob("tale-*")])
            claimed = len(self._site.titles) - waiting
            self._service = self._start(self._change and self._change + claimed)

    def _is_idle(self) -> bool:
        self.keep()
        return self._site.is_idle()

    def _start(self, change: int) -> RunningService:
        fate = self._site.fate(Victim.WORKERS if change else Victim.NOBODY, change)
        self._traces.append(Path(fate.trace))
        return self._site.start(fate, **self._environment)

"""Runs items through the real attempt, and prints a line of JSON for each.

    python -m tests.hostile.attempts SITE confined|unconfined GROUP …

Each attempt has a process of its own, made and confined as a worker's. `unconfined` leaves out
Landlock, to show that the program itself opens nothing outside: then only memory is limited.
"""

import json
import os
import selectors
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daemon import config
from daemon.attempt import Film, Order, Outcome
from daemon.compiler import compile_order
from daemon.config import Settings
from daemon.delivery import files
from daemon.progress import reporter
from daemon.workers import sandbox, worker
from tests.hostile.corpus import GROUPS
from tests.hostile.item import CANARY, FILM, Item, Swap, png, wav

TIME_LIMIT = 30.0
"""Seconds after which an attempt is killed."""
WORDS = 600
"""Letters of the reasons that are kept."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an item.

    `kind`: FILM, or the failure's kind. `words`: the reasons. `changed`: what is different outside
    the attempt's folder, or left in it. `mib`: the most memory that the process had in use.
    """

    group: str
    item: str
    kind: str
    words: str
    seconds: float
    mib: int
    changed: tuple[str, ...]


class Site:
    """The folders in which attempts are made, and what must not change in them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings: Settings = config.load(root=root / "spool")
        job = self.settings.folders.work / "job"
        self.attempt = job / "attempt-1"
        self.source = job / "story"
        self.outside = job / "outside"
        for folder in (self.outside, root / "tmp"):
            folder.mkdir(parents=True)
        (self.outside / f"{CANARY}.txt").write_text("what no story may reach")
        (self.outside / f"{CANARY}.png").write_bytes(png())
        (self.outside / f"{CANARY}.wav").write_bytes(wav())

    def tree(self) -> dict[str, tuple[object, ...]]:
        """Everything in the site except the attempt's own folder: its kind, size and time."""
        found: dict[str, tuple[object, ...]] = {}
        for folder, names, others in os.walk(self.root):
            here = Path(folder)
            if here == self.attempt.parent:
                names.remove(self.attempt.name)
            for name in [*names, *others]:
                status = (here / name).lstat()
                times = () if stat.S_ISDIR(status.st_mode) else (status.st_mtime_ns,)
                found[str(here / name)] = (status.st_mode, status.st_size, *times)
        return found

    def run(self, group: str, item: Item, is_confined: bool) -> Result:
        """One item, from its making to its removal."""
        self.source.mkdir()
        self.attempt.mkdir()
        try:
            item.make(self.source, self.outside)
            before = self.tree()
            began = time.monotonic()
            kind, words, mib = attempt(self, item.swap, is_confined)
            seconds = time.monotonic() - began
            return Result(
                group,
                item.name,
                kind,
                words,
                round(seconds, 2),
                mib,
                self.changed(before, kind, item),
            )
        finally:
            shutil.rmtree(self.source)
            shutil.rmtree(self.attempt)

    def changed(self, before: dict[str, Any], kind: str, item: Item) -> tuple[str, ...]:
        """The paths that came, went or changed, and what the attempt has left behind."""
        after = self.tree()
        differing = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        if item.swap:
            differing = {path for path in differing if not path.startswith(f"{self.source}/")}
        left = (
            files.unknown(self.attempt)
            if kind == FILM
            else [path.name for path in self.attempt.iterdir()]
        )
        return (*sorted(differing), *left)


@dataclass(frozen=True, slots=True)
class End:
    """One end of a line between two processes, of pipes: a confined process has no sockets."""

    reading: int
    writing: int

    def say(self) -> None:
        """Let the other end go on."""
        os.write(self.writing, b"!")

    def wait(self) -> None:
        """Wait for the other end."""
        os.read(self.reading, 1)

    def close(self) -> None:
        """Close this end."""
        os.close(self.reading)
        os.close(self.writing)


def line() -> tuple[End, End]:
    """Both ends of a line."""
    one_reads, other_writes = os.pipe()
    other_reads, one_writes = os.pipe()
    return End(one_reads, one_writes), End(other_reads, other_writes)


def attempt(site: Site, swap: Swap | None, is_confined: bool) -> tuple[str, str, int]:
    """The kind of the outcome, its words, and the peak of memory in MiB."""
    ours, theirs = line()
    swapper = start(lambda: swap_on_demand(site, swap, ours)) if swap else 0
    reading, writing = os.pipe()
    child = start(lambda: os.write(writing, work(site, swap, theirs, is_confined)))
    os.close(writing)
    said = read_in_time(reading, child)
    _, status, usage = os.wait4(child, 0)
    for end in (ours, theirs):
        end.close()
    if swapper:
        os.kill(swapper, signal.SIGKILL)
        os.waitpid(swapper, 0)
    mib = usage.ru_maxrss // 1024
    if not said:
        return "died", f"wait status {status}", mib
    kind, words = json.loads(said)
    return kind, words, mib


def start(body: Callable[[], object]) -> int:
    """A forked child that does this and ends; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        body()
        code = 0
    finally:
        os._exit(code)


def read_in_time(pipe: int, child: int) -> bytes:
    """What the child writes; it is killed when that takes too long."""
    said = b""
    end = time.monotonic() + TIME_LIMIT
    with selectors.DefaultSelector() as selector, os.fdopen(pipe, "rb") as file:
        selector.register(file, selectors.EVENT_READ)
        while selector.select(max(0.0, end - time.monotonic())):
            block = file.read1()
            if not block:
                return said
            said += block
    os.kill(child, signal.SIGKILL)
    return b'["timeout", ""]'


# ---- the child -----------------------------------------------------------------------------------


def work(site: Site, swap: Swap | None, link: End, is_confined: bool) -> bytes:
    """What a worker does; the outcome as JSON."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    order = Order("job", "hostile", 1, site.source, site.attempt, site.settings)
    outcome = outcome_of(site.settings, order, swap, link, is_confined)
    if isinstance(outcome, Film):
        return json.dumps([FILM, ""]).encode()
    words = "; ".join(f"{p.place}: {p.what}. {p.mend}" for p in outcome.problems)
    return json.dumps([str(outcome.kind), words[:WORDS] + outcome.trace[-WORDS:]]).encode()


def outcome_of(
    settings: Settings, order: Order, swap: Swap | None, link: End, is_confined: bool
) -> Outcome:
    """The outcome of the attempt in this process."""
    if not is_confined:
        sandbox.limit_resources(settings.workers.memory_mib)
        watch(swap, link)
        return compile_order(order, reporter(order.attempt))
    conditions = worker.conditions_of(settings)
    worker.set_up(conditions)
    watch(swap, link)
    return worker.work(conditions, order)


def watch(swap: Swap | None, link: End) -> None:
    """Have the swap made at its moment, once."""
    if not swap:
        return
    left = [swap.before]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and left and str(args[0]).endswith(left[0]):
            left.clear()
            link.say()
            link.wait()

    sys.addaudithook(hook)


def swap_on_demand(site: Site, swap: Swap, link: End) -> None:
    """The life of the process that swaps: a confined one may not write into the story."""
    link.wait()
    swap.change(site.source, site.outside)
    link.say()


def main() -> None:
    """Run the groups named on the command line."""
    place, confinement, *groups = sys.argv[1:]
    site = Site(Path(place))
    tempfile.tempdir = str(site.root / "tmp")
    os.environ["TMPDIR"] = tempfile.tempdir
    for group in groups or GROUPS:
        for item in GROUPS[group]:
            result = site.run(group, item, confinement == "confined" and sandbox.is_supported())
            print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()

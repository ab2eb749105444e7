"""A running service that is given the same story again and again."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from benchmarks.measure import Cost, cpu_seconds

PROGRAM = Path(sys.executable).with_name("storyreel")


class WarmService:
    """A service whose one worker has already made this film when the block begins."""

    def __init__(self, root: Path, story: Path) -> None:
        self._root = root
        self._story = story
        self._count = 0
        self._log = root.with_suffix(".log")

    def __enter__(self) -> "WarmService":
        settings = {"STORYREEL_WATCH__SETTLE_SECONDS": "0.2", "STORYREEL_WORKERS__COUNT": "1"}
        command: list[str | Path] = [PROGRAM, "run", "--root", self._root]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, env=os.environ | settings)
        self.deliver()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def deliver(self) -> Cost:
        """Drop the story and wait for its film: seconds from the claim on, CPU of the workers."""
        self._count += 1
        inbox = self._root / "inbox"
        while not inbox.is_dir():
            time.sleep(0.05)
        shutil.copytree(self._story, inbox / ".coming")
        before = self._worker_cpu()
        (inbox / ".coming").rename(inbox / f"story-{self._count}")
        while len(delivered := self._events("story.delivered")) < self._count:
            time.sleep(0.05)
        wall = float(str(delivered[-1]["seconds"]))
        return Cost(wall, self._worker_cpu() - before, self._worker_memory())

    def film(self) -> Path:
        """The latest film."""
        return self._root / "outbox" / f"story-{self._count}" / f"story-{self._count}.mp4"

    def _events(self, name: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self._log.read_bytes().split(b"\n")[:-1]]
        return [line for line in lines if line["event"] == name]

    def _workers(self) -> list[int]:
        """The process ids of all the service's descendants."""
        family = [self._process.pid]
        for pid in family:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            if children.exists():
                family += map(int, children.read_text().split())
        return family[1:]

    def _worker_cpu(self) -> float:
        return sum(cpu_seconds(pid) for pid in self._workers())

    def _worker_memory(self) -> float:
        """The peak of the largest worker, in MiB."""
        peaks = [0]
        for pid in self._workers():
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            if found:
                peaks.append(int(found[1]))
        return max(peaks) / 1024

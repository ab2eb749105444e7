"""Mounts that only a test and its service see: small disks, bind mounts, shares that hang.

They are made in a mount namespace (mount_namespaces(7)), which a waiting process keeps alive. The
test itself stays outside, and looks in through /proc.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.processes import wait_until


class Mounts:
    """A mount namespace. `under` is put before a command that is to run in it."""

    def __init__(self, holder: int) -> None:
        self._root = Path(f"/proc/{holder}/root")
        self.under = ("nsenter", f"--mount=/proc/{holder}/ns/mnt", "--")

    def seen(self, path: Path) -> Path:
        """The path by which this process reaches what is at `path` in the namespace."""
        return self._root / path.relative_to("/")

    def run(self, *command: str) -> None:
        """Run a command in the namespace; it must succeed."""
        done = subprocess.run([*self.under, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"

    def disk(self, place: Path, size: str) -> None:
        """Mount an empty disk of this size at a folder, which is made."""
        place.mkdir(exist_ok=True)
        self.run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))

    def bind(self, source: Path, place: Path) -> None:
        """Show a folder at another one too. Both are made."""
        source.mkdir(parents=True, exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        self.run("mount", "--bind", str(source), str(place))

    def remount(self, place: Path, how: str) -> None:
        """Change how a disk is mounted: "ro" or "rw"."""
        self.run("mount", "-o", f"remount,{how}", str(place))

    def unmount(self, place: Path) -> None:
        """Take a mount away, also from under whoever uses it."""
        self.run("umount", "--lazy", str(place))

    @contextmanager
    def share(self, source: Path, place: Path) -> Iterator[int]:
        """Mount a folder by way of a process (FUSE), as a network share; the process's id."""
        source.mkdir(parents=True, exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        before = self.seen(place).stat().st_dev
        server = subprocess.Popen([*self.under, "bindfs", "-f", str(source), str(place)])
        try:
            wait_until(lambda: self.seen(place).stat().st_dev != before, "the share is mounted", 10)
            yield server.pid
        finally:
            os.kill(server.pid, signal.SIGCONT)
            server.kill()
            server.wait()


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    """A namespace for this test. Skips where none can be made."""
    command = ["unshare", "--mount", "--propagation", "private"]
    command += ["sh", "-c", "echo ready && exec sleep infinity"]
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("nsenter"):
        pytest.skip("mount namespaces need root, and util-linux")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stderr
        if not holder.stdout.readline():
            pytest.skip(f"no mount namespace: {holder.stderr.read().decode()}")
        yield Mounts(holder.pid)
        holder.kill()


needs_shares = pytest.mark.skipif(
    not Path("/dev/fuse").exists() or not shutil.which("bindfs"),
    reason="shares need /dev/fuse, and Debian's bindfs",
)

"""Commands run as other users, who need no entry in the machine's list of users.

Needs root. The interpreter and the checkout may lie in a folder that others may not enter, such as
root's home: a command sees such a folder through an overlay of its own, in which they may.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import daemon

NEEDS = ("unshare", "setpriv", "mount")
CHECKOUT = Path(daemon.__file__).parents[1]
OPEN = """
set -e
mount -t tmpfs tmpfs /mnt
for folder in $FOLDERS; do
  upper=$(mktemp -d /mnt/XXXXXX) work=$(mktemp -d /mnt/XXXXXX)
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$upper,workdir=$work" "$folder"
  chmod o+x "$folder"
done
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class User:
    """A user by numbers: the id, the own group, further groups, and names of capabilities."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = ()

    def command(self, *command: str) -> list[str]:
        """The command line that runs a command as this user, in the process that is started."""
        allowed = "".join(f",+{name}" for name in self.capabilities)
        groups = ",".join(map(str, self.groups))
        return [
            "unshare",
            "--mount",
            "sh",
            "-c",
            OPEN,
            "sh",
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            f"--groups={groups}" if groups else "--clear-groups",
            "--no-new-privs",
            f"--bounding-set=-all{allowed}",
            f"--inh-caps=-all{allowed}",
            f"--ambient-caps=-all{allowed}",
            *command,
        ]

    def run(self, *command: str, umask: int = 0o022) -> None:
        """Run a command to its end. Raises AssertionError with what it said if it fails."""
        done = subprocess.run(
            self.command(*command),
            env=environment(),
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def environment() -> dict[str, str]:
    """The environment for a user's command."""
    closed = " ".join(map(str, closed_folders((CHECKOUT, sys.prefix, sys.base_prefix))))
    return os.environ | {"FOLDERS": closed, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}


def closed_folders(paths: Iterable[str | Path]) -> Sequence[Path]:
    """The folders above and at these paths that others may not enter, the upper ones first."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        for folder in reversed([path, *path.parents]):
            if not folder.stat().st_mode & stat.S_IXOTH:
                found[folder] = None
    return list(found)


@cache
def obstacle() -> str:
    """Why no command can be run as another user here; "" when it can."""
    if os.geteuid() != 0:
        return "needs root to become other users"
    if missing := [name for name in NEEDS if not shutil.which(name)]:
        return f"needs {', '.join(missing)}"
    trial = User(65_534, 65_534).command(sys.executable, "-c", "import daemon.cli")
    done = subprocess.run(
        trial, env=environment(), cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else f"cannot become another user: {done.stderr[-300:]}"

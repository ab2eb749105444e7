"""What the kernel is asked to change on the disk, as strace writes it down.

It sees every call of every thread, also of code that raises no audit event. So it shows whether
`changes` misses any.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

CALLS = {
    "rename": "rename",
    "renameat": "rename",
    "renameat2": "rename",
    "mkdir": "mkdir",
    "mkdirat": "mkdir",
    "unlink": "remove",
    "unlinkat": "remove",
    "rmdir": "rmdir",
    "fsync": "sync",
    "fdatasync": "sync",
    "open": "make",
    "openat": "make",
    "creat": "make",
    "link": "link",
    "linkat": "link",
    "symlink": "symlink",
    "symlinkat": "symlink",
    "mknod": "mknod",
    "mknodat": "mknod",
    "truncate": "truncate",
    "ftruncate": "truncate",
}
"""The calls that change what a disk holds, or put it there, and what `changes` calls them."""
CLONES = ("clone", "clone3")
LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)\) += (-?\d+)")
UNFINISHED = re.compile(r"(\d+) +\w+\((.*) <unfinished \.\.\.>")
PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"')
"""A path in a call, and before it the folder that it is relative to."""
DESCRIPTOR = re.compile(r"\d+<([^>]*)>")


def command(output: Path) -> list[str]:
    """What is put before a command so that its calls are written to a file; [] where it cannot."""
    program = shutil.which("strace")
    if not program or subprocess.run([program, "true"], stderr=subprocess.DEVNULL).returncode:
        return []
    calls = ",".join((*CALLS, *CLONES))
    return [program, "-f", "-y", "-s", "4096", "-o", str(output), "-e", f"trace={calls}"]


def changes_of_first_process(output: Path) -> Iterator[tuple[str, list[Path]]]:
    """The changes that the first process's threads made: what was done, and to which paths."""
    threads: set[str] = set()
    for thread, call, words, result in calls_in(output):
        threads = threads or {thread}
        if thread not in threads or int(result) < 0:
            continue
        if call not in CLONES:
            yield from change(CALLS[call], words)
        elif "CLONE_THREAD" in words:
            threads.add(result)


def calls_in(output: Path) -> Iterator[tuple[str, str, str, str]]:
    """The calls that came to an end: the thread, the call, its words, and its result."""
    begun: dict[str, str] = {}
    for line in output.read_text("utf-8", "replace").splitlines():
        if unfinished := UNFINISHED.match(line):
            begun[unfinished[1]] = unfinished[2]
        elif found := LINE.match(line):
            thread, call, words, result = found.groups()
            yield thread, call, begun.pop(thread, "") + words, result


def change(what: str, words: str) -> Iterator[tuple[str, list[Path]]]:
    """The change that a call made, by the words of its line; none when it only opened a file."""
    paths = [Path(folder or "/") / path for folder, path in PATH.findall(words)]
    if what == "make" and not re.search("O_CREAT|O_TRUNC", words):
        return
    if what == "remove" and "AT_REMOVEDIR" in words:
        what = "rmdir"
    yield what, paths or [Path(path) for path in DESCRIPTOR.findall(words)]

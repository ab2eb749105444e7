"""`storyreel drop`: a story into the inbox, checked first, and all at once."""

import contextlib
import os
import secrets
import shutil
import stat
from pathlib import Path

from daemon.cli.check import check_folder
from daemon.cli.console import (
    BAD_CONFIG,
    FINE,
    TRY_AGAIN,
    complain,
    explaining_rights,
    say,
    settings_or_exit,
)
from daemon.spool import durable

FOLDER_RIGHTS = stat.S_ISGID | 0o770
"""What a dropped folder grants at least: the service moves it, and may be another user of our
group. New files in it belong to the same group."""
FILE_RIGHTS = 0o660
"""What a dropped file grants at least."""
EXECUTABLE = 0o111


@explaining_rights()
def drop_folder(folder: Path, file: Path | None, root: Path | None) -> int:
    """Check a folder and copy it into the inbox; the exit code."""
    settings = settings_or_exit(file, root)
    if code := check_folder(folder, settings):
        complain("Nothing was dropped.")
        return code

    inbox = settings.folders.inbox
    if not inbox.is_dir():
        mend = "start the service once, or name its root with --root."
        complain(f"There is no inbox at {inbox}: {mend}")
        return BAD_CONFIG
    try:
        dropped = copy_into(inbox, folder.resolve())
    except PermissionError:
        raise
    except OSError as error:
        complain(f"Nothing was dropped: {error.strerror or error}. Look at the disk.")
        return TRY_AGAIN
    say(f"dropped as {dropped}")
    return FINE


def copy_into(inbox: Path, folder: Path) -> Path:
    """Copy a folder into the inbox; its path there. Raises OSError.

    It is copied under a hidden name, put on disk, then renamed: the watcher sees all of it or
    nothing, and so does whoever looks after a loss of power.
    """
    hidden = inbox / f".drop-{secrets.token_hex(4)}"
    try:
        copy_folder(folder, hidden)
        dropped = durable.move_folder(hidden, inbox, folder.name)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    assert dropped, "it was copied there just now"
    return dropped


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder to the new folder `target`, and put it on disk. Raises OSError.

    Links stay links, which intake refuses. Pipes and devices are no part of a story.
    """
    target.mkdir()
    for path in sorted(source.iterdir()):
        copy = target / path.name
        if path.is_symlink():
            copy.symlink_to(path.readlink())
        elif path.is_dir():
            copy_folder(path, copy)
        elif path.is_file():
            copy_file(path, copy)
    grant(target, stat.S_IMODE(source.stat().st_mode) | FOLDER_RIGHTS)
    durable.sync_folder(target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file to the new file `target`, and put it on disk. It cannot be executed."""
    shutil.copyfile(source, target)
    grant(target, (stat.S_IMODE(source.stat().st_mode) | FILE_RIGHTS) & ~EXECUTABLE)
    with target.open("rb") as copy:
        os.fsync(copy.fileno())


def grant(path: Path, mode: int) -> None:
    """Set a mode, where the filesystem permits it: some shares have modes of their own."""
    with contextlib.suppress(PermissionError):
        path.chmod(mode)

"""`storyreel drop`: a story into the inbox, checked first, and all at once."""

import os
import secrets
import shutil
from pathlib import Path

from daemon.cli.check import check_folder
from daemon.cli.console import BAD_CONFIG, FINE, STORY_AT_FAULT, complain, say, settings_or_exit
from daemon.spool import durable


def drop_folder(folder: Path, file: Path | None, root: Path | None) -> int:
    """Check a folder and copy it into the inbox; the exit code."""
    settings = settings_or_exit(file, root)
    if not check_folder(folder, settings):
        complain("Nothing was dropped.")
        return STORY_AT_FAULT
    inbox = settings.folders.inbox
    if not inbox.is_dir():
        mend = "start the service once, or name its root with --root."
        complain(f"There is no inbox at {inbox}: {mend}")
        return BAD_CONFIG
    say(f"dropped as {copy_into(inbox, folder.resolve())}")
    return FINE


def copy_into(inbox: Path, folder: Path) -> Path:
    """Copy a folder into the inbox; its path there.

    It is copied under a hidden name, then renamed: the watcher sees all of it or nothing.
    """
    hidden = inbox / f".drop-{secrets.token_hex(4)}"
    try:
        shutil.copytree(folder, hidden, symlinks=True)
        # The service moves it, and may be another user of our group.
        for place, _, _ in os.walk(hidden):
            Path(place).chmod(Path(place).stat().st_mode | 0o770)
        dropped = durable.move_folder(hidden, inbox, folder.name)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    assert dropped, "it was copied there just now"
    return dropped

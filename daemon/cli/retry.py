"""`storyreel retry`: a failed story back into the inbox."""

import re
from pathlib import Path

from daemon import config
from daemon.cli.console import FINE, USAGE, complain, explaining_rights, say, settings_or_exit
from daemon.config import Folders
from daemon.spool import Spool
from daemon.validation import nearest

UNQUOTED_NAME = re.compile(r"\w[\w.,@%+-]*")
"""A name that no shell needs quotes for. Completion offers no others: names come from strangers,
and bash splits what it is offered, zsh evaluates it."""


@explaining_rights()
def retry_story(name: str, file: Path | None, root: Path | None) -> int:
    """Move failed/NAME to the inbox; the exit code."""
    folders = settings_or_exit(file, root).folders
    if moved := Spool(folders).retry(name):
        say(f"moved to {moved}")
        return FINE
    known = names_in_failed(folders)
    remedy = nearest(name, known) if known else "No story has failed."
    complain(f'there is no failed story "{name}". {remedy}')
    return USAGE


def names_in_failed(folders: Folders) -> list[str]:
    """The names in the folder of failed stories."""
    if not folders.failed.is_dir():
        return []
    return sorted(path.name for path in folders.failed.iterdir())


def completions(begun: str, file: Path | None, root: Path | None) -> list[str]:
    """The failed stories whose names begin like this and need no quotes. Raises nothing."""
    try:
        known = names_in_failed(config.load(file, root).folders)
    except Exception:  # an error must not appear in a command line that is being typed
        return []
    return [name for name in known if name.startswith(begun) and UNQUOTED_NAME.fullmatch(name)]

"""`storyreel retry`: a failed story back into the inbox."""

from pathlib import Path

from daemon.cli.console import FINE, USAGE, complain, settings_or_exit
from daemon.spool.spool import Spool
from daemon.validation import nearest


def retry_story(name: str, file: Path | None, root: Path | None) -> int:
    """Move failed/NAME to the inbox; the exit code."""
    folders = settings_or_exit(file, root).folders
    if moved := Spool(folders).retry(name):
        print(f"moved to {moved}")
        return FINE
    known = (
        sorted(path.name for path in folders.failed.iterdir()) if folders.failed.is_dir() else []
    )
    complain(
        f'there is no failed story "{name}". {nearest(name, known) if known else "No story has failed."}'
    )
    return USAGE

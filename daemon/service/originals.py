"""Stories whose own folders may be read, but not moved out of the inbox: films are made of copies.

The original stays in the inbox under another name. If somebody still writes into it, the copy is
made again, and so is the film.
"""

from pathlib import Path

from daemon.attempt import Failure, Kind
from daemon.config import Settings
from daemon.inbox import entries_of, fingerprint
from daemon.spool import Job, Spool
from daemon.spool.copies import Wanted
from daemon.story.untrusted import opened

MEND = (
    "Its owner may delete the original. To have folders moved instead, let them belong to the"
    " service's group, and run the service with CAP_FOWNER as its unit does, or make them writable"
    " for that group (chmod g+w)."
)


def origin_fingerprint(spool: Spool, job: Job, ignore: tuple[str, ...]) -> str:
    """The fingerprint that the story's own folder has now, without names to ignore.

    Raises OSError.
    """
    return fingerprint(entries_of(spool.origin(job), ignore))


def copy_original(spool: Spool, job: Job, settings: Settings) -> bool:
    """Copy the story's own folder. False when it is gone, or may not be read any more.

    Raises OSError when the machine is at fault.
    """
    try:
        wanted = files_in(spool.origin(job), settings.watch.ignore)
        folder = opened(spool.origin(job), settings)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    with folder:
        spool.take_copy(job, folder, wanted)
    return True


def files_in(folder: Path, ignore: tuple[str, ...]) -> list[Wanted]:
    """All files of a story's folder, to be copied. Raises OSError."""
    found = entries_of(folder, ignore)
    return [Wanted(entry.name, entry.mode, entry.size) for entry in found]


def unreadable(job: Job) -> Failure:
    """The failure of a story whose folder may not be read any more, and whose name is taken."""
    what = f"its folder, now named {job.original} in the inbox, may not be read any more"
    mend = "Make it readable for everyone (chmod -R a+rX), and drop it again."
    return Failure.of(job.id, Kind.STORY, what, mend)

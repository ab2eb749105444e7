"""Looking at what is on the disk, where an error of the look is not an answer.

An error does not say that nothing is there: every look here raises it, on each version of Python.
"""

import errno
import stat
from pathlib import Path


def exists(path: Path) -> bool:
    """Whether anything is at a path, also a link to nothing.

    Raises OSError when that cannot be seen: `Path.exists` and `os.path.lexists` then say no.
    """
    return mode_of(path) != 0


def is_folder(path: Path) -> bool:
    """Whether a path is a folder itself, not a link to one. An impossible name is not a folder.

    Raises OSError when that cannot be seen: since Python 3.14, `Path.is_dir` then says no.
    """
    return stat.S_ISDIR(mode_of(path))


def mode_of(path: Path) -> int:
    """What is at a path, as `stat` describes it; 0 when nothing is. Raises every other OSError."""
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return 0
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return 0
        raise


def is_plain_name(name: object) -> bool:
    """Whether this is the name of one entry of a folder, and cannot lead out of that folder."""
    return isinstance(name, str) and name not in ("", ".", "..") and "/" not in name

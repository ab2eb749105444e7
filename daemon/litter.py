"""Names that say something about a file: hidden, or not yet whole."""

import re

_TEMPORARY = re.compile(
    r""".*\.(part|tmp|filepart|crdownload)   # rsync --partial-dir, editors, WinSCP, Chromium
      | \.syncthing\..* | ~syncthing~.*      # Syncthing on Unix and on Windows
      | \..+\.[A-Za-z0-9]{6}                 # rsync: .name.XXXXXX
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that some copying program has not finished yet."""
    return _TEMPORARY.fullmatch(name) is not None


def is_ignored(name: str) -> bool:
    """Whether a name in the inbox is none of ours: hidden, or temporary."""
    return name.startswith(".") or is_temporary(name)

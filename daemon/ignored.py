"""Names that say something about a file: it is hidden, or a copying program has not finished it.

On the ground floor, because `config`, `story` and `inbox` all need it: no such name may be set as
the manifest's, listed as a story's file, or taken for a story.
"""

import re

_TEMPORARY = re.compile(
    r""".*\.(part|tmp|filepart|crdownload)   # rsync --partial-dir, editors, WinSCP, Chromium
      | \.syncthing\..* | ~syncthing~.*      # Syncthing on Unix and on Windows
      | \..+\.[A-Za-z0-9]{6}                 # rsync: .name.XXXXXX
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_temporary(name: str) -> bool:
    """Whether this is the name of a file that some copying program has not finished yet."""
    return _TEMPORARY.fullmatch(name) is not None


def is_ignored(name: str) -> bool:
    """Whether to ignore a file or folder of this name: it is hidden, or temporary."""
    return name.startswith(".") or is_temporary(name)

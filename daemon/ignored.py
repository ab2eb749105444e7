"""Names to ignore: of hidden files, and of files that a copying program has not finished.

No manifest (`config`), file of a story (`story`) or story (`inbox`) may have such a name.
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

"""Names that say something: hidden, not yet finished, already taken, or litter of some system.

On the ground floor, because `config`, `story` and `inbox` all need it. A file of a temporary name
will become another one: its folder is not complete. Litter is what NAS and desktop systems leave
in every folder: it is no part of a story, and no story waits for it. A folder that the service has
taken by copying it says so in its name, for its owner, who may see nothing else of the service.
"""

import re
from fnmatch import fnmatchcase
from functools import lru_cache

_TEMPORARY = re.compile(
    r""".*\.(part|partial|filepart|tmp      # Firefox, rsync --partial-dir; rclone; WinSCP; editors
          |crdownload|download|opdownload   # Chromium, Safari, Opera
          |uploading|aria2                  # FileBrowser and other web uploaders, aria2
          |!ut|!qb|bc!|!sync)               # µTorrent, qBittorrent, BitComet, Resilio Sync
      | \.syncthing\..* | ~syncthing~.*     # Syncthing on Unix and on Windows
      | \..+\.[A-Za-z0-9]{6}                # rsync: .name.XXXXXX
      | \.in\..*                            # lftp, and ProFTPD's HiddenStores
      | \.pureftpd-upload\..*               # Pure-FTPd
      | \.goutputstream-.*                  # GNOME Files, and whatever saves through GIO
      | .*\.sb-[0-9a-f]{8}-[A-Za-z0-9]{6}   # Finder, TextEdit and other savers on macOS
      | ~\$.* | \.~lock\..*\#               # open in Microsoft Office, in LibreOffice
      | \..*\.sw[a-p]                       # open in Vim
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_LITTER = frozenset({
    "@eadir", "#recycle", "#snapshot", "@tmp",                           # Synology
    "@recycle", "@recently-snapshot", ".@__thumb", ".@__qini",           # QNAP
    ".recycle", ".snapshot", ".snapshots", ".zfs",                       # Samba, NetApp, ZFS
    ".ds_store", ".localized", ".appledouble", "__macosx", "icon\r",     # macOS
    ".spotlight-v100", ".fseventsd", ".trashes", ".temporaryitems", ".documentrevisions-v100",
    "network trash folder", "temporary items",
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini",      # Windows
    "$recycle.bin", "recycler", "system volume information",
    "lost+found", ".directory", ".trash",                                # ext4, KDE, Linux desktops
    ".sync", ".stfolder", ".stversions", ".stignore", ".csync_journal.db",  # Resilio, Syncthing
    ".dropbox", ".dropbox.attr", ".dropbox.cache",                       # Dropbox
})  # fmt: skip
"""Names in small letters."""

_LITTER_STARTS = ("._", ".trash-", ".nfs0", ".fuse_hidden", ".sync_", ".owncloudsync")
"""AppleDouble, Linux desktops, files deleted while they are open (NFS and FUSE), Nextcloud."""

TAKEN_ENDING = " (taken, may be deleted)"
"""The end of the name that a folder gets in the inbox when its copy becomes the film."""


def is_temporary(name: str) -> bool:
    """Whether this is the name of a file that some program has not finished yet."""
    return _TEMPORARY.fullmatch(name) is not None and not is_litter(name)


@lru_cache(maxsize=128)  # every look asks it of every file; most files have the same few names
def is_litter(name: str, ignore: tuple[str, ...] = ()) -> bool:
    """Whether no story means a file or folder of this name: system's litter, or one to ignore.

    `ignore` has patterns such as "*.bak", which match whole names. Capitals count in them.
    """
    lower = name.lower()
    if lower in _LITTER or lower.startswith(_LITTER_STARTS):
        return True
    return any(fnmatchcase(name, pattern) for pattern in ignore)


def is_ignored(name: str, ignore: tuple[str, ...] = ()) -> bool:
    """Whether to ignore a file or folder of this name: hidden, temporary, taken, or litter."""
    if name.startswith(".") or name.endswith(TAKEN_ENDING):
        return True
    return is_temporary(name) or is_litter(name, ignore)

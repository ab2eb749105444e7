"""The right to move a folder that somebody else owns.

Moving a folder to another parent changes the folder itself, since its ".." does, and so needs the
right to write to it (rename(2), EACCES). What cp, scp, rsync and unzip make, only its owner may
write to. Its mode may be changed by its owner, and by who has the capability CAP_FOWNER
(capabilities(7)), which the systemd unit gives the service.
"""

import contextlib
import os
import stat
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def grant(folder: Path) -> bool:
    """Give this user the right to write to a folder, as its owner or by its group.

    Only the folder's own mode is changed, and only if it is a folder and no link. False when it
    cannot be: the group is not one of this user's, or this user may not change the mode.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, FOLDER)
        try:
            facts = os.fstat(descriptor)
            if rights := rights_for_us(facts):
                # RestrictSUIDSGID= of systemd forbids the other bits. What is in work/ needs none.
                os.fchmod(descriptor, facts.st_mode & 0o777 | rights)
                return True
        finally:
            os.close(descriptor)
    return False


def rights_for_us(facts: os.stat_result) -> int:
    """The bits of a mode that give this user all rights; 0 when none of them does.

    Never those of all others: they would give the right to everybody.
    """
    if facts.st_uid == os.geteuid():
        return stat.S_IRWXU
    if facts.st_gid in {os.getegid(), *os.getgroups()}:
        return stat.S_IRWXG
    return 0

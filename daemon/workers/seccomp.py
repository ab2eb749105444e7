"""A filter of system calls (seccomp(2)): what Landlock does not cover, the kernel refuses too.

A worker reads and writes files, starts threads, and perhaps ffmpeg. Everything in the table below
it never needs, and gets EPERM for: sockets of any family, other processes' memory, namespaces and
mounts, the kernel's own doors, the clock, and modes, owners and attributes of files. The filter is
a program for the kernel's classic BPF machine (linux/filter.h), which sees a call's number and its
first arguments.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

# ---- the table ----------------------------------------------------------------------------------

Numbers = tuple[int | None, int | None]
"""A call's number on x86_64 (asm/unistd_64.h) and on aarch64 (asm-generic/unistd.h), if any."""

SOCKETS: Mapping[str, Numbers] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "recvmmsg": (299, 243),
}
PROCESSES: Mapping[str, Numbers] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "setns": (308, 268),
    "unshare": (272, 97),
}
MOUNTS: Mapping[str, Numbers] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
}
KERNEL: Mapping[str, Numbers] = {
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "syslog": (103, 116),
    "personality": (135, 92),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
}
ATTRIBUTES: Mapping[str, Numbers] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "mknod": (133, None),
    "mknodat": (259, 33),
}
PROGRAMS: Mapping[str, Numbers] = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
}
CLONE: Numbers = (56, 220)
CLONE3: Numbers = (435, 435)

NEVER_NEEDED: Mapping[str, Numbers] = {**SOCKETS, **PROCESSES, **MOUNTS, **KERNEL, **ATTRIBUTES}
"""What no worker ever needs."""

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of the table, and the kernel's number (AUDIT_ARCH_…, linux/audit.h)."""
FIRST_X32_CALL = 0x40000000
"""Calls of x86_64's other interface have numbers from here, and would pass by the table."""
NEW_NAMESPACES = 0x7E020000
"""The flags of clone(2) that make a new namespace, CLONE_NEWNS to CLONE_NEWNET (linux/sched.h)."""
NEW_THREAD = 0x00010000
"""Its flag CLONE_THREAD: without it, a new process is made."""

# ---- the program --------------------------------------------------------------------------------

LOAD_WORD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ, …|BPF_JGE, …|BPF_JSET, and BPF_RET, each with BPF_K."""
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
"""Where `struct seccomp_data` has them (linux/seccomp.h; little-endian)."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
"""SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO, to which the errno is added."""

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")
"""Exists where the kernel has filters."""


def is_supported() -> bool:
    """Whether this machine's kernel can refuse calls, and the table has its numbers."""
    return platform.machine() in ARCHITECTURES and ACTIONS.exists()


def program(
    numbers: Iterable[int], clone: int, clone3: int, architecture: int, *, is_alone: bool = False
) -> bytes:
    """A program that refuses calls by their numbers, and new namespaces by clone(2).

    `is_alone`: it refuses new processes by clone(2) too, and leaves threads.

    clone3(2) has its flags in memory, which no program sees. It gets ENOSYS, as on a kernel that
    does not have it, so that the C library takes clone(2).
    """
    refused = sorted(numbers)
    tests = [*((EQUAL, number, "refuse") for number in refused), (EQUAL, clone3, "absent")]
    lines: list[tuple[int, int, str]] = [
        (LOAD_WORD, ARCHITECTURE_AT, ""),
        (EQUAL, architecture, "else refuse"),
        (LOAD_WORD, NUMBER_AT, ""),
        (AT_LEAST, FIRST_X32_CALL, "refuse"),
        *tests,
        (EQUAL, clone, "else allow"),
        (LOAD_WORD, FIRST_ARGUMENT_AT, ""),
        (ANY_BIT, NEW_NAMESPACES, "refuse"),
    ]
    if is_alone:
        lines.append((ANY_BIT, NEW_THREAD, "else refuse"))
    ends = {"allow": ALLOW, "refuse": REFUSE + errno.EPERM, "absent": REFUSE + errno.ENOSYS}
    place = {end: len(lines) + index for index, end in enumerate(ends)}
    code = b""
    for index, (instruction, value, end) in enumerate(lines):
        distance = place[end.removeprefix("else ")] - index - 1 if end else 0
        is_else = end.startswith("else ")
        jumps = (0, distance) if is_else else (distance, 0)
        code += struct.pack("=HBBI", instruction, *jumps, value)
    for result in ends.values():
        code += struct.pack("=HBBI", RETURN, 0, 0, result)
    return code


class Program(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def refuse(calls: Mapping[str, Numbers]) -> None:
    """Let the kernel refuse these calls to this thread, and to whatever it starts, for good.

    With `PROGRAMS` among them, it can make no new process either, in no way.

    `PR_SET_NO_NEW_PRIVS` must be set (as Landlock needs it too). Raises OSError.
    """
    column, architecture = ARCHITECTURES[platform.machine()]
    numbers = [number for pair in calls.values() if (number := pair[column]) is not None]
    clones = CLONE[column] or 0, CLONE3[column] or 0
    code = program(numbers, *clones, architecture, is_alone=calls.keys() >= PROGRAMS.keys())
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_program = Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_program), 0, 0):
        code_of_error = ctypes.get_errno()
        raise OSError(code_of_error, f"no filter of calls: {os.strerror(code_of_error)}")

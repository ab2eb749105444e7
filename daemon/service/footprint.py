"""How the service's memory stays flat for months: garbage and buffers are given back in time.

Both limits are about the warming up. Without them nothing leaks either, but what a day of work
leaves here and there is kept for hours, or for each thread (measured: 49 MiB that became 58 within
six minutes of stories, kills and reloads, and grew on).
"""

import contextlib
import ctypes
import gc

FEW_NEW_OBJECTS = (700, 2, 2)
"""Containers that are new, collections of the young ones, and of those that have aged once: after
700 × 2 × 2 the garbage collector goes through all (Python's default: 700 × 10 × 10)."""
ARENAS = 2
"""Of the C library; by default there are eight for each core, and each keeps what a thread needed
once."""
LARGE_BYTES = 128 * 1024
"""What is larger goes back to the system at once. This is the C library's default, but it raises
it with each large buffer that is freed, up to 32 MiB, unless it is set (mallopt(3))."""

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""From malloc.h."""


def keep_flat() -> None:
    """Limit what this process keeps of the memory that it has used. To be called at its start."""
    collect_in_time()
    give_back()


def collect_in_time() -> None:
    """Let the garbage collector go through all objects often, and leave out what was imported.

    Python collects garbage of all ages only after 70,000 new objects, and only when what is new is
    a quarter of the rest (https://docs.python.org/3.11/library/gc.html#gc.set_threshold). Next to
    the objects of all modules, and with as few new ones as this service makes, that is after hours.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*FEW_NEW_OBJECTS)
    gc.collect()  # counts anew what is left


def give_back() -> None:
    """Let the C library share its arenas between threads, and give large buffers back."""
    with contextlib.suppress(AttributeError):  # musl has no such settings, and needs none
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, ARENAS)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)

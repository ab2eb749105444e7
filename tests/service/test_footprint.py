"""The service's memory: what is no longer used is given back in time."""

import ctypes
import gc
import threading
from collections import deque
from pathlib import Path

from daemon.service.footprint import collect_in_time, give_back
from tests.helpers.children import in_child

MODULES = 300_000
"""Objects that stand for what imports leave."""
GARBAGE = 20_000


def full_collections() -> int:
    """How often objects of all ages are collected while garbage ages next to many objects."""
    before: int = gc.get_stats()[2]["collections"]
    aging: deque[list[object]] = deque(maxlen=100)
    for _ in range(GARBAGE):
        cycle: list[object] = []
        cycle.append(cycle)
        aging.append(cycle)
    after: int = gc.get_stats()[2]["collections"]
    return after - before


def test_aged_garbage_is_collected_in_time() -> None:
    """N24"""

    def left_alone() -> str:
        modules: list[object] = [[] for _ in range(MODULES)]
        gc.collect()  # a quarter of what it finds is what the next one waits for
        late = full_collections()
        collect_in_time()
        in_time = full_collections()
        assert modules
        return f"{late}, then {in_time > 0}"

    assert in_child(left_alone).said == "0, then True"


THREADS = 12
BUFFER_MIB = 16


def resident_mib() -> float:
    """How much memory this process has, in MiB (proc_pid_statm(5))."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def left_of_buffers() -> float:
    """MiB that are kept after some threads have each used and freed large buffers."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    before = resident_mib()
    waiting = threading.Barrier(THREADS + 1)

    def use() -> None:
        for _ in range(2):  # the first one raises what counts as large
            large = ctypes.c_void_p(libc.malloc(BUFFER_MIB * 2**20))
            ctypes.memset(large, 1, BUFFER_MIB * 2**20)
            kept = ctypes.c_void_p(libc.malloc(64))  # lies above it
            libc.free(large)
            libc.free(kept)
        waiting.wait()  # an arena belongs to a thread for as long as that lives
        waiting.wait()

    threads = [threading.Thread(target=use) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    waiting.wait()
    left = resident_mib() - before
    waiting.wait()
    for thread in threads:
        thread.join()
    return left


def test_large_buffers_of_threads_are_given_back() -> None:
    """N24"""

    def body() -> str:
        give_back()
        return f"{left_of_buffers()}"

    kept = float(in_child(lambda: f"{left_of_buffers()}").said)
    assert float(in_child(body).said) < 2 < kept

"""What `storyreel run` does before the service begins; that has tests of its own."""

import gc
from collections import deque

from daemon.cli.run import collect_in_time
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
    def left_alone() -> str:
        modules: list[object] = [[] for _ in range(MODULES)]
        gc.collect()  # a quarter of what it finds is what the next one waits for
        late = full_collections()
        collect_in_time()
        in_time = full_collections()
        assert modules
        return f"{late}, then {in_time > 0}"

    assert in_child(left_alone).said == "0, then True"

"""How often harm is done: once, or many times over in the long form (`make test-faults`)."""

import os
import random
from collections.abc import Iterator

import pytest

IS_LONG = os.environ.get("STORYREEL_FAULTS") == "long"
ROUNDS = 6 if IS_LONG else 1
STORIES = 4 if IS_LONG else 2
"""Stories that are dropped in each round, where a test does not need a certain number."""

only_long = pytest.mark.skipif(not IS_LONG, reason="takes too long: `make test-faults` runs it")


def rounds(fault: str) -> Iterator[random.Random]:
    """Chance for each round, from a seed that is printed and is the same in every run."""
    for number in range(1, ROUNDS + 1):
        seed = f"{fault} {number}"
        print(f"seed: {seed}")
        yield random.Random(seed)

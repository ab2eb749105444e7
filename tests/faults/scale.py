"""How long faults are tried, and where their chance begins.

Both are read from the environment when tests are collected: later, tests do not see such variables.
"""

import os
import random
import secrets
import sys

IS_LONG = os.environ.get("STORYREEL_FAULTS") == "long"
"""Whether `make test-faults` runs, which has all the time it needs."""
SEED = int(os.environ.get("STORYREEL_FAULTS_SEED") or secrets.randbelow(10**6))
"""STORYREEL_FAULTS_SEED repeats the chances of an earlier run."""


def chance_for(what: str) -> random.Random:
    """The chance of one test, which no other test changes. Its seed is printed."""
    sys.stderr.write(f"{what}: {repeat()}\n")
    return random.Random(f"{SEED} {what}")


def repeat() -> str:
    """How to repeat the chances of this run."""
    return f"STORYREEL_FAULTS_SEED={SEED}"

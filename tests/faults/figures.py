"""What the long forms measure, on standard error: pytest's own processes keep standard output."""

import sys


def say(what: str, **figures: object) -> None:
    """Write a line of measured figures."""
    values = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
    sys.stderr.write(f"\n{what}: {values}\n")

"""Fixtures of the faults: a trial, and mounts for it."""

from tests.faults.mounts import mounts
from tests.faults.trial import mounted_trial, trial

__all__ = ["mounted_trial", "mounts", "trial"]

"""Where attempts run. An engine takes an order and returns an outcome, even when the worker dies.

`local` is the engine that uses this machine, and `alone` one attempt without an engine. `worker` is
the child's side, the same for all. `sandbox` limits what a worker may do, and `seccomp` what it may
ask of the kernel.
"""

from typing import Protocol

from daemon.attempt import Order, Outcome

__all__ = ["Workers"]


class Workers(Protocol):
    """What every engine can do."""

    async def submit(self, order: Order) -> Outcome:
        """Run one attempt to its end, good or bad. Cancelling the call ends the attempt.

        Raises WorkersBroken when no attempt can be run at all.
        """

    def stop(self) -> None:
        """End all attempts at once, and wait until they are gone."""

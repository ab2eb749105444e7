"""Where attempts run: an engine takes an order and gives an outcome, whatever happens in between.

`local` is the engine on this machine; `worker` is the child's side, the same for every engine; `sandbox`
is what a worker may do.
"""

from typing import Protocol

from daemon.attempt import Order, Outcome

__all__ = ["Workers"]


class Workers(Protocol):
    """An engine."""

    async def submit(self, order: Order) -> Outcome:
        """Run one attempt to its end, whatever that end is. A cancelled call ends the attempt.

        Raises WorkersBroken when no attempt can be run at all.
        """

    def stop(self) -> None:
        """End all attempts now, whatever they do, and wait until they are gone."""

"""Steps of the spool, taken again and again until they work."""

import errno
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from daemon.log import Event, logger

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

LONGEST_WAIT_SECONDS = 60.0
"""The longest wait before a step is tried again."""
LONGER_AND_LONGER = wait_exponential_jitter(multiplier=1, max=LONGEST_WAIT_SECONDS)
AFTER_AN_ERROR = retry_if_exception_type(OSError)
FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a disk, or of a user's share of it, that is full."""

FORBIDDEN = (errno.EACCES, errno.EPERM)
"""The errors of a step that the service's user may not take."""


async def until_it_works(
    step: Callable[Arguments, Awaitable[Result]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Take a step again and again until it raises no OSError.

    Such a step only reads, records or moves folders. So a full disk or a lost share is waited for,
    and the story is never given up.
    """
    retrying = AsyncRetrying(
        wait=LONGER_AND_LONGER,
        retry=AFTER_AN_ERROR,
        before_sleep=log_failed_step,
    )
    return await in_turns(retrying, step, *args, **kwargs)


async def in_turns(
    retrying: AsyncRetrying,
    step: Callable[Arguments, Awaitable[Result]],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Result:
    """Take a step as often as `retrying` says, and leave nothing for the garbage collector.

    tenacity (9.2) keeps the last turn's actions, which refer back to it: some dozens of objects for
    each step of each story, that only a collection of all ages would find.
    """
    try:
        result: Result = await retrying(step, *args, **kwargs)
        return result
    finally:
        retrying.iter_state.reset()


def log_failed_step(state: RetryCallState) -> None:
    """Log that a step of the spool has failed and will be tried again."""
    error = state.outcome and state.outcome.exception()
    assert isinstance(error, OSError), "only OSErrors are tried again"
    mend = "Look at the folders and their permissions; the service keeps trying."
    if error.errno in FULL:
        mend = "Make room on the disk."
    elif error.errno in FORBIDDEN:
        mend = "Let the service's user write to it (chmod, chown); the service keeps trying."
    place = f" at {error.filename}" if error.filename else ""
    log_degraded(f"a story cannot be moved on{place}: {error.strerror or error}", mend)


def log_degraded(reason: str, mend: str) -> None:
    """Log that something is wrong without which the service can continue."""
    logger().error(Event.SERVICE_DEGRADED, reason=reason, mend=mend)

"""Deciding again when the store moved underneath, bounded."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from chalicelib.domain.errors import Busy
from chalicelib.ports import Clock, Moved

Result = TypeVar("Result")

PATIENCE_S = 10.0
ATTEMPTS = 60
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 0.5


def decide(clock: Clock, attempt: Callable[[], Result], patience_s: float = PATIENCE_S) -> Result:
    """Run `attempt` until it does not raise Moved, waiting with full jitter in between.

    Raises:
        Busy: it kept moving for `patience_s`; nothing was written.
    """
    retrying = Retrying(
        sleep=clock.sleep,
        retry=retry_if_exception_type(Moved),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        stop=stop_after_delay(patience_s) | stop_after_attempt(ATTEMPTS),
    )
    try:
        return retrying(attempt)
    except RetryError:
        raise Busy from None

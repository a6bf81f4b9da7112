"""Deciding again when the store moved underneath, bounded; and what it says to whoever asked, when it did not."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_exception_type, wait_random_exponential

from chalicelib.domain.errors import Busy
from chalicelib.ports.outside import Clock
from chalicelib.ports.transactions import CommitConflict, ConditionFailed

Result = TypeVar("Result")

PATIENCE_S = 10.0
ATTEMPTS = 60
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 0.5


def retry_on_conflict(
    clock: Clock, attempt: Callable[[], Result], patience_s: float = PATIENCE_S, what: str = "this network"
) -> Result:
    """Run `attempt` until its commit does not find that something moved, waiting with full jitter in between.

    A commit that was refused rises as what that means to whoever asked; where it means nothing to
    them, as an address that another took, it is decided again. `what` is being written, in words: Busy names it.

    Raises:
        Busy: it kept moving for `patience_s`; nothing was written.
    """
    deadline = clock.now() + timedelta(seconds=patience_s)
    retrying = Retrying(
        sleep=clock.sleep,
        retry=retry_if_exception_type(CommitConflict),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        stop=lambda state: state.attempt_number >= ATTEMPTS or clock.now() >= deadline,
    )

    def explained() -> Result:
        try:
            return attempt()
        except ConditionFailed as refused:
            raise refused.commit.refusal(refused.write) or CommitConflict() from refused

    try:
        return retrying(explained)
    except RetryError:
        raise Busy(what) from None

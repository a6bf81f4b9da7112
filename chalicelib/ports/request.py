"""The store of requests that may come again."""

from typing import Protocol

from chalicelib.domain.change.replay import Replayable


class RequestStore(Protocol):
    """Requests with an idempotency key. A commit settles them."""

    def begin(self, attempt: Replayable) -> Replayable | None:
        """Note a first attempt, once however often it is sent; answers another that stands there already."""
        ...

    def take_over(self, stored: Replayable, attempt: Replayable) -> bool:
        """Replace an attempt that ended without a trace, once however often it is sent; False: another did first."""
        ...

    def forget(self, attempt: Replayable) -> None:
        """Remove an attempt that did nothing; no effect on another, or one that is done."""
        ...

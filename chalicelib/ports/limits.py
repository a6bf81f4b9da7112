"""The store of what was counted."""

from typing import Protocol

from chalicelib.domain.identity.limits import Counted


class LimitStore(Protocol):
    def count(self, counted: Counted, most: int) -> bool:
        """Count one more; False: `most` were counted before, and this one was not. One conditional write."""
        ...

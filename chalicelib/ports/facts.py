"""What became true of peers."""

from typing import Protocol

from chalicelib.domain.peer.presence import Fact


class FactStore(Protocol):
    """Facts, from which the stream tells browsers and counts reports."""

    def insert(self, *facts: Fact) -> None:
        """Insert facts; the same one twice is one. 1 request a 25."""
        ...

"""Writes that are whole or not at all."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.change.writes import Commit, Write


class CommitConflict(Exception):
    """Something a commit was based on changed meanwhile: read again and decide again."""


class ConditionFailed(Exception):
    """A write's own condition failed: nothing of the commit was written."""

    def __init__(self, commit: Commit, write: Write) -> None:
        super().__init__(type(write).__name__)
        self.commit = commit
        self.write = write


@dataclass(frozen=True, slots=True)
class Limits:
    """What one commit holds: so many items, each of so many bytes."""

    items: int
    item_bytes: int


class Transactions(Protocol):
    @property
    def limits(self) -> Limits: ...

    def commit(self, commit: Commit) -> None:
        """Write all of it or nothing.

        Raises:
            CommitConflict: the network or a block of the directory moved, or the store was contended.
            ConditionFailed: a claim, address, audit record or creation found its place taken; also when the network
                moved too.
        """
        ...

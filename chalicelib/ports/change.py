"""Stores of changes, of how far they have got, and of requests that may come again."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.change.change import Change
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.rollout import Expected, Mark, Rollout
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.presence import Fact


class StreamRecords(Protocol):
    """What the records of the streams say. Each raises whatever a malformed one causes."""

    def change_from(self, record: Mapping[str, Any]) -> Change: ...

    def fact_from(self, record: Mapping[str, Any]) -> Fact: ...

    def key_of(self, record: Mapping[str, Any]) -> tuple[NetworkId, Revision]:
        """Network and revision by the record's keys, for when its image does not parse."""
        ...


class ChangeStore(Protocol):
    """The change log. Only commits write it."""

    def between(self, network_id: NetworkId, after: Revision, up_to: Revision | None = None) -> list[Change]:
        """The changes after one revision up to another, in order; None: up to the newest."""
        ...

    def page(self, network_id: NetworkId, before: Revision | None, limit: int) -> list[Change]:
        """Up to `limit` changes, the newest first, before one."""
        ...


class RolloutStore(Protocol):
    """Which agents have to apply a revision, and how many are through with it; kept for a month."""

    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected], now: datetime) -> None:
        """Note whom each revision concerns; the same again is no more. 1 request a 25 revisions."""
        ...

    def rollouts(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, Rollout]:
        """What is counted of each revision from one to another; one not planned, or that concerns nobody, is left out.

        1 request, and as much to read however many agents a revision concerns.
        """
        ...

    def concerned(self, network_id: NetworkId, revision: Revision) -> frozenset[PeerId]:
        """The many agents that a revision concerns; nobody when they are few."""
        ...

    def count(self, network_id: NetworkId, marks: Collection[Mark], now: datetime) -> None:
        """Count agents that are through with revisions, each once however often it is marked.

        1 transaction for up to 99 of one revision.
        """
        ...


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

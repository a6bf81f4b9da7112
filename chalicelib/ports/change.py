"""Stores of changes, of how far they have got, and of requests that may come again."""

from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.domain.change.change import Change
from chalicelib.domain.identity.account_change import AccountChange
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.domain.peer.presence import Fact


class StreamRecords(Protocol):
    """What the records of the streams say. Each raises whatever a malformed one causes."""

    def change_from(self, record: Mapping[str, Any]) -> Change: ...

    def fact_from(self, record: Mapping[str, Any]) -> Fact: ...

    def account_change_from(self, record: Mapping[str, Any]) -> AccountChange | None:
        """None: it means nothing for those who are connected. One whose images do not parse changed for all we know."""
        ...

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

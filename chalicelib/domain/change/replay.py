"""Requests that a client may send again without doing them twice (`Idempotency-Key`).

A record holds a hash of the request, its status and the ids of what it made, never a secret.
It is settled in the transaction that does the work, so that both are there or neither.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.change.errors import KeyReused, RequestRunning
from chalicelib.domain.ids import PeerId, PrincipalId

LIFETIME = timedelta(hours=24)
LEASE = timedelta(seconds=60)  # longer than a Lambda function answers: its request has ended by then
KEY_MAX = 255


@dataclass(frozen=True, slots=True)
class Replayable:
    """A request under a key. `attempt`: which of its attempts this is; `made`: ids, empty while it runs."""

    principal: PrincipalId
    key: str
    request: str
    attempt: str
    started_at: datetime
    made: tuple[str, ...] = ()
    is_done: bool = False

    @property
    def expires_at(self) -> datetime:
        return self.started_at + LIFETIME

    @property
    def peers(self) -> dict[int, PeerId]:
        """What a request for many peers made, by the place of each in it."""
        pairs = (text.partition(":") for text in self.made)
        return {int(place): PeerId(peer_id) for place, _, peer_id in pairs}

    def with_peers(self, peers: Mapping[int, PeerId]) -> "Replayable":
        """After it made some more of many peers."""
        return replace(self, made=(*self.made, *(f"{place}:{peer_id}" for place, peer_id in peers.items())))

    def done(self, *made: str) -> "Replayable":
        """After it made these and nothing else before."""
        return replace(self, made=made, is_done=True)

    def admits(self, again: "Replayable") -> bool:
        """Whether another attempt may run: this one ended without a trace.

        Raises:
            KeyReused: the key stood for another request.
            RequestRunning: this one may still come through.
        """
        if again.started_at >= self.expires_at:
            return True
        if again.request != self.request:
            raise KeyReused(self.key)
        if self.is_done:
            return False
        if again.started_at < self.started_at + LEASE:
            raise RequestRunning(self.key)
        return True


def request_hash(asked: bytes) -> str:
    """SHA-256 (hex) of method, path, query and parsed body, in a form that does not hang on how they were written:
    a retry may come from another library, with other spaces and another order of names."""
    return hashlib.sha256(asked).hexdigest()

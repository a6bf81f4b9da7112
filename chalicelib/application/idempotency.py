"""Doing a request once, however often it is sent.

Requests: 1 write before, 1 after unless the work's own transaction settles it; a replay 1
write that fails and 1 read.
"""

from dataclasses import dataclass, replace

from chalicelib.domain.change.errors import RequestRunning
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import PrincipalId
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.request import RequestStore


@dataclass(frozen=True, slots=True)
class Requests:
    store: RequestStore
    clock: Clock
    randomness: Randomness

    def begin(self, key: str, request: str, by: Principal) -> Replayable:
        """Start an attempt, or find the one that was done (`is_done`).

        Raises:
            KeyReused, RequestRunning.
        """
        attempt = Replayable(PrincipalId(by.id), key, request, self.randomness.new_id("req"), self.clock.now())
        stored = self.store.begin(attempt)
        if stored is None:
            return attempt
        if not stored.admits(attempt):
            return stored
        if stored.expires_at > attempt.started_at:
            attempt = replace(attempt, made=stored.made)  # what it made before it ended is not made twice
        if not self.store.take_over(stored, attempt):
            raise RequestRunning(key)
        return attempt

    def finish(self, attempt: Replayable) -> None:
        """Note that it is done, when no transaction did."""
        self.store.take_over(attempt, replace(attempt, is_done=True))

    def forget(self, attempt: Replayable) -> None:
        """It was refused, and did nothing: the key is free again."""
        self.store.forget(attempt)

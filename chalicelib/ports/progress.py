"""Which revision each agent should run, and which it runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.peer.presence import Progress


class ProgressStore(Protocol):
    """How far agents are. What an agent says counts while its admission is the peer's."""

    def of(self, agent: Agent) -> Progress | None:
        """None: no such agent (any more), or its admission is not the peer's."""
        ...

    def applied_revision(self, peer_id: PeerId) -> Revision:
        """The revision in force, 0 for none."""
        ...

    def raise_wanted(self, revisions: Mapping[PeerId, Revision]) -> None:
        """Raise `wanted` of each, never lower it; no effect on an agent that is gone. 1 request a 25."""
        ...

    def note_applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
        """Note what an agent runs; answers the revision it ran before, 0 for none. The same word again, of the
        same moment, is answered the same.

        None, and no effect: it is gone, or has said a newer one.
        """
        ...

    def note_failure(self, agent: Agent, error: str, at: datetime) -> bool:
        """Note why an agent could not apply what it fetched; False when it is gone."""
        ...

"""The change log of a network, as people read it, with the proof that each change is in force.

Requests: 2, and the proofs of a page. Who is missing: 1, and what it takes to find them.
"""

from dataclasses import dataclass

from chalicelib.application.push.rollouts import Rollouts
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.errors import ChangeNotFound
from chalicelib.domain.change.rollout import Rollout
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.ports.change import ChangeStore
from chalicelib.ports.network import NetworkStore


@dataclass(frozen=True, slots=True)
class History:
    networks: NetworkStore
    changes: ChangeStore
    rollouts: Rollouts

    def page(
        self, network_id: NetworkId, before: Revision | None, limit: int, by: Principal
    ) -> tuple[list[tuple[Change, Rollout | None]], Revision | None]:
        """Up to `limit` changes, the newest first, and the cursor of the next page."""
        by.require_sight(network_id)
        self.networks.get(network_id)
        found = self.changes.page(network_id, before, limit + 1)
        rollouts = self.rollouts.of(network_id, found[:limit])
        page = [(change, rollouts[change.revision]) for change in found[:limit]]
        return page, found[limit - 1].revision if len(found) > limit else None

    def missing(self, network_id: NetworkId, revision: Revision, by: Principal) -> list[PeerId]:
        """Some of the agents that a revision concerns and that have not applied it.

        Raises:
            ChangeNotFound.
        """
        by.require_sight(network_id)
        if not 0 < revision <= self.networks.get(network_id).revision:
            raise ChangeNotFound(revision)
        return self.rollouts.missing(network_id, revision)

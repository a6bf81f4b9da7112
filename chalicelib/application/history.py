"""The change log of a network, as people read it.

Requests: 2.
"""

from dataclasses import dataclass

from chalicelib.domain.change import Change
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.domain.principal import Principal
from chalicelib.ports import ChangeStore, NetworkStore


@dataclass(frozen=True, slots=True)
class History:
    networks: NetworkStore
    changes: ChangeStore

    def page(
        self, network_id: NetworkId, before: Revision | None, limit: int, by: Principal
    ) -> tuple[list[Change], Revision | None]:
        """Up to `limit` changes, the newest first, and the cursor of the next page."""
        by.require_sight(network_id)
        self.networks.get(network_id)
        found = self.changes.page(network_id, before, limit + 1)
        return found[:limit], found[limit - 1].revision if len(found) > limit else None

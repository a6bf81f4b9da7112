"""What jumps saw of peers, in memory."""

from collections.abc import Collection, Mapping

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.presence import Sighting, latest_before


class MemorySightings:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        found = ((peer_id, self._tables.sightings.get((peer_id, network_id))) for peer_id in peer_ids)
        return {peer_id: sighting for peer_id, sighting in found if sighting is not None}

    def keep(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        kept: set[PeerId] = set()
        for peer_id, sighting in seen.items():
            with self._tables.lock:
                stored, known = self._tables.sightings.get((peer_id, network_id)), before.get(peer_id)
                if known is None or stored is None:
                    is_kept = known is stored
                else:
                    is_kept = stored.handshake_at <= latest_before(known, sighting)
                if is_kept:
                    self._tables.sightings[peer_id, network_id] = sighting
                    kept.add(peer_id)
        return kept

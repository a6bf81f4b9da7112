"""What a delete leaves to a job: peer by peer, until the range is free; then what nobody reads any more.

The job goes on from what is stored, so it may run twice, end halfway, or be lost and sent
again. Requests of a step: 2 reads + 1 transaction for up to PEERS_AT_ONCE peers; of a network
that is gone 3 or 4 reads and up to 4 writes for a hundred rows.
"""

from dataclasses import dataclass

from chalicelib.application.network_edit import NetworkEdits
from chalicelib.application.networks.networks import removal
from chalicelib.application.packing import Room, fitting
from chalicelib.application.peers.peers import deletion
from chalicelib.application.ranges import Ranges
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import job
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.directory import blocks_of
from chalicelib.domain.peer.peer import PeerRecord
from chalicelib.ports.allocation import LeftoverStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore

PEERS_AT_ONCE = 10
OWN_ITEMS = 7  # tombstone 2, name, label, address 2, sighting
REMOVAL = job("removal")


@dataclass(frozen=True, slots=True)
class Removals:
    edits: NetworkEdits
    networks: NetworkStore
    ranges: Ranges
    peers: PeerStore
    leftovers: LeftoverStore
    clock: Clock

    def step(self, network_id: NetworkId) -> bool:
        """Remove some peers of a network that is being deleted, itself, then its rows; False when nothing is left."""

        def attempt() -> bool:
            network = self.networks.deleting(network_id)
            if network is None:
                return self._is_gone(network_id) and self.leftovers.sweep(network_id)
            later = network.advanced(self.clock.now())
            some = self.peers.records(network_id, PEERS_AT_ONCE)
            records = fitting(some, Room(self.edits.limits.items, _items))
            behind = self.ranges.behind([record.peer for record in records])
            edit = deletion(later, records, behind) if records else removal(later, self.ranges)
            self.edits.commit(network, edit, REMOVAL)
            return True

        return retry_on_conflict(self.clock, attempt)

    def _is_gone(self, network_id: NetworkId) -> bool:
        """Whether nothing stands under this id, which never comes back: one that nobody deletes is left alone."""
        try:
            self.networks.get(network_id)
        except NetworkNotFound:
            return self.networks.deleting(network_id) is None
        return False


def _items(record: PeerRecord) -> int:
    """Of a transaction that deletes the peer."""
    cidrs = record.peer.additional_allowed_ips
    return (
        OWN_ITEMS
        + len(record.peer.keys)
        + (record.peer.owner_id is not None)
        + record.peer.is_run_by_agent
        + len(cidrs)
        + len(blocks_of(cidrs))
    )

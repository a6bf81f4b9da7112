"""Reading what a tunnel needs, as of one revision.

Requests: a regular peer 5 (4 when no CIDR stands behind any peer), whatever the size of
the network; a jump 2 and one query of the peers.
"""

from dataclasses import dataclass

from chalicelib.domain.bundle import Bundle, DnsRecord
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network import Network
from chalicelib.domain.peer import Kind, Peer
from chalicelib.domain.tunnel import addresses, jump_tunnel, regular_tunnel
from chalicelib.ports import NetworkStore, PeerStore

READINGS = 3


@dataclass(frozen=True, slots=True)
class Tunnels:
    networks: NetworkStore
    peers: PeerStore

    def of(self, network_id: NetworkId, peer_id: PeerId) -> Bundle:
        """Render a peer's configuration.

        Raises:
            NetworkNotFound, PeerNotFound.
            Busy: the network moved during each of READINGS readings; a torn config never comes out.
        """
        for _ in range(READINGS):
            network = self.networks.get(network_id)
            bundle = self._read(network, peer_id)
            if self.networks.get(network_id).revision == network.revision:
                return bundle
        raise Busy

    def _read(self, network: Network, peer_id: PeerId) -> Bundle:
        peer = self.peers.get(network.id, peer_id).peer
        if peer.kind is Kind.JUMP:
            peers = self.peers.all(network.id)
            return Bundle(network, peer, jump_tunnel(network, peer, peers), _records(network, peers))
        jumps = self.peers.jumps(network.id)
        routers = self.peers.many(network.id, self.peers.router_ids(network.id))
        return Bundle(network, peer, regular_tunnel(network, peer, jumps, routers), ())


def _records(network: Network, peers: list[Peer]) -> tuple[DnsRecord, ...]:
    named = sorted((peer for peer in peers if peer.public_key is not None), key=lambda peer: peer.label)
    return tuple(DnsRecord(peer.label, addresses(network, peer)) for peer in named)

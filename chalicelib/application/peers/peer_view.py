"""Peers with what is known of them now.

Requests: 3 for up to 100 peers (jumps, presence, sightings), 1 or 2 more for static ones
when CIDRs stand behind regular peers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.home import home_of, serving
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.peer.presence import PeerObservation, Presence, Status, status
from chalicelib.domain.tunnel.portable_profile import changed_keys, digests
from chalicelib.domain.tunnel.sections import regular_tunnel
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.sightings import SightingStore


@dataclass(frozen=True, slots=True)
class PeerView:
    """`observation`: of the peer itself. `stale`: the keys of an issued file that would say something else if it
    were issued now. `home`: what is known of the jump that carries the peer now."""

    network: Network
    peer: Peer
    home_id: PeerId | None
    observation: PeerObservation
    stale: tuple[str, ...] = ()
    home: Presence | None = None

    def status(self, now: datetime) -> Status:
        seen = self.observation
        return status(self.peer, seen.presence, seen.sighting, now, self.home)


@dataclass(frozen=True, slots=True)
class PeerViews:
    peers: PeerStore
    presence: PresenceStore
    sightings: SightingStore

    def shown(self, network: Network, peers: Sequence[Peer]) -> list[PeerView]:
        jumps = self.peers.jumps(network.id) if any(not peer.is_jump for peer in peers) else []
        hubs = serving(jumps)
        files = any(peer.issued is not None for peer in peers)
        routers = self.peers.routers(network.id) if files and network.routers else []
        homes = {peer.id: None if peer.is_jump else home_of(peer, hubs, network.down) for peer in peers}
        agents = dict.fromkeys([*homes, *(home for home in homes.values() if home is not None)])
        presences, sightings = self.presence.of(agents), self.sightings.of(network.id, list(homes))
        return [
            PeerView(
                network,
                peer,
                homes[peer.id],
                PeerObservation(presences.get(peer.id), sightings.get(peer.id)),
                stale(network, peer, jumps, routers),
                presences.get(homes[peer.id] or peer.id),
            )
            for peer in peers
        ]


def stale(network: Network, peer: Peer, jumps: Sequence[Peer], routers: Sequence[Peer]) -> tuple[str, ...]:
    """What of a static peer's file is out of date; a blocked peer's file waits for its owner as it is."""
    if peer.kind is not Kind.STATIC or peer.issued is None or peer.is_blocked:
        return ()
    return changed_keys(peer.issued, digests(regular_tunnel(network, peer, jumps, routers, _unsaid)))


def _unsaid(_one: str, _other: str, _epoch: int) -> str:
    """Digests leave preshared keys out: the network's secret stays sealed."""
    return ""

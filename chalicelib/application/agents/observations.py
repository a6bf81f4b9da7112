"""What jumps see of other peers: kept as the latest sighting of each.

Requests: 1 read a hundred peers, 1 more a hundred of those that were never seen, for no others than
the network's own are kept; 1 write a 25 with another handshake or endpoint, and 1 a 25 that awoke.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.presence import Fact, FactKind, Sighting, is_awakening
from chalicelib.ports.facts import FactStore
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.sightings import SightingStore

TRIES = 4  # jumps that see the same peer at the same moment


@dataclass(frozen=True, slots=True)
class Observations:
    sightings: SightingStore
    facts: FactStore
    peers: PeerStore

    def take(
        self, network_id: NetworkId, sightings: Iterable[tuple[PeerId, datetime, str | None]], now: datetime
    ) -> None:
        """Keep what a jump of this network saw, and tell of the peers that awoke.

        A handshake older than the one that is kept is history. One that others keep overtaking is
        left to them.
        """
        left = _latest(sightings, now)
        for _ in range(TRIES):
            if not left:
                return
            before = self.sightings.of(network_id, left.keys())
            strangers = left.keys() - before.keys() - self._members(network_id, left.keys() - before.keys())
            news = {peer_id: seen for peer_id, seen in left.items() if peer_id not in strangers}
            news = {peer_id: seen for peer_id, seen in news.items() if _is_news(before.get(peer_id), seen)}
            kept = self.sightings.keep(network_id, news, before)
            awoke = [
                Fact(network_id, peer_id, FactKind.HANDSHAKE, news[peer_id].handshake_at)
                for peer_id in sorted(kept)
                if is_awakening(before.get(peer_id), news[peer_id])
            ]
            self.facts.insert(*awoke)
            left = {peer_id: seen for peer_id, seen in news.items() if peer_id not in kept}

    def _members(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> frozenset[PeerId]:
        return frozenset(peer.id for peer in self.peers.many(network_id, peer_ids)) if peer_ids else frozenset()


def _latest(sightings: Iterable[tuple[PeerId, datetime, str | None]], now: datetime) -> Mapping[PeerId, Sighting]:
    """One of each peer; no handshake is later than the word of it."""
    latest: dict[PeerId, Sighting] = {}
    for peer_id, handshake_at, endpoint in sightings:
        seen = Sighting(min(handshake_at, now), now, endpoint)
        if peer_id not in latest or latest[peer_id].handshake_at <= seen.handshake_at:
            latest[peer_id] = seen
    return latest


def _is_news(before: Sighting | None, seen: Sighting) -> bool:
    if before is None or before.handshake_at < seen.handshake_at:
        return True
    return before.handshake_at == seen.handshake_at and before.endpoint != seen.endpoint

"""Peers by pages: of one network, and of all that the caller sees.

Requests, however many peers and networks there are: of one network 2 and the read of views; of all 2, and for each of
up to MOST_NETWORKS networks 1 and the read of views. A page that is filtered looks at SEARCHED peers at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chalicelib.application.peers.peer_view import PeerView, PeerViews
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.ownership import owner_of
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.peer.peer_filter import PeerFilter
from chalicelib.domain.peer.presence import Status
from chalicelib.domain.tunnel.sections import addresses
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.users import UserStore

MOST_NETWORKS = 10  # that a page of all peers shows peers of
LOOKED_AT = 100  # networks, for those that have peers
SEARCHED = 200  # peers, for those that a filter wants: as many as the largest page shows
ALL = PeerFilter()

Place: TypeAlias = tuple[NetworkId, PeerId | None]
"""Where a page of all peers ended: after a peer of a network, or with None after all of the network's."""


@dataclass(frozen=True, slots=True)
class PeerPages:
    views: PeerViews
    networks: NetworkStore
    peers: PeerStore
    users: UserStore
    clock: Clock

    def of_network(
        self, network_id: NetworkId, after: str | None, limit: int, by: Principal, wanted: PeerFilter = ALL
    ) -> tuple[list[PeerView], str | None]:
        """Up to `limit` peers in the order of their ids, and the cursor of the next page; of a member their own.

        A page of a filter by more than the kind may hold fewer, and not be the last.
        """
        by.require_grant(network_id)
        network = self.networks.get(network_id)
        last = PeerId(after) if after else None
        most = SEARCHED if wanted.is_searching else limit
        read = self._read(network_id, last, most + 1, by, wanted.kind)
        looked_at = read[:most]
        found = [peer for peer in looked_at if wanted.matches(peer, addresses(network, peer))]
        views = self._in_status(network, found, limit + 1, wanted.status)
        if len(views) > limit:
            return views[:limit], views[limit - 1].peer.id
        return views, looked_at[-1].id if len(read) > most else None

    def _read(
        self, network_id: NetworkId, last: PeerId | None, limit: int, by: Principal, kind: Kind | None
    ) -> list[Peer]:
        """Up to `limit` peers that the caller sees, in the order of their ids, after one."""
        if by.own_only is None:
            return self.peers.page(network_id, last, limit, kind)
        own = self._owned(by.own_only, by).get(network_id, [])
        of_kind = [peer_id for peer_id in own if kind is None or peer_id.startswith(f"{kind.prefix}_")]
        return self._own(network_id, of_kind, last, limit, by.own_only)

    def _in_status(self, network: Network, peers: Sequence[Peer], limit: int, wanted: Status | None) -> list[PeerView]:
        """Up to `limit` of these peers that are in a status; None: in any."""
        if wanted is None:
            return self.views.shown(network, peers[:limit])
        now = self.clock.now()
        return [view for view in self.views.shown(network, peers) if view.status(now) is wanted][:limit]

    def everywhere(self, after: Place | None, limit: int, by: Principal) -> tuple[list[PeerView], Place | None]:
        """Up to `limit` peers of all that the caller sees, by network and id, and where the next page goes on.

        A page of many networks with few peers each may hold fewer, and not be the last.
        """
        owned = None if by.own_only is None else self._owned(by.own_only, by)
        candidates = self._candidates(after, by, owned)
        with_peers = [one for one in self.networks.many(candidates) if owned is not None or one.peers]
        found: list[PeerView] = []
        for network in with_peers[:MOST_NETWORKS]:
            last = after[1] if after is not None and after[0] == network.id else None
            room = limit - len(found)
            if owned is None or by.own_only is None:
                peers = self.peers.page(network.id, last, room + 1)
            else:
                peers = self._own(network.id, owned[network.id], last, room + 1, by.own_only)
            found += self.views.shown(network, peers[:room])
            if len(peers) > room:
                return found, (network.id, peers[room - 1].id)
            if len(found) == limit:
                return found, (network.id, None)
        if len(with_peers) > MOST_NETWORKS:
            return found, (with_peers[MOST_NETWORKS - 1].id, None)
        return found, (candidates[-1], None) if len(candidates) == LOOKED_AT else None

    def _candidates(
        self, after: Place | None, by: Principal, owned: dict[NetworkId, list[PeerId]] | None
    ) -> Sequence[NetworkId]:
        """Up to LOOKED_AT networks, from where the page before ended."""
        begun = [] if after is None or after[1] is None else [after[0]]
        last = None if after is None else after[0]
        if owned is None and by.networks is None:
            return [*begun, *self.networks.ids(last, LOOKED_AT - len(begun))]
        granted = owned if owned is not None else by.networks or ()
        begun = [network_id for network_id in begun if network_id in granted]
        return [*begun, *sorted(one for one in granted if last is None or one > last)][:LOOKED_AT]

    def _owned(self, owner_id: PrincipalId, by: Principal) -> dict[NetworkId, list[PeerId]]:
        """A member's peers by network, of those networks that they see."""
        owned: dict[NetworkId, list[PeerId]] = {}
        for network_id, peer_id in self.users.owned(owner_id):
            if by.sees(network_id):
                owned.setdefault(network_id, []).append(peer_id)
        return owned

    def _own(
        self, network_id: NetworkId, owned: Sequence[PeerId], last: PeerId | None, limit: int, owner_id: PrincipalId
    ) -> list[Peer]:
        """Up to `limit` of somebody's peers in the order of their ids, after one."""
        wanted = sorted(peer_id for peer_id in owned if last is None or peer_id > last)[:limit]
        found = [peer for peer in self.peers.many(network_id, wanted) if owner_of(peer) == owner_id]
        return sorted(found, key=lambda peer: peer.id)


def place_text(place: Place) -> str:
    network_id, peer_id = place
    return network_id if peer_id is None else f"{network_id}/{peer_id}"


def place_of(text: str) -> Place:
    """Read what `place_text` wrote."""
    network_id, _, peer_id = text.partition("/")
    return NetworkId(network_id), PeerId(peer_id) if peer_id else None

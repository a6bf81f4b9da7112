"""Address management: capacity, allocations, reservations, suggestions.

Requests: capacity 1, and the quarantined addresses by pages; allocations 2 + 1; reserve 1, the
range's addresses by pages, + 1 transaction; release 1 + 1; suggestions 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from itertools import islice

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.ranges import Ranges
from chalicelib.domain.change.change import What
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import SettleRequest
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import (
    FIRST_INDEX,
    QUARANTINE,
    AddressRange,
    Capacity,
    Reservation,
    Span,
    address_at,
    capacity,
    last_index,
)
from chalicelib.domain.network.errors import TooManyReservations
from chalicelib.domain.network.network import Network
from chalicelib.domain.network.suggestion import suggestions
from chalicelib.domain.peer.errors import AddressInUse
from chalicelib.domain.peer.peer import Peer
from chalicelib.ports.allocation import AllocationStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import Holding, PeerStore

MOST_RESERVATIONS = 64


@dataclass(frozen=True, slots=True)
class AllocationWithPeer:
    """An allocation with its peer; in quarantine until `available_at`, when it may be handed out again."""

    holding: Holding
    peer: Peer | None
    available_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ipam:
    edits: NetworkEdits
    networks: NetworkStore
    ranges: Ranges
    peers: PeerStore
    allocations: AllocationStore
    clock: Clock

    def capacity(self, network_id: NetworkId, by: Principal) -> tuple[Network, Capacity]:
        by.require_sight(network_id)
        network = self.networks.get(network_id)
        freed = self.allocations.freed(network_id, since=self.clock.now() - QUARANTINE)
        reserved = [known.span for known in network.reserved]
        return network, capacity(network.cidr, reserved, network.peers, (one.index for one in freed))

    def page(
        self, network_id: NetworkId, after: int | None, limit: int, by: Principal
    ) -> tuple[Network, list[AllocationWithPeer], int | None]:
        """Up to `limit` allocations in the order of their addresses, and the cursor of the next page."""
        by.require_sight(network_id)
        network = self.networks.get(network_id)
        span = Span(FIRST_INDEX if after is None else after + 1, last_index(network.cidr))
        found = list(islice(self.allocations.taken(network_id, span), limit + 1)) if span.size else []
        chosen = found[:limit]
        holders = {peer.id: peer for peer in self.peers.many(network_id, _holders(chosen))}
        held = [
            AllocationWithPeer(one, holders.get(one.peer_id) if one.peer_id else None, _available_at(one))
            for one in chosen
        ]
        return network, held, chosen[-1].allocation.index if len(found) > limit else None

    def reserve(
        self,
        network_id: NetworkId,
        asked: AddressRange,
        note: str | None,
        by: Principal,
        request: Replayable | None = None,
    ) -> None:
        """Keep a range from being handed out.

        Raises:
            Invalid: the range is not of the network.
            ReservationsOverlap, TooManyReservations.
            AddressInUse: a peer holds an address of it.
        """
        by.require_sight(network_id)

        def reserved(before: Network, later: Network) -> tuple[None, NetworkEdit]:
            new = Reservation(asked.within(before.cidr), note)
            if len(before.reserved) >= MOST_RESERVATIONS:
                raise TooManyReservations(MOST_RESERVATIONS)
            network = later.with_reservation(new)
            for held in self.allocations.taken(network_id, new.span):
                if held.peer_id is not None:
                    raise AddressInUse(str(address_at(network.cidr, held.allocation.index)))
            settled = () if request is None else (SettleRequest(request.done()),)
            return None, NetworkEdit(What.RANGE_RESERVED, network, settled, note=new.note)

        self.edits.make(network_id, by.caller, reserved)

    def release(self, network_id: NetworkId, asked: AddressRange, by: Principal) -> None:
        """Let a range be handed out again.

        Raises:
            Invalid: the range is not of the network.
            ReservationNotFound.
        """
        by.require_sight(network_id)

        def released(before: Network, later: Network) -> tuple[None, NetworkEdit]:
            return None, NetworkEdit(What.RANGE_RELEASED, later.without_reservation(asked.within(before.cidr)))

        self.edits.make(network_id, by.caller, released)

    def suggestions(self, bases: Sequence[IPv4Network], peers: int, count: int, by: Principal) -> list[IPv4Network]:
        """Free ranges for so many peers. A look, not a claim: for those who see all that is taken.

        Args:
            bases: /8 and longer.
        """
        by.require_all_networks()
        return suggestions(bases, peers, self.ranges.around(bases).ranges(), count)


def _holders(holdings: Sequence[Holding]) -> set[PeerId]:
    return {one.peer_id for one in holdings if one.peer_id is not None}


def _available_at(holding: Holding) -> datetime | None:
    freed_at = holding.allocation.freed_at
    return None if freed_at is None else freed_at + QUARANTINE

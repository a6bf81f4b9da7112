"""One change to one peer: read, decide, write; again when the network moved meanwhile.

Requests: 2 reads and 1 transaction, and what the decision reads.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.writes import AdvanceNetwork, Commit, PutPeer, Write, marks
from chalicelib.domain.errors import Stale
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.patch import revised
from chalicelib.domain.peer.peer import Peer, PeerRecord
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Edit:
    """What one change makes of a peer and its network, and what is written beside them. `what`: of the
    change, None: as ordered."""

    network: Network
    record: PeerRecord
    writes: tuple[Write, ...] = ()
    what: What | None = None


Decision = Callable[[Network, PeerRecord], Edit]
"""From the network one revision later and the peer as stored; an edit that changes nothing writes nothing."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who changes which peer how. `if_match`: versions of its settings that the caller takes,
    None: whichever."""

    network_id: NetworkId
    peer_id: PeerId
    by: PrincipalId
    what: What
    note: str | None = field(default=None)
    if_match: Set[Revision] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Edits:
    transactions: Transactions
    networks: NetworkStore
    peers: PeerStore
    clock: Clock

    def make(self, order: Order, decision: Decision) -> tuple[Network, Peer]:
        """Raises NetworkNotFound, PeerNotFound, Stale, what a taken claim means, and what the decision raises."""

        def attempt() -> tuple[Network, Peer]:
            now = self.clock.now()
            stored = self.networks.get(order.network_id)
            network = stored.advanced(now)
            before = self.peers.get(order.network_id, order.peer_id)
            if order.if_match is not None and before.peer.version not in order.if_match:
                raise Stale
            edit = decision(network, before)
            if edit.record == before and not edit.writes:
                return stored, before.peer
            after = revised(before.peer, edit.record.peer, network.revision, now)
            affected = (Affected(before.peer, after),)
            what = edit.what or order.what
            change = Change(order.network_id, network.revision, now, order.by, what, affected, note=order.note)
            written = PutPeer(replace(edit.record, peer=after))
            writes = (AdvanceNetwork(edit.network), written, *edit.writes, *marks(before.peer, after))
            self.transactions.commit(Commit(change, writes))
            return edit.network, after

        return retry_on_conflict(self.clock, attempt)

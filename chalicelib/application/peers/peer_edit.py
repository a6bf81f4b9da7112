"""One change to one peer: read, decide, write; again when the network moved meanwhile.

Requests: 2 reads and 1 transaction, and what the decision reads.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits, require_version
from chalicelib.domain.change.change import Affected, What
from chalicelib.domain.change.writes import PutPeer, Write, marks
from chalicelib.domain.identity.principal import Caller
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.ownership import require_own
from chalicelib.domain.peer.patch import revised
from chalicelib.domain.peer.peer import Peer, PeerRecord
from chalicelib.ports.peer import PeerStore


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
    None: whichever. `only_of`: who has to be its owner, or it is not found; None: whoever."""

    network_id: NetworkId
    peer_id: PeerId
    by: Caller
    what: What
    note: str | None = field(default=None)
    if_match: Set[Revision] | None = field(default=None)
    only_of: PrincipalId | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Edits:
    network_edits: NetworkEdits
    peers: PeerStore

    def make(self, order: Order, decision: Decision) -> tuple[Network, Peer]:
        """Raises NetworkNotFound, PeerNotFound, Stale, what a taken claim means, and what the decision raises."""

        def made(stored: Network, later: Network) -> tuple[tuple[Network, Peer], NetworkEdit | None]:
            before = self.peers.get(order.network_id, order.peer_id)
            require_own(before.peer, order.only_of)
            require_version(before.peer.version, order.if_match)
            edit = decision(later, before)
            if edit.record == before and not edit.writes:
                return (stored, before.peer), None
            after = revised(before.peer, edit.record.peer, later.revision, later.updated_at)
            written = PutPeer(replace(edit.record, peer=after))
            writes = (written, *edit.writes, *marks(before.peer, after))
            affected = (Affected(before.peer, after),)
            return (edit.network, after), NetworkEdit(
                edit.what or order.what, edit.network, writes, affected, order.note
            )

        return self.network_edits.make(order.network_id, order.by, made)

"""Peers: get, change, block, delete.

Requests, whatever the size of the network: get 2 and the read of views; change 2 to 4
reads + 1 transaction, and the read of views (to another owner 1 more; to a name whose DNS label is another
peer's: reads and transaction twice); block, unblock and approve 2 + 1, and the read of views; delete 2 or 3 + 1
(a jump: and one query of the peers).
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits, require_version
from chalicelib.application.peers.ownership import Owners
from chalicelib.application.peers.peer_edit import Edit, Edits, Order
from chalicelib.application.peers.peer_view import PeerView, PeerViews
from chalicelib.application.ranges import Ranges, writes_of
from chalicelib.domain.change.change import Affected, What
from chalicelib.domain.change.writes import (
    Claim,
    DeletePeer,
    ForgetAgent,
    ForgetSighting,
    FreeAddress,
    Release,
    Write,
)
from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.network.addresses import QUARANTINE
from chalicelib.domain.network.directory import Directory, RangeTaken
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import JumpInUse, LabelInUse, LastJump
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.home import first_home, serving
from chalicelib.domain.peer.ownership import disowning, owning, require_left_to_owner, require_own
from chalicelib.domain.peer.patch import PeerPatch, patched
from chalicelib.domain.peer.peer import MANUAL, Kind, Peer, PeerRecord, Tombstone
from chalicelib.domain.text import hashed_label, label_of
from chalicelib.domain.tunnel.route_conflicts import require_clear, require_mtu, require_name_outside
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.peer import PeerStore


@dataclass(frozen=True, slots=True)
class Peers:
    edits: Edits
    views: PeerViews
    network_edits: NetworkEdits
    networks: NetworkStore
    ranges: Ranges
    peers: PeerStore
    owners: Owners

    def get(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> PeerView:
        by.require_grant(network_id)
        network = self.networks.get(network_id)
        peer = self.peers.get(network_id, peer_id).peer
        require_own(peer, by.own_only)
        return self._shown(network, peer)

    def topology(
        self, network_id: NetworkId, after: str | None, limit: int, by: Principal
    ) -> tuple[Network, list[PeerView], list[PeerView], str | None]:
        """The network, all its jumps, up to `limit` of the other peers, and the cursor of the next page."""
        by.require_sight(network_id)
        network = self.networks.get(network_id)
        jumps = self.peers.jumps(network_id)
        found = self.peers.page(network_id, PeerId(after) if after else None, limit + 1)
        chosen = found[:limit]
        regular = [peer for peer in chosen if not peer.is_jump]
        shown = {one.peer.id: one for one in self.views.shown(network, [*jumps, *regular])}
        cursor = chosen[-1].id if len(found) > limit else None
        return network, [shown[jump.id] for jump in jumps], [shown[peer.id] for peer in regular], cursor

    def update(
        self,
        network_id: NetworkId,
        peer_id: PeerId,
        patch: PeerPatch,
        by: Principal,
        if_match: Set[Revision] | None = None,
    ) -> PeerView:
        """Change the fields that a patch sets.

        Raises:
            Stale, Invalid, PeerNameInUse, CidrInUse, EndpointInUse.
            LeftToOperators: of their own peer a member changes the name.
        """
        by.require_grant(network_id)
        order = Order(network_id, peer_id, by.caller, What.PEER_UPDATED, if_match=if_match, only_of=by.own_only)
        return self._shown(*self._edited(order, patch, by))

    def block(self, network_id: NetworkId, peer_id: PeerId, note: str | None, by: Principal) -> PeerView:
        """Cut a peer off by hand. No effect if it is blocked already."""
        return self._mark(Order(network_id, peer_id, by.caller, What.PEER_BLOCKED, note), by)

    def unblock(self, network_id: NetworkId, peer_id: PeerId, note: str | None, by: Principal) -> PeerView:
        """Take a person's word back; incidents may go on blocking it."""
        return self._mark(Order(network_id, peer_id, by.caller, What.PEER_UNBLOCKED, note), by)

    def approve(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> PeerView:
        """Let a peer in that joined and waits for it. No effect if it does not wait."""
        by.require_sight(network_id)

        def approved(network: Network, before: PeerRecord) -> Edit:
            return Edit(network, replace(before, peer=replace(before.peer, awaits_approval=False)))

        return self._shown(*self.edits.make(Order(network_id, peer_id, by.caller, What.PEER_APPROVED), approved))

    def delete(
        self,
        network_id: NetworkId,
        peer_id: PeerId,
        by: Principal,
        if_match: Set[Revision] | None = None,
        is_forced: bool = False,
    ) -> None:
        """Delete the peer and free what it held; its agent is told by its tombstone.

        Raises:
            Stale, LastJump.
            JumpInUse: static peers' files name this jump, and nobody forced it.
        """
        by.require_grant(network_id)

        def deleted(before: Network, later: Network) -> tuple[None, NetworkEdit]:
            record = self.peers.get(network_id, peer_id)
            require_own(record.peer, by.own_only)
            require_version(record.peer.version, if_match)
            if record.peer.is_jump:
                self._require_expendable(before, record.peer, is_forced)
            return None, deletion(later, [record], self.ranges.behind([record.peer]))

        self.network_edits.make(network_id, by.caller, deleted)

    def _shown(self, network: Network, peer: Peer) -> PeerView:
        return self.views.shown(network, [peer])[0]

    def _mark(self, order: Order, by: Principal) -> PeerView:
        by.require_sight(order.network_id)
        is_block = order.what is What.PEER_BLOCKED

        def marked(network: Network, before: PeerRecord) -> Edit:
            peer = before.peer.blocked(MANUAL) if is_block else before.peer.unblocked(MANUAL)
            return Edit(network, replace(before, peer=peer))

        return self._shown(*self.edits.make(order, marked))

    def _edited(self, order: Order, patch: PeerPatch, by: Principal) -> tuple[Network, Peer]:
        """Change it; where another peer has the plain DNS label of its name, with one of its own."""

        def labelled(label: Callable[[str], str]) -> tuple[Network, Peer]:
            return self.edits.make(order, lambda network, before: self._edit(network, before, patch, label, by))

        try:
            return labelled(label_of)
        except LabelInUse:
            return labelled(hashed_label)

    def _edit(
        self, network: Network, record: PeerRecord, patch: PeerPatch, label: Callable[[str], str], by: Principal
    ) -> Edit:
        """`label`: what DNS calls a peer of a name, if it gets another."""
        before = record.peer
        after = patched(before, patch)
        if by.own_only is not None:
            require_left_to_owner(before, after)
        if after.mtu != before.mtu:
            require_mtu(network, after)
        writes: list[Write] = []
        if after.name != before.name:
            after = replace(after, dns_label=label(after.name))
            writes += _renamed(before, after)
        if after.additional_allowed_ips != before.additional_allowed_ips or after.endpoint != before.endpoint:
            writes += self._rerouted(network, before, after, by)
        if after.owner_id != before.owner_id:
            self.owners.require(after.owner_id)
            writes += (*disowning([before]), *owning([after]))
        if after.preferred_jump_id != before.preferred_jump_id:
            network, after = self._moved(network, before, after)
        network = replace(network, routers=network.routers + after.is_router - before.is_router)
        return Edit(network, replace(record, peer=after), tuple(writes))

    def _rerouted(self, network: Network, before: Peer, after: Peer, by: Principal) -> list[Write]:
        """The claims and the blocks of the directory that follow CIDRs and endpoints."""
        if after.endpoint != before.endpoint:
            require_name_outside(network, after.endpoint)
        old, new = before.additional_allowed_ips, after.additional_allowed_ips
        directory = self.ranges.around((*old, *new), [after.endpoint])
        try:
            require_clear(after, directory, self.peers.jumps(network.id) if new else [])
            writes: list[Write] = [*writes_of(directory.with_routed(network.id, after.id, new))]
        except RangeTaken as taken:
            raise self.ranges.conflict(taken, by) from None
        if not after.is_jump:
            writes += [Release(network.id, "route", str(cidr)) for cidr in old if cidr not in new]
            writes += [Claim(network.id, "route", str(cidr), after.id) for cidr in new if cidr not in old]
        return writes

    def _moved(self, network: Network, before: Peer, after: Peer) -> tuple[Network, Peer]:
        """Another first choice; a file's home moves by nothing else."""
        preferred = after.preferred_jump_id
        if preferred is not None and preferred not in network.preferences:
            raise Invalid([("preferred_jump_id", f"There is no jump {preferred} in this network.")])
        if after.kind is Kind.STATIC:
            home = first_home(after, serving(self.peers.jumps(network.id)), network.down)
            after = replace(after, home_id=home)
        return network.preferring(before.preferred_jump_id, preferred), after

    def _require_expendable(self, network: Network, jump: Peer, is_forced: bool) -> None:
        peers = self.peers.all(network.id)
        if len(network.preferences) == 1 and any(not peer.is_jump for peer in peers):
            raise LastJump
        homeless = [peer.name for peer in peers if peer.home_id == jump.id]
        if homeless and not is_forced:
            raise JumpInUse(homeless)


def deletion(
    network: Network, records: Sequence[PeerRecord], behind: Directory, silent: AgentLiveness | None = None
) -> NetworkEdit:
    """Delete peers and free all they held.

    Args:
        network: one revision later, and otherwise as stored.
        behind: the blocks of what stands behind them, as stored.
        silent: of the one peer whose agent must not have been heard since; None: whether it was or not.
    """
    writes: list[Write] = []
    for record in records:
        network = _uncounted(network, record.peer)
        writes += _released(network, record, silent)
    writes += disowning(record.peer for record in records)
    writes += writes_of(behind.without_routed(*(record.peer.id for record in records)))
    affected = tuple(Affected(record.peer, None) for record in records)
    return NetworkEdit(What.PEER_DELETED, network, tuple(writes), affected)


def _uncounted(network: Network, peer: Peer) -> Network:
    network = replace(network, peers=network.peers - 1, routers=network.routers - peer.is_router)
    return network.without_jump(peer.id) if peer.is_jump else network.preferring(peer.preferred_jump_id, None)


def _renamed(before: Peer, after: Peer) -> list[Write]:
    network_id = after.network_id
    writes: list[Write] = [
        Claim(network_id, "name", after.name, after.id),
        Release(network_id, "name", before.name),
    ]
    if after.label != before.label:
        writes += [
            Claim(network_id, "label", after.label, after.id),
            Release(network_id, "label", before.label),
        ]
    return writes


def _released(network: Network, record: PeerRecord, silent: AgentLiveness | None) -> list[Write]:
    """Of an ephemeral peer the address is free at once, as one whose quarantine is over."""
    peer, now = record.peer, network.updated_at
    freed_at = now - 2 * QUARANTINE if peer.is_ephemeral else now
    writes: list[Write] = [
        DeletePeer(Tombstone(network.id, peer.id, record.device_key, network.revision, now)),
        Release(network.id, "name", peer.name),
        Release(network.id, "label", peer.label),
        FreeAddress(network.id, peer.index, freed_at),
    ]
    writes += [Release(network.id, "key", key) for key in sorted(peer.keys)]
    writes.append(ForgetSighting(network.id, peer.id))
    if peer.is_run_by_agent:
        writes.append(ForgetAgent(peer.id, silent))
    if peer.is_router:
        writes += [Release(network.id, "route", str(cidr)) for cidr in peer.additional_allowed_ips]
    return writes

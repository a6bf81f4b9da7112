"""Peers: create, list, get, delete.

Requests, whatever the size of the network: create 2 to 7 reads + 1 transaction; list 1 + 1;
get 3; delete 2 to 4 reads + 1 transaction (a jump: and one query of the peers).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.application.contention import decide
from chalicelib.domain.change import (
    AdvanceNetwork,
    BuryPeer,
    Change,
    Claim,
    Commit,
    ForgetAgent,
    FreeAddress,
    PutPeer,
    Release,
    TakeAddress,
    What,
    Write,
    WriteDirectory,
)
from chalicelib.domain.errors import (
    AddressInUse,
    AddressPoolExhausted,
    CidrInUse,
    JumpInUse,
    JumpNotReady,
    KeyInUse,
    LastJump,
    PeerNameInUse,
)
from chalicelib.domain.ids import NetworkId, PeerId, Prefix
from chalicelib.domain.ipam import Allocation, Cidr, index_of, next_free
from chalicelib.domain.network import Directory, Network
from chalicelib.domain.peer import Enrollment, Kind, Peer, PeerRecord, Tombstone
from chalicelib.domain.principal import Principal
from chalicelib.domain.tokens import Token
from chalicelib.domain.tunnel import Tunnel, home_of, regular_tunnel, touches_endpoint
from chalicelib.ports import (
    AllocationStore,
    Clock,
    Moved,
    NetworkStore,
    PeerStore,
    PresenceStore,
    Randomness,
    Refused,
    Seen,
    Transactions,
)

ENROLLMENT_LIFETIME = timedelta(hours=24)
PREFIXES: dict[Kind, Prefix] = {Kind.JUMP: "jmp", Kind.DYNAMIC: "dyn", Kind.STATIC: "sta"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPeer:
    """What an operator asks for, parsed. `address` None: the next free one."""

    name: str
    kind: Kind
    address: str | None = None
    public_key: str | None = None
    generate_key: bool = False
    endpoint: str | None = None
    listen_port: int | None = None
    additional_allowed_ips: tuple[Cidr, ...] = ()
    persistent_keepalive: int | None = None
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """`token`: an agent's, shown once. `tunnel`, `private_key`: a static peer's, None while no jump is ready or
    the key is the owner's."""

    network: Network
    peer: Peer
    token: Token | None = None
    enrollment_expires_at: datetime | None = None
    tunnel: Tunnel | None = None
    private_key: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A peer with what is known of it now."""

    network: Network
    peer: Peer
    home_id: PeerId | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class Peers:
    transactions: Transactions
    networks: NetworkStore
    peers: PeerStore
    allocations: AllocationStore
    presence: PresenceStore
    clock: Clock
    randomness: Randomness

    def create(self, network_id: NetworkId, new: NewPeer, by: Principal) -> Created:
        by.require_sight(network_id)
        peer_id = PeerId(self.randomness.new_id(PREFIXES[new.kind]))
        private_key = self.randomness.private_key() if new.generate_key else None
        token = Token("wirety_enroll", f"{network_id}:{peer_id}", self.randomness.secret())

        def attempt() -> Created:
            before = self.networks.get(network_id)
            now = self.clock.now()
            allocation = self._allocate(before, new.address)
            network = replace(
                before.advanced(now),
                peers=before.peers + 1,
                next_index=max(before.next_index, _cursor_after(before, allocation, new)),
            )
            peer = Peer(
                id=peer_id,
                network_id=network_id,
                name=new.name,
                kind=new.kind,
                index=allocation.index,
                public_key=self.randomness.public_key(private_key) if private_key else new.public_key,
                endpoint=new.endpoint,
                endpoint_guessed=False,
                listen_port=new.listen_port,
                additional_allowed_ips=new.additional_allowed_ips,
                persistent_keepalive=new.persistent_keepalive,
                mtu=new.mtu,
                home_id=None,
                created_at=now,
                updated_at=now,
                revision=network.revision,
            )
            created = self._completed(network, peer, token, private_key, now)
            self._commit_created(created, allocation, by, now)
            return created

        return decide(self.clock, attempt)

    def page(
        self, network_id: NetworkId, after: str | None, limit: int, by: Principal
    ) -> tuple[list[Shown], str | None]:
        """Up to `limit` peers in the order of their ids, and the cursor of the next page."""
        by.require_sight(network_id)
        network = self.networks.get(network_id)
        found = self.peers.page(network_id, PeerId(after) if after else None, limit + 1)
        chosen = found[:limit]
        return self._shown(network, chosen), chosen[-1].id if len(found) > limit else None

    def get(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> Shown:
        by.require_sight(network_id)
        network = self.networks.get(network_id)
        return self._shown(network, [self.peers.get(network_id, peer_id).peer])[0]

    def delete(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> None:
        """Delete the peer and free what it held; its agent is told by its tombstone."""
        by.require_sight(network_id)

        def attempt() -> None:
            before = self.networks.get(network_id)
            record = self.peers.get(network_id, peer_id)
            if record.peer.kind is Kind.JUMP:
                self._require_expendable(before, record.peer)
            now = self.clock.now()
            network = replace(before.advanced(now), peers=before.peers - 1)
            change = Change(network_id, network.revision, now, by.id, What.PEER_DELETED, before=record.peer)
            directory = self.networks.directory() if record.peer.additional_allowed_ips else None
            self.transactions.commit(Commit(change, _burial(network, record, directory, now)))

        decide(self.clock, attempt)

    def _allocate(self, network: Network, address: str | None) -> Allocation:
        """Pick an index with its quarantine, if any: constant requests however full the network is."""
        if address is not None:
            index = index_of(network.cidr, address)
            held = self.allocations.get(network.id, index)
            if held is not None and held.freed_at is None:
                raise AddressInUse(address)
            return held or Allocation(index)
        taken = self.allocations.taken_from(network.id, network.next_index)
        index_or_end = next_free(network.cidr, network.next_index, taken)
        if index_or_end is not None:
            return Allocation(index_or_end)
        freed = self.allocations.oldest_freed(network.id)
        if freed is None:
            raise AddressPoolExhausted(str(network.cidr))
        return freed

    def _completed(self, network: Network, peer: Peer, token: Token, private_key: str | None, now: datetime) -> Created:
        if peer.is_run_by_agent:
            return Created(network, peer, token=token, enrollment_expires_at=now + ENROLLMENT_LIFETIME)
        jumps = self.peers.jumps(network.id)
        home = home_of(peer, jumps)
        if home is None:
            if private_key is not None:
                raise JumpNotReady
            return Created(network, peer)
        peer = replace(peer, home_id=home)
        routers = self.peers.many(network.id, self.peers.router_ids(network.id))
        return Created(network, peer, tunnel=regular_tunnel(network, peer, jumps, routers), private_key=private_key)

    def _commit_created(self, created: Created, allocation: Allocation, by: Principal, now: datetime) -> None:
        network, peer = created.network, created.peer
        change = Change(network.id, network.revision, now, by.id, What.PEER_CREATED, after=peer)
        writes: list[Write] = [
            AdvanceNetwork(network),
            PutPeer(PeerRecord(peer, _enrollment(created))),
            Claim(network.id, "label", peer.label, peer.id),
            TakeAddress(network.id, peer.id, allocation),
        ]
        if peer.public_key is not None:
            writes.append(Claim(network.id, "key", peer.public_key, peer.id))
        if peer.additional_allowed_ips:
            self._require_clear_of_jumps(peer)
            directory = self.networks.directory().with_routed(network.id, peer.id, peer.additional_allowed_ips)
            writes.append(WriteDirectory(directory))
            writes += [Claim(network.id, "route", str(cidr), peer.id) for cidr in peer.additional_allowed_ips]
        try:
            self.transactions.commit(Commit(change, tuple(writes)))
        except Refused as refused:
            raise _explained(refused.write, peer) from refused

    def _require_clear_of_jumps(self, peer: Peer) -> None:
        for jump in self.peers.jumps(peer.network_id):
            for cidr in peer.additional_allowed_ips:
                if touches_endpoint(cidr, jump):
                    raise CidrInUse(str(cidr), f"it contains {jump.endpoint}, the endpoint of jump {jump.name}")

    def _require_expendable(self, network: Network, jump: Peer) -> None:
        peers = self.peers.all(network.id)
        if len(peers) > 1 and all(peer.id == jump.id or peer.kind is not Kind.JUMP for peer in peers):
            raise LastJump
        if homeless := [peer.name for peer in peers if peer.home_id == jump.id]:
            raise JumpInUse(homeless)

    def _shown(self, network: Network, peers: Sequence[Peer]) -> list[Shown]:
        jumps = self.peers.jumps(network.id) if any(peer.kind is not Kind.JUMP for peer in peers) else []
        seen = self.presence.many(network.id, [peer.id for peer in peers])
        return [
            Shown(
                network,
                peer,
                None if peer.kind is Kind.JUMP else home_of(peer, jumps),
                seen.get(peer.id, Seen()),
            )
            for peer in peers
        ]


def _cursor_after(network: Network, allocation: Allocation, new: NewPeer) -> int:
    """The cursor moves past an index it gave itself; an explicit or freed one leaves it alone."""
    return allocation.index + 1 if new.address is None and allocation.freed_at is None else network.next_index


def _enrollment(created: Created) -> Enrollment | None:
    if created.token is None or created.enrollment_expires_at is None:
        return None
    return Enrollment(created.token.hashed(), created.enrollment_expires_at)


def _burial(network: Network, record: PeerRecord, directory: Directory | None, now: datetime) -> tuple[Write, ...]:
    peer = record.peer
    writes: list[Write] = [
        AdvanceNetwork(network),
        BuryPeer(Tombstone(network.id, peer.id, record.device_key, network.revision, now)),
        Release(network.id, "label", peer.label),
        FreeAddress(network.id, peer.index, now),
    ]
    if peer.public_key is not None:
        writes.append(Release(network.id, "key", peer.public_key))
    if peer.is_run_by_agent:
        writes.append(ForgetAgent(peer.id))
    if directory is not None:
        writes.append(WriteDirectory(directory.without_routed(peer.id)))
        writes += [Release(network.id, "route", str(cidr)) for cidr in peer.additional_allowed_ips]
    return tuple(writes)


def _explained(write: Write, peer: Peer) -> Exception:
    """What a refused write means to the caller; an address lost in a race is simply chosen again."""
    match write:
        case Claim(kind="label"):
            return PeerNameInUse(peer.name, peer.label)
        case Claim(kind="key"):
            return KeyInUse()
        case Claim(kind="route", value=cidr):
            return CidrInUse(cidr, "it already stands behind another peer of this network")
        case _:
            return Moved()

"""Making peers: one by one, and many at a time.

Requests of one, whatever the size of the network: 2 reads and 1 transaction; a static peer 1
read more (jumps), 1 or 2 more when CIDRs stand behind regular peers; with CIDRs or an
endpoint of its own 1 more (directory). Of many: the same a transaction of up to about 19 (16 static ones), or 250 KB.
One whose DNS label is another peer's is decided once more, with a label of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.application.peers.allocation import Allocator
from chalicelib.application.ranges import Ranges, writes_of
from chalicelib.application.retry import PATIENCE_S, retry_on_conflict
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import (
    AdvanceNetwork,
    Claim,
    Commit,
    PutPeer,
    SettleRequest,
    TakeAddress,
    Write,
    refusal_of,
)
from chalicelib.domain.cidr import Cidr
from chalicelib.domain.errors import Busy, Invalid, Refusal
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.ids import NetworkId, PeerId, Prefix, PrincipalId
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Directory, RangeTaken, blocks_of
from chalicelib.domain.network.errors import AddressPoolExhausted
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import JumpNotReady
from chalicelib.domain.peer.home import first_home, serving
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, Peer, PeerRecord
from chalicelib.domain.text import hashed_label, label_of
from chalicelib.domain.tunnel.portable_profile import digests
from chalicelib.domain.tunnel.psk import preshared_keys
from chalicelib.domain.tunnel.route_conflicts import require_clear, require_mtu, require_name_outside
from chalicelib.domain.tunnel.tunnel import Tunnel, regular_tunnel
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.transactions import CommitConflict, ConditionFailed, Transactions

ENROLLMENT_LIFETIME = timedelta(hours=24)
PREFIXES: dict[Kind, Prefix] = {Kind.JUMP: "jmp", Kind.DYNAMIC: "dyn", Kind.STATIC: "sta"}
MOST_ITEMS = 100  # of a transaction, DynamoDB
BULK_TIME = timedelta(seconds=20)  # API Gateway answers for a function after 29
LEAST_PATIENCE_S = 1.0
SHARED_ITEMS = 3  # network, change, request
MOST_BYTES = 250_000  # of what peers of a transaction say: the change record holds them all, and at most 400 KB
PEER_BYTES = 1_500  # of a peer's record, but for its texts


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
    published_port: int | None = None
    is_isolated: bool = False
    full_encapsulation: bool = False
    additional_allowed_ips: tuple[Cidr, ...] = ()
    routed_cidrs: tuple[Cidr, ...] = ()
    persistent_keepalive: int | None = None
    mtu: int | None = None
    dns: tuple[str, ...] | None = None
    preferred_jump_id: PeerId | None = None
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    owner_id: PrincipalId | None = None

    @property
    def items(self) -> int:
        """Of a transaction, at most: peer, name, label, address with its quarantine, key, a claim a CIDR, and
        blocks of the directory."""
        cidrs = self.additional_allowed_ips
        return 5 + (self.kind is Kind.STATIC) + len(cidrs) + len(blocks_of(cidrs))

    @property
    def size_bytes(self) -> int:
        """About what a record of it takes."""
        texts = (self.name, *self.tags, *(text for pair in self.metadata for text in pair))
        cidrs = len(self.additional_allowed_ips) + len(self.routed_cidrs)
        return PEER_BYTES + sum(len(text.encode()) for text in texts) + 50 * cidrs


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
class Draft:
    """A peer to be, with what stays the same however often it is decided. `label`: in DNS, the plain one
    of its name, or one of its own once that turned out to be another peer's."""

    new: NewPeer
    id: PeerId
    token: Token
    private_key: str | None
    public_key: str | None
    label: str

    def relabelled(self) -> "Draft":
        return replace(self, label=hashed_label(self.new.name))

    def is_clash(self, write: Write) -> bool:
        """Whether all that was refused is its plain label: with one of its own it can be."""
        is_label = isinstance(write, Claim) and write.kind == "label" and write.peer_id == self.id
        return is_label and self.label != hashed_label(self.new.name)


@dataclass(frozen=True, slots=True)
class PlannedPeer:
    """One that is decided: what to answer and what to write."""

    new: NewPeer
    created: Created
    allocation: Allocation
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Creation:
    transactions: Transactions
    networks: NetworkStore
    ranges: Ranges
    peers: PeerStore
    allocator: Allocator
    vault: Vault
    clock: Clock
    randomness: Randomness

    def create(self, network_id: NetworkId, new: NewPeer, by: Principal, request: Replayable | None = None) -> Created:
        by.require_sight(network_id)
        drafts = [self._draft(network_id, new)]

        def attempt() -> Created:
            settled = () if request is None else (replace(request, made=(drafts[0].id,), is_done=True),)
            try:
                return self._commit(network_id, drafts, by, settled)[0]
            except ConditionFailed as refused:
                if drafts[0].is_clash(refused.write):
                    drafts[0] = drafts[0].relabelled()
                    raise CommitConflict from refused
                raise
            except PeerRejected as rejected:
                raise rejected.refusal from None

        return retry_on_conflict(self.clock, attempt)

    def create_many(
        self,
        network_id: NetworkId,
        asked: Sequence[NewPeer | Refusal],
        by: Principal,
        request: Replayable | None = None,
    ) -> list[Created | Refusal | PeerId]:
        """Create each that can be; answers what became of each, in order.

        Args:
            asked: one that did not parse stands as its refusal.
            request: an attempt that ended halfway is gone on with: what it made is answered by its id.
        """
        by.require_sight(network_id)
        self.networks.get(network_id)
        outcomes: dict[int, Created | Refusal | PeerId] = {
            n: one for n, one in enumerate(asked) if isinstance(one, Refusal)
        }
        outcomes |= {n: peer_id for n, peer_id in made_before(request).items() if n < len(asked)}
        waiting = [
            (n, self._draft(network_id, new))
            for n, new in enumerate(asked)
            if n not in outcomes and not isinstance(new, Refusal)
        ]
        deadline = self.clock.now() + BULK_TIME
        while waiting:
            left_s = (deadline - self.clock.now()).total_seconds()
            if left_s < LEAST_PATIENCE_S:
                outcomes |= {n: Busy() for n, _ in waiting}
                break
            batch = _batch(waiting)
            made, failed = self._create_batch(network_id, batch, by, request, min(left_s, PATIENCE_S))
            outcomes |= made
            outcomes |= failed
            if request is not None:
                request = replace(request, made=(*request.made, *(f"{n}:{one.peer.id}" for n, one in made.items())))
            waiting = [(n, draft) for n, draft in waiting if n not in outcomes]
        return [outcomes[n] for n in range(len(asked))]

    def _create_batch(
        self,
        network_id: NetworkId,
        batch: list[tuple[int, Draft]],
        by: Principal,
        request: Replayable | None,
        patience_s: float,
    ) -> tuple[dict[int, Created], dict[int, Refusal]]:
        """Create those of a batch that can be, in one transaction; one that cannot leaves it."""
        drafts = dict(batch)
        failed: dict[int, Refusal] = {}

        def attempt() -> dict[int, Created]:
            while drafts:
                try:
                    return self._create_all(network_id, drafts, by, request)
                except PeerRejected as rejected:
                    failed.update(_left_out(rejected, drafts))
                for n in failed:
                    drafts.pop(n, None)
            return {}

        try:
            return retry_on_conflict(self.clock, attempt, patience_s), failed
        except Busy as busy:
            return {}, {**failed, **dict.fromkeys(drafts, busy)}

    def _create_all(
        self, network_id: NetworkId, drafts: dict[int, Draft], by: Principal, request: Replayable | None
    ) -> dict[int, Created]:
        """Raises Unfit: one of them cannot be."""
        settled: list[Replayable] = []
        if request is not None:
            made = (f"{n}:{draft.id}" for n, draft in drafts.items())
            settled.append(replace(request, made=(*request.made, *made)))
        try:
            return dict(zip(drafts, self._commit(network_id, list(drafts.values()), by, settled), strict=True))
        except ConditionFailed as refused:
            clashing = {n: draft.relabelled() for n, draft in drafts.items() if draft.is_clash(refused.write)}
            if clashing:
                drafts |= clashing
                raise CommitConflict from refused
            refusal = refused.commit.refusal(refused.write)
            if refusal is None or not isinstance(refused.write, Claim):
                raise
            raise PeerRejected(PeerId(refused.write.peer_id), refusal) from refused

    def _draft(self, network_id: NetworkId, new: NewPeer) -> Draft:
        peer_id = PeerId(self.randomness.new_id(PREFIXES[new.kind]))
        private_key = self.randomness.private_key() if new.generate_key else None
        public_key = new.public_key if private_key is None else self.randomness.public_key(private_key)
        token = Token("wirety_enroll", f"{network_id}:{peer_id}", self.randomness.secret())
        return Draft(new, peer_id, token, private_key, public_key, label_of(new.name))

    def _commit(
        self, network_id: NetworkId, drafts: Sequence[Draft], by: Principal, settled: Sequence[Replayable]
    ) -> list[Created]:
        """Decide them against what is stored, and write them whole."""
        now = self.clock.now()
        network = self.networks.get(network_id).advanced(now)
        surroundings = self._surroundings(network, drafts)
        addresses = self.allocator.round(network)
        claimed: set[tuple[str, str]] = set()
        made: list[PlannedPeer] = []
        directory = surroundings.directory
        for asked in drafts:
            draft = asked.relabelled() if ("label", asked.label) in claimed else asked
            try:
                allocation = addresses.give(draft.new.address)
                peer = self._peer(network, draft, allocation, surroundings, now)
                beside = [one.created.peer for one in made if one.created.peer.is_jump]
                require_name_outside(network, peer.endpoint)
                directory = self._routed(peer, directory, [*surroundings.jumps, *beside], by)
                making = self._made(network, peer, draft, allocation, surroundings, now)
                _require_apart(making, claimed)
            except Refusal as refusal:
                raise PeerRejected(draft.id, refusal) from None
            addresses.network = network = _counted(addresses.network, peer)
            made.append(making)
        peers = [one.created.peer for one in made]
        change = Change(
            network_id, network.revision, now, by.id, What.PEER_CREATED, tuple(Affected(None, peer) for peer in peers)
        )
        writes: list[Write] = [AdvanceNetwork(network), *(write for one in made for write in one.writes)]
        writes += writes_of(directory)
        writes += [SettleRequest(one) for one in settled]
        self.transactions.commit(Commit(change, tuple(writes)))
        return [replace(one.created, network=network) for one in made]

    def _surroundings(self, network: Network, drafts: Sequence[Draft]) -> "Surroundings":
        has_file = any(draft.new.kind is Kind.STATIC for draft in drafts)
        has_routes = any(draft.new.additional_allowed_ips for draft in drafts)
        return Surroundings(
            jumps=self.peers.jumps(network.id) if has_file or has_routes else [],
            routers=self.peers.routers(network.id) if has_file and network.routers else [],
            directory=self.ranges.around(
                [cidr for draft in drafts for cidr in draft.new.additional_allowed_ips],
                [draft.new.endpoint for draft in drafts],
            ),
        )

    def _routed(self, peer: Peer, directory: Directory, jumps: Sequence[Peer], by: Principal) -> Directory:
        try:
            require_clear(peer, directory, jumps)
            return directory.with_routed(peer.network_id, peer.id, peer.additional_allowed_ips)
        except RangeTaken as taken:
            raise self.ranges.conflict(taken, by) from None

    def _peer(
        self, network: Network, draft: Draft, allocation: Allocation, around: "Surroundings", now: datetime
    ) -> Peer:
        new = draft.new
        preferred = new.preferred_jump_id
        if preferred is not None and preferred not in network.preferences:
            raise Invalid([("preferred_jump_id", f"There is no jump {preferred} in this network.")])
        peer = Peer(
            id=draft.id,
            network_id=network.id,
            name=new.name,
            kind=new.kind,
            index=allocation.index,
            dns_label=draft.label,
            public_key=draft.public_key,
            keyed_since=network.revision if draft.public_key else None,
            endpoint=new.endpoint,
            listen_port=new.listen_port,
            published_port=new.published_port,
            is_isolated=new.is_isolated,
            full_encapsulation=new.full_encapsulation,
            additional_allowed_ips=new.additional_allowed_ips,
            routed_cidrs=new.routed_cidrs,
            persistent_keepalive=new.persistent_keepalive,
            mtu=new.mtu,
            dns=new.dns,
            preferred_jump_id=None if new.kind is Kind.JUMP else preferred or network.least_preferred_jump(),
            epoch=network.epoch if new.kind is Kind.STATIC else None,
            tags=new.tags,
            metadata=dict(new.metadata),
            owner_id=new.owner_id,
            created_at=now,
            updated_at=now,
            revision=network.revision,
            settings_revision=network.revision,
        )
        require_mtu(network, peer)
        if new.kind is not Kind.STATIC:
            return peer
        return replace(peer, home_id=first_home(peer, serving(around.jumps), network.down))

    def _made(
        self,
        network: Network,
        peer: Peer,
        draft: Draft,
        allocation: Allocation,
        around: "Surroundings",
        now: datetime,
    ) -> PlannedPeer:
        created = self._completed(network, peer, draft, around, now)
        peer = created.peer
        enrollment = None
        if created.token is not None and created.enrollment_expires_at is not None:
            enrollment = EnrollmentToken(created.token.hashed(), created.enrollment_expires_at)
        writes: list[Write] = [
            PutPeer(PeerRecord(peer, enrollment)),
            Claim(network.id, "name", peer.name, peer.id),
            Claim(network.id, "label", peer.label, peer.id),
            TakeAddress(network.id, peer.id, allocation),
        ]
        if peer.public_key is not None:
            writes.append(Claim(network.id, "key", peer.public_key, peer.id))
        if peer.is_router:
            writes += [Claim(network.id, "route", str(cidr), peer.id) for cidr in peer.additional_allowed_ips]
        return PlannedPeer(draft.new, created, allocation, tuple(writes))

    def _completed(self, network: Network, peer: Peer, draft: Draft, around: "Surroundings", now: datetime) -> Created:
        if peer.is_run_by_agent:
            return Created(network, peer, token=draft.token, enrollment_expires_at=now + ENROLLMENT_LIFETIME)
        if peer.home_id is None:
            if draft.private_key is not None:
                raise JumpNotReady
            return Created(network, peer)
        psk = preshared_keys(self.vault.open(network.id, network.secret))
        tunnel = regular_tunnel(network, peer, around.jumps, around.routers, psk)
        return Created(network, replace(peer, issued=digests(tunnel)), tunnel=tunnel, private_key=draft.private_key)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around new peers."""

    jumps: Sequence[Peer]
    routers: Sequence[Peer]
    directory: Directory


class PeerRejected(Exception):
    """One peer of a batch cannot be; the others may."""

    def __init__(self, peer_id: PeerId, refusal: Refusal) -> None:
        super().__init__(peer_id)
        self.peer_id = peer_id
        self.refusal = refusal


def made_before(request: Replayable | None) -> dict[int, PeerId]:
    """What earlier attempts of a bulk request made, by place."""
    if request is None:
        return {}
    pairs = (one.partition(":") for one in request.made)
    return {int(place): PeerId(peer_id) for place, _, peer_id in pairs}


def _left_out(rejected: PeerRejected, drafts: dict[int, Draft]) -> dict[int, Refusal]:
    """The one that cannot be; without an address for it, there is none for those that come after either."""
    culprit = next(n for n, draft in drafts.items() if draft.id == rejected.peer_id)
    left_out = {culprit: rejected.refusal}
    if isinstance(rejected.refusal, AddressPoolExhausted):
        left_out |= {n: rejected.refusal for n, draft in drafts.items() if n > culprit and not draft.new.address}
    return left_out


def _require_apart(making: PlannedPeer, claimed: set[tuple[str, str]]) -> None:
    """Refuse what another peer of the same transaction claims: it may touch an item once."""
    for write in making.writes:
        if isinstance(write, Claim):
            if (write.kind, write.value) in claimed:
                refusal = refusal_of(write, {PeerId(write.peer_id): making.new.name})
                assert refusal is not None
                raise refusal
            claimed.add((write.kind, write.value))


def _batch(waiting: Sequence[tuple[int, Draft]]) -> list[tuple[int, Draft]]:
    """As many as surely fit into one transaction."""
    items, size_bytes = MOST_ITEMS - SHARED_ITEMS, MOST_BYTES
    batch: list[tuple[int, Draft]] = []
    for n, draft in waiting:
        items -= draft.new.items
        size_bytes -= draft.new.size_bytes
        if min(items, size_bytes) < 0 and batch:
            break
        batch.append((n, draft))
    return batch


def _counted(network: Network, peer: Peer) -> Network:
    network = replace(network, peers=network.peers + 1, routers=network.routers + peer.is_router)
    return network.with_jump(peer.id) if peer.is_jump else network.preferring(None, peer.preferred_jump_id)

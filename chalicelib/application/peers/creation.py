"""Making a peer.

Requests, whatever the size of the network: 2 reads and 1 transaction; a static peer 1 read more (jumps), 1 or 2
more when CIDRs stand behind regular peers; with CIDRs or an endpoint of its own 1 more (directory);
with an owner who is named 1 more. One whose
DNS label is another peer's is decided once more, with a label of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.peers.allocation import Allocator
from chalicelib.application.peers.new_peer import (
    ENROLLMENT_LIFETIME,
    Draft,
    FileIssued,
    NewPeer,
    PeerCreated,
    PeerRejected,
    Plan,
    PlannedPeer,
    Surroundings,
    TokenIssued,
)
from chalicelib.application.peers.ownership import Owners, asked_by
from chalicelib.application.ranges import Ranges, writes_of
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import What
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import AdmitAgent, Claim, PutPeer, SettleRequest, TakeAddress, Write, refusal_of
from chalicelib.domain.errors import Invalid, Refusal
from chalicelib.domain.identity.principal import Principal, Sighted
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Directory, RangeTaken
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import JumpNotReady
from chalicelib.domain.peer.home import first_home, serving
from chalicelib.domain.peer.ownership import owning
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, Peer, PeerRecord
from chalicelib.domain.text import label_of
from chalicelib.domain.tunnel.portable_profile import digests
from chalicelib.domain.tunnel.psk import preshared_keys
from chalicelib.domain.tunnel.route_conflicts import require_clear, require_mtu, require_name_outside
from chalicelib.domain.tunnel.sections import regular_tunnel
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.transactions import CommitConflict, ConditionFailed


@dataclass(frozen=True, slots=True)
class Creation:
    edits: NetworkEdits
    networks: NetworkStore
    ranges: Ranges
    peers: PeerStore
    allocator: Allocator
    vault: Vault
    clock: Clock
    randomness: Randomness
    owners: Owners

    def create(
        self, network_id: NetworkId, new: NewPeer, by: Principal, request: Replayable | None = None
    ) -> PeerCreated:
        """Make a peer; a member's is their own.

        Raises:
            LeftToOperators: a member asks for what operators set.
            MemberPeerLimitReached.
            Invalid: its owner is no user here.
        """
        by.require_grant(network_id)
        asked = asked_by(new, by)
        if by.own_only is None:
            self.owners.require(asked.owner_id)
        drafts = [self.draft(network_id, asked)]

        def attempt() -> PeerCreated:
            settled = () if request is None else (request.done(drafts[0].id),)
            try:
                return self.commit(network_id, drafts, by, settled)[0]
            except ConditionFailed as refused:
                if drafts[0].is_clash(refused.write):
                    drafts[0] = drafts[0].relabelled()
                    raise CommitConflict from refused
                raise
            except PeerRejected as rejected:
                raise rejected.refusal from None

        return retry_on_conflict(self.clock, attempt)

    def draft(self, network_id: NetworkId, new: NewPeer) -> Draft:
        peer_id = PeerId(self.randomness.new_id(new.kind.prefix))
        private_key = self.randomness.private_key() if new.generate_key else None
        public_key = new.public_key if private_key is None else self.randomness.public_key(private_key)
        token = Token("wirety_enroll", f"{network_id}:{peer_id}", self.randomness.secret())
        return Draft(new, peer_id, token, private_key, public_key, label_of(new.name))

    def commit(
        self, network_id: NetworkId, drafts: Sequence[Draft], by: Principal, settled: Sequence[Replayable]
    ) -> list[PeerCreated]:
        """Decide drafts against what is stored, and write them whole.

        Raises:
            PeerRejected: one of them cannot be.
            CommitConflict: something changed meanwhile.
            ConditionFailed: a write was refused.
        """
        stored = self.networks.get(network_id)
        plan = self.plan(stored.advanced(self.clock.now()), drafts, by)
        owned = owning((one.peer for one in plan.created), by.peer_limit)
        writes = (*plan.writes, *owned, *(SettleRequest(one) for one in settled))
        self.edits.commit(stored, NetworkEdit(What.PEER_CREATED, plan.network, writes, plan.affected), by.caller)
        return plan.created

    def plan(self, network: Network, drafts: Sequence[Draft], by: Sighted) -> Plan:
        """Decide drafts against what is stored.

        Args:
            network: one revision later, and otherwise as stored.

        Raises:
            PeerRejected: one of them cannot be.
        """
        now = network.updated_at
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
        writes = (*(write for one in made for write in one.writes), *writes_of(directory))
        return Plan(network, tuple(made), writes)

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

    def _routed(self, peer: Peer, directory: Directory, jumps: Sequence[Peer], by: Sighted) -> Directory:
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
            epoch=network.epoch if new.kind is Kind.STATIC or draft.applicant is not None else None,
            tags=new.tags,
            metadata=dict(new.metadata),
            owner_id=new.owner_id,
            awaits_approval=new.awaits_approval,
            is_ephemeral=new.is_ephemeral,
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
        enrollment = _enrollment(draft, created, now)
        writes: list[Write] = [
            PutPeer(PeerRecord(peer, enrollment)),
            Claim(network.id, "name", peer.name, peer.id),
            Claim(network.id, "label", peer.label, peer.id),
            TakeAddress(network.id, peer.id, allocation),
        ]
        if draft.applicant is not None and enrollment is not None:
            begun = AdmitAgent(peer.id, network.revision, draft.applicant.host, enrollment.admission)
            writes.append(replace(begun, is_ephemeral=peer.is_ephemeral))
        if peer.public_key is not None:
            writes.append(Claim(network.id, "key", peer.public_key, peer.id))
        if peer.is_router:
            writes += [Claim(network.id, "route", str(cidr), peer.id) for cidr in peer.additional_allowed_ips]
        return PlannedPeer(draft.new, created, allocation, tuple(writes))

    def _completed(
        self, network: Network, peer: Peer, draft: Draft, around: "Surroundings", now: datetime
    ) -> PeerCreated:
        if draft.applicant is not None:
            return PeerCreated(network, peer, None)
        if peer.is_run_by_agent:
            return PeerCreated(network, peer, TokenIssued(draft.token, now + ENROLLMENT_LIFETIME))
        if peer.home_id is None:
            if draft.private_key is not None:
                raise JumpNotReady
            return PeerCreated(network, peer, None)
        psk = preshared_keys(self.vault.open(network.id, network.secret))
        tunnel = regular_tunnel(network, peer, around.jumps, around.routers, psk)
        return PeerCreated(network, replace(peer, issued=digests(tunnel)), FileIssued(tunnel, draft.private_key))


def _enrollment(draft: Draft, created: PeerCreated, now: datetime) -> EnrollmentToken | None:
    """What a peer's agent proves itself by. The token of one that comes with it is told to nobody, and has expired."""
    if draft.applicant is not None:
        return EnrollmentToken(draft.token.hashed(), now, draft.applicant.device_key)
    if isinstance(created.issued, TokenIssued):
        return EnrollmentToken(created.issued.token.hashed(), created.issued.expires_at)
    return None


def _require_apart(making: PlannedPeer, claimed: set[tuple[str, str]]) -> None:
    """Refuse what another peer of the same transaction claims: it may touch an item once."""
    for write in making.writes:
        if isinstance(write, Claim):
            if (write.kind, write.value) in claimed:
                refusal = refusal_of(write, {PeerId(write.peer_id): making.new.name})
                assert refusal is not None
                raise refusal
            claimed.add((write.kind, write.value))


def _counted(network: Network, peer: Peer) -> Network:
    network = replace(network, peers=network.peers + 1, routers=network.routers + peer.is_router)
    return network.with_jump(peer.id) if peer.is_jump else network.preferring(None, peer.preferred_jump_id)

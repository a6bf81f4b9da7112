"""A peer that is to be: what was asked for, what is decided, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.application.peers.peer_view import PeerView
from chalicelib.domain.change.change import Affected
from chalicelib.domain.change.writes import Claim, Write
from chalicelib.domain.cidr import Cidr
from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.ids import PeerId, PrincipalId
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Directory, blocks_of
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Host, Kind, Peer
from chalicelib.domain.peer.presence import PeerObservation
from chalicelib.domain.text import hashed_label
from chalicelib.domain.tunnel.sections import Tunnel

ENROLLMENT_LIFETIME = timedelta(hours=24)
MOST_CIDRS = 40  # of a peer: all replaced by others at once, they are 80 claims of a transaction's 100 items
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
    awaits_approval: bool = False
    is_ephemeral: bool = False

    @property
    def items(self) -> int:
        """Of a transaction, at most: peer, name, label, address with its quarantine, key, its owner, a claim a
        CIDR, and blocks of the directory."""
        cidrs = self.additional_allowed_ips
        return 5 + (self.kind is Kind.STATIC) + (self.owner_id is not None) + len(cidrs) + len(blocks_of(cidrs))

    @property
    def size_bytes(self) -> int:
        """About what a record of it takes."""
        texts = (self.name, *self.tags, *(text for pair in self.metadata for text in pair))
        cidrs = len(self.additional_allowed_ips) + len(self.routed_cidrs)
        return PEER_BYTES + sum(len(text.encode()) for text in texts) + 50 * cidrs


@dataclass(frozen=True, slots=True)
class Applicant:
    """What an agent brings to enrol. `source`, `request_id`: of the call it makes, see `Caller`."""

    public_key: str
    device_key: str
    host: Host
    source: str | None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenIssued:
    """An agent's token to enrol with, shown once."""

    token: Token
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FileIssued:
    """What a static peer's file says. `private_key` None: the owner's, who never told it."""

    tunnel: Tunnel
    private_key: str | None


@dataclass(frozen=True, slots=True)
class PeerCreated:
    """`issued` None: a static peer's file waits for the first jump that enrols, or an agent came with the peer."""

    network: Network
    peer: Peer
    issued: TokenIssued | FileIssued | None

    @property
    def view(self) -> PeerView:
        """Nothing was seen of it yet."""
        return PeerView(self.network, self.peer, self.peer.home_id, PeerObservation())


@dataclass(frozen=True, slots=True)
class Draft:
    """A peer to be, with what stays the same however often it is decided. `label`: in DNS, the plain one
    of its name, or one of its own once that turned out to be another peer's. `applicant`: the agent that comes with
    it, enrolled as it is made; None: it waits for one, or has none."""

    new: NewPeer
    id: PeerId
    token: Token
    private_key: str | None
    public_key: str | None
    label: str
    applicant: Applicant | None = None

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
    created: PeerCreated
    allocation: Allocation
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """New peers of one change, and the network as it is then. `writes`: of all of them."""

    network: Network
    peers: tuple[PlannedPeer, ...]
    writes: tuple[Write, ...]

    @property
    def created(self) -> list[PeerCreated]:
        return [replace(one.created, network=self.network) for one in self.peers]

    @property
    def affected(self) -> tuple[Affected, ...]:
        return tuple(Affected(None, one.created.peer) for one in self.peers)


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

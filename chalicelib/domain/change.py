"""What one transaction of a network writes: the change record and the items beside it.

A use case decides a `Commit`; the store writes it whole or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.ipam import Allocation
from chalicelib.domain.network import Directory, Network
from chalicelib.domain.peer import Host, Peer, PeerRecord, Tombstone


class What(StrEnum):
    """The kinds of change a network can go through."""

    NETWORK_CREATED = "network_created"
    NETWORK_DELETED = "network_deleted"
    PEER_CREATED = "peer_created"
    PEER_ENROLLED = "peer_enrolled"
    PEER_DELETED = "peer_deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One record of the change log: who did what, and the peer before and after."""

    network_id: NetworkId
    revision: Revision
    at: datetime
    by: PrincipalId
    what: What
    before: Peer | None = None
    after: Peer | None = None


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Fails when the network exists."""

    network: Network


@dataclass(frozen=True, slots=True)
class AdvanceNetwork:
    """Take the next revision. Fails as Moved when another change took it first."""

    network: Network


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Fails as Moved when the network changed since it was read."""

    network: Network


@dataclass(frozen=True, slots=True)
class WriteDirectory:
    """Fails as Moved when another version was written first."""

    directory: Directory


@dataclass(frozen=True, slots=True)
class PutPeer:
    """Create or replace a peer's item."""

    record: PeerRecord


@dataclass(frozen=True, slots=True)
class BuryPeer:
    """Delete a peer's item and keep its tombstone."""

    tombstone: Tombstone


ClaimKind = Literal["label", "key", "route"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Hold a DNS label, public key or CIDR for one peer. Fails when another peer holds it."""

    network_id: NetworkId
    kind: ClaimKind
    value: str
    peer_id: PeerId


@dataclass(frozen=True, slots=True)
class Release:
    """Let go of a claim."""

    network_id: NetworkId
    kind: ClaimKind
    value: str


@dataclass(frozen=True, slots=True)
class TakeAddress:
    """Hold a host index, never used or as `freed` says. Fails when that is no longer so."""

    network_id: NetworkId
    peer_id: PeerId
    allocation: Allocation


@dataclass(frozen=True, slots=True)
class FreeAddress:
    """Put a host index into quarantine."""

    network_id: NetworkId
    index: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AdmitAgent:
    """Start an agent's presence with its own revision wanted."""

    peer_id: PeerId
    wanted: Revision
    host: Host


@dataclass(frozen=True, slots=True)
class ForgetAgent:
    """End an agent's presence: a late heartbeat finds nothing to update."""

    peer_id: PeerId


Write = (
    CreateNetwork
    | AdvanceNetwork
    | RemoveNetwork
    | WriteDirectory
    | PutPeer
    | BuryPeer
    | Claim
    | Release
    | TakeAddress
    | FreeAddress
    | AdmitAgent
    | ForgetAgent
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A change with its writes, in one transaction of at most 100 items."""

    change: Change
    writes: tuple[Write, ...]

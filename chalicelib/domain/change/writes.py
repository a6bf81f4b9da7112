"""What one transaction writes, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.domain.change.change import Change
from chalicelib.domain.change.errors import RequestRunning
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.audit import AuditRecord
from chalicelib.domain.identity.errors import LastAdministrator
from chalicelib.domain.identity.writes import IdentityWrite, LeaveAdministrators, OwnPeers
from chalicelib.domain.ids import DEPLOYMENT, NetworkId, PeerId, Revision
from chalicelib.domain.incident.writes import IncidentWrite
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Block
from chalicelib.domain.network.errors import CidrInUse, NetworkNameInUse
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import KeyInUse, LabelInUse, MemberPeerLimitReached, PeerNameInUse
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.peer import Host, Peer, PeerRecord, Tombstone
from chalicelib.domain.webhook.writes import HookWrite


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
class WriteBlock:
    """Replace a block of the directory. Fails as Moved when another version was written first."""

    block: Block


@dataclass(frozen=True, slots=True)
class WriteAcl:
    """Replace a network's rules; the network's revision guards them."""

    acl: Acl


@dataclass(frozen=True, slots=True)
class RemoveAcl:
    network_id: NetworkId


@dataclass(frozen=True, slots=True)
class PutPeer:
    """Create or replace a peer's item."""

    record: PeerRecord


@dataclass(frozen=True, slots=True)
class DeletePeer:
    """Delete a peer's item and keep its tombstone."""

    tombstone: Tombstone


ClaimKind = Literal["name", "label", "key", "route", "network_name", "network"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Hold a name, DNS label, public key or CIDR for one peer; of the deployment, a name or its place in the list
    for one network. Fails when another holds it."""

    network_id: NetworkId
    kind: ClaimKind
    value: str
    peer_id: PeerId | NetworkId


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
    """Start an agent's presence with its own revision wanted; only frames of this admission count in it. Blocked and
    ephemeral, if its peer is."""

    peer_id: PeerId
    wanted: Revision
    host: Host
    admission: str = ""
    is_blocked: bool = False
    is_ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class RevokeAgent:
    """Let no agent's frame count any more, until another is admitted; what is known of the peer stays.

    `wanted`: of one that had no presence.
    """

    peer_id: PeerId
    wanted: Revision


@dataclass(frozen=True, slots=True)
class MarkAgent:
    """Note with an agent's presence whether it is blocked, so that its next heartbeat finds out without a read.
    Of one that is blocked no longer, each instance is heard again."""

    peer_id: PeerId
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class ForgetAgent:
    """End an agent's presence: a late heartbeat finds nothing to update.

    `silent`: as it was heard last; fails as a conflict when it was heard since. None: it ends in any case.
    """

    peer_id: PeerId
    silent: AgentLiveness | None = None


@dataclass(frozen=True, slots=True)
class ForgetSighting:
    """End what jumps of a network saw of a peer."""

    network_id: NetworkId
    peer_id: PeerId


@dataclass(frozen=True, slots=True)
class SettleRequest:
    """Note what a request with an idempotency key made. Fails when another attempt settled it first."""

    replayable: Replayable


@dataclass(frozen=True, slots=True)
class Audit:
    """Add a record to the audit log. No effect when it stands there already; fails when another has its place."""

    record: AuditRecord


def entries_of(network: Network) -> tuple[Claim, ...]:
    """A network's name, and its place in the list of all."""
    named = Claim(DEPLOYMENT, "network_name", network.name, network.id)
    return (named, Claim(DEPLOYMENT, "network", network.id, network.id))


def claims_of_keys(before: Peer, after: Peer) -> tuple[Claim | Release, ...]:
    """What follows when a peer's public keys become others: each stands for one peer of a network."""
    new, gone = sorted(after.keys - before.keys), sorted(before.keys - after.keys)
    claimed = (Claim(after.network_id, "key", key, after.id) for key in new)
    return (*claimed, *(Release(after.network_id, "key", key) for key in gone))


def marks(before: Peer, after: Peer) -> tuple[MarkAgent, ...]:
    """What follows for an agent's presence when its peer is blocked or no longer; one not enrolled has none."""
    is_known = after.is_run_by_agent and after.public_key is not None
    return (MarkAgent(after.id, after.is_blocked),) if is_known and before.is_blocked != after.is_blocked else ()


Write = (
    CreateNetwork
    | AdvanceNetwork
    | RemoveNetwork
    | WriteBlock
    | WriteAcl
    | RemoveAcl
    | PutPeer
    | DeletePeer
    | Claim
    | Release
    | TakeAddress
    | FreeAddress
    | AdmitAgent
    | MarkAgent
    | RevokeAgent
    | ForgetAgent
    | ForgetSighting
    | SettleRequest
    | Audit
    | HookWrite
    | IdentityWrite
    | IncidentWrite
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A change of a network with its writes, in one transaction.

    `change`: None for what belongs to no network, as people, tokens and settings.
    """

    change: Change | None
    writes: tuple[Write, ...]

    def refusal(self, write: Write) -> Refusal | None:
        """What it means to whoever asked that the place of one of its writes is taken; None: it is decided again."""
        peers = (put.record.peer for put in self.writes if isinstance(put, PutPeer))
        return refusal_of(write, {peer.id: peer.name for peer in peers})


def refusal_of(write: Write, names: Mapping[PeerId, str]) -> Refusal | None:
    """What a write whose place is taken means to whoever asked; None: another place is to be found for it.

    Args:
        names: of the peers that labels are claimed for.
    """
    match write:
        case Claim(kind="name", value=name):
            return PeerNameInUse(name)
        case Claim(kind="label", value=label, peer_id=peer_id):
            return LabelInUse(names.get(PeerId(peer_id), label))
        case Claim(kind="network_name", value=name):
            return NetworkNameInUse(name)
        case Claim(kind="key"):
            return KeyInUse()
        case Claim(kind="route", value=cidr):
            return CidrInUse(cidr, "it already stands behind another peer of this network")
        case SettleRequest(replayable):
            return RequestRunning(replayable.key)
        case OwnPeers(limit=int(limit)):
            return MemberPeerLimitReached(limit)
        case LeaveAdministrators():
            return LastAdministrator()
        case _:
            return None

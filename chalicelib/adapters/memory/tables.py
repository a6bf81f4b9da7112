"""The dicts that stand for the tables."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.bundle.signing import SigningKeys
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.rollout import Expected, Mark
from chalicelib.domain.change.writes import ClaimKind
from chalicelib.domain.identity.api_token import ApiToken
from chalicelib.domain.identity.audit import AuditPlace, AuditRecord
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.join_key import DeviceHash, Join, JoinKey
from chalicelib.domain.identity.limits import Counted
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import ConnectionId, HookId, IncidentId, JoinKeyId, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.incident.containment import ObserverBlocks
from chalicelib.domain.incident.incident import Incident
from chalicelib.domain.incident.rules import IncidentType
from chalicelib.domain.incident.timeline import Entry
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Block, BlockKey
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Host, PeerRecord, Tombstone
from chalicelib.domain.peer.presence import Applied, Fact, OwnHandshakes, Sighting
from chalicelib.domain.webhook.delivery import Delivery
from chalicelib.domain.webhook.event import EventId
from chalicelib.domain.webhook.hook import Hook
from chalicelib.ports.sessions import AgentSession, Ticket
from chalicelib.ports.sockets import Connection

PAGE = 100  # of a query; between two pages everything may change
NOTHING = Revision(0)

Account = User | ApiToken | DeploymentSettings


@dataclass(slots=True)
class AgentFacts:
    """An agent's presence item. `admission` None: revoked."""

    wanted: Revision
    host: Host | None
    admission: str | None = ""
    connection_id: ConnectionId | None = None
    closed_at: datetime | None = None
    last_seen: datetime | None = None
    instance_id: str | None = None
    applied: Applied | None = None
    applied_after: Revision = NOTHING
    own_handshakes: OwnHandshakes | None = None
    accused_since: datetime | None = None
    fell_at: datetime | None = None
    unreachable: frozenset[PeerId] = frozenset()
    is_blocked: bool = False
    is_ephemeral: bool = False
    rejected: frozenset[str] = frozenset()


@dataclass(slots=True)
class MemoryTables:
    """`stream`: every change that was written, also when its record is gone. `account_stream`: every account that was
    written, before and after. `incident_stream`: the same of incidents."""

    adversary: Adversary = field(default_factory=Adversary)
    networks: dict[NetworkId, Network] = field(default_factory=dict)
    blocks: dict[BlockKey, Block] = field(default_factory=dict)
    acls: dict[NetworkId, Acl] = field(default_factory=dict)
    peers: dict[tuple[NetworkId, PeerId], PeerRecord] = field(default_factory=dict)
    tombstones: dict[tuple[NetworkId, PeerId], Tombstone] = field(default_factory=dict)
    claims: dict[tuple[NetworkId, ClaimKind, str], PeerId | NetworkId] = field(default_factory=dict)
    allocations: dict[tuple[NetworkId, int], tuple[PeerId | None, Allocation]] = field(default_factory=dict)
    changes: dict[tuple[NetworkId, Revision], Change] = field(default_factory=dict)
    stream: list[Change] = field(default_factory=list)
    account_stream: list[tuple[Account | None, Account | None]] = field(default_factory=list)
    agents: dict[PeerId, AgentFacts] = field(default_factory=dict)
    sightings: dict[tuple[PeerId, NetworkId], Sighting] = field(default_factory=dict)
    facts: dict[Fact, None] = field(default_factory=dict)
    sockets: dict[tuple[NetworkId, ConnectionId], Connection] = field(default_factory=dict)
    sessions: dict[tuple[PeerId, str], AgentSession] = field(default_factory=dict)
    assertions: set[tuple[PeerId, str]] = field(default_factory=set)
    tickets: dict[tuple[PrincipalId, str], Ticket] = field(default_factory=dict)
    tokens: dict[PrincipalId, ApiToken] = field(default_factory=dict)
    join_keys: dict[tuple[NetworkId, JoinKeyId], JoinKey] = field(default_factory=dict)
    joins: dict[tuple[JoinKeyId, DeviceHash], Join] = field(default_factory=dict)
    users: dict[PrincipalId, User] = field(default_factory=dict)
    emails: dict[PrincipalId, PrincipalId] = field(default_factory=dict)
    administrators: set[PrincipalId] = field(default_factory=set)
    owned: dict[PrincipalId, set[tuple[NetworkId, PeerId]]] = field(default_factory=dict)
    settings: DeploymentSettings | None = None
    replayable: dict[tuple[PrincipalId, str], Replayable] = field(default_factory=dict)
    expected: dict[tuple[NetworkId, Revision], Expected] = field(default_factory=dict)
    marks: dict[tuple[NetworkId, Revision], dict[PeerId, Mark]] = field(default_factory=dict)
    audit: dict[AuditPlace, AuditRecord] = field(default_factory=dict)
    counted: dict[Counted, int] = field(default_factory=dict)
    incidents: dict[IncidentId, Incident] = field(default_factory=dict)
    incident_claims: dict[tuple[NetworkId, PeerId, IncidentType], tuple[IncidentId | None, datetime | None]] = field(
        default_factory=dict
    )
    timelines: dict[IncidentId, dict[str, Entry]] = field(default_factory=dict)
    observer_blocks: dict[tuple[NetworkId, PeerId], ObserverBlocks] = field(default_factory=dict)
    incident_stream: list[tuple[Incident | None, Incident]] = field(default_factory=list)
    hooks: dict[HookId, Hook] = field(default_factory=dict)
    deliveries: dict[tuple[HookId, EventId], Delivery] = field(default_factory=dict)
    signing: SigningKeys | None = None
    lock: Lock = field(default_factory=Lock)

    def snapshot(self) -> tuple[object, ...]:
        """What is configured, to compare with later."""
        configured = (self.networks, self.peers, self.tombstones, self.claims, self.allocations, self.changes)
        return (dict(self.blocks), *(dict(table) for table in configured), dict(self.acls), dict(self.replayable))

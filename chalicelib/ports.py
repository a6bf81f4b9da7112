"""Everything outside the core, as the core needs it.

Stores read consistently and never scan. What a port does not promise is said where it
matters. The memory adapter keeps every promise here and breaks everything else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from chalicelib.domain.acl import Acl
from chalicelib.domain.change import Change, Commit, Write
from chalicelib.domain.directory import BlockKey, Directory
from chalicelib.domain.failover import Errand, Pulse
from chalicelib.domain.idempotency import Replayable
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Prefix, PrincipalId, Revision
from chalicelib.domain.ipam import Allocation, Span
from chalicelib.domain.network import Network, SealedSecret
from chalicelib.domain.notice import Notice
from chalicelib.domain.peer import Host, Kind, Peer, PeerRecord, Tombstone
from chalicelib.domain.presence import Fact, OwnHandshakes, Presence, Sighting
from chalicelib.domain.principal import Agent, Principal, Viewer
from chalicelib.domain.proof import Expected, Mark, Proof
from chalicelib.domain.rotation import PskHeld
from chalicelib.domain.signing import SigningKeys
from chalicelib.domain.tokens import Secret
from chalicelib.domain.user import Claims, User


class Moved(Exception):
    """Something a commit was based on changed meanwhile: read again and decide again."""


class Refused(Exception):
    """A write's own condition failed: nothing of the commit was written."""

    def __init__(self, commit: Commit, write: Write) -> None:
        super().__init__(type(write).__name__)
        self.commit = commit
        self.write = write


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def sleep(self, duration_s: float) -> None: ...


class Randomness(Protocol):
    def new_id(self, prefix: Prefix) -> str:
        """`prefix_` and 26 characters that sort by time."""
        ...

    def secret(self) -> str:
        """256 random bits, URL-safe."""
        ...

    def private_key(self) -> str:
        """A WireGuard private key, base64."""
        ...

    def share(self) -> float:
        """Of a wait, from 0 up to 1: so that what failed together is not tried again together."""
        ...

    def public_key(self, private_key: str) -> str: ...


class Vault(Protocol):
    """Secrets sealed by the deployment's key; what is sealed for one network opens for no other."""

    def seal_new(self, network_id: NetworkId) -> SealedSecret:
        """Seal 256 new random bits."""
        ...

    def open(self, network_id: NetworkId, secret: SealedSecret) -> bytes: ...


class Transactions(Protocol):
    def commit(self, commit: Commit) -> None:
        """Write all of it or nothing.

        Raises:
            Moved: the network or a block of the directory moved, or the store was contended.
            Refused: a claim, address or creation found its place taken; also when the network moved too.
        """
        ...


class NetworkStore(Protocol):
    def get(self, network_id: NetworkId) -> Network:
        """Raises NetworkNotFound, also for one that is being deleted."""
        ...

    def deleting(self, network_id: NetworkId) -> Network | None:
        """One that is being deleted; None: it is not, or gone."""
        ...

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        """Those that exist, in the order asked; at most 100."""
        ...

    def ids(self, after: NetworkId | None, limit: int) -> list[NetworkId]:
        """Up to `limit` networks of the deployment in the order of their creation, after one."""
        ...

    def directory(self, keys: Collection[BlockKey]) -> Directory:
        """Blocks of the directory, version 0 and empty before the first range; 1 request a hundred."""
        ...

    def acl(self, network_id: NetworkId) -> Acl:
        """Version 0 and without rules before the first."""
        ...


class PeerStore(Protocol):
    def get(self, network_id: NetworkId, peer_id: PeerId) -> PeerRecord:
        """Raises PeerNotFound."""
        ...

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[Peer]:
        """Those that exist, in no order; 1 request a hundred."""
        ...

    def records_of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[PeerRecord]:
        """Those that exist with their credentials, in no order; 1 request a hundred."""
        ...

    def page(self, network_id: NetworkId, after: PeerId | None, limit: int, kind: Kind | None = None) -> list[Peer]:
        """Up to `limit` peers in the order of their ids, after one; of one kind, or of all."""
        ...

    def records(self, network_id: NetworkId, limit: int) -> list[PeerRecord]:
        """Up to `limit` peers with their credentials, in the order of their ids."""
        ...

    def all(self, network_id: NetworkId) -> list[Peer]:
        """Not a snapshot when it takes several pages: compare the network's revision before and after."""
        ...

    def keyed(self, network_id: NetworkId) -> frozenset[PeerId]:
        """The peers whose key is known, by the claims on their keys: a fifth of what it takes to read `all`."""
        ...

    def jumps(self, network_id: NetworkId) -> list[Peer]: ...

    def statics(self, network_id: NetworkId, limit: int) -> list[Peer]:
        """Up to `limit` static peers in the order of their ids."""
        ...

    def routers(self, network_id: NetworkId) -> list[Peer]:
        """Regular peers with CIDRs behind them: 1 request, and 1 a hundred of them."""
        ...

    def tombstone(self, network_id: NetworkId, peer_id: PeerId) -> Tombstone | None: ...


@dataclass(frozen=True, slots=True)
class Holding:
    """An index with its holder, None in quarantine."""

    allocation: Allocation
    peer_id: PeerId | None


class AllocationStore(Protocol):
    def taken(self, network_id: NetworkId, span: Span) -> Iterable[Holding]:
        """Held or quarantined indexes, ascending, read as far as they are taken out."""
        ...

    def get(self, network_id: NetworkId, index: int) -> Allocation | None: ...

    def freed(self, network_id: NetworkId, since: datetime | None = None) -> Iterable[Allocation]:
        """Quarantined indexes, the oldest first, read as far as they are taken out; those freed after `since`."""
        ...

    def highest_held(self, network_id: NetworkId) -> int:
        """The highest index a peer holds; 0 without any."""
        ...


class ChangeStore(Protocol):
    """The change log. Only commits write it."""

    def between(self, network_id: NetworkId, after: Revision, up_to: Revision | None = None) -> list[Change]:
        """The changes after one revision up to another, in order; None: up to the newest."""
        ...

    def page(self, network_id: NetworkId, before: Revision | None, limit: int) -> list[Change]:
        """Up to `limit` changes, the newest first, before one."""
        ...


class LeftoverStore(Protocol):
    """Addresses and the change log of networks that are gone: nobody reads them any more."""

    def sweep(self, network_id: NetworkId) -> bool:
        """Delete up to a hundred rows; False when there was none. 1 read, or 2, and 1 write a 25."""
        ...


class ProofStore(Protocol):
    """Which agents have to apply a revision, and how many are through with it; kept for a month."""

    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected], now: datetime) -> None:
        """Note whom each revision concerns; the same again is no more. 1 request a 25 revisions."""
        ...

    def proofs(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, Proof]:
        """What is counted of each revision from one to another; one not planned, or that concerns nobody, is left out.

        1 request, and as much to read however many agents a revision concerns.
        """
        ...

    def concerned(self, network_id: NetworkId, revision: Revision) -> frozenset[PeerId]:
        """The many agents that a revision concerns; nobody when they are few."""
        ...

    def count(self, network_id: NetworkId, marks: Collection[Mark], now: datetime) -> None:
        """Count agents that are through with revisions, each once however often it is marked.

        1 transaction for up to 99 of one revision.
        """
        ...


class SigningKeyStore(Protocol):
    def get(self) -> SigningKeys | None: ...

    def put(self, keys: SigningKeys) -> bool:
        """Keep them after those numbered one less, once however often it is sent; False: others were first."""
        ...


class RequestStore(Protocol):
    """Requests with an idempotency key. A commit settles them."""

    def begin(self, attempt: Replayable) -> Replayable | None:
        """Note a first attempt, once however often it is sent; answers another that stands there already."""
        ...

    def take_over(self, stored: Replayable, attempt: Replayable) -> bool:
        """Replace an attempt that ended without a trace, once however often it is sent; False: another did first."""
        ...

    def forget(self, attempt: Replayable) -> None:
        """Remove an attempt that did nothing; no effect on another, or one that is done."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What an agent said, and what a jump saw of it."""

    presence: Presence | None = None
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an agent is. `applied` 0: nothing yet. `is_blocked`: its word about others does not count."""

    wanted: Revision
    applied: Revision
    is_blocked: bool = False


class PresenceStore(Protocol):
    """What agents say, and jumps see. Every write is one small update that wakes nobody; `record` does.

    What an agent says counts while its admission is the peer's: whoever was given up, deleted or revoked
    is answered like one that is gone, by the condition of the same update.
    """

    def wanted(self, peer_id: PeerId) -> Revision | None:
        """None: no such agent (any more)."""
        ...

    def want(self, revisions: Mapping[PeerId, Revision]) -> None:
        """Raise `wanted` of each, never lower it; no effect on an agent that is gone. 1 request a 25."""
        ...

    def connected(self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime) -> Progress | None:
        """Note the open socket; None for an agent that is gone."""
        ...

    def disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> bool:
        """Note when the socket closed; False, and no effect, when a newer one was noted meanwhile."""
        ...

    def heard(
        self,
        agent: Agent,
        instance_id: str,
        seq: int,
        host: Host | None,
        at: datetime,
        own: OwnHandshakes | None = None,
        unreachable: Collection[PeerId] = (),
    ) -> Progress | None:
        """Note a heartbeat: what it says of its host, its own handshakes, and the jumps it finds dead.

        None for an agent that is gone.
        """
        ...

    def lives(self, agent: Agent, at: datetime) -> None:
        """Note a sign of life; no effect on an agent that is gone. Like whatever it says, it ends accusations."""
        ...

    def accuse(self, peer_id: PeerId, at: datetime) -> Pulse | None:
        """Note that a jump is found dead; an accusation before keeps its time. None: no such agent."""
        ...

    def fell(self, peer_id: PeerId, at: datetime) -> None:
        """Note when a jump was marked down; no effect on an agent that is gone."""
        ...

    def pulse(self, peer_id: PeerId) -> Pulse | None:
        """None: no such agent."""
        ...

    def progress(self, agent: Agent) -> Progress | None:
        """None: no such agent (any more), or its admission is not the peer's."""
        ...

    def running(self, peer_id: PeerId) -> Revision:
        """The revision in force, 0 for none."""
        ...

    def applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
        """Note what an agent runs; answers the revision it ran before, 0 for none. The same word again, of the
        same moment, is answered the same.

        None, and no effect: it is gone, or has said a newer one.
        """
        ...

    def failed(self, agent: Agent, error: str, at: datetime) -> bool:
        """Note why an agent could not apply what it fetched; False when it is gone."""
        ...

    def sightings(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        """What jumps of this network saw last of each; those never seen are left out. 1 request a hundred."""
        ...

    def sighted(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        """Keep each sighting in place of the one before, none for the first; answers whose were kept.

        Of the others a later handshake is known by now, or they awoke by another one. 1 request a 25.
        """
        ...

    def record(self, *facts: Fact) -> None:
        """Insert facts, from which the stream tells browsers; the same one twice is one. 1 request a 25."""
        ...

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Seen]:
        """What is known of each; peers of which nothing is known are left out."""
        ...


EVERY_NETWORK = NetworkId("org")


@dataclass(frozen=True, slots=True)
class Connection:
    """A row of an open socket: an agent's in its network, a browser's in each network it may see,
    or one in EVERY_NETWORK."""

    network_id: NetworkId
    holder: PeerId | PrincipalId
    connection_id: ConnectionId
    connected_at: datetime
    expires_at: datetime


class ConnectionStore(Protocol):
    def add(self, rows: Sequence[Connection]) -> None:
        """Store the rows of one socket."""
        ...

    def remove(self, row: Connection) -> None: ...

    def of_agents(self, network_id: NetworkId) -> list[Connection]: ...

    def of_agent(self, network_id: NetworkId, peer_id: PeerId) -> list[Connection]: ...

    def of_browsers(self, network_id: NetworkId) -> list[Connection]:
        """Those with a row in this network; EVERY_NETWORK's are asked for by its name."""
        ...


@dataclass(frozen=True, slots=True)
class AgentSession:
    agent: Agent
    secret: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """Opens one browser socket, which ends at `socket_expires_at`."""

    viewer: Viewer
    secret: Secret
    expires_at: datetime
    socket_expires_at: datetime


class SessionStore(Protocol):
    def open(self, session_id: str, session: AgentSession, assertion: "Assertion", device_key: str) -> bool:
        """Store a session and burn the assertion; False when it was used before.

        Raises:
            Moved: the device key is no longer the peer's, or the store was contended; nothing was written.
        """
        ...

    def get(self, peer_id: PeerId, session_id: str) -> AgentSession | None: ...

    def end_all(self, peer_id: PeerId) -> None: ...

    def put_ticket(self, ticket_id: str, ticket: Ticket) -> None: ...

    def take_ticket(self, principal_id: PrincipalId, ticket_id: str) -> Ticket | None:
        """Use a ticket up; however many take it at once, one gets it."""
        ...


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion. `id` may be used once until `expires_at`."""

    id: str
    expires_at: datetime


class Assertions(Protocol):
    """What an agent signs with its device key."""

    def claimed(self, assertion: str) -> Agent:
        """Whom it claims to speak for, unproved. Raises Unauthenticated."""
        ...

    def verify(self, assertion: str, device_key: str) -> Assertion:
        """Raises Unauthenticated: signature, audience or time."""
        ...


@dataclass(frozen=True, slots=True)
class ApiToken:
    principal: Principal
    secret: Secret
    expires_at: datetime | None


class IdentityTokens(Protocol):
    """What the identity provider signs for people."""

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated, IdentityProviderUnreachable."""
        ...


class AccountStore(Protocol):
    def get_user(self, user_id: PrincipalId) -> User | None: ...

    def add_user(self, user: User) -> None:
        """Keep a new person's record; no effect when there is one."""
        ...

    def put_token(self, token: ApiToken) -> None: ...

    def get_token(self, token_id: str) -> ApiToken | None: ...


@dataclass(frozen=True, slots=True)
class Push:
    """One queue message: tell these connections.

    `after`: once these agents run the notice's revision, but no later than `until`. `tries`: how often the
    gateway failed with these, at least 1 when it did not know them yet."""

    notice: Notice
    connections: tuple[Connection, ...]
    after: tuple[PeerId, ...] = ()
    until: datetime | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One queue message: see who has not applied the revisions from one to another by now."""

    network_id: NetworkId
    first: Revision
    last: Revision


class PushQueue(Protocol):
    """At least once, in no order."""

    def send(self, pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None: ...

    def remind(self, check: Check, delay: timedelta) -> None:
        """Have it asked later who has not applied what."""
        ...


class ErrandQueue(Protocol):
    """What is to be looked at because a jump may be dead: at least once, in no order."""

    def put(self, errand: Errand, delay: timedelta = timedelta(0)) -> None:
        """`delay`: whole seconds, 15 minutes at most."""
        ...


class HeldQueue(Protocol):
    """What agents say of preshared keys they hold, to be taken together: at least once, in no order."""

    def put(self, word: PskHeld) -> None: ...


class RemovalQueue(Protocol):
    def start(self, network_id: NetworkId, turn: int = 0) -> None:
        """Have a network that is being deleted removed, step by step; at least once. `turn`: the messages before."""
        ...


class Redelivery(Protocol):
    def after(self, source: str, waits_s: Mapping[str, int]) -> None:
        """Have messages that were received, by receipt, seen again after so many seconds. `source`: their queue's ARN.

        1 request a ten."""
        ...


class DeadLetters(Protocol):
    def bury(self, record: Mapping[str, object], reason: str) -> None:
        """Keep a record that could not be planned, whole."""
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """Who was not told. `gone`: the gateway does not know them. `failed`: it was too busy, or ill; they may be open."""

    gone: frozenset[ConnectionId] = frozenset()
    failed: frozenset[ConnectionId] = frozenset()


class Gateway(Protocol):
    """The sockets, from the server's side."""

    def tell(self, connection_ids: Collection[ConnectionId], notice: Notice) -> Missed:
        """Tell each, at the same time: one that fails hinders no other."""
        ...

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        """Answer one socket with a frame of `wire`; False when the gateway does not know it."""
        ...

    def dismiss(
        self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"], retry_in_s: int = 0
    ) -> bool:
        """Say why, and when to come back, and close, also when it cannot be told; no effect when it is gone. False: it
        may still be open."""
        ...

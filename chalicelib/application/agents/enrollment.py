"""An agent proves itself: the one-time token once, then assertions of its device key.

Requests: enroll 2 reads + 1 transaction (3 + 1 for a jump whose endpoint is guessed; 2 when
answered again); session 1 read + 1 transaction (1 more read for a deleted peer); leave 2 reads +
1 transaction (a jump: and the peers, unless their files may be void).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil

from chalicelib.application.agents.sockets import ENDED
from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.peers.new_peer import Applicant
from chalicelib.application.peers.peers import deletion
from chalicelib.application.ranges import Ranges
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import Affected, What
from chalicelib.domain.change.writes import AdmitAgent, ForgetAgent, PutPeer, Write, claims_of_keys
from chalicelib.domain.errors import Invalid, NetworkNotFound, Unauthenticated
from chalicelib.domain.identity.audit import Actor, ActorKind
from chalicelib.domain.identity.errors import TooManyRequests
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.network.directory import RangeTaken, blocks_of
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import EnrollmentRefused, FilesWouldBeVoid, PeerDeleted, PeerLeft, PeerNotFound
from chalicelib.domain.peer.patch import revised
from chalicelib.domain.peer.peer import EnrollmentToken, Host, Peer, PeerRecord
from chalicelib.domain.text import parse_reachable
from chalicelib.ports.identity import Assertions
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.sessions import AgentSession, SessionStore

SESSION_LIFETIME = timedelta(hours=1)
FLOODED = "The agent sent more frames than it may, and its session was ended."
NOT_ENROLLED = "No enrolled peer of this name. Enrol the agent."


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session and its token, which only this answer holds."""

    token: Token
    session: AgentSession


@dataclass(frozen=True, slots=True)
class Enrollment:
    network_edits: NetworkEdits
    networks: NetworkStore
    peers: PeerStore
    ranges: Ranges
    sessions: SessionStore
    assertions: Assertions
    clock: Clock
    randomness: Randomness

    def enroll(self, token: Token, applicant: Applicant) -> Agent:
        """Use an enrolment token; the same token with the same keys is answered again.

        Raises:
            EnrollmentRefused, KeyInUse.
        """
        network_id, _, peer_id = token.record.partition(":")
        agent = Agent(NetworkId(network_id), PeerId(peer_id), source=applicant.source, request_id=applicant.request_id)
        return retry_on_conflict(self.clock, lambda: self._enroll(agent, token, applicant))

    def _enroll(self, agent: Agent, token: Token, applicant: Applicant) -> Agent:
        now = self.clock.now()
        try:
            before = self.networks.get(agent.network_id)
            record = self.peers.get(agent.network_id, agent.peer_id)
        except (NetworkNotFound, PeerNotFound):
            raise EnrollmentRefused("is not known") from None
        if record.enrollment is None or not token.proves(record.enrollment.secret):
            raise EnrollmentRefused("is not known")
        try:
            used = record.enrollment.used_by(applicant.device_key, now)
            if record.enrollment.device_key is not None:
                if record.peer.public_key != applicant.public_key:
                    raise EnrollmentRefused("was used with another WireGuard key")
                return agent
        except EnrollmentRefused as refusal:  # the token is the peer's: worth knowing
            actor = Actor(ActorKind.AGENT, record.peer.id, record.peer.name)
            raise EnrollmentRefused(refusal.why, actor, agent.network_id) from None
        network = before.advanced(now)
        peer = revised(record.peer, self._enrolled(network, record.peer, applicant), network.revision, now)
        writes = _writes(record.peer, peer, used, applicant.host, network.revision)
        edit = NetworkEdit(What.PEER_ENROLLED, network, writes, (Affected(record.peer, peer),))
        self.network_edits.commit(before, edit, agent.caller)
        return agent

    def open_session(self, assertion: str) -> OpenSession:
        """Exchange a signed assertion for a session.

        Raises:
            Unauthenticated: unknown peer, bad signature, expired, or used before.
            PeerDeleted: the assertion is good and the peer is gone.
            PeerLeft: the assertion is good and of the machine that gave the peer up.
            TooManyRequests: the agent sent too much, see floods.
        """
        return retry_on_conflict(self.clock, lambda: self._open(assertion), what="the sessions of this peer")

    def _open(self, assertion: str) -> OpenSession:
        """The session is written while the device key that proved it is the peer's, or not at all."""
        claimed = self.assertions.claimed(assertion)
        try:
            record = self.peers.get(claimed.network_id, claimed.peer_id)
        except PeerNotFound:
            raise self._gone(claimed, assertion) from None
        enrollment, now = record.enrollment, self.clock.now()
        if enrollment is not None and enrollment.left_by is not None:
            self.assertions.verify(assertion, enrollment.left_by)
            raise PeerLeft(claimed.peer_id)
        if enrollment is None or enrollment.device_key is None:
            raise Unauthenticated(NOT_ENROLLED)
        proved = self.assertions.verify(assertion, enrollment.device_key)
        if record.refused_until is not None and record.is_refused(now):
            raise TooManyRequests(FLOODED, ceil((record.refused_until - now).total_seconds()))
        session_id = self.randomness.new_id("ses")
        token = Token("wirety_agent", f"{claimed.peer_id}:{session_id}", self.randomness.secret())
        agent = replace(claimed, admission=enrollment.admission)
        session = AgentSession(agent, token.hashed(), now + SESSION_LIFETIME)
        if not self.sessions.open(session_id, session, proved, enrollment.device_key, now):
            raise Unauthenticated("This assertion was used before. Sign a new one.")
        return OpenSession(token, session)

    def _gone(self, claimed: Agent, assertion: str) -> Unauthenticated | PeerDeleted:
        """What the agent of a peer that is not there is told, once its assertion is found good."""
        tombstone = self.peers.tombstone(claimed.network_id, claimed.peer_id)
        if tombstone is None or tombstone.device_key is None:
            return Unauthenticated(NOT_ENROLLED)
        self.assertions.verify(assertion, tombstone.device_key)
        return PeerDeleted(claimed.network_id, claimed.peer_id, tombstone.revision, tombstone.deleted_at)

    def leave(self, agent: Agent, device_key: str, void_files: bool) -> None:
        """Give the peer up: its key is nobody's, its sessions end, its address stays; again without effect. An
        ephemeral peer is deleted.

        Raises:
            Unauthenticated: the session is of before a new token; who had the peer then has no say in it.
            FilesWouldBeVoid: static peers' files name this jump, and nobody said they may be void.
        """
        retry_on_conflict(self.clock, lambda: self._leave(agent, device_key, void_files))

    def _leave(self, agent: Agent, device_key: str, void_files: bool) -> None:
        now = self.clock.now()
        before = self.networks.get(agent.network_id)
        record = self.peers.get(agent.network_id, agent.peer_id)
        enrollment = record.enrollment
        if enrollment is None or enrollment.left_by == device_key or enrollment.device_key not in (None, device_key):
            return  # it has left, or another machine has taken its place
        if not record.admits(agent.admission):
            raise Unauthenticated(ENDED)
        if record.peer.is_jump and not void_files:
            self._require_no_files(record.peer)
        network = before.advanced(now)
        if record.peer.is_ephemeral:
            edit = deletion(network, [record], self.ranges.behind([record.peer]))
            self.network_edits.commit(before, edit, agent.caller)
            return
        peer = revised(record.peer, record.peer.rekeyed(None), network.revision, now)
        writes: tuple[Write, ...] = (
            PutPeer(PeerRecord(peer, enrollment.given_up(device_key))),
            ForgetAgent(peer.id),
            *claims_of_keys(record.peer, peer),
        )
        edit = NetworkEdit(What.PEER_LEFT, network, writes, (Affected(record.peer, peer),))
        self.network_edits.commit(before, edit, agent.caller)

    def _require_no_files(self, jump: Peer) -> None:
        named = [peer.name for peer in self.peers.all(jump.network_id) if peer.home_id == jump.id]
        if named:
            raise FilesWouldBeVoid(named)

    def _enrolled(self, network: Network, peer: Peer, applicant: Applicant) -> Peer:
        since = peer.keyed_since or network.revision
        enrolled = replace(peer.rekeyed(applicant.public_key), keyed_since=since, epoch=network.epoch)
        if not peer.is_jump or applicant.source is None or (peer.endpoint is not None and not peer.endpoint_guessed):
            return enrolled
        try:
            guess = parse_reachable("endpoint", applicant.source)
            self.networks.directory(blocks_of((), guess)).require_outside(guess, peer.id, network.id)
        except (Invalid, RangeTaken):  # no guess is better than one that nobody can reach, or a tunnel into itself
            return enrolled
        return replace(enrolled, endpoint=guess, endpoint_guessed=True)


def _writes(before: Peer, peer: Peer, used: EnrollmentToken, host: Host, wanted: Revision) -> tuple[Write, ...]:
    return (
        PutPeer(PeerRecord(peer, used)),
        AdmitAgent(peer.id, wanted, host, used.admission, peer.is_blocked, peer.is_ephemeral),
        *claims_of_keys(before, peer),
    )

"""From a change or fact to the sockets it concerns: plan, then deliver.

Requests of a plan: 2 queries for browsers; agents concerned: 1 query for who, 1 write of who
they are and 1 for 25 of them, 1 query of sockets (up to NARROW agents: 1 an agent); 1 message
for up to SOCKETS_PER_PUSH sockets, and 1 to look for late ones. Of a change that moves homes, 1 read
more and 1 message more: the new home is told first, the others when it has applied, at most
HOME_FIRST later. Of a batch of facts: 1 query, and 1 a network. Deliver: 1 post a socket, and
while it waits for a new home, 1 read each ASK_EVERY_S.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.application.proofs import LATE_AFTER
from chalicelib.domain.audience import Audience, audience
from chalicelib.domain.change import DELETING, Change
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.failover import DOWN, down_from
from chalicelib.domain.home import moved_homes
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.notice import AccessRevoked, ConfigChanged, NetworkChanged, Notice, PeerEnded, PresenceChanged
from chalicelib.domain.peer import Peer
from chalicelib.domain.presence import Fact
from chalicelib.ports import (
    EVERY_NETWORK,
    Check,
    Clock,
    Connection,
    ConnectionStore,
    Gateway,
    NetworkStore,
    PeerStore,
    PresenceStore,
    ProofStore,
    Push,
    PushQueue,
    RemovalQueue,
    SessionStore,
)

SOCKETS_PER_PUSH = 50
NARROW = 10  # agents whose sockets are asked for one by one
FACTS_PER_PUSH = 100  # a frame of some 15 KB, of 30 allowed
SETTLING = timedelta(seconds=30)  # a post before $connect has returned is answered "gone"
RETRY_DELAY = timedelta(seconds=1)
HOME_FIRST = timedelta(seconds=1)
ASK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Plans:
    """Who is concerned by a change, and which sockets to tell."""

    networks: NetworkStore
    peers: PeerStore
    presence: PresenceStore
    connections: ConnectionStore
    proofs: ProofStore
    queue: PushQueue
    removals: RemovalQueue
    clock: Clock

    def plan(self, change: Change) -> None:
        """Raise `wanted` of the agents concerned, then queue hints for their sockets and for browsers."""
        network_id, revision = change.network_id, change.revision
        concerned = audience(change)
        jumps = self.peers.jumps(network_id) if concerned.homes or (concerned.jumps and not concerned.everyone) else []
        moved = self._moved(change, jumps)
        if concerned.homes:
            concerned = concerned | Audience(jumps=True, peers=frozenset(moved))
        self._tell_agents(network_id, revision, concerned, jumps, frozenset(moved.values()))
        for peer_id in sorted(concerned.ended):
            own = tuple(self.connections.of_agent(network_id, peer_id))
            self.queue.send([Push(PeerEnded(network_id, revision, peer_id), own)])
        for peer_id in sorted(concerned.revoked):
            own = tuple(self.connections.of_agent(network_id, peer_id))
            self.queue.send([Push(AccessRevoked(network_id, revision, peer_id), own)])
        if DELETING in change.settings:
            self.removals.start(network_id)
        watching = self.connections.of_browsers(EVERY_NETWORK) + self.connections.of_browsers(network_id)
        hint = NetworkChanged(network_id, revision, change.what, change.peer_id)
        self.queue.send(_pushes(hint, watching))

    def plan_for_everyone(self, network_id: NetworkId, revision: Revision) -> None:
        """For a change whose own plan failed: it concerns every agent, so that none misses it."""
        self._tell_agents(network_id, revision, Audience(everyone=True), [], frozenset())

    def _moved(self, change: Change, jumps: Sequence[Peer]) -> Mapping[PeerId, PeerId]:
        """The agents whose homes a change moves, with where to."""
        if DOWN in change.settings:
            before, after = map(down_from, change.settings[DOWN])
            known = [(peer, peer) for peer in self.peers.all(change.network_id)]
            return moved_homes(known, jumps, before, after)
        pairs = [(one.before, one.after) for one in change.peers if one.before is not None and one.after is not None]
        choosing = [(old, new) for old, new in pairs if _choice(old) != _choice(new)]
        if not choosing:
            return {}
        try:
            down = self.networks.get(change.network_id).down
        except NetworkNotFound:  # it is being deleted: nobody has to be first
            return {}
        return moved_homes(choosing, jumps, down, down)

    def _tell_agents(
        self,
        network_id: NetworkId,
        revision: Revision,
        concerned: Audience,
        jumps: Sequence[Peer],
        new_homes: frozenset[PeerId],
    ) -> None:
        told = self._agents(network_id, concerned, jumps)
        if not told:
            return
        self.presence.want(told, revision)
        self.proofs.expect(network_id, revision, told, self.clock.now())
        hint, sockets = ConfigChanged(network_id, revision), self._sockets(network_id, concerned, told)
        first = [known for known in sockets if known.holder in new_homes]
        self.queue.send(_pushes(hint, first))
        waits_for = tuple(sorted({PeerId(known.holder) for known in first}))
        later = _pushes(hint, [known for known in sockets if known.holder not in new_homes])
        until = self.clock.now() + HOME_FIRST if waits_for else None
        self.queue.send(replace(push, after=waits_for, until=until) for push in later)
        self.queue.remind(Check(network_id, revision), LATE_AFTER)

    def _agents(self, network_id: NetworkId, concerned: Audience, jumps: Sequence[Peer]) -> set[PeerId]:
        told = set(concerned.peers)
        if concerned.everyone:
            told |= {peer.id for peer in self.peers.all(network_id) if peer.is_run_by_agent and peer.public_key}
        elif concerned.jumps:
            told |= {jump.id for jump in jumps if jump.public_key}
        return told

    def _sockets(self, network_id: NetworkId, concerned: Audience, told: set[PeerId]) -> list[Connection]:
        if concerned.everyone or len(told) > NARROW:
            return [known for known in self.connections.of_agents(network_id) if known.holder in told]
        return [known for peer_id in sorted(told) for known in self.connections.of_agent(network_id, peer_id)]


@dataclass(frozen=True, slots=True)
class Announcements:
    """Facts of presence, for the browsers that may see them."""

    connections: ConnectionStore
    queue: PushQueue

    def announce(self, facts: Sequence[Fact]) -> None:
        """Queue a batch of facts, in order; a network's together."""
        by_network: dict[NetworkId, list[Fact]] = {}
        for fact in facts:
            by_network.setdefault(fact.network_id, []).append(fact)
        everywhere = self.connections.of_browsers(EVERY_NETWORK) if facts else []
        for network_id, own in by_network.items():
            watching = everywhere + self.connections.of_browsers(network_id)
            for at in range(0, len(own), FACTS_PER_PUSH):
                news = PresenceChanged(network_id, tuple(own[at : at + FACTS_PER_PUSH]))
                self.queue.send(_pushes(news, watching))


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Notices to sockets; what is not open yet is told again, what is gone or over forgotten."""

    connections: ConnectionStore
    sessions: SessionStore
    presence: PresenceStore
    queue: PushQueue
    gateway: Gateway
    clock: Clock

    def deliver(self, push: Push) -> None:
        """Tell each socket of a push."""
        self._wait(push)
        now = self.clock.now()
        over = [known for known in push.connections if known.expires_at <= now]
        told = [known for known in push.connections if known.expires_at > now]
        gone = self.gateway.tell([known.connection_id for known in told], push.notice)
        if isinstance(push.notice, PeerEnded | AccessRevoked):
            self._end(push.notice, [known.connection_id for known in push.connections])
            return
        missed = [known for known in told if known.connection_id in gone]
        settling = tuple(known for known in missed if now - known.connected_at < SETTLING)
        if settling:
            self.queue.send([Push(push.notice, settling)], delay=RETRY_DELAY)
        for known in over:
            self.gateway.dismiss(known.connection_id, "session_ended")
        for known in [*over, *missed]:
            if known not in settling:
                self.connections.remove(known)

    def _wait(self, push: Push) -> None:
        """Until all that have to be first have applied, or the time is over."""
        if not isinstance(push.notice, ConfigChanged) or push.until is None:
            return
        waiting = list(push.after)
        while waiting and self.clock.now() < push.until:
            waiting = [known for known in waiting if self.presence.running(known) < push.notice.revision]
            if waiting:
                self.clock.sleep(ASK_EVERY_S)

    def _end(self, notice: PeerEnded | AccessRevoked, open_ids: list[ConnectionId]) -> None:
        """The hint is out: now sessions and sockets of the peer end."""
        self.sessions.end_all(notice.peer_id)
        for connection_id in open_ids:
            self.gateway.dismiss(connection_id, "peer_deleted" if isinstance(notice, PeerEnded) else "session_ended")


def _choice(peer: Peer) -> object:
    """What a peer's home is chosen by."""
    return (peer.preferred_jump_id, peer.avoids)


def _pushes(notice: Notice, sockets: Sequence[Connection]) -> Iterable[Push]:
    """One message for up to SOCKETS_PER_PUSH sockets; none for nobody."""
    for at in range(0, len(sockets), SOCKETS_PER_PUSH):
        yield Push(notice, tuple(sockets[at : at + SOCKETS_PER_PUSH]))


def without_stale(pushes: Sequence[Push]) -> list[Push]:
    """Pushes that wait together, less the hints at revisions that a socket is told a later one of anyway."""
    newest: dict[ConnectionId, Revision] = {}
    for push in pushes:
        if isinstance(push.notice, ConfigChanged):
            for known in push.connections:
                newest[known.connection_id] = max(push.notice.revision, newest.get(known.connection_id, Revision(0)))
    return [_only_newest(push, newest) for push in pushes]


def _only_newest(push: Push, newest: Mapping[ConnectionId, Revision]) -> Push:
    notice = push.notice
    if not isinstance(notice, ConfigChanged):
        return push
    left = tuple(known for known in push.connections if newest[known.connection_id] <= notice.revision)
    return replace(push, connections=left)

"""From changes and facts to the sockets they concern, which deliveries tell.

Requests of a plan of changes of one network, however many: 2 queries for browsers; agents
concerned: 1 query for the jumps (everyone: the pages of the claims on keys), 1 query of sockets (up to
NARROW agents: 1 an agent), 1 write for 25 of these agents and 1 for 25 of these changes; 1 message
to look for late ones. Messages: for each revision 1 for up to SOCKETS_PER_PUSH agents' sockets
of which it is the newest, and 1 for as many browsers. Of changes that move homes, 1 read more and
1 message more: new homes are told first, the others when these have applied, at most HOME_FIRST
later. A plan for everyone 1 read more. Of a batch of facts: 1 query, and 1 a network.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from chalicelib.application.push.rollouts import LATE_AFTER, Rollouts
from chalicelib.domain.change.agent_notices import AccessRevoked, ConfigChanged, PeerEnded
from chalicelib.domain.change.audience import Audience, audience, endings
from chalicelib.domain.change.browser_notices import NetworkChanged, PresenceChanged
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.change.notices import Notice
from chalicelib.domain.change.rollout import Expected
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId, PeerId, Revision, is_static
from chalicelib.domain.peer.home import moved_homes
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.peer.presence import Fact
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.progress import ProgressStore
from chalicelib.ports.queues import Check, Push, PushQueue, RemovalQueue
from chalicelib.ports.sockets import Connection, ConnectionStore

News = TypeVar("News", Change, Fact)

SOCKETS_PER_PUSH = 50
NARROW = 10  # agents whose sockets are asked for one by one
CONNECTIONS_A_SECOND = 500  # new ones, which API Gateway admits of an account and region
FETCHES_A_SECOND = 1_000  # of one network: each reads its item, its jumps and its log, and a partition gives 3,000
MOST_SPREAD_MS = 60_000
FACTS_PER_PUSH = 100  # a frame of some 15 KB, of 30 allowed
HOME_FIRST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Concern:
    """The agents that have to apply a revision; the jumps among them that become somebody's home have to be first,
    unless that home was left because it is dead to the peer: then nothing is lost by not waiting."""

    revision: Revision
    made_at: datetime
    agents: frozenset[PeerId]
    new_homes: frozenset[PeerId] = frozenset()
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Plans:
    """Who is concerned by changes, and which sockets to tell."""

    networks: NetworkStore
    peers: PeerStore
    progress: ProgressStore
    connections: ConnectionStore
    rollouts: Rollouts
    queue: PushQueue
    removals: RemovalQueue
    clock: Clock

    def plan(self, changes: Sequence[Change]) -> None:
        """Plan changes of one network together, in any order; those that come again change nothing.

        `wanted` of the agents concerned is raised, then their sockets and the browsers' are told.
        """
        in_turn = sorted({change.revision: change for change in changes}.values(), key=lambda change: change.revision)
        if not in_turn:
            return
        network_id = in_turn[0].network_id
        roster = _Roster(self.networks, self.peers, network_id)
        audiences = [(change, audience(change)) for change in in_turn]
        concerns = [_concern(change, concerned, roster) for change, concerned in audiences]
        self._tell_agents(network_id, concerns, [bye for known in audiences for bye in _farewells(*known)])
        self.rollouts.excuse(network_id, _gone(audiences), in_turn[-1].revision)
        if any(change.what is What.NETWORK_DELETED for change in in_turn):
            self.removals.start(network_id)
        watching = self.connections.of_browsers(EVERY_NETWORK) + self.connections.of_browsers(network_id)
        hints = [NetworkChanged(network_id, change.revision, change.what, change.peer_id) for change in in_turn]
        self.queue.send(push for hint in hints for push in pushes(hint, watching))

    def plan_for_everyone(self, network_id: NetworkId, revision: Revision, change: Change | None = None) -> None:
        """For a change whose own plan failed: it concerns every agent, so that none misses it.

        Whose access it ends is told so, and a network that is being deleted is removed.

        Args:
            change: None: it cannot be read. Whose access it ended is refused all the same, and kept waiting by no
                session for longer than that lasts.
        """
        roster = _Roster(self.networks, self.peers, network_id)
        farewells = [] if change is None else _farewells(change, endings(change))
        self._tell_agents(network_id, [Concern(revision, self.clock.now(), roster.agents, is_wide=True)], farewells)
        if self.networks.deleting(network_id) is not None:
            self.removals.start(network_id)

    def _tell_agents(
        self, network_id: NetworkId, concerns: Sequence[Concern], farewells: Sequence[PeerEnded | AccessRevoked]
    ) -> None:
        """Tell each agent of the newest revision that concerns it, those of ascending concerns."""
        newest = {peer_id: concern.revision for concern in concerns for peer_id in concern.agents}
        expected = {one.revision: Expected(one.agents, one.made_at) for one in concerns if one.agents}
        if expected:
            self.rollouts.expect(network_id, expected)
            self.progress.raise_wanted(newest)
        asked = newest.keys() | {bye.peer_id for bye in farewells}
        sockets = self._sockets(network_id, asked, is_wide=any(concern.is_wide for concern in concerns))
        until = self.clock.now() + HOME_FIRST
        hints = _hints(network_id, newest, concerns, [known for known in sockets if known.holder in newest], until)
        self.queue.send([*hints, *_endings(farewells, sockets)])
        if expected:
            self.queue.remind(Check(network_id, min(expected), max(expected)), LATE_AFTER)

    def _sockets(self, network_id: NetworkId, asked: Set[PeerId], *, is_wide: bool) -> list[Connection]:
        if is_wide or len(asked) > NARROW:
            return [known for known in self.connections.of_agents(network_id) if known.holder in asked]
        return [known for peer_id in sorted(asked) for known in self.connections.of_agent(network_id, peer_id)]


@dataclass(frozen=True, slots=True)
class Announcements:
    """Facts of presence, for the browsers that may see them."""

    connections: ConnectionStore
    queue: PushQueue

    def announce(self, facts: Sequence[Fact]) -> None:
        """Queue a batch of facts, in order; a network's together."""
        everywhere = self.connections.of_browsers(EVERY_NETWORK) if facts else []
        for network_id, own in by_network(facts).items():
            watching = everywhere + self.connections.of_browsers(network_id)
            for at in range(0, len(own), FACTS_PER_PUSH):
                news = PresenceChanged(network_id, tuple(own[at : at + FACTS_PER_PUSH]))
                self.queue.send(pushes(news, watching))


def by_network(news: Iterable[News]) -> Mapping[NetworkId, list[News]]:
    """Changes or facts in the order they come, those of each network together: what is told as one."""
    together: dict[NetworkId, list[News]] = {}
    for one in news:
        together.setdefault(one.network_id, []).append(one)
    return together


class _Roster:
    """What plans ask of a network: read when first asked, and once for all of its changes."""

    def __init__(self, networks: NetworkStore, peers: PeerStore, network_id: NetworkId) -> None:
        self._networks, self._peers, self._network_id = networks, peers, network_id

    @cached_property
    def all(self) -> Sequence[Peer]:
        return self._peers.all(self._network_id)

    @cached_property
    def jumps(self) -> Sequence[Peer]:
        return self._peers.jumps(self._network_id)

    @cached_property
    def down(self) -> Collection[PeerId] | None:
        """Jumps marked down; None: the network is being deleted."""
        try:
            return self._networks.get(self._network_id).down
        except NetworkNotFound:
            return None

    @cached_property
    def agents(self) -> frozenset[PeerId]:
        return frozenset(peer_id for peer_id in self._peers.keyed(self._network_id) if not is_static(peer_id))


def _concern(change: Change, concerned: Audience, roster: _Roster) -> Concern:
    moved = _moved(change, roster)
    agents = concerned.peers | (moved.keys() if concerned.homes else set())
    if concerned.everyone:
        agents |= roster.agents
    elif concerned.jumps or concerned.homes:
        agents |= {jump.id for jump in roster.jumps if jump.public_key}
    first = frozenset(moved.values()) & agents if change.what is not What.HOME_MOVED else frozenset[PeerId]()
    return Concern(change.revision, change.at, agents, first, is_wide=concerned.everyone)


def _moved(change: Change, roster: _Roster) -> Mapping[PeerId, PeerId]:
    """The agents whose homes a change moves, with where to."""
    if (down := change.network.down) is not None:
        return moved_homes([(peer, peer) for peer in roster.all], roster.jumps, down.before, down.after)
    pairs = [(one.before, one.after) for one in change.peers if one.before is not None and one.after is not None]
    choosing = [(old, new) for old, new in pairs if _choice(old) != _choice(new)]
    if not choosing or roster.down is None:  # nobody has to be first
        return {}
    return moved_homes(choosing, roster.jumps, roster.down, roster.down)


def _choice(peer: Peer) -> object:
    """What a peer's home is chosen by."""
    return (peer.preferred_jump_id, peer.avoids)


def _gone(audiences: Iterable[tuple[Change, Audience]]) -> frozenset[PeerId]:
    """The agents that these changes leave without a presence."""
    left = (
        concerned.ended | (concerned.revoked if change.what is What.PEER_LEFT else frozenset())
        for change, concerned in audiences
    )
    return frozenset[PeerId]().union(*left)


def _farewells(change: Change, concerned: Audience) -> list[PeerEnded | AccessRevoked]:
    network_id, revision = change.network_id, change.revision
    ended = [PeerEnded(network_id, revision, peer_id) for peer_id in sorted(concerned.ended)]
    return [*ended, *(AccessRevoked(network_id, revision, peer_id) for peer_id in sorted(concerned.revoked))]


def _hints(
    network_id: NetworkId,
    newest: Mapping[PeerId, Revision],
    concerns: Sequence[Concern],
    sockets: Sequence[Connection],
    until: datetime,
) -> Iterable[Push]:
    """Hints for agents' sockets; whom a move of homes concerns hears of it after the new homes that are connected."""
    connected = {known.holder for known in sockets}
    moves = [(concern.agents, concern.new_homes & connected) for concern in concerns if concern.new_homes]
    first = frozenset[PeerId]().union(*(homes for _, homes in moves))
    alike: dict[tuple[Revision, frozenset[PeerId]], list[Connection]] = {}
    for known in sockets:
        agent = PeerId(known.holder)
        waits_for = [] if agent in first else [homes for agents, homes in moves if agent in agents]
        alike.setdefault((newest[agent], frozenset[PeerId]().union(*waits_for)), []).append(known)
    for (revision, homes), told in sorted(alike.items(), key=lambda group: (len(group[0][1]), group[0][0])):
        within_ms = spread_ms(len(sockets)) if len(told) > NARROW else 0
        for push in pushes(ConfigChanged(network_id, revision, within_ms), told):
            yield replace(push, after=tuple(sorted(homes)), until=until) if homes else push


def spread_ms(agents: int) -> int:
    """How long agents that are told at the same time take to fetch, so that the store keeps up with them."""
    return 0 if agents <= FETCHES_A_SECOND else min(agents * 1_000 // FETCHES_A_SECOND, MOST_SPREAD_MS)


def _endings(farewells: Sequence[PeerEnded | AccessRevoked], sockets: Iterable[Connection]) -> Iterable[Push]:
    """Each peer's sockets are closed by themselves."""
    own: dict[str, list[Connection]] = {}
    for known in sockets:
        own.setdefault(known.holder, []).append(known)
    closed = sum(len(own.get(bye.peer_id, ())) for bye in farewells)
    for bye in farewells:
        yield Push(replace(bye, retry_in_s=return_in_s(closed)), tuple(own.get(bye.peer_id, ())))


def return_in_s(closed: int) -> int:
    """When those are to come back whose sockets are closed at the same time, so that the gateway admits them all."""
    return 0 if closed <= CONNECTIONS_A_SECOND else min(closed // CONNECTIONS_A_SECOND, MOST_SPREAD_MS // 1_000)


def pushes(notice: Notice, sockets: Sequence[Connection]) -> Iterable[Push]:
    """One message for up to SOCKETS_PER_PUSH sockets; none for nobody."""
    for at in range(0, len(sockets), SOCKETS_PER_PUSH):
        yield Push(notice, tuple(sockets[at : at + SOCKETS_PER_PUSH]))

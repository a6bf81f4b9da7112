"""Keys that are replaced: asked for by a person, carried out by the peer's agent.

An agent's word that it holds new preshared keys is put aside, and taken with those of others: all
agents of a network have one within seconds of a renewal.

Requests: a demand 2 reads + 1 transaction and the read of views; of a jump 1 query of the peers more, and
while its key is staged 1 a hundred agents. A report 2 reads, and 1 transaction when it says
something new of its keys, 1 message when it does of preshared keys alone; while the key is staged
the jumps and their presence, 2 more; of a jump one query of the peers, and 1 a hundred agents. Words
on preshared keys 2 reads and 1 transaction for up to WORDS of one network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from chalicelib.application.agents.sockets import ENDED
from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.packing import Room, fitting
from chalicelib.application.peers.peer_edit import Edit, Edits, Order
from chalicelib.application.peers.peer_view import PeerView, PeerViews
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import Affected, What, what_happened
from chalicelib.domain.change.writes import PutPeer, claims_of_keys
from chalicelib.domain.errors import NetworkNotFound, Unauthenticated
from chalicelib.domain.identity.principal import Agent, Principal, agent_of, job
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import FilesWouldBreak, KeyNotHeld, KindMismatch, PeerIsBlocked, PeerNotEnrolled
from chalicelib.domain.peer.home import home_of, serving
from chalicelib.domain.peer.key_rotation import PskHeld, ReportedKeys, told
from chalicelib.domain.peer.peer import Kind, Peer, PeerRecord, Rotation
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.queues import HeldQueue

WORDS = 90  # of one change, of at most 100 items
AGENTS = job("agents")  # several of them, by what they said


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the control plane knows of an agent's keys. `is_held`: all who must hold the staged one do."""

    public_key: str
    staged_key: str | None
    is_held: bool


@dataclass(frozen=True, slots=True)
class Rotations:
    edits: Edits
    network_edits: NetworkEdits
    networks: NetworkStore
    peers: PeerStore
    presence: PresenceStore
    held: Callable[[], HeldQueue]
    views: PeerViews
    clock: Clock

    def report(self, agent: Agent, held: ReportedKeys) -> KeyState:
        """Take an agent's word of its keys; the same again changes nothing, and answers how far it is.

        Raises:
            KeyInUse, PeerIsBlocked.
            Unauthenticated: the session is of before a new token.
        """

        def taken(network: Network, before: PeerRecord) -> Edit:
            if not before.admits(agent.admission):
                raise Unauthenticated(ENDED)
            if before.peer.is_blocked:
                raise PeerIsBlocked(before.peer.name)
            after = told(network, before.peer, held)
            if replace(after, epoch=before.peer.epoch) == before.peer:
                return Edit(network, before)
            claims = claims_of_keys(before.peer, after)
            return Edit(network, replace(before, peer=after), claims, what_happened(before.peer, after))

        order = Order(agent.network_id, agent.peer_id, agent.caller, What.KEY_STAGED)
        network, peer = self.edits.make(order, taken)
        if held.epoch == network.epoch != peer.epoch:
            self.held().put(PskHeld(network.id, peer.id, network.epoch))
        is_held = peer.staged_key is not None and not self._lacking(network, peer)
        return KeyState(str(peer.public_key), peer.staged_key, is_held)

    def hold(self, words: Iterable[PskHeld]) -> None:
        """Take words on preshared keys: the agents of a network together, in as few changes as hold them.

        Those that come again, of another epoch, or of who is gone, change nothing.

        Raises:
            Busy.
        """
        networks: dict[NetworkId, dict[PeerId, int]] = {}
        for word in words:
            said = networks.setdefault(word.network_id, {})
            said[word.peer_id] = max(word.epoch, said.get(word.peer_id, 0))
        for network_id, said in networks.items():
            ordered = sorted(said.items())
            for at in range(0, len(ordered), WORDS):
                together = dict(ordered[at : at + WORDS])
                while retry_on_conflict(self.clock, partial(self._hold, network_id, together)):
                    pass

    def _hold(self, network_id: NetworkId, said: Mapping[PeerId, int]) -> bool:
        """Take as many of these words as one change holds; answers whether some were left for another."""
        try:
            stored = self.networks.get(network_id)
        except NetworkNotFound:
            return False
        network = stored.advanced(self.clock.now())
        records = [
            record
            for record in self.peers.records_of(network_id, said.keys())
            if said[record.peer.id] == network.epoch != record.peer.epoch
        ]
        size_bytes = Room(self.network_edits.limits.item_bytes * 3 // 8, _size_bytes)
        taken = fitting(sorted(records, key=lambda record: record.peer.id), size_bytes)
        if taken:
            after = [replace(record, peer=_holding(network, record.peer)) for record in taken]
            affected = tuple(Affected(old.peer, new.peer) for old, new in zip(taken, after, strict=True))
            by = agent_of(taken[0].peer.id) if len(taken) == 1 else AGENTS
            edit = NetworkEdit(What.PSK_HELD, network, tuple(map(PutPeer, after)), affected)
            self.network_edits.commit(stored, edit, by)
        return len(taken) < len(records)

    def demand(self, network_id: NetworkId, peer_id: PeerId, is_forced: bool, by: Principal) -> PeerView:
        """Have an agent replace its key. A jump's second demand asks what it waits for.

        Raises:
            KindMismatch, PeerIsBlocked, PeerNotEnrolled.
            FilesWouldBreak: files of static peers name the jump's key, and nobody forced it.
            KeyNotHeld: agents do not hold a jump's staged key yet, and nobody forced it.
        """
        by.require_sight(network_id)

        def demanded(network: Network, before: PeerRecord) -> Edit:
            peer = before.peer
            if peer.kind is Kind.STATIC:
                raise KindMismatch("A static peer's key is its owner's. Re-issue its file with another key instead.")
            if peer.public_key is None:
                raise PeerNotEnrolled
            if peer.is_blocked:
                raise PeerIsBlocked(peer.name)
            return Edit(network, replace(before, peer=self._demanded(network, peer, is_forced)))

        network, peer = self.edits.make(Order(network_id, peer_id, by.caller, What.KEY_WANTED), demanded)
        return self.views.shown(network, [peer])[0]

    def _demanded(self, network: Network, peer: Peer, is_forced: bool) -> Peer:
        if peer.staged_key is None:
            broken = self._files(network, peer) if peer.is_jump and not is_forced else ()
            if broken:
                raise FilesWouldBreak(broken)
            return replace(peer, rotation=Rotation.WANTED)
        if not peer.is_jump:
            return peer
        lacking = self._lacking(network, peer)
        if lacking and not is_forced:
            raise KeyNotHeld([one.name for one in lacking])
        return replace(peer, rotation=Rotation.FORCED) if lacking else peer

    def _files(self, network: Network, jump: Peer) -> Sequence[str]:
        """The static peers whose files name the jump's key."""
        peers = self.peers.all(network.id)
        hubs = serving(peers)
        static = (peer for peer in peers if peer.kind is Kind.STATIC and peer.public_key is not None)
        return [peer.name for peer in static if home_of(peer, hubs, network.down) == jump.id]

    def _lacking(self, network: Network, peer: Peer) -> Sequence[Peer]:
        """Who must hold a staged key and has not put it in force. A jump that is away is waited for
        by the peers it carries alone; for a jump's key every agent is, until somebody forces it."""
        if peer.rotation is Rotation.FORCED:
            return ()
        everyone = self.peers.all(network.id) if peer.is_jump else self.peers.jumps(network.id)
        others = [one for one in everyone if one.is_listed and one.is_run_by_agent and one.id != peer.id]
        home = None if peer.is_jump else home_of(peer, serving(others), network.down)
        presences = self.presence.of([one.id for one in others])

        def holds(one: Peer) -> bool:
            known = presences.get(one.id)
            if known is not None and known.running >= (peer.staged_since or 0):
                return True
            is_away = known is None or not known.is_connected
            return is_away and not peer.is_jump and one.id != home

        return [one for one in others if not holds(one)]


def _holding(network: Network, peer: Peer) -> Peer:
    return replace(peer, epoch=network.epoch, updated_at=network.updated_at, revision=network.revision)


def _size_bytes(record: PeerRecord) -> int:
    """About what a peer takes of a change record, where it stands twice: before and after."""
    return len(repr(record.peer).encode())

"""Jumps that may be dead: whose word counts, who moves, and who comes back.

Requests: an accusation 1 read, and 1 write for each jump it names; with it a move of the peer alone 3 reads
and 1 transaction, or of all the jump's peers 2 reads, 1 transaction and 1 write; 2 messages and
1 frame. A vigil 2 reads (1 of a silent jump) and 1 message; a homecoming 2
reads and 1 message. Coming back 2 reads and 1 transaction. A reset 2 reads and 1 frame.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from chalicelib.application.peers.peer_edit import Edit, Edits, Order
from chalicelib.application.retry import decide
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.change.push_notice import ResetWanted, SignOfLifeWanted
from chalicelib.domain.change.writes import AdvanceNetwork, Commit
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, is_jump
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.failover import (
    ANSWERS_WITHIN,
    AWAY_AT_MOST,
    DOWN,
    Accusation,
    Errand,
    Homecoming,
    Pulse,
    ResetRequest,
    Vigil,
    avoiding,
    down_text,
    forgiving,
    look_every,
    marked,
    next_look,
    unmarked,
)
from chalicelib.domain.peer.peer import Peer, PeerRecord
from chalicelib.domain.peer.presence import Fact, FactKind
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.queues import ErrandQueue
from chalicelib.ports.sockets import Gateway
from chalicelib.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Failover:
    """`return_after`: so long a jump serves before its peers come back to it; 15 minutes at most."""

    return_after: timedelta
    edits: Edits
    transactions: Transactions
    networks: NetworkStore
    peers: PeerStore
    presence: PresenceStore
    errands: ErrandQueue
    gateway: Gateway
    clock: Clock

    def run(self, errand: Errand) -> None:
        """Run one errand; what it speaks of may be gone by now."""
        try:
            match errand:
                case Accusation():
                    known = self.networks.get(errand.network_id).preferences
                    for jump_id in known.keys() & errand.jumps:
                        self._hear(errand, jump_id)
                case Vigil():
                    self._watch(errand)
                case Homecoming():
                    self._bring_home(errand)
                case ResetRequest():
                    self._reset(errand)
                case _:
                    assert_never(errand)
        except (NetworkNotFound, PeerNotFound):
            return

    def _hear(self, accusation: Accusation, jump_id: PeerId) -> None:
        now = self.clock.now()
        pulse = self.presence.accuse(jump_id, now)
        if pulse is None:
            return
        if pulse.is_silent(now):
            self._mark(accusation.network_id, jump_id, accusation.accuser)
            return
        if pulse.accused_since == now:
            self._ask(accusation.network_id, jump_id, pulse)
        if not is_jump(accusation.accuser):
            self._move_alone(accusation.network_id, accusation.accuser, jump_id)

    def _ask(self, network_id: NetworkId, jump_id: PeerId, pulse: Pulse) -> None:
        """Look for a sign of life a moment later, from a new socket or by an answer on this one.

        A jump that could not be asked is not looked at so soon: its next heartbeat speaks for it, or its vigil
        finds it silent.
        """
        known = pulse.connection_id
        if known is not None and self.gateway.tell([known], SignOfLifeWanted(network_id)).failed:
            return
        end = self.clock.now() + ANSWERS_WITHIN
        self.errands.put(Vigil(network_id, jump_id, known, serving_since=None, until=end, is_once=True), ANSWERS_WITHIN)

    def _watch(self, vigil: Vigil) -> None:
        """A newer socket of the jump has a vigil of its own: one that a doubled message made ends with its socket."""
        now = self.clock.now()
        pulse = self.presence.pulse(vigil.jump_id)
        if pulse is None:
            return
        if vigil.is_once:
            if pulse.is_silent(now) and pulse.accused_since is not None:
                self._mark(vigil.network_id, vigil.jump_id, vigil.jump_id)
            return
        if pulse.connection_id != vigil.connection_id:
            return
        since, is_down = None, False
        if not pulse.is_silent(now):
            since = pulse.serves_since(vigil.serving_since, now)
            is_down = vigil.jump_id in self.networks.get(vigil.network_id).down
            if is_down and now - since >= self.return_after:
                self._unmark(vigil.network_id, vigil.jump_id)
        elif vigil.serving_since is not None:
            self.presence.record(Fact(vigil.network_id, vigil.jump_id, FactKind.DISCONNECTED, now))
        if pulse.is_silent(now) and pulse.accused_since is not None:
            self._mark(vigil.network_id, vigil.jump_id, vigil.jump_id)
        if now < vigil.until:
            self.errands.put(replace(vigil, serving_since=since), next_look(pulse, is_down, self.return_after, now))

    def _bring_home(self, homecoming: Homecoming) -> None:
        now = self.clock.now()
        jump, own = self.presence.pulse(homecoming.jump_id), self.presence.pulse(homecoming.peer_id)
        if jump is None or own is None:
            return
        if now >= homecoming.until:
            self._forgive(homecoming)
            return
        if jump.is_silent(now) or homecoming.jump_id in own.unreachable:
            self._look_again(replace(homecoming, serving_since=None), self.return_after)
            return
        since = jump.serves_since(homecoming.serving_since, now)
        if now - since < self.return_after:
            self._look_again(replace(homecoming, serving_since=since), look_every(self.return_after))
            return
        self._forgive(homecoming)

    def _forgive(self, homecoming: Homecoming) -> None:
        def forgiven(network: Network, before: PeerRecord) -> Edit:
            return Edit(network, replace(before, peer=forgiving(before.peer, homecoming.jump_id)))

        by = PrincipalId(homecoming.jump_id)
        self.edits.make(Order(homecoming.network_id, homecoming.peer_id, by, What.HOME_RETURNED), forgiven)

    def _look_again(self, homecoming: Homecoming, delay: timedelta) -> None:
        self.errands.put(homecoming, delay)

    def _reset(self, request: ResetRequest) -> None:
        if request.jump_id not in self.networks.get(request.network_id).preferences:
            return
        pulse = self.presence.pulse(request.jump_id)
        if pulse is not None and pulse.connection_id is not None:
            self.gateway.tell([pulse.connection_id], ResetWanted(request.network_id, request.peer_id))

    def _move_alone(self, network_id: NetworkId, peer_id: PeerId, jump_id: PeerId) -> None:
        moved: list[Peer] = []

        def avoided(network: Network, before: PeerRecord) -> Edit:
            peer = avoiding(network, before.peer, jump_id, self.peers.jumps(network_id))
            moved[:] = [peer] if peer != before.peer else []
            return Edit(network, replace(before, peer=peer))

        self.edits.make(Order(network_id, peer_id, PrincipalId(peer_id), What.HOME_MOVED, note=jump_id), avoided)
        if moved:
            until = self.clock.now() + AWAY_AT_MOST
            homecoming = Homecoming(network_id, peer_id, jump_id, serving_since=None, until=until)
            self._look_again(homecoming, look_every(self.return_after))

    def _mark(self, network_id: NetworkId, jump_id: PeerId, by: PeerId) -> None:
        """Mark a jump down for all, while another can serve. Without effect on one that is."""

        def down(network: Network) -> Network:
            return network if jump_id in network.down else marked(network, jump_id, self.peers.jumps(network_id))

        if self._is_changed(network_id, What.JUMP_DOWN, jump_id, by, down):
            self.presence.fell(jump_id, self.clock.now())

    def _unmark(self, network_id: NetworkId, jump_id: PeerId) -> None:
        self._is_changed(network_id, What.JUMP_UP, jump_id, jump_id, lambda network: unmarked(network, jump_id))

    def _is_changed(
        self, network_id: NetworkId, what: What, jump_id: PeerId, by: PeerId, decision: Callable[[Network], Network]
    ) -> bool:
        """Change the marks in one write; answers whether there was anything to change."""

        def attempt() -> bool:
            now = self.clock.now()
            before = self.networks.get(network_id)
            after = decision(before).advanced(now)
            if after.down == before.down:
                return False
            settings = {DOWN: (down_text(before.down), down_text(after.down))}
            change = Change(network_id, after.revision, now, PrincipalId(by), what, settings=settings, note=jump_id)
            self.transactions.commit(Commit(change, (AdvanceNetwork(after),)))
            return True

        return decide(self.clock, attempt)

"""Jumps that may be dead: whose word counts, who moves, and who comes back.

Requests: a report of a dead jump 1 read, and 1 write for each jump it names; with it a move of the peer alone 3 reads
and 1 transaction, or of all the jump's peers 2 reads, 1 transaction and 1 write; 2 messages and
1 frame. A silence check 2 reads (1 of a silent jump) and 1 message; a return check 2
reads and 1 message. Coming back 2 reads and 1 transaction. A reset 2 reads and 1 frame.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.peers.peer_edit import Edit, Edits, Order
from chalicelib.domain.change.agent_notices import ResetWanted, SignOfLifeWanted
from chalicelib.domain.change.change import What
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import agent_of
from chalicelib.domain.ids import NetworkId, PeerId, is_jump
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.failover import (
    ANSWERS_WITHIN,
    AWAY_AT_MOST,
    AgentLiveness,
    DeadJumpReport,
    FailoverTask,
    ResetRequest,
    ReturnCheck,
    SilenceCheck,
    avoiding,
    forgiving,
    look_every,
    marked,
    next_look,
    unmarked,
)
from chalicelib.domain.peer.peer import Peer, PeerRecord
from chalicelib.domain.peer.presence import Fact, FactKind
from chalicelib.ports.facts import FactStore
from chalicelib.ports.liveness import LivenessStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.queues import FailoverQueue
from chalicelib.ports.sockets import Gateway


@dataclass(frozen=True, slots=True)
class Failover:
    """`return_after`: so long a jump serves before its peers come back to it; 15 minutes at most."""

    return_after: timedelta
    edits: Edits
    network_edits: NetworkEdits
    networks: NetworkStore
    peers: PeerStore
    liveness: LivenessStore
    facts: FactStore
    failover_tasks: FailoverQueue
    gateway: Gateway
    clock: Clock

    def run(self, task: FailoverTask) -> None:
        """Run one failover task; what it speaks of may be gone by now."""
        try:
            match task:
                case DeadJumpReport():
                    known = self.networks.get(task.network_id).preferences
                    for jump_id in known.keys() & task.jumps:
                        self._hear(task, jump_id)
                case SilenceCheck():
                    self._watch(task)
                case ReturnCheck():
                    self._bring_home(task)
                case ResetRequest():
                    self._reset(task)
                case _:
                    assert_never(task)
        except (NetworkNotFound, PeerNotFound):
            return

    def _hear(self, dead_jump_report: DeadJumpReport, jump_id: PeerId) -> None:
        now = self.clock.now()
        liveness = self.liveness.accuse(jump_id, now)
        if liveness is None:
            return
        if liveness.is_silent(now):
            self._mark(dead_jump_report.network_id, jump_id, dead_jump_report.accuser)
            return
        if liveness.accused_since == now:
            self._ask(dead_jump_report.network_id, jump_id, liveness)
        if not is_jump(dead_jump_report.accuser):
            self._move_alone(dead_jump_report.network_id, dead_jump_report.accuser, jump_id)

    def _ask(self, network_id: NetworkId, jump_id: PeerId, liveness: AgentLiveness) -> None:
        """Look for a sign of life a moment later, from a new socket or by an answer on this one.

        A jump that could not be asked is not looked at so soon: its next heartbeat speaks for it, or its silence check
        finds it silent.
        """
        socket = liveness.connection_id
        if socket is not None and self.gateway.tell([socket], SignOfLifeWanted(network_id)).failed:
            return
        end = self.clock.now() + ANSWERS_WITHIN
        self.failover_tasks.put(
            SilenceCheck(network_id, jump_id, socket, serving_since=None, until=end, is_once=True), ANSWERS_WITHIN
        )

    def _watch(self, silence_check: SilenceCheck) -> None:
        """A newer socket of the jump has a silence check of its own; one that a doubled message made ends with its
        socket."""
        now = self.clock.now()
        liveness = self.liveness.of(silence_check.jump_id)
        if liveness is None:
            return
        if silence_check.is_once:
            if liveness.is_silent(now) and liveness.accused_since is not None:
                self._mark(silence_check.network_id, silence_check.jump_id, silence_check.jump_id)
            return
        if liveness.connection_id != silence_check.connection_id:
            return
        since, is_down = None, False
        if not liveness.is_silent(now):
            since = liveness.serves_since(silence_check.serving_since, now)
            is_down = silence_check.jump_id in self.networks.get(silence_check.network_id).down
            if is_down and now - since >= self.return_after:
                self._unmark(silence_check.network_id, silence_check.jump_id)
        elif silence_check.serving_since is not None:
            self.facts.insert(Fact(silence_check.network_id, silence_check.jump_id, FactKind.DISCONNECTED, now))
        if liveness.is_silent(now) and liveness.accused_since is not None:
            self._mark(silence_check.network_id, silence_check.jump_id, silence_check.jump_id)
        if now < silence_check.until:
            self.failover_tasks.put(
                replace(silence_check, serving_since=since), next_look(liveness, is_down, self.return_after, now)
            )

    def _bring_home(self, return_check: ReturnCheck) -> None:
        now = self.clock.now()
        jump, own = self.liveness.of(return_check.jump_id), self.liveness.of(return_check.peer_id)
        if jump is None or own is None:
            return
        if now >= return_check.until:
            self._forgive(return_check)
            return
        if jump.is_silent(now) or return_check.jump_id in own.unreachable:
            self._look_again(replace(return_check, serving_since=None), self.return_after)
            return
        since = jump.serves_since(return_check.serving_since, now)
        if now - since < self.return_after:
            self._look_again(replace(return_check, serving_since=since), look_every(self.return_after))
            return
        self._forgive(return_check)

    def _forgive(self, return_check: ReturnCheck) -> None:
        def forgiven(network: Network, before: PeerRecord) -> Edit:
            return Edit(network, replace(before, peer=forgiving(before.peer, return_check.jump_id)))

        by = agent_of(return_check.jump_id)
        self.edits.make(Order(return_check.network_id, return_check.peer_id, by, What.HOME_RETURNED), forgiven)

    def _look_again(self, return_check: ReturnCheck, delay: timedelta) -> None:
        self.failover_tasks.put(return_check, delay)

    def _reset(self, request: ResetRequest) -> None:
        if request.jump_id not in self.networks.get(request.network_id).preferences:
            return
        liveness = self.liveness.of(request.jump_id)
        if liveness is not None and liveness.connection_id is not None:
            self.gateway.tell([liveness.connection_id], ResetWanted(request.network_id, request.peer_id))

    def _move_alone(self, network_id: NetworkId, peer_id: PeerId, jump_id: PeerId) -> None:
        moved: list[Peer] = []

        def avoided(network: Network, before: PeerRecord) -> Edit:
            peer = avoiding(network, before.peer, jump_id, self.peers.jumps(network_id))
            moved[:] = [peer] if peer != before.peer else []
            return Edit(network, replace(before, peer=peer))

        self.edits.make(Order(network_id, peer_id, agent_of(peer_id), What.HOME_MOVED, note=jump_id), avoided)
        if moved:
            until = self.clock.now() + AWAY_AT_MOST
            return_check = ReturnCheck(network_id, peer_id, jump_id, serving_since=None, until=until)
            self._look_again(return_check, look_every(self.return_after))

    def _mark(self, network_id: NetworkId, jump_id: PeerId, by: PeerId) -> None:
        """Mark a jump down for all, while another can serve. No effect if it is marked already."""

        def down(network: Network) -> Network:
            return network if jump_id in network.down else marked(network, jump_id, self.peers.jumps(network_id))

        if self._change_marks(network_id, What.JUMP_DOWN, jump_id, by, down):
            self.liveness.note_down(jump_id, self.clock.now())

    def _unmark(self, network_id: NetworkId, jump_id: PeerId) -> None:
        self._change_marks(network_id, What.JUMP_UP, jump_id, jump_id, lambda network: unmarked(network, jump_id))

    def _change_marks(
        self, network_id: NetworkId, what: What, jump_id: PeerId, by: PeerId, decision: Callable[[Network], Network]
    ) -> bool:
        """Change the marks in one write; answers whether there was anything to change."""

        def changed(before: Network, later: Network) -> tuple[bool, NetworkEdit | None]:
            after = decision(later)
            if after.down == before.down:
                return False, None
            return True, NetworkEdit(what, after, note=jump_id)

        return self.network_edits.make(network_id, agent_of(by), changed)

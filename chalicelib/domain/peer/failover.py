"""When a jump is down, for all or for one peer, and when it serves again.

A peer that finds its home's tunnel dead says so. It alone moves, unless the jump is silent
towards the control plane as well: then all of the jump's peers do. Whoever was moved comes back
after a time of service without a word against it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.home import home_of, serving
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.peer.presence import HEARTBEAT_JUMP, MISSED_HEARTBEATS

SILENT_AFTER = MISSED_HEARTBEATS * HEARTBEAT_JUMP
ANSWERS_WITHIN = timedelta(seconds=2)  # a jump that is asked whether it lives, in whole seconds for SQS
RECONNECTS_WITHIN = timedelta(seconds=5)  # an agent whose session ended opens another, once an hour
AWAY_AT_MOST = timedelta(days=7)  # so long a peer that was moved alone is looked after; then it may try its home again
LOOKS = 5  # during the time of service after which peers come back to a jump
LOOK_AT_LEAST_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class AgentLiveness:
    """An agent's sign of life. `connection_id`: of its open socket. `accused_since`: the first word
    against it since it was heard last. `fell_at`: when it was marked down for all, the last time.
    `unreachable`: the jumps whose tunnels are dead to it, as it said last. `closed_at`: when its last
    socket closed."""

    connection_id: ConnectionId | None
    last_seen: datetime | None
    accused_since: datetime | None = None
    fell_at: datetime | None = None
    unreachable: frozenset[PeerId] = frozenset()
    closed_at: datetime | None = None

    def serves_since(self, seen_since: datetime | None, now: datetime) -> datetime:
        """From when its service counts: `seen_since`, None: only from now; and not before it fell."""
        since = now if seen_since is None else seen_since
        return since if self.fell_at is None else max(since, self.fell_at)

    def is_silent(self, now: datetime) -> bool:
        """Towards the control plane: no heartbeat, no socket for longer than it takes to open another, or no
        word since it was accused."""
        if self.last_seen is None or now - self.last_seen >= SILENT_AFTER:
            return True
        if self.connection_id is None and now - (self.closed_at or self.last_seen) >= RECONNECTS_WITHIN:
            return True
        return self.accused_since is not None and now - self.accused_since >= ANSWERS_WITHIN


@dataclass(frozen=True, slots=True)
class DeadJumpReport:
    """An agent finds the tunnels of these jumps dead."""

    network_id: NetworkId
    accuser: PeerId
    jumps: tuple[PeerId, ...]


@dataclass(frozen=True, slots=True)
class SilenceCheck:
    """Look whether a jump is still heard, by the socket that it opened; again and again.

    `serving_since`: without a silence that was seen, None after one. `until`: when the socket's session
    ends, and with it this, though nobody may have noted that the socket closed. `is_once`: the jump was
    found dead, and asked for a sign of life if it had a socket (`connection_id` None: it had none)."""

    network_id: NetworkId
    jump_id: PeerId
    connection_id: ConnectionId | None
    serving_since: datetime | None
    until: datetime
    is_once: bool = False


@dataclass(frozen=True, slots=True)
class ReturnCheck:
    """Look whether a peer that was moved alone can come back to a jump.

    `serving_since`: as of a silence check, and without a word of the peer against it. `until`: when it comes back
    in any case: if the jump is still dead, the peer will say so again."""

    network_id: NetworkId
    peer_id: PeerId
    jump_id: PeerId
    serving_since: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class ResetRequest:
    """An agent that a jump leaves unanswered wants its section there made anew."""

    network_id: NetworkId
    peer_id: PeerId
    jump_id: PeerId


FailoverTask = DeadJumpReport | SilenceCheck | ReturnCheck | ResetRequest


def look_every(return_after: timedelta) -> timedelta:
    """How often jumps are looked at that must serve for `return_after`; whole seconds, for SQS."""
    return min(LOOK_AT_LEAST_EVERY, timedelta(seconds=return_after // timedelta(seconds=LOOKS)))


def next_look(liveness: AgentLiveness, is_down: bool, return_after: timedelta, now: datetime) -> timedelta:
    """When a jump is looked at again: often while it is marked down or silent, else when it would be silent if it said
    nothing more. Whole seconds, for SQS."""
    if is_down or liveness.last_seen is None or liveness.is_silent(now):
        return look_every(return_after)
    silent_in_s = math.ceil((liveness.last_seen + SILENT_AFTER - now).total_seconds())
    return min(timedelta(seconds=silent_in_s), max(return_after, look_every(return_after)))


def marked(network: Network, jump_id: PeerId, jumps: Iterable[Peer]) -> Network:
    """The network with a jump marked down for all; as it is when no other is left to serve."""
    others = {jump.id for jump in serving(jumps)} - {jump_id}
    return replace(network, down=network.down | {jump_id}) if others - network.down else network


def unmarked(network: Network, jump_id: PeerId) -> Network:
    return replace(network, down=network.down - {jump_id})


def avoiding(network: Network, peer: Peer, jump_id: PeerId, jumps: Iterable[Peer]) -> Peer:
    """The peer with a jump marked down for it alone; as it is when that is not its home, or no other can be."""
    hubs = serving(jumps)
    moved = replace(peer, avoids=peer.avoids | {jump_id})
    if home_of(peer, hubs, network.down) != jump_id or home_of(moved, hubs, network.down) == jump_id:
        return peer
    return moved


def forgiving(peer: Peer, jump_id: PeerId) -> Peer:
    return replace(peer, avoids=peer.avoids - {jump_id})

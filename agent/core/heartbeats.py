"""Heartbeats: when, with what, and what their answers settle; pure.

What a heartbeat told and the control plane did not acknowledge is told again, in its newest form. A
jump tells what it sees of its peers: at once if one moved or shook hands early, else with the next
heartbeat. It tells as much as a few frames hold, and the rest a second later. A regular agent tells its
own handshakes, as ages in seconds, for its clock is not the jump's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from msgspec import structs

from agent.bundle.received import Fetched
from agent.core.effects import CancelTimer, Observe, Send, SetTimer
from agent.core.events import Observed
from agent.core.link import post
from agent.core.state import DatedHandshake, HeartbeatState, PendingHeartbeat, Session, Socket, State, Step
from agent.core.timers import Timer
from agent.core.waiting import (
    ACK_WITHIN_S,
    HEARTBEAT_S,
    JUMP_HEARTBEAT_S,
    JUMP_LOOK_S,
    LOOK_S,
    NEWS_WITHIN_S,
    NEXT_PARTS_S,
    within,
)
from agent.host.tunnel.live import PeerTraffic, Sighting
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import (
    MAX_FRAME_BYTES,
    MOST_JUMPS,
    MOST_OBSERVATIONS,
    MOST_OWN_HANDSHAKES,
    Ack,
    Heartbeat,
    Observation,
    OwnHandshake,
    OwnHandshakes,
)

PARTS_AT_ONCE = 4  # frames, each of which is an invocation
MARGIN_BYTES = 1_000  # for digits of seq and revision that grow
MOST_OVERTAKING = 256  # answers come in any order; a jump's first tale of 10,000 peers is 60 heartbeats
OWN_KEPT_S = 600.0  # as far back as the control plane compares them

Part = list[tuple[PeerTraffic, Observation]]


def observe_now(state: State) -> Step:
    """Look at host and peers now; the heartbeat follows when what is seen arrives."""
    return state, (_look(state.beats), within(Timer.HEARTBEAT, _pause_s(state)))


def watch(state: State) -> Step:
    """Look now, and from now on as often as a jump or a regular agent does."""
    return state, (_look(state.beats),)


def paced(state: State, interval_s: float) -> State:
    """The control plane wants to hear from the agent so often."""
    return _with(state, replace(state.beats, interval_s=max(interval_s, 1.0)))


def renewed(state: State, at_s: float) -> Step:
    """A socket took over from another: tell what waits, if anything does; else the next heartbeat stays due."""
    beats = state.beats
    if beats.untold or beats.host != beats.told_host or state.homes.dead:
        return observe_now(state)
    return state, (within(Timer.HEARTBEAT, _left_s(state, at_s)),)


def knows_peers(state: State, fetched: Fetched) -> State:
    """Learn from a bundle who the peers are, to name them in observations."""
    is_jump = fetched.bundle.firewall.forward
    interval_s = state.beats.interval_s
    if is_jump != state.beats.is_jump:
        interval_s = JUMP_HEARTBEAT_S if is_jump else HEARTBEAT_S
    peer_ids = {peer.public_key: peer.peer_id for peer in fetched.bundle.peers}
    untold = {key: seen for key, seen in state.beats.untold.items() if key in peer_ids}
    return _with(state, replace(state.beats, is_jump=is_jump, interval_s=interval_s, peer_ids=peer_ids, untold=untold))


def observed(state: State, event: Observed) -> Step:
    """Take in what was seen. Tell it at once if the core asked for the look, the host changed, or it is urgent."""
    before = state.beats
    looked = _with(state, _looked(before, event))
    is_urgent = before.is_jump and any(sighted.is_urgent for sighted in event.seen)
    if event.is_asked or event.host != before.host or is_urgent:
        return _told(looked, event.at_s)
    is_first = not _news(before) and bool(_news(looked.beats))
    return looked, (_due(looked, event.at_s),) if is_first else ()


def say(state: State, at_s: float, reset: str | None = None) -> Step:
    """Send a heartbeat at once. `reset`: the jump that is asked to remove this agent's section and add it again."""
    asking = state if reset is None else _with(state, replace(state.beats, reset=reset))
    return _told(asking, at_s)


def posted(state: State, at_s: float) -> Step:
    """The last frame sent by REST was answered: tell what came up meanwhile."""
    return _told(state, at_s) if state.beats.is_late else (state, ())


def not_posted(state: State) -> Step:
    """The last frame sent by REST had no answer: tell what came up meanwhile a moment later."""
    return state, (SetTimer(Timer.HEARTBEAT, *NEXT_PARTS_S),) if state.beats.is_late else ()


def acked(state: State, ack: Ack) -> Step:
    """What the acknowledged heartbeat told is told. While other heartbeats wait for an answer, this one is a sign of
    life; a heartbeat that more than `MOST_OVERTAKING` later ones have overtaken is lost."""
    beats = state.beats
    host = next((unacked.host for unacked in beats.unacked if unacked.seq == ack.seq and unacked.host), beats.told_host)
    waiting = tuple(unacked for unacked in beats.unacked if unacked.seq != ack.seq)
    after = replace(beats, nonce=ack.nonce, told_host=host, unacked=waiting)
    settled = _with(state, after.losing(lambda unacked: unacked.seq < ack.seq - MOST_OVERTAKING))
    if not settled.beats.unacked:
        return settled, (CancelTimer(Timer.ACK),)
    return settled, (_patience(),) if state.link.socket is Socket.UP else ()


def lost(state: State, seq: int) -> State:
    return _with(state, state.beats.losing(lambda unacked: unacked.seq == seq))


def _look(beats: HeartbeatState) -> Observe:
    return Observe(every_s=JUMP_LOOK_S if beats.is_jump else LOOK_S)


def _looked(beats: HeartbeatState, event: Observed) -> HeartbeatState:
    untold = beats.untold
    if event.seen:
        new = {sighted.seen.public_key: sighted.seen for sighted in event.seen}
        untold = {**new, **{key: seen for key, seen in untold.items() if key not in new}}
    kept = beats.shaken if event.since_s == beats.watched_since_s else ()
    shaken = () if beats.is_jump else _shaken(kept, event.seen, event.at_s)
    return replace(beats, host=event.host, untold=untold, shaken=shaken, watched_since_s=event.since_s)


def _shaken(kept: Sequence[DatedHandshake], seen: Iterable[Sighting], at_s: float) -> tuple[DatedHandshake, ...]:
    """The newest handshakes, as many as a heartbeat may hold."""
    made = (DatedHandshake(sighted.seen.public_key, at_s - sighted.age_s) for sighted in seen)
    recent = [one for one in (*kept, *made) if at_s - one.made_at_s <= OWN_KEPT_S]
    return tuple(recent[-MOST_OWN_HANDSHAKES:])


def _told(state: State, at_s: float) -> Step:
    """Tell what changed of host and peers, over the socket or by REST. By REST one heartbeat waits for the answer to
    the other, for an answer may take long."""
    is_up = state.link.socket is Socket.UP
    if not is_up and state.link.session is not Session.OPEN:
        return state, ()
    beats = state.beats
    if not is_up and state.link.is_posting:
        return _with(state, replace(beats, is_late=True)), ()
    first = _heartbeat(state, at_s)
    parts = _parts(_news(beats), MAX_FRAME_BYTES - MARGIN_BYTES - len(encode(first)))
    later = parts[PARTS_AT_ONCE if is_up else 1 :]
    parts = parts[: len(parts) - len(later)]
    heartbeats = [_part(first, number, part) for number, part in enumerate(parts)]
    waiting = tuple(
        PendingHeartbeat(seq=beat.seq, host=beat.host, seen=tuple(seen for seen, _ in part))
        for beat, part in zip(heartbeats, parts, strict=True)
    )
    gone = {seen.public_key for part in parts for seen, _ in part}
    untold = {key: seen for key, seen in beats.untold.items() if key not in gone}
    told = replace(
        beats,
        seq=heartbeats[-1].seq,
        told_at_s=at_s,
        untold=untold,
        unacked=(*beats.unacked, *waiting),
        is_late=False,
        reset=None,
    )
    soon = (SetTimer(Timer.HEARTBEAT, *NEXT_PARTS_S),) if later else ()
    if is_up:
        return _with(state, told), (*(Send(state.link.number, beat) for beat in heartbeats), _patience(), *soon)
    posting, posts = post(_with(state, told), heartbeats[0])
    return posting, (*posts, *soon)


def _heartbeat(state: State, at_s: float) -> Heartbeat:
    beats = state.beats
    return Heartbeat(
        instance_id=state.instance_id,
        seq=beats.seq + 1,
        generation=state.following.applied.generation,
        revision=state.following.applied.revision,
        hash=state.following.applied_hash,
        nonce=beats.nonce,
        host=beats.host if beats.host != beats.told_host else None,
        own_handshakes=_own(beats, at_s),
        unreachable=sorted(state.homes.dead)[:MOST_JUMPS],
        reset=beats.reset,
    )


def _part(first: Heartbeat, number: int, part: Part) -> Heartbeat:
    """One of several heartbeats; the host and the own handshakes go with the first."""
    observations = [observation for _, observation in part]
    if number == 0:
        return structs.replace(first, observations=observations)
    bare = structs.replace(first, host=None, own_handshakes=None, reset=None)
    return structs.replace(bare, seq=first.seq + number, observations=observations)


def _own(beats: HeartbeatState, at_s: float) -> OwnHandshakes | None:
    """`None` for a jump, which tells what it sees instead, and while there is no interface."""
    if beats.is_jump or beats.watched_since_s is None:
        return None
    made = [
        OwnHandshake(peer_id=beats.peer_ids[one.public_key], age_s=round(max(0.0, at_s - one.made_at_s)))
        for one in beats.shaken
        if one.public_key in beats.peer_ids and at_s - one.made_at_s <= OWN_KEPT_S
    ]
    return OwnHandshakes(watched_s=int(min(OWN_KEPT_S, at_s - beats.watched_since_s)), made=made)


def _news(beats: HeartbeatState) -> Part:
    """What is to be told of peers whose id is known: WireGuard has a peer just before its bundle counts as applied."""
    if not beats.is_jump:
        return []
    return [
        (seen, _observation(beats.peer_ids[key], seen)) for key, seen in beats.untold.items() if key in beats.peer_ids
    ]


def _observation(peer_id: str, seen: PeerTraffic) -> Observation:
    return Observation(
        peer_id=peer_id, endpoint=seen.endpoint, handshake_at=int(seen.handshake_at), rx=seen.rx, tx=seen.tx
    )


def _parts(news: Part, room_bytes: int) -> list[Part]:
    parts: list[Part] = [[]]
    used_bytes = 0
    for one in news:
        size_bytes = len(encode(one[1])) + 1
        if used_bytes + size_bytes > room_bytes or len(parts[-1]) == MOST_OBSERVATIONS:
            parts.append([])
            used_bytes = 0
        parts[-1].append(one)
        used_bytes += size_bytes
    return parts


def _due(state: State, at_s: float) -> SetTimer:
    """When a jump tells what it has just seen: soon, and no later than the heartbeat that is due anyway."""
    return within(Timer.HEARTBEAT, min(NEWS_WITHIN_S, _left_s(state, at_s)))


def _left_s(state: State, at_s: float) -> float:
    """How long until the next heartbeat is due without news."""
    return max(0.0, state.beats.told_at_s + _pause_s(state) - at_s)


def _pause_s(state: State) -> float:
    """The longest time between two heartbeats."""
    interval_s, bearable_s = state.beats.interval_s, state.link.pauses.bearable_s
    return interval_s if bearable_s is None else min(interval_s, bearable_s)


def _patience() -> SetTimer:
    return SetTimer(Timer.ACK, ACK_WITHIN_S, ACK_WITHIN_S)


def _with(state: State, beats: HeartbeatState) -> State:
    return replace(state, beats=beats)

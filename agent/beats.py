"""Heartbeats: when, with what, and what their answers settle; pure.

What a heartbeat told counts as told once it is acknowledged, so a lost one is told again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agent.effects import CancelTimer, Observe, Post, Send, SetTimer
from agent.events import Observed, Timer
from agent.live import Seen
from agent.received import Fetched
from agent.state import Beats, Mark, Session, Socket, State, Step, Unacked
from agent.waiting import ACK_WITHIN_S, HEARTBEAT_S, JUMP_HEARTBEAT_S, around
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import MAX_FRAME_BYTES, Ack, Heartbeat, Observation
from chalicelib.wire.peers import Host

MARGIN_BYTES = 1_000  # for digits of seq and revision that grow
NOTHING_YET = Mark(endpoint=None, handshake_at=0)


def observe_now(state: State) -> Step:
    """Look at host and peers; the heartbeat follows from what is seen."""
    return state, (Observe(has_peers=state.beats.is_jump), around(Timer.HEARTBEAT, state.beats.interval_s))


def paced(state: State, interval_s: float) -> State:
    return _with(state, replace(state.beats, interval_s=max(interval_s, 1.0)))


def knows_peers(state: State, fetched: Fetched) -> State:
    """Who the peers are, to name them in observations."""
    is_jump = fetched.bundle.firewall.forward
    interval_s = state.beats.interval_s
    if is_jump != state.beats.is_jump:
        interval_s = JUMP_HEARTBEAT_S if is_jump else HEARTBEAT_S
    peer_ids = {peer.public_key: peer.peer_id for peer in fetched.bundle.peers}
    known = frozenset(peer_ids.values())
    told = {peer_id: mark for peer_id, mark in state.beats.told.items() if peer_id in known}
    return _with(state, replace(state.beats, is_jump=is_jump, interval_s=interval_s, peer_ids=peer_ids, told=told))


def observed(state: State, event: Observed) -> Step:
    """Tell host and peers as far as they changed, by the way that is open."""
    is_up = state.link.socket is Socket.UP
    if not is_up and state.link.session is not Session.OPEN:
        return state, ()
    host = event.host if event.host != state.beats.told_host else None
    heartbeats = _heartbeats(state, host, _news(state.beats, event.seen))
    waiting = [Unacked(seq=beat.seq, host=beat.host, observations=tuple(beat.observations)) for beat in heartbeats]
    beats = replace(state.beats, seq=heartbeats[-1].seq, unacked=(*state.beats.unacked, *waiting))
    number = state.link.number
    if is_up:
        timer = SetTimer(Timer.ACK, ACK_WITHIN_S, ACK_WITHIN_S)
        return _with(state, beats), (*(Send(number, beat) for beat in heartbeats), timer)
    return _with(state, beats), tuple(Post(beat) for beat in heartbeats)


def acked(state: State, ack: Ack) -> Step:
    """Take what the acknowledged heartbeat told as told."""
    beats = state.beats
    told, host = dict(beats.told), beats.told_host
    for unacked in beats.unacked:
        if unacked.seq == ack.seq:
            host = unacked.host or host
            told |= {seen.peer_id: Mark(seen.endpoint, seen.handshake_at) for seen in unacked.observations}
    waiting = tuple(unacked for unacked in beats.unacked if unacked.seq != ack.seq)
    settled = _with(state, replace(beats, nonce=ack.nonce, told=told, told_host=host, unacked=waiting))
    return settled, () if waiting else (CancelTimer(Timer.ACK),)


def lost(state: State, seq: int) -> State:
    waiting = tuple(unacked for unacked in state.beats.unacked if unacked.seq != seq)
    return _with(state, replace(state.beats, unacked=waiting))


def _heartbeats(state: State, host: Host | None, news: Sequence[Observation]) -> list[Heartbeat]:
    """One heartbeat, or as many as the frame's size makes of it; the host goes with the first."""
    empty = _heartbeat(state, state.beats.seq, host, ())
    parts = _parts(news, MAX_FRAME_BYTES - MARGIN_BYTES - len(encode(empty)))
    return [
        _heartbeat(state, state.beats.seq + number, host if number == 1 else None, part)
        for number, part in enumerate(parts, start=1)
    ]


def _heartbeat(state: State, seq: int, host: Host | None, observations: Sequence[Observation]) -> Heartbeat:
    return Heartbeat(
        instance_id=state.instance_id,
        seq=seq,
        generation=state.following.applied.generation,
        revision=state.following.applied.revision,
        hash=state.following.applied_hash,
        nonce=state.beats.nonce,
        host=host,
        observations=list(observations),
    )


def _news(beats: Beats, seen: Iterable[Seen]) -> list[Observation]:
    observations = (_observation(beats.peer_ids, peer) for peer in seen)
    return [
        news
        for news in observations
        if news is not None and beats.told.get(news.peer_id, NOTHING_YET) != Mark(news.endpoint, news.handshake_at)
    ]


def _observation(peer_ids: Mapping[str, str], seen: Seen) -> Observation | None:
    peer_id = peer_ids.get(seen.public_key)
    if peer_id is None:
        return None
    return Observation(peer_id=peer_id, endpoint=seen.endpoint, handshake_at=seen.handshake_at, rx=seen.rx, tx=seen.tx)


def _parts(news: Sequence[Observation], room_bytes: int) -> list[list[Observation]]:
    parts: list[list[Observation]] = [[]]
    used_bytes = 0
    for observation in news:
        size_bytes = len(encode(observation)) + 1
        if used_bytes + size_bytes > room_bytes:
            parts.append([])
            used_bytes = 0
        parts[-1].append(observation)
        used_bytes += size_bytes
    return parts


def _with(state: State, beats: Beats) -> State:
    return replace(state, beats=beats)

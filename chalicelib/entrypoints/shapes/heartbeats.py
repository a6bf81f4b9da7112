"""What agents say, over the socket and over REST alike: heartbeats with their answers, and reports."""

from datetime import UTC, datetime, timedelta

from chalicelib.application.agents.heartbeats import Heartbeat
from chalicelib.bootstrap.container import container
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PEER_ID, PeerId, Revision, is_jump
from chalicelib.domain.peer.peer import Host
from chalicelib.observability import logger
from chalicelib.wire import frames

FURTHEST_BACK = timedelta(days=1)


def acknowledged(agent: Agent, frame: frames.Heartbeat) -> frames.Ack:
    said, own, generation = frame.host, frame.own_handshakes, container().settings.generation
    heartbeat = Heartbeat(
        instance_id=frame.instance_id,
        seq=frame.seq,
        running=Revision(frame.revision if frame.generation == generation else 0),
        bundle_hash=frame.hash,
        host=None if said is None else Host(said.hostname, said.os, said.agent_version),
        sightings=[
            (PeerId(seen.peer_id), datetime.fromtimestamp(seen.handshake_at, UTC), seen.endpoint)
            for seen in frame.observations
            if seen.handshake_at > 0 and PEER_ID.match(seen.peer_id)
        ],
        watched=None if own is None else _back(own.watched_s),
        own_handshakes=[]
        if own is None
        else [(PeerId(one.peer_id), _back(one.age_s)) for one in own.made if PEER_ID.match(one.peer_id)],
        unreachable=tuple(PeerId(jump) for jump in frame.unreachable if _is_a_jumps(jump)),
        reset=PeerId(frame.reset) if frame.reset is not None and _is_a_jumps(frame.reset) else None,
    )
    wanted = container().heartbeats.record(agent, heartbeat)
    return frames.Ack(
        seq=frame.seq,
        generation=generation,
        wanted=wanted,
        nonce=container().randomness.secret(),
    )


def _is_a_jumps(text: str) -> bool:
    return PEER_ID.match(text) is not None and is_jump(PeerId(text))


def reported(agent: Agent, frame: frames.Applied) -> None:
    """Take an agent's report; one about another generation of the deployment is history, one of a revision
    that the network has not got counts for nothing."""
    if frame.generation != container().settings.generation:
        return
    if frame.ok:
        if not container().rollouts.applied(agent, Revision(frame.revision), frame.hash):
            logger.warning("revision_unknown", extra={"peer_id": agent.peer_id, "revision": frame.revision})
    else:
        container().rollouts.failed(agent, frame.error or "no reason given")


def _back(seconds: int) -> timedelta:
    return min(timedelta(seconds=min(seconds, 2**31)), FURTHEST_BACK)

"""A heartbeat in and its answer out, over the socket and over REST alike."""

from datetime import UTC, datetime

from chalicelib.application.heartbeats import Heartbeat
from chalicelib.bootstrap import container
from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer import Host
from chalicelib.domain.principal import Agent
from chalicelib.entrypoints.parsing import PEER_ID
from chalicelib.wire import frames


def acknowledged(agent: Agent, frame: frames.Heartbeat) -> frames.Ack:
    said = frame.host
    heartbeat = Heartbeat(
        instance_id=frame.instance_id,
        seq=frame.seq,
        host=None if said is None else Host(said.hostname, said.os, said.agent_version),
        sightings=[
            (PeerId(seen.peer_id), datetime.fromtimestamp(seen.handshake_at, UTC))
            for seen in frame.observations
            if seen.handshake_at > 0 and PEER_ID.match(seen.peer_id)
        ],
    )
    wanted = container().heartbeats.record(agent, heartbeat)
    return frames.Ack(
        seq=frame.seq,
        generation=container().settings.generation,
        wanted=wanted,
        nonce=container().randomness.secret(),
    )

"""Socket frames: JSON objects with `type`, at most MAX_FRAME_BYTES each.

`Heartbeat`, `Ack` and `Applied` are also the bodies of `/agent/heartbeat` and
`/agent/applied`, for when the socket is down.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.wire.codec import Answer, Request
from chalicelib.wire.peers import Host

MAX_FRAME_BYTES = 30_000  # API Gateway cuts frames at 32 KB
MOST_OWN_HANDSHAKES = 64
MOST_OBSERVATIONS = 300  # no frame holds more
MOST_JUMPS = 16

Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # what every JSON reader holds exactly, RFC 8259 section 6
UnixSeconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]  # to the end of the year 9999
Word = Annotated[str, Meta(max_length=256)]
Sentence = Annotated[str, Meta(max_length=4096)]
Jumps = Annotated[list[Word], Meta(max_length=MOST_JUMPS)]


class Observation(Request, frozen=True):
    """What a jump sees of another peer. `handshake_at`: unix seconds by the jump's clock."""

    peer_id: Word
    endpoint: Word | None
    handshake_at: UnixSeconds
    rx: Count
    tx: Count


class OwnHandshake(Request, frozen=True):
    """A handshake that the agent's host completed, `age_s` seconds before the frame was made."""

    peer_id: Word
    age_s: Count


class OwnHandshakes(Request, frozen=True):
    """All that a regular agent's host completed within the last `watched_s` seconds, in which its interface was
    up throughout: ages, for its clock is not the jump's."""

    watched_s: Count
    made: Annotated[list[OwnHandshake], Meta(max_length=MOST_OWN_HANDSHAKES)] = []


class Hello(Request, frozen=True, tag="hello"):
    """The client's first frame: the server cannot speak before it."""

    instance_id: Word
    generation: Count
    revision: Count
    hash: Word


class Heartbeat(Request, frozen=True, tag="heartbeat"):
    """`seq` rises with each heartbeat of an instance. `generation`, `revision`, `hash`: what
    the agent runs now (0 and empty before its first bundle). `nonce`: the last answer's.
    `unreachable`: the jumps whose tunnels are dead to the agent, for as long as they are.
    `reset`: the jump that leaves it unanswered, and shall make its section anew."""

    instance_id: Word
    seq: Count
    generation: Count
    revision: Count
    hash: Word
    nonce: Word | None = None
    host: Host | None = None
    own_handshakes: OwnHandshakes | None = None
    observations: Annotated[list[Observation], Meta(max_length=MOST_OBSERVATIONS)] = []
    unreachable: Jumps = []
    reset: Word | None = None


class Applied(Request, frozen=True, tag="applied"):
    """A bundle was applied, or could not be; `ms` from hint or fetch to WireGuard."""

    generation: Count
    revision: Count
    hash: Word
    ok: bool
    ms: Count
    error: Sentence | None = None


class Welcome(Answer, frozen=True, tag="welcome"):
    """Answer to `hello`. `wanted`: newest revision that concerns this agent."""

    generation: int
    wanted: int
    heartbeat_interval_s: int


class Ack(Answer, frozen=True, tag="ack"):
    """Answer to the heartbeat with the same `seq`."""

    seq: int
    generation: int
    wanted: int
    nonce: str


class ConfigChanged(Answer, frozen=True, tag="config_changed"):
    """A hint: fetch the bundle. Carries no configuration. `within_ms`: at a moment drawn from so many, for
    many are told the same; 0: at once."""

    network_id: str
    generation: int
    revision: int
    within_ms: int = 0


class Probe(Answer, frozen=True, tag="probe"):
    """To a jump that others find dead: answer with `probe_reply` at once."""


class Reset(Answer, frozen=True, tag="reset"):
    """To a jump: remove a peer from WireGuard and add it again, for it asks to be answered."""

    peer_id: str


class ProbeReply(Request, frozen=True, tag="probe_reply"):
    """Answer to `probe`."""


class Bye(Answer, frozen=True, tag="bye"):
    """The server is about to close the socket. `retry_in_s`: come back no sooner, and within as long again, for many
    are told the same; 0: soon."""

    reason: Literal["peer_deleted", "session_ended"]
    retry_in_s: int = 0


ToAgent = Welcome | Ack | ConfigChanged | Probe | Reset | Bye
FromAgent = Hello | Heartbeat | Applied | ProbeReply


def from_agent(frame: str) -> FromAgent:
    """Parse a frame an agent sent; raises msgspec.DecodeError."""
    parsed: FromAgent = msgspec.json.decode(frame, type=FromAgent)
    return parsed

"""Tickets and socket frames of browsers, `<origin>/ws?ticket=`.

Frames are hints and small facts: a browser patches or refetches what it shows.
"""

from datetime import datetime
from typing import Literal

import msgspec

from chalicelib.wire.codec import Answer, Request
from chalicelib.wire.incidents import IncidentState, IncidentType, Reaction
from chalicelib.wire.networks import What

Fact = Literal["connected", "disconnected", "applied", "handshake", "late"]
FactStatus = Literal["online", "offline"] | None


class Ticket(Answer, frozen=True):
    """`ticket` opens one socket, once, before `expires_at`."""

    ticket: str
    expires_at: datetime


class BrowserHello(Request, frozen=True, tag="hello"):
    """The browser's first frame: the server cannot speak before it."""


class BrowserHeartbeat(Request, frozen=True, tag="heartbeat"):
    """Keeps the socket open: API Gateway drops one that is idle for ten minutes."""


class BrowserWelcome(Answer, frozen=True, tag="welcome"):
    """Answer to `hello`. The socket ends by `expires_at`: come back before with a new ticket."""

    expires_at: datetime
    keep_alive_s: int


class BrowserAck(Answer, frozen=True, tag="ack"):
    """Answer to `heartbeat`."""


class NetworkChanged(Answer, frozen=True, tag="network_changed"):
    """A change was made; `peer_id` is the peer it was made to, null for several or the network's own."""

    network_id: str
    generation: int
    revision: int
    what: What
    peer_id: str | None


class PeerFact(Answer, frozen=True):
    """What became true of a peer at a time, and the status that follows: null, as it was."""

    peer_id: str
    fact: Fact
    status: FactStatus
    at: datetime


class PeerStatus(Answer, frozen=True, tag="peer_status"):
    """Facts of presence, in the order they became known."""

    network_id: str
    peers: list[PeerFact]


class IncidentChanged(Answer, frozen=True, tag="incident"):
    """An incident opened, got further or was resolved: how it is since `at`. `containment_ms`: null until the last
    serving jump has cut the peer off."""

    network_id: str
    incident_id: str
    peer_id: str
    incident_type: IncidentType
    state: IncidentState
    reaction: Reaction
    at: datetime
    containment_ms: int | None = None


class AccountChanged(Answer, frozen=True, tag="account_changed"):
    """What the caller may see or do is other, or they may nothing any more. The socket is closed: ask who you are, and
    come back with a new ticket."""


class BrowserBye(Answer, frozen=True, tag="bye"):
    """The server is about to close the socket."""

    reason: Literal["session_ended"]


ToBrowser = BrowserWelcome | BrowserAck | NetworkChanged | PeerStatus | IncidentChanged | AccountChanged | BrowserBye
FromBrowser = BrowserHello | BrowserHeartbeat


def from_browser(frame: str) -> FromBrowser:
    """Parse a frame a browser sent; raises msgspec.DecodeError."""
    parsed: FromBrowser = msgspec.json.decode(frame, type=FromBrowser)
    return parsed

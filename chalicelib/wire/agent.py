"""The agent's calls, `/api/v1/agent/*`, and the assertion it signs."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from chalicelib.wire.codec import Answer, Request
from chalicelib.wire.peers import Host

ASSERTION_ALGORITHM = "EdDSA"  # RFC 8037, the device key is Ed25519
ASSERTION_LIFETIME_S = 60
ASSERTION_AUDIENCE = "wirety"


class EnrollRequest(Request, frozen=True):
    """`public_key`: WireGuard, base64. `device_key`: Ed25519 public key, 32 bytes, base64."""

    token: str
    public_key: str
    device_key: str
    host: Host


class Enrolled(Answer, frozen=True):
    """`signing_key`: Ed25519, 32 bytes, base64. Pin it: what is not signed by it, or by the successor that
    a bundle it signed names, is not of this deployment."""

    peer_id: str
    network_id: str
    signing_key: str


class JoinRequest(Request, frozen=True):
    """`key`: a network's join key. The rest as for EnrollRequest."""

    key: str
    public_key: str
    device_key: str
    host: Host


class Joined(Answer, frozen=True):
    """As Enrolled. `awaits_approval`: somebody has to say that the peer may take part; until then it has a session
    and a bundle without peers."""

    peer_id: str
    network_id: str
    signing_key: str
    awaits_approval: bool


class AssertionClaims(Request, frozen=True):
    """The JWT an agent signs with its device key to open a session.

    `exp - iat` at most ASSERTION_LIFETIME_S; `jti` is used once.
    """

    sub: str
    network_id: str
    aud: str
    iat: int
    exp: int
    jti: str


class SessionRequest(Request, frozen=True):
    assertion: str


class BundleQuery(Request, frozen=True):
    """What the agent runs now, answered 304 when nothing newer concerns it, and else with what changed, or
    with the whole bundle where the change log does not lead there. Without: the whole bundle, or by
    `If-None-Match` 304 when the agent has just that."""

    since: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    generation: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class LeaveRequest(Request, frozen=True):
    """`device_key`: of the machine that leaves, as it enrolled; another's peer stays untouched. `void_files`: a jump
    leaves though files of static peers name its key."""

    device_key: str
    void_files: bool = False


class KeysReport(Request, frozen=True):
    """The agent's public keys: the one in use, and the next one, made and saved but not used yet.

    Sent when a bundle asks for another key, when the key is old, when the next one came into use,
    and again until the answer says that the others know. `psk_epoch`: the newest preshared keys it
    has on its disk, sent when a bundle brings newer ones.
    """

    public_key: str
    next_key: str | None = None
    psk_epoch: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class KeysKnown(Answer, frozen=True):
    """What the others take for the agent's key, and the one they hold for later. `is_held`: all who
    must hold that one do, so that it can be used."""

    public_key: str
    staged_key: str | None
    is_held: bool


class Session(Answer, frozen=True):
    """`session` goes into `Authorization: Bearer`, for REST and the socket's handshake."""

    session: str
    expires_at: datetime

"""Facts about a peer, as the detector takes them; each is a value that never changes.

Times called `at` are the gateway's. A jump's own times (`seen_at`, `handshake_at`) are by its clock, and are compared
only with each other: its clock may be wrong, and its frames may have been under way for a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer.presence import OwnHandshakes

LONGEST_WORD = 256  # of what an agent calls itself, as on the wire
LONGEST_ENDPOINT = 64  # an IPv6 address with zone, brackets and port has 60 characters at most
MOST_AHEAD = timedelta(seconds=10)  # that a handshake may be dated after the look that saw it
SITE_PREFIX = 64  # of IPv6: privacy extensions change what is below it, RFC 8981


@dataclass(frozen=True, slots=True)
class Frame:
    """Which frame of which run of an agent brought the fact, and when it arrived. `seq` rises within an instance."""

    instance_id: str
    seq: int
    at: datetime

    def __post_init__(self) -> None:
        _require(
            ("instance_id", 1 <= len(self.instance_id) <= LONGEST_WORD, f"has 1 to {LONGEST_WORD} characters"),
            ("seq", self.seq >= 0, "is 0 or more"),
        )


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """What an agent says of the machine it runs on. `machine_id`: empty where the system has none."""

    hostname: str
    os: str
    machine_id: str = ""

    def __post_init__(self) -> None:
        parts = (self.hostname, self.os, self.machine_id)
        _require(("host", all(len(part) <= LONGEST_WORD for part in parts), f"has {LONGEST_WORD} characters at most"))


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An agent spoke. `echo_issued_at`: when the nonce that it echoes was issued, to this instance; None: it echoes
    none, or one that was not issued to it. Whoever echoes a nonce was alive after it was issued."""

    peer_id: PeerId
    frame: Frame
    echo_issued_at: datetime | None = None
    host: HostIdentity | None = None


@dataclass(frozen=True, slots=True)
class Observer:
    """A jump that looks at its peers. `started_at`: when its instance was first heard, by the gateway."""

    id: PeerId
    name: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """What a jump saw of the peer in one look: where its newest packet came from, and its newest handshake.

    `handshake_at` and `seen_at` by the jump's clock; `rx` and `tx` in bytes, since its interface came up.
    """

    peer_id: PeerId
    observer: Observer
    frame: Frame
    seen_at: datetime
    handshake_at: datetime
    endpoint: str
    rx: int = 0
    tx: int = 0

    def __post_init__(self) -> None:
        _require(
            ("endpoint", address_of(self.endpoint) is not None, "is an address and a port"),
            ("handshake_at", self.handshake_at <= self.seen_at + MOST_AHEAD, "is not after the look that saw it"),
            ("rx", self.rx >= 0, "is 0 or more"),
            ("tx", self.tx >= 0, "is 0 or more"),
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """An agent named all handshakes that its host made while its interface was up throughout."""

    peer_id: PeerId
    frame: Frame
    own: OwnHandshakes


class LifecycleKind(StrEnum):
    """What was done to a peer, and explains handshakes that are out of turn."""

    REKEYED = "rekeyed"
    RESTORED = "restored"
    MOVED = "moved"
    PSK_CHANGED = "psk_changed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Something was done to the peer. `observer_id`: the jump of the pair that it concerns; None: all."""

    peer_id: PeerId
    kind: LifecycleKind
    at: datetime
    observer_id: PeerId | None = None


Fact = Heartbeat | Observation | Statement | Lifecycle


def address_of(endpoint: str) -> IPv4Address | IPv6Address | None:
    """The address of `ip:port` or `[ip]:port`; None when it is neither."""
    host, _, port = endpoint.rpartition(":")
    if len(endpoint) > LONGEST_ENDPOINT or not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        return None
    try:
        return ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None


def site_of(endpoint: str) -> str:
    """What of an address stays while a host renews its privacy addresses: an IPv4 address, or an IPv6 /64."""
    address = address_of(endpoint)
    return (
        str(IPv6Network((int(address), SITE_PREFIX), strict=False))
        if isinstance(address, IPv6Address)
        else str(address)
    )


def _require(*claims: tuple[str, bool, str]) -> None:
    errors = [(field, message) for field, holds, message in claims if not holds]
    if errors:
        raise Invalid(errors)

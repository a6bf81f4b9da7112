"""The bundle: everything one agent needs to run, and the tombstone that ends it."""

from datetime import datetime
from typing import Literal

from chalicelib.wire.codec import Answer

MEDIA_TYPE = "application/vnd.wirety.bundle+json"


class Interface(Answer, frozen=True):
    """The agent's own interface.

    `addresses` with the network's prefix length (`10.0.0.2/24`), so the network itself is a
    connected route; the agent adds routes for AllowedIPs outside it. `listen_port` null: any.
    `public_key`: the one of the agent's keys that the others take for its own; `staged_key`: the
    one they hold for later. `rotate_key`: make another pair, and say so (`/agent/keys`).
    `full_encapsulation`: nothing leaves the host but through the home jump, also while there is
    none or the peer is blocked. `psk_epoch`: the newest of the preshared keys named here;
    `psk_held`: the newest that the agent said it has on its disk, before which no jump uses it.
    """

    addresses: list[str]
    listen_port: int | None
    mtu: int
    public_key: str | None = None
    staged_key: str | None = None
    rotate_key: bool = False
    full_encapsulation: bool = False
    psk_epoch: int = 0
    psk_held: int = 0


class Pair(Answer, frozen=True, omit_defaults=True):
    """A public key with the preshared keys between it and the agent's own; `next_preshared_key`: and
    the agent's staged one."""

    public_key: str
    preshared_key: str | None
    next_preshared_key: str | None = None


class BundlePeer(Answer, frozen=True, omit_defaults=True):
    """One `[Peer]` section. `endpoint` is `host:port`, IPv6 bracketed, or null.

    `preshared_key` null: none. `persistent_keepalive` in seconds, 0: off. Empty
    `allowed_ips`: a standby section. Of a jump, `tunnel_address`: to see whether it answers. Of a
    regular agent in a jump's bundle, `homes`: the jumps in the order in which they carry it, its
    home first; `standby_allowed_ips`: what its section gets here should this jump take it over. `next_preshared_key`:
    see Pair. `staged`: the key this peer will use next: a second section, without AllowedIPs and
    keepalive, to which the AllowedIPs move as soon as its handshake is newer than the first's.
    `other_preshared_key`: to be tried when a handshake is 135 s old; the other side may not have followed yet.
    """

    peer_id: str
    public_key: str
    preshared_key: str | None
    endpoint: str | None
    allowed_ips: list[str]
    persistent_keepalive: int
    tunnel_address: str | None = None
    homes: list[str] = []
    standby_allowed_ips: list[str] = []
    next_preshared_key: str | None = None
    other_preshared_key: str | None = None
    staged: Pair | None = None


class Rule(Answer, frozen=True):
    """One rule of the ACL. `source`, `destination`: names of sets, null: any. `ports`: `[first, last]`
    pairs of TCP and UDP; none: any. `protocol` null: any; `icmp` is ICMPv6 too."""

    source: str | None
    destination: str | None
    protocol: Literal["tcp", "udp", "icmp"] | None
    ports: list[tuple[int, int]]
    action: Literal["allow", "deny"]


class Exit(Answer, frozen=True):
    """A CIDR behind this peer. Not masqueraded: flows may begin there too."""

    cidr: str
    masquerade: bool


class Firewall(Answer, frozen=True):
    """What a jump lets through (`forward`), the same policy on every jump of a network.

    `sets`: CIDRs by name: `blocked`, `isolated`, `hubs` and `internet`, and what rules select, as
    the ACL writes it. Of a flow's first packet, in this order: from or to `blocked` is dropped,
    and cut in the middle of a flow; `isolated` talk to `hubs` alone, in either direction; the
    first of `rules` that matches decides, and an empty set matches nothing; what none matches is
    allowed. Out of the tunnel go `exits`, and the internet for `internet`; never link-local,
    private or multicast ranges that are not exits. Replies belong to the permission of their
    flow, TCP replies (not a bare SYN) by their addresses alone. On a regular peer there are `exits` alone,
    none masqueraded: it forwards what jumps let through between them and the tunnel, and nothing else.
    """

    forward: bool
    sets: dict[str, list[str]] = {}
    rules: list[Rule] = []
    exits: list[Exit] = []


class Record(Answer, frozen=True):
    """A peer's DNS label in the network's domain, with its addresses."""

    name: str
    addresses: list[str]


class Dns(Answer, frozen=True):
    domain: str
    resolvers: list[str]
    records: list[Record]


class Detection(Answer, frozen=True):
    """What the agent watches for; no setting yet."""


class Bundle(Answer, frozen=True):
    """`hash` in reports is `codec.content_hash` of it. `next_signing_key`: Ed25519, base64, the successor
    of the key that signs now. `homes`: of a regular agent, the jumps in the order in which they carry it, its home
    first. `awaits_approval`: the peer joined and nobody approved it yet: it has no peers. Peers stand in the order
    of their ids, CIDRs by version, address and length, records by name."""

    generation: int
    revision: int
    network_id: str
    peer_id: str
    is_blocked: bool
    next_signing_key: str
    interface: Interface
    peers: list[BundlePeer]
    firewall: Firewall
    dns: Dns
    detection: Detection
    homes: list[str] = []
    awaits_approval: bool = False


class Tombstone(Answer, frozen=True):
    """Proof that a peer was deleted: the one thing that takes a tunnel down."""

    generation: int
    revision: int
    network_id: str
    peer_id: str
    deleted_at: datetime

"""The bundle: everything one agent needs to run, and the tombstone that ends it."""

from datetime import datetime

from chalicelib.wire.codec import Answer


class Interface(Answer, frozen=True):
    """The agent's own interface.

    `addresses` with the network's prefix length (`10.0.0.2/24`), so the network itself is a
    connected route; the agent adds routes for AllowedIPs outside it. `listen_port` null: any.
    """

    addresses: list[str]
    listen_port: int | None
    mtu: int


class BundlePeer(Answer, frozen=True):
    """One `[Peer]` section. `endpoint` is `host:port`, IPv6 bracketed, or null.

    `preshared_key` null: none. `persistent_keepalive` in seconds, 0: off. Empty
    `allowed_ips`: a standby section.
    """

    peer_id: str
    public_key: str
    preshared_key: str | None
    endpoint: str | None
    allowed_ips: list[str]
    persistent_keepalive: int


class Firewall(Answer, frozen=True):
    """What a jump forwards: between the peers on its interface, nothing else."""

    forward: bool


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
    """`hash` in reports is `codec.bundle_hash` of it. `next_signing_key` null: unsigned."""

    generation: int
    revision: int
    network_id: str
    peer_id: str
    is_blocked: bool
    next_signing_key: str | None
    interface: Interface
    peers: list[BundlePeer]
    firewall: Firewall
    dns: Dns
    detection: Detection


class Tombstone(Answer, frozen=True):
    """Proof that a peer was deleted: the one thing that takes a tunnel down."""

    generation: int
    revision: int
    network_id: str
    peer_id: str
    deleted_at: datetime

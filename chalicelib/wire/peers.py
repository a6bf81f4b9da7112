"""Peers, `/api/v1/networks/{network_id}/peers`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.wire.codec import Answer, Request
from chalicelib.wire.page import PageQuery
from chalicelib.wire.problem import Problem

Kind = Literal["jump", "dynamic", "static"]
Status = Literal["pending", "pending_approval", "online", "idle", "offline", "blocked"]


class CreateJump(Request, frozen=True, tag="jump", tag_field="kind"):
    """`endpoint`: host name or bare IP; without it the source address of the enrolment. `listen_port`: what
    the host binds; `published_port`: what others are told instead, where a router or a container maps it.
    `additional_allowed_ips`: CIDRs behind this jump, masqueraded but for `routed_cidrs`."""

    name: str
    address: str | None = None
    endpoint: str | None = None
    listen_port: int = 51820
    published_port: int | None = None
    additional_allowed_ips: list[str] = []
    routed_cidrs: list[str] = []
    persistent_keepalive: int | None = None
    mtu: int | None = None
    tags: list[str] = []
    metadata: dict[str, str] = {}
    owner_id: str | None = None


class CreateRegular(Request, frozen=True):
    """What dynamic and static peers have in common. `additional_allowed_ips`: CIDRs behind this peer.
    `preferred_jump_id`: its first choice of a home, default the jump that fewest prefer."""

    name: str
    address: str | None = None
    listen_port: int | None = None
    is_isolated: bool = False
    full_encapsulation: bool = False
    additional_allowed_ips: list[str] = []
    persistent_keepalive: int | None = None
    mtu: int | None = None
    dns: list[str] | None = None
    preferred_jump_id: str | None = None
    tags: list[str] = []
    metadata: dict[str, str] = {}
    owner_id: str | None = None


class CreateDynamic(CreateRegular, frozen=True, tag="dynamic", tag_field="kind"):
    """`dns`: addresses of resolvers; null: the network's, or with full encapsulation the home jump."""


class CreateStatic(CreateRegular, frozen=True, tag="static", tag_field="kind"):
    """Exactly one of `public_key` and `generate_key`. `dns`: its file's DNS line, addresses
    and, where wanted, search domains; null: the home jump with full encapsulation, else no line;
    empty: no line."""

    public_key: str | None = None
    generate_key: bool = False


CreatePeer = CreateJump | CreateDynamic | CreateStatic


class PatchPeer(Request, frozen=True):
    """What is left out stays as it is; null clears. `endpoint`, `published_port`, `routed_cidrs`: of jumps;
    `is_isolated`, `full_encapsulation`, `dns`, `preferred_jump_id`: of the others."""

    name: str | UnsetType | None = UNSET
    endpoint: str | UnsetType | None = UNSET
    listen_port: int | UnsetType | None = UNSET
    published_port: int | UnsetType | None = UNSET
    is_isolated: bool | UnsetType | None = UNSET
    full_encapsulation: bool | UnsetType | None = UNSET
    additional_allowed_ips: list[str] | UnsetType | None = UNSET
    routed_cidrs: list[str] | UnsetType | None = UNSET
    persistent_keepalive: int | UnsetType | None = UNSET
    mtu: int | UnsetType | None = UNSET
    dns: list[str] | UnsetType | None = UNSET
    preferred_jump_id: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    owner_id: str | UnsetType | None = UNSET


class Bulk(Request, frozen=True):
    """Up to 1,000 peers; each becomes or does not become one by itself."""

    peers: Annotated[list[CreatePeer], Meta(min_length=1, max_length=1000)]


class Note(Request, frozen=True):
    """Why, for those who read the change log."""

    note: str | None = None


class Reissue(Request, frozen=True):
    """At most one of `public_key` (another) and `generate_key`; without either the key stays."""

    public_key: str | None = None
    generate_key: bool = False


class FileQuery(Request, frozen=True):
    """`ipv6` off: the file for a device without IPv6, which fails at one that names it. With full
    encapsulation it protects no other device: what that sends by IPv6 leaves past the tunnel."""

    ipv6: Literal["on", "off"] = "on"


class RotateQuery(Request, frozen=True):
    """`force`: also where it voids static peers' files, or cuts off agents that are away."""

    force: bool = False


class PeerQuery(PageQuery, frozen=True):
    """Only peers of this `kind`, in this `status`, with this `tag`, of this `owner`. `q`: a part, by any case, of the
    name, the DNS label, an address, or the endpoint. Without one: whatever it is."""

    kind: Kind | None = None
    status: Status | None = None
    tag: str | None = None
    owner: str | None = None
    q: Annotated[str, Meta(max_length=255)] | None = None


class Host(Request, frozen=True):
    """What an agent says of its machine."""

    hostname: Annotated[str, Meta(max_length=255)]
    os: Annotated[str, Meta(max_length=255)]
    agent_version: Annotated[str, Meta(max_length=255)]


class Peer(Answer, frozen=True):
    """`dns_label`: what it is called in the network's domain. `address` has no prefix length; `endpoint` is a
    host, `listen_port` the port it binds, `published_port` the one others are told instead, null: the same.
    `home_jump_id`: the jump that carries a regular peer now. `blocked_by`: `manual` and ids of incidents.
    `key_rotation`: another key is asked of the agent, or held by the others for later.
    `is_ephemeral`: it vanishes when it leaves, or after 10 minutes offline.
    `config_stale`: the issued file of a static peer would say something else now, at `config_changes`.
    `settings_revision`: that of the newest change of what a person sets, and the ETag."""

    id: str
    network_id: str
    name: str
    dns_label: str
    kind: Kind
    address: str
    address_v6: str | None
    public_key: str | None
    endpoint: str | None
    endpoint_guessed: bool
    listen_port: int | None
    published_port: int | None
    is_isolated: bool
    full_encapsulation: bool
    additional_allowed_ips: list[str]
    routed_cidrs: list[str]
    persistent_keepalive: int | None
    mtu: int | None
    dns: list[str] | None
    preferred_jump_id: str | None
    home_jump_id: str | None
    tags: list[str]
    metadata: dict[str, str]
    owner_id: str | None
    host: Host | None
    is_blocked: bool
    blocked_by: list[str]
    config_stale: bool
    config_changes: list[str]
    status: Status
    last_seen: datetime | None
    created_at: datetime
    updated_at: datetime
    revision: int
    settings_revision: int
    key_rotation: Literal["wanted", "staged"] | None = None
    is_ephemeral: bool = False


class AgentPeerCreated(Answer, frozen=True):
    """A jump or dynamic peer with its one-time token, shown this once: null when `replayed`."""

    peer: Peer
    enrollment_token: str | None
    enrollment_expires_at: datetime | None
    replayed: bool = False


class StaticPeerCreated(Answer, frozen=True):
    """A static peer with its config: complete with `generate_key`, else without a
    `PrivateKey` line; null while no jump has enrolled, and when `replayed`. `notes`: what the file's
    owner has to know, in sentences."""

    peer: Peer
    config: str | None
    notes: list[str] = []
    replayed: bool = False


class BulkItem(Answer, frozen=True):
    """What became of one: `status` as of a single creation, with its answer or its problem."""

    status: int
    peer: Peer | None = None
    enrollment_token: str | None = None
    enrollment_expires_at: datetime | None = None
    config: str | None = None
    notes: list[str] = []
    problem: Problem | None = None


class BulkCreated(Answer, frozen=True):
    """In the order they were asked for."""

    items: list[BulkItem]
    created: int
    failed: int
    replayed: bool = False


class Applied(Answer, frozen=True):
    """The last bundle an agent reported. `error` null: it is in force."""

    revision: int
    hash: str
    at: datetime
    error: str | None


class PeerSession(Answer, frozen=True):
    """What an agent says of itself. `wanted`: the newest revision that concerns it; `is_behind`: what
    it applied is older. All null or false for a static peer, and before the first enrolment."""

    peer_id: str
    is_connected: bool
    instance_id: str | None
    last_seen: datetime | None
    wanted: int | None
    applied: Applied | None
    is_behind: bool
    host: Host | None


class Node(Answer, frozen=True):
    """A peer on the map; its line leads to `home_jump_id`."""

    id: str
    name: str
    kind: Kind
    address: str
    status: Status
    is_isolated: bool
    is_blocked: bool
    home_jump_id: str | None
    behind: list[str]


class Topology(Answer, frozen=True):
    """All jumps, each linked with each, and a page of the other peers."""

    revision: int
    jumps: list[Node]
    peers: list[Node]
    next_cursor: str | None

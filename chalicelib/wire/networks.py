"""Networks, `/api/v1/networks`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.wire.codec import Answer, Request


class CreateNetwork(Request, frozen=True):
    """`name`: DNS label. `cidr`: IPv4 /8../30 without host bits, private or CGNAT unless
    `allow_public`. `cidr_v6`: ULA /48../112. `domain`: default `<name>.internal`.
    `dns`: upstream resolvers, addresses."""

    name: str
    cidr: str
    cidr_v6: str | None = None
    domain: str | None = None
    dns: list[str] = []
    allow_public: bool = False


class PatchNetwork(Request, frozen=True):
    """What is left out stays as it is; null clears `cidr_v6` and `dns`, and gives `domain` its default."""

    name: str | UnsetType = UNSET
    cidr: str | UnsetType = UNSET
    cidr_v6: str | UnsetType | None = UNSET
    domain: str | UnsetType | None = UNSET
    dns: list[str] | UnsetType | None = UNSET
    allow_public: bool = False


class Network(Answer, frozen=True):
    """`settings_revision`: that of the newest change of what a PATCH changes, and the ETag. `replayed`: the
    answer of a request that was done before, under its idempotency key."""

    id: str
    name: str
    cidr: str
    cidr_v6: str | None
    domain: str
    dns: list[str]
    revision: int
    settings_revision: int
    created_at: datetime
    updated_at: datetime
    replayed: bool = False


class DeleteQuery(Request, frozen=True):
    """`force`: also what others depend on."""

    force: bool = False


class ChangedSetting(Answer, frozen=True):
    name: str
    before: str
    after: str


class ChangedPeer(Answer, frozen=True):
    """`fields`: those that differ; all of them of a peer that was created or deleted."""

    id: str
    name: str
    fields: list[str]


What = Literal[
    "network_created",
    "network_updated",
    "network_deleted",
    "range_reserved",
    "range_released",
    "acl_replaced",
    "peer_created",
    "peer_enrolled",
    "peer_joined",
    "peer_approved",
    "peer_updated",
    "peer_blocked",
    "peer_unblocked",
    "peer_reissued",
    "peer_left",
    "key_wanted",
    "key_staged",
    "key_rotated",
    "psk_renewed",
    "psk_held",
    "peer_deleted",
    "home_moved",
    "home_returned",
    "jump_down",
    "jump_up",
    "token_reissued",
]


class Progress(Answer, frozen=True):
    """How far a change is in force: `applied` of the `agents` it concerns; those that were deleted since need
    not. `p50_ms`, `max_ms`: from its commit to their reports, to two digits; null without any."""

    agents: int
    applied: int
    p50_ms: int | None
    max_ms: int | None


class Missing(Answer, frozen=True):
    """Agents that have not applied a change: up to 20, in the order of their ids."""

    peer_ids: list[str]


class Change(Answer, frozen=True):
    """One revision: who (`by`, an id) did what, to which settings and peers. `applied` null: it is not
    planned yet, or too long ago."""

    revision: int
    at: datetime
    by: str
    what: What
    settings: list[ChangedSetting]
    peers: list[ChangedPeer]
    note: str | None
    applied: Progress | None


class AclRule(Request, frozen=True):
    """`source`, `destination`: `*`, a CIDR, `peer:ID` or `tag:NAME`. `ports`: `22` or `8000-8010`,
    of TCP and UDP; none: any. `protocol` null: any; `icmp` is ICMPv6 too."""

    source: str
    destination: str
    action: Literal["allow", "deny"]
    protocol: Literal["tcp", "udp", "icmp"] | None = None
    ports: list[str] = []


class PutAcl(Request, frozen=True):
    """In order: the first rule that matches decides; what none matches is allowed."""

    rules: Annotated[list[AclRule], Meta(max_length=1000)]


class Acl(Answer, frozen=True):
    """`version` 0: no rules were ever set."""

    version: int
    rules: list[AclRule]

"""Peers, `/api/v1/networks/{network_id}/peers`."""

from datetime import datetime
from typing import Literal

from chalicelib.wire.codec import Answer, Request

Kind = Literal["jump", "dynamic", "static"]
Status = Literal["pending", "online", "idle", "offline", "blocked"]


class CreateJump(Request, frozen=True, tag="jump", tag_field="kind"):
    """`endpoint`: host name or bare IP; without it the source address of the enrolment."""

    name: str
    address: str | None = None
    endpoint: str | None = None
    listen_port: int = 51820
    persistent_keepalive: int | None = None
    mtu: int | None = None


class CreateDynamic(Request, frozen=True, tag="dynamic", tag_field="kind"):
    """`additional_allowed_ips`: CIDRs behind this peer."""

    name: str
    address: str | None = None
    additional_allowed_ips: list[str] = []
    persistent_keepalive: int | None = None
    mtu: int | None = None


class CreateStatic(Request, frozen=True, tag="static", tag_field="kind"):
    """Exactly one of `public_key` and `generate_key`."""

    name: str
    public_key: str | None = None
    generate_key: bool = False
    address: str | None = None
    additional_allowed_ips: list[str] = []
    persistent_keepalive: int | None = None
    mtu: int | None = None


CreatePeer = CreateJump | CreateDynamic | CreateStatic


class Host(Request, frozen=True):
    """What an agent says of its machine."""

    hostname: str
    os: str
    agent_version: str


class Peer(Answer, frozen=True):
    """`address` has no prefix length; `endpoint` is a host, `listen_port` its port."""

    id: str
    network_id: str
    name: str
    kind: Kind
    address: str
    address_v6: str | None
    public_key: str | None
    endpoint: str | None
    endpoint_guessed: bool
    listen_port: int | None
    additional_allowed_ips: list[str]
    persistent_keepalive: int | None
    mtu: int | None
    home_jump_id: str | None
    host: Host | None
    status: Status
    last_seen: datetime | None
    created_at: datetime
    updated_at: datetime
    revision: int


class AgentPeerCreated(Answer, frozen=True):
    """A jump or dynamic peer with its one-time token, shown this once."""

    peer: Peer
    enrollment_token: str
    enrollment_expires_at: datetime


class StaticPeerCreated(Answer, frozen=True):
    """A static peer with its config: complete with `generate_key`, else without a
    `PrivateKey` line; null while no jump has enrolled."""

    peer: Peer
    config: str | None

"""Values for tests: only what matters is said."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from chalicelib.domain.identity.audit import Actor, ActorKind, AuditId, AuditRecord, Target, TargetKind
from chalicelib.domain.identity.join_key import JoinKey, PeerTerms
from chalicelib.domain.identity.principal import Agent, Principal, Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import HookId, JoinKeyId, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.network import Network, SealedSecret
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.hook import Hook

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ADMINISTRATOR = Principal(PrincipalId("tok_admin"), "admin", Role.ADMINISTRATOR, None)


def a_key(seed: object = 0) -> str:
    """A public key's text; equal seeds give equal keys."""
    return base64.b64encode(hashlib.sha256(str(seed).encode()).digest()).decode()


def a_network(cidr: str = "10.0.0.0/24", cidr_v6: str | None = None, name: str = "lab", **changes: Any) -> Network:
    network = Network(
        id=NetworkId(f"net_{name}"),
        name=name,
        cidr=IPv4Network(cidr),
        cidr_v6=None if cidr_v6 is None else IPv6Network(cidr_v6),
        domain=f"{name}.internal",
        dns=(),
        revision=Revision(1),
        secret=SealedSecret(f"net_{name} 1".encode()),
        created_at=T0,
        updated_at=T0,
    )
    return replace(network, **changes)


def a_peer(kind: Kind, number: int, *, behind: tuple[str, ...] = (), keyed: bool = True, **changes: Any) -> Peer:
    """A peer with host index `number`, and a key made of its id unless `keyed` is False."""
    prefix = {Kind.JUMP: "jmp", Kind.DYNAMIC: "dyn", Kind.STATIC: "sta"}[kind]
    peer_id = PeerId(f"{prefix}_{number:04d}")
    peer = Peer(
        id=peer_id,
        network_id=NetworkId("net_lab"),
        name=f"{kind} {number}",
        kind=kind,
        index=number,
        public_key=a_key(peer_id) if keyed else None,
        keyed_since=Revision(1) if keyed else None,
        endpoint=f"198.51.100.{number % 250}" if kind is Kind.JUMP else None,
        listen_port=51820 if kind is Kind.JUMP else None,
        additional_allowed_ips=tuple(ip_network(cidr) for cidr in behind),
        created_at=T0,
        updated_at=T0,
        revision=Revision(1),
    )
    return replace(peer, **changes)


def an_audit_record(name: str = "1", **changes: Any) -> AuditRecord:
    """Of a network that the administrator renamed."""
    record = AuditRecord(
        id=AuditId(f"aud_{name}"),
        at=T0,
        actor=Actor(ActorKind.TOKEN, ADMINISTRATOR.id, ADMINISTRATOR.name),
        source="192.0.2.7",
        action="network_updated",
        target=Target(TargetKind.NETWORK, "net_lab", "lab"),
        network_id=NetworkId("net_lab"),
        before={"name": "old"},
        after={"name": "lab"},
        request_id="req_1",
    )
    return replace(record, **changes)


def a_join_key(name: str = "runners", **changes: Any) -> JoinKey:
    """Of the laboratory's network; it makes as many peers as are asked for, for thirty days."""
    key = JoinKey(
        id=JoinKeyId(f"key_{name}"),
        network_id=NetworkId("net_lab"),
        name=name,
        secret=Secret("hash"),
        terms=PeerTerms(),
        uses=None,
        created_by="admin",
        created_at=T0,
        expires_at=T0 + timedelta(days=30),
    )
    return replace(key, **changes)


def a_hook(name: str = "1", **changes: Any) -> Hook:
    """For all events of the deployment."""
    hook = Hook(
        id=HookId(f"whk_{name}"),
        url=HookUrl("https", "hooks.example.org", 443, "/in"),
        description="",
        events=None,
        networks=None,
        secret=SealedSecret(b"deployment 1"),
        created_by="admin",
        created_at=T0,
        updated_at=T0,
    )
    return replace(hook, **changes)


def said_by(peer_id: PeerId) -> Agent:
    """The agent of a peer that was admitted without a word of how."""
    return Agent(NetworkId("net_lab"), peer_id)


def a_jump(number: int = 1, **changes: Any) -> Peer:
    return a_peer(Kind.JUMP, number, **changes)


def a_dynamic(number: int = 2, **changes: Any) -> Peer:
    return a_peer(Kind.DYNAMIC, number, **changes)


def a_static(number: int = 3, **changes: Any) -> Peer:
    return a_peer(Kind.STATIC, number, **changes)

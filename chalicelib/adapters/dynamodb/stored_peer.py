"""Peers as the text they are stored as: one JSON a peer, in its item and in change records.

A network of thousands is read by every bundle of a jump; one text is decoded many times
faster than an attribute a field. What is unset is left out.
"""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network

import msgspec

from chalicelib.domain.cidr import Cidr
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.peer.peer import Kind, Peer, Rotation


class StoredPeer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The fields of `domain.peer.Peer`, CIDRs as text."""

    id: str
    network_id: str
    name: str
    kind: Kind
    index: int
    dns_label: str | None = None
    public_key: str | None = None
    keyed_since: int | None = None
    staged_key: str | None = None
    staged_since: int | None = None
    retired_key: str | None = None
    rotation: Rotation | None = None
    endpoint: str | None = None
    endpoint_guessed: bool = False
    listen_port: int | None = None
    published_port: int | None = None
    is_isolated: bool = False
    full_encapsulation: bool = False
    additional_allowed_ips: tuple[str, ...] = ()
    routed_cidrs: tuple[str, ...] = ()
    persistent_keepalive: int | None = None
    mtu: int | None = None
    dns: tuple[str, ...] | None = None
    preferred_jump_id: str | None = None
    avoids: tuple[str, ...] = ()
    home_id: str | None = None
    epoch: int | None = None
    issued: dict[str, str] | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    owner_id: str | None = None
    blocked_by: tuple[str, ...] = ()
    awaits_approval: bool = False
    is_ephemeral: bool = False
    settings_revision: int | None = None
    created_at: datetime
    updated_at: datetime
    revision: int


_PEER = msgspec.json.Decoder(StoredPeer)


def peer_text(peer: Peer) -> str:
    return msgspec.json.encode(_stored(peer)).decode()


def peer_from(text: str) -> Peer:
    return _value(_PEER.decode(text))


def _stored(peer: Peer) -> StoredPeer:
    return StoredPeer(
        id=peer.id,
        network_id=peer.network_id,
        name=peer.name,
        kind=peer.kind,
        index=peer.index,
        dns_label=peer.dns_label,
        public_key=peer.public_key,
        keyed_since=peer.keyed_since,
        staged_key=peer.staged_key,
        staged_since=peer.staged_since,
        retired_key=peer.retired_key,
        rotation=peer.rotation,
        endpoint=peer.endpoint,
        endpoint_guessed=peer.endpoint_guessed,
        listen_port=peer.listen_port,
        published_port=peer.published_port,
        is_isolated=peer.is_isolated,
        full_encapsulation=peer.full_encapsulation,
        additional_allowed_ips=tuple(map(str, peer.additional_allowed_ips)),
        routed_cidrs=tuple(map(str, peer.routed_cidrs)),
        persistent_keepalive=peer.persistent_keepalive,
        mtu=peer.mtu,
        dns=peer.dns,
        preferred_jump_id=peer.preferred_jump_id,
        avoids=tuple(sorted(peer.avoids)),
        home_id=peer.home_id,
        epoch=peer.epoch,
        issued=_dict(peer.issued),
        tags=peer.tags,
        metadata=dict(peer.metadata),
        owner_id=peer.owner_id,
        blocked_by=peer.blocked_by,
        awaits_approval=peer.awaits_approval,
        is_ephemeral=peer.is_ephemeral,
        settings_revision=peer.settings_revision,
        created_at=peer.created_at,
        updated_at=peer.updated_at,
        revision=peer.revision,
    )


def _value(stored: StoredPeer) -> Peer:
    return Peer(
        id=PeerId(stored.id),
        network_id=NetworkId(stored.network_id),
        name=stored.name,
        kind=stored.kind,
        index=stored.index,
        dns_label=stored.dns_label,
        public_key=stored.public_key,
        keyed_since=_revision(stored.keyed_since),
        staged_key=stored.staged_key,
        staged_since=_revision(stored.staged_since),
        retired_key=stored.retired_key,
        rotation=stored.rotation,
        endpoint=stored.endpoint,
        endpoint_guessed=stored.endpoint_guessed,
        listen_port=stored.listen_port,
        published_port=stored.published_port,
        is_isolated=stored.is_isolated,
        full_encapsulation=stored.full_encapsulation,
        additional_allowed_ips=_cidrs(stored.additional_allowed_ips),
        routed_cidrs=_cidrs(stored.routed_cidrs),
        persistent_keepalive=stored.persistent_keepalive,
        mtu=stored.mtu,
        dns=stored.dns,
        preferred_jump_id=_peer_id(stored.preferred_jump_id),
        avoids=frozenset(map(PeerId, stored.avoids)),
        home_id=_peer_id(stored.home_id),
        epoch=stored.epoch,
        issued=stored.issued,
        tags=stored.tags,
        metadata=stored.metadata,
        owner_id=None if stored.owner_id is None else PrincipalId(stored.owner_id),
        blocked_by=stored.blocked_by,
        awaits_approval=stored.awaits_approval,
        is_ephemeral=stored.is_ephemeral,
        settings_revision=_revision(stored.settings_revision),
        created_at=stored.created_at,
        updated_at=stored.updated_at,
        revision=Revision(stored.revision),
    )


def _cidrs(texts: tuple[str, ...]) -> tuple[Cidr, ...]:
    return tuple(ip_network(text) for text in texts)


def _revision(number: int | None) -> Revision | None:
    return None if number is None else Revision(number)


def _peer_id(text: str | None) -> PeerId | None:
    return None if text is None else PeerId(text)


def _dict(pairs: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if pairs is None else dict(pairs)

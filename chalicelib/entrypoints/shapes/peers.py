"""A peer between its JSON and its value: what is asked for, what is changed, what is shown."""

from typing import Any, Literal, assert_never

from msgspec import UNSET

from chalicelib.application.peers.new_peer import MOST_CIDRS, NewPeer
from chalicelib.application.peers.peer_view import PeerView
from chalicelib.bootstrap.container import container
from chalicelib.domain.cidr import parse_cidrs
from chalicelib.domain.errors import Invalid
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.peer.patch import PeerPatch, require_dns_fits
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.peer.peer_filter import PeerFilter
from chalicelib.domain.peer.presence import Status, last_seen
from chalicelib.domain.text import parse_dns, parse_host, parse_metadata, parse_name, parse_owner, parse_tag, parse_tags
from chalicelib.domain.tunnel.sections import addresses
from chalicelib.entrypoints.shapes.parsing import KEEPALIVE_RANGE, MTU_RANGE, PORT_RANGE, Check, parse_peer_id, within
from chalicelib.wire import peers as wire

MOST_RESOLVERS = 4


def parsed(body: wire.CreatePeer) -> NewPeer:
    """Raises Invalid, with everything that is wrong."""
    check = Check()
    common: dict[str, Any] = {
        "name": check(parse_name, "name", body.name),
        "address": body.address,
        "listen_port": check(within, "listen_port", body.listen_port, PORT_RANGE),
        "additional_allowed_ips": check(parse_cidrs, "additional_allowed_ips", body.additional_allowed_ips, MOST_CIDRS),
        "persistent_keepalive": check(within, "persistent_keepalive", body.persistent_keepalive, KEEPALIVE_RANGE),
        "mtu": check(within, "mtu", body.mtu, MTU_RANGE),
        "tags": check(parse_tags, "tags", body.tags),
        "metadata": tuple((check(parse_metadata, "metadata", body.metadata) or {}).items()),
        "owner_id": None if body.owner_id is None else check(parse_owner, "owner_id", body.owner_id),
    }
    match body:
        case wire.CreateJump():
            new = NewPeer(
                kind=Kind.JUMP,
                endpoint=None if body.endpoint is None else check(parse_host, "endpoint", body.endpoint),
                published_port=check(within, "published_port", body.published_port, PORT_RANGE),
                routed_cidrs=check(parse_cidrs, "routed_cidrs", body.routed_cidrs, MOST_CIDRS),
                **common,
            )
            check(_require_behind, new)
        case wire.CreateDynamic():
            new = NewPeer(kind=Kind.DYNAMIC, **common, **_regular(check, body))
            check(require_dns_fits, new.kind, new.dns)
        case wire.CreateStatic():
            check(_require_one_key, body)
            key = None if body.public_key is None else check(parse_public_key, "public_key", body.public_key)
            new = NewPeer(
                kind=Kind.STATIC,
                public_key=key,
                generate_key=body.generate_key,
                **common,
                **_regular(check, body),
            )
        case _:
            assert_never(body)
    check.done()
    return new


def patch_of(body: wire.PatchPeer) -> PeerPatch:
    """The fields that were sent, parsed. Raises Invalid, with everything that is wrong."""
    check = Check()
    parsers: dict[str, Any] = {
        "name": lambda text: parse_name("name", text),
        "endpoint": lambda text: parse_host("endpoint", text),
        "listen_port": lambda port: within("listen_port", port, PORT_RANGE),
        "published_port": lambda port: within("published_port", port, PORT_RANGE),
        "is_isolated": bool,
        "full_encapsulation": bool,
        "additional_allowed_ips": lambda texts: parse_cidrs("additional_allowed_ips", texts, MOST_CIDRS),
        "routed_cidrs": lambda texts: parse_cidrs("routed_cidrs", texts, MOST_CIDRS),
        "persistent_keepalive": lambda number: within("persistent_keepalive", number, KEEPALIVE_RANGE),
        "mtu": lambda number: within("mtu", number, MTU_RANGE),
        "dns": lambda texts: parse_dns("dns", texts, MOST_RESOLVERS),
        "preferred_jump_id": lambda text: parse_peer_id("preferred_jump_id", text),
        "tags": lambda texts: parse_tags("tags", texts),
        "metadata": lambda pairs: parse_metadata("metadata", pairs),
        "owner_id": lambda text: parse_owner("owner_id", text),
    }
    sent = {name: getattr(body, name) for name in parsers if getattr(body, name) is not UNSET}
    fields = {name: None if value is None else check(parsers[name], value) for name, value in sent.items()}
    check.done()
    return PeerPatch(**fields)


def wanted_by(asked: wire.PeerQuery) -> PeerFilter:
    """Which peers a query asks for; a text that is empty asks for nothing.

    Raises:
        Invalid: a tag or an owner that cannot be one.
    """
    check = Check()
    wanted = PeerFilter(
        kind=None if asked.kind is None else Kind(asked.kind),
        status=None if asked.status is None else Status(asked.status),
        tag=check(parse_tag, "tag", asked.tag) if asked.tag else None,
        owner_id=check(parse_owner, "owner", asked.owner) if asked.owner else None,
        q=asked.q or None,
    )
    check.done()
    return wanted


def shown(view: PeerView) -> wire.Peer:
    peer, presence, sighting = view.peer, view.observation.presence, view.observation.sighting
    v4, *v6 = addresses(view.network, peer)
    host = presence.host if presence else None
    return wire.Peer(
        id=peer.id,
        network_id=peer.network_id,
        name=peer.name,
        dns_label=peer.label,
        kind=peer.kind.value,
        address=str(v4),
        address_v6=str(v6[0]) if v6 else None,
        public_key=peer.public_key,
        key_rotation=_rotation(peer),
        endpoint=peer.endpoint,
        endpoint_guessed=peer.endpoint_guessed,
        listen_port=peer.listen_port,
        published_port=peer.published_port,
        is_isolated=peer.is_isolated,
        full_encapsulation=peer.full_encapsulation,
        additional_allowed_ips=[str(cidr) for cidr in peer.additional_allowed_ips],
        routed_cidrs=[str(cidr) for cidr in peer.routed_cidrs],
        persistent_keepalive=peer.persistent_keepalive,
        mtu=peer.mtu,
        dns=None if peer.dns is None else list(peer.dns),
        preferred_jump_id=peer.preferred_jump_id,
        home_jump_id=view.home_id,
        tags=list(peer.tags),
        metadata=dict(peer.metadata),
        owner_id=peer.owner_id,
        host=None if host is None else wire.Host(host.hostname, host.os, host.agent_version),
        is_blocked=peer.is_blocked,
        blocked_by=list(peer.blocked_by),
        config_stale=bool(view.stale),
        config_changes=list(view.stale),
        status=view.status(container().clock.now()).value,
        last_seen=last_seen(presence, sighting),
        created_at=peer.created_at,
        updated_at=peer.updated_at,
        revision=peer.revision,
        settings_revision=peer.version,
        is_ephemeral=peer.is_ephemeral,
    )


def _rotation(peer: Peer) -> Literal["wanted", "staged"] | None:
    if peer.staged_key is not None:
        return "staged"
    return None if peer.rotation is None else "wanted"


def _regular(check: Check, body: wire.CreateRegular) -> dict[str, Any]:
    preferred = body.preferred_jump_id
    return {
        "is_isolated": body.is_isolated,
        "full_encapsulation": body.full_encapsulation,
        "dns": None if body.dns is None else check(parse_dns, "dns", body.dns, MOST_RESOLVERS),
        "preferred_jump_id": None if preferred is None else check(parse_peer_id, "preferred_jump_id", preferred),
    }


def _require_one_key(body: wire.CreateStatic) -> None:
    if (body.public_key is None) is not body.generate_key:
        raise Invalid([("public_key", "Give either public_key, or generate_key: true.")])


def _require_behind(new: NewPeer) -> None:
    for n, cidr in enumerate(new.routed_cidrs or ()):
        if cidr not in (new.additional_allowed_ips or ()):
            raise Invalid([(f"routed_cidrs[{n}]", f"{cidr} is not one of additional_allowed_ips.")])

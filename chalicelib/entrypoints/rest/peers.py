"""`/networks/{network_id}/peers`."""

from http import HTTPStatus
from typing import Any, assert_never

from chalice.app import Blueprint

from chalicelib.application.peers import Created, NewPeer, Shown
from chalicelib.bootstrap import container
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.ipam import Cidr, parse_cidr
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.peer import Kind
from chalicelib.domain.presence import last_seen, status
from chalicelib.domain.principal import READERS, WRITERS, Principal, Role
from chalicelib.domain.profile import portable_profile
from chalicelib.domain.text import parse_host, parse_name
from chalicelib.domain.tunnel import addresses
from chalicelib.entrypoints.rest.route import Call, People, Text, route
from chalicelib.ports import Seen
from chalicelib.wire import peers as wire
from chalicelib.wire.page import Page, PageQuery

peers = Blueprint(__name__)

PATH = "/networks/{network_id}/peers"
MTU_RANGE = (1280, 9000)  # RFC 8200 section 5; jumbo frames
KEEPALIVE_RANGE = (0, 65535)  # wg(8)
PORT_RANGE = (1, 65535)
MAX_CIDRS_BEHIND = 64  # a peer's creation stays one transaction of at most 100 items


@route(peers, "POST", PATH, People(WRITERS), body=wire.CreatePeer, status=HTTPStatus.CREATED)
def create(call: Call[Principal, wire.CreatePeer]) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    created = container().peers.create(_network_id(call), _parsed(call.body), by=call.by)
    return _created(created)


@route(peers, "GET", PATH, People(READERS), query=PageQuery)
def page(call: Call[Principal, None]) -> Page[wire.Peer]:
    asked: PageQuery = call.query
    found, next_cursor = container().peers.page(_network_id(call), asked.cursor, asked.limit, by=call.by)
    return Page(items=[_shown(peer) for peer in found], next_cursor=next_cursor)


@route(peers, "GET", f"{PATH}/{{peer_id}}", People(READERS))
def get(call: Call[Principal, None]) -> wire.Peer:
    return _shown(container().peers.get(_network_id(call), PeerId(call.path["peer_id"]), by=call.by))


@route(peers, "DELETE", f"{PATH}/{{peer_id}}", People(WRITERS))
def delete(call: Call[Principal, None]) -> None:
    container().peers.delete(_network_id(call), PeerId(call.path["peer_id"]), by=call.by)


@route(peers, "GET", f"{PATH}/{{peer_id}}/config", People(READERS - {Role.AUDITOR}))
def config(call: Call[Principal, None]) -> Text:
    bundle = container().bundles.config(_network_id(call), PeerId(call.path["peer_id"]), by=call.by)
    return Text(portable_profile(bundle.tunnel, private_key=None))


def _network_id(call: Call[Principal, Any]) -> NetworkId:
    return NetworkId(call.path["network_id"])


def _parsed(body: wire.CreatePeer) -> NewPeer:
    name = parse_name("name", body.name)
    keepalive = _within("persistent_keepalive", body.persistent_keepalive, KEEPALIVE_RANGE)
    mtu = _within("mtu", body.mtu, MTU_RANGE)
    match body:
        case wire.CreateJump():
            return NewPeer(
                name=name,
                kind=Kind.JUMP,
                address=body.address,
                endpoint=None if body.endpoint is None else parse_host("endpoint", body.endpoint),
                listen_port=_within("listen_port", body.listen_port, PORT_RANGE),
                persistent_keepalive=keepalive,
                mtu=mtu,
            )
        case wire.CreateDynamic():
            return NewPeer(
                name=name,
                kind=Kind.DYNAMIC,
                address=body.address,
                additional_allowed_ips=_cidrs(body.additional_allowed_ips),
                persistent_keepalive=keepalive,
                mtu=mtu,
            )
        case wire.CreateStatic():
            if (body.public_key is None) is not body.generate_key:
                raise Invalid([("public_key", "Give either public_key, or generate_key: true.")])
            return NewPeer(
                name=name,
                kind=Kind.STATIC,
                address=body.address,
                public_key=None if body.public_key is None else parse_public_key("public_key", body.public_key),
                generate_key=body.generate_key,
                additional_allowed_ips=_cidrs(body.additional_allowed_ips),
                persistent_keepalive=keepalive,
                mtu=mtu,
            )
        case _:
            assert_never(body)


def _cidrs(texts: list[str]) -> tuple[Cidr, ...]:
    if len(texts) > MAX_CIDRS_BEHIND:
        raise Invalid([("additional_allowed_ips", f"At most {MAX_CIDRS_BEHIND} CIDRs stand behind one peer.")])
    cidrs = []
    for n, text in enumerate(texts):
        field = f"additional_allowed_ips[{n}]"
        cidr = parse_cidr(field, text)
        if cidr.prefixlen == 0:
            raise Invalid([(field, f"{cidr} is the whole internet, which cannot stand behind a peer.")])
        if cidr in cidrs:
            raise Invalid([(field, f"{cidr} stands twice in the list.")])
        cidrs.append(cidr)
    return tuple(cidrs)


def _within(field: str, number: int | None, bounds: tuple[int, int]) -> int | None:
    if number is not None and not bounds[0] <= number <= bounds[1]:
        raise Invalid([(field, f"{number} does not fit: {bounds[0]} to {bounds[1]}.")])
    return number


def _created(created: Created) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    peer = _shown(Shown(created.network, created.peer, created.peer.home_id, Seen()))
    if created.token is not None and created.enrollment_expires_at is not None:
        return wire.AgentPeerCreated(
            peer=peer, enrollment_token=created.token.text(), enrollment_expires_at=created.enrollment_expires_at
        )
    config = None if created.tunnel is None else portable_profile(created.tunnel, created.private_key)
    return wire.StaticPeerCreated(peer=peer, config=config)


def _shown(shown: Shown) -> wire.Peer:
    peer, seen = shown.peer, shown.seen
    v4, *v6 = addresses(shown.network, peer)
    host = seen.presence.host if seen.presence else None
    return wire.Peer(
        id=peer.id,
        network_id=peer.network_id,
        name=peer.name,
        kind=peer.kind.value,
        address=str(v4),
        address_v6=str(v6[0]) if v6 else None,
        public_key=peer.public_key,
        endpoint=peer.endpoint,
        endpoint_guessed=peer.endpoint_guessed,
        listen_port=peer.listen_port,
        additional_allowed_ips=[str(cidr) for cidr in peer.additional_allowed_ips],
        persistent_keepalive=peer.persistent_keepalive,
        mtu=peer.mtu,
        home_jump_id=shown.home_id,
        host=None if host is None else wire.Host(host.hostname, host.os, host.agent_version),
        status=status(peer, seen.presence, seen.sighting, container().clock.now()).value,
        last_seen=last_seen(seen.presence, seen.sighting),
        created_at=peer.created_at,
        updated_at=peer.updated_at,
        revision=peer.revision,
    )

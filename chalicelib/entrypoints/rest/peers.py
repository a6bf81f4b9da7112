"""`/networks/{network_id}/peers`, and the map of a network."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint
from msgspec.structs import replace

from chalicelib.application.peers.bulk_creation import made_before
from chalicelib.application.peers.new_peer import PeerCreated
from chalicelib.application.peers.peer_view import PeerView
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Invalid, Refusal
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal, Role
from chalicelib.domain.ids import PEER_ID, NetworkId, PeerId
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.peer.presence import PeerObservation
from chalicelib.domain.text import parse_note
from chalicelib.domain.tunnel.portable_profile import notes, portable_profile, without_ipv6
from chalicelib.domain.tunnel.tunnel import Tunnel
from chalicelib.entrypoints.rest.body import require_said
from chalicelib.entrypoints.rest.operation import Call, People, Replay, Text
from chalicelib.entrypoints.rest.paths import network_id, peer_id
from chalicelib.entrypoints.rest.problems import shape_of, status_of
from chalicelib.entrypoints.rest.route import route
from chalicelib.entrypoints.shapes.parsing import Check, parse_cursor
from chalicelib.entrypoints.shapes.peers import fields_of, parsed, shown
from chalicelib.wire import peers as wire
from chalicelib.wire.networks import DeleteQuery
from chalicelib.wire.page import Page, PageQuery

peers = Blueprint(__name__)

PATH = "/networks/{network_id}/peers"
ONE = f"{PATH}/{{peer_id}}"
BULK_BYTES = 1024 * 1024


def _settings(peer: wire.Peer) -> int:
    return peer.settings_revision


def _created_settings(created: wire.AgentPeerCreated | wire.StaticPeerCreated) -> int:
    return created.peer.settings_revision


def _ids(_answer: object) -> tuple[str, ...]:
    """What a call on one peer made is in its path."""
    return ()


def _get(call: Call[Principal, Any], known: PeerId) -> wire.Peer:
    return shown(container().peers.get(network_id(call), known, by=call.by))


def _created_again(call: Call[Principal, Any], made: tuple[str, ...]) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    peer = _get(call, PeerId(made[0]) if made else peer_id(call))
    if peer.kind == "static":
        return wire.StaticPeerCreated(peer=peer, config=None, replayed=True)
    return wire.AgentPeerCreated(peer=peer, enrollment_token=None, enrollment_expires_at=None, replayed=True)


def _seen_again(call: Call[Principal, Any], _made: tuple[str, ...]) -> wire.Peer:
    return _get(call, peer_id(call))


@route(
    peers,
    "POST",
    PATH,
    People(WRITERS),
    query=wire.FileQuery,
    body=wire.CreatePeer,
    status=HTTPStatus.CREATED,
    tag=_created_settings,
    replay=Replay(_created_again),
)
def create(call: Call[Principal, wire.CreatePeer]) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    """Create a peer. Its token, or a generated key, is in this answer and nowhere else."""
    created = container().creation.create(network_id(call), parsed(call.body), by=call.by, request=call.request)
    return _created(created, call.query)


def _bulk_again(call: Call[Principal, wire.Bulk], made: tuple[str, ...]) -> wire.BulkCreated:
    known = {int(place): PeerId(made_id) for place, _, made_id in (one.partition(":") for one in made)}
    found = _found(network_id(call), list(known.values()), call.by)
    outcomes = [known.get(n, _lost()) for n in range(len(call.body.peers))]
    return _bulk(outcomes, found, call.query, is_replayed=True)


def _bulk_made(answer: wire.BulkCreated) -> tuple[str, ...]:
    return tuple(f"{n}:{item.peer.id}" for n, item in enumerate(answer.items) if item.peer is not None)


@route(
    peers,
    "POST",
    f"{PATH}/bulk",
    People(WRITERS),
    query=wire.FileQuery,
    body=wire.Bulk,
    replay=Replay(_bulk_again, _bulk_made),
    most_bytes=BULK_BYTES,
)
def create_many(call: Call[Principal, wire.Bulk]) -> wire.BulkCreated:
    """Create up to 1,000 peers; each by itself becomes one or does not."""
    asked = [_parsed_or_refused(body) for body in call.body.peers]
    outcomes = container().bulk_creation.create(network_id(call), asked, by=call.by, request=call.request)
    earlier = _found(network_id(call), list(made_before(call.request).values()), call.by)
    return _bulk(outcomes, earlier, call.query, is_replayed=False)


@route(peers, "GET", PATH, People(READERS), query=wire.PeerQuery)
def page(call: Call[Principal, None]) -> Page[wire.Peer]:
    """The peers of a network, in the order of their ids."""
    asked: wire.PeerQuery = call.query
    cursor = parse_cursor(asked.cursor, PEER_ID)
    kind = None if asked.kind is None else Kind(asked.kind)
    found, next_cursor = container().peers.page(network_id(call), cursor, asked.limit, by=call.by, kind=kind)
    return Page(items=[shown(peer) for peer in found], next_cursor=next_cursor)


@route(peers, "GET", ONE, People(READERS), tag=_settings)
def get(call: Call[Principal, None]) -> wire.Peer:
    return _get(call, peer_id(call))


@route(peers, "PATCH", ONE, People(WRITERS), body=wire.PatchPeer, shown=wire.Peer, tag=_settings, conditional=True)
def update(call: Call[Principal, wire.PatchPeer]) -> wire.Peer:
    """Change what is sent; null clears."""
    check = Check()
    fields = check(fields_of, call.body)
    present = _get(call, peer_id(call)) if call.said else None
    if present is not None:
        check(require_said, call.said, present)
    check.done()
    if present is not None and call.said.get("endpoint_guessed") and fields.get("endpoint") == present.endpoint:
        fields.pop("endpoint", None)  # sent back as it was read: nobody takes the guess for their own word
    return shown(container().peers.update(network_id(call), peer_id(call), fields, by=call.by, if_match=call.if_match))


@route(peers, "DELETE", ONE, People(WRITERS), query=DeleteQuery, conditional=True)
def delete(call: Call[Principal, None]) -> None:
    """Delete a peer; its agent is told. A jump that files of static peers name takes `force`."""
    asked: DeleteQuery = call.query
    container().peers.delete(network_id(call), peer_id(call), by=call.by, if_match=call.if_match, is_forced=asked.force)


@route(peers, "GET", f"{ONE}/config", People(READERS - {Role.AUDITOR}), query=wire.FileQuery)
def config(call: Call[Principal, None]) -> Text:
    """The peer's configuration, without a `PrivateKey` line."""
    tunnel = container().bundles.config(network_id(call), peer_id(call), by=call.by)
    text, said = _file(tunnel, None, call.query)
    return Text(text, note=" ".join(said) or None)


@route(
    peers,
    "POST",
    f"{ONE}/enrollment-token",
    People(WRITERS),
    status=HTTPStatus.CREATED,
    tag=_created_settings,
    replay=Replay(_created_again, _ids),
)
def reissue_token(call: Call[Principal, None]) -> wire.AgentPeerCreated:
    """A new one-time token: the peer may move to another machine, and the old one's device key ends."""
    created, seen = container().credentials.reissue_token(network_id(call), peer_id(call), by=call.by)
    assert created.token is not None
    return wire.AgentPeerCreated(
        peer=shown(seen),
        enrollment_token=created.token.text(),
        enrollment_expires_at=created.enrollment_expires_at,
    )


@route(
    peers,
    "POST",
    f"{ONE}/reissue",
    People(WRITERS),
    query=wire.FileQuery,
    body=wire.Reissue,
    tag=_created_settings,
    replay=Replay(_created_again, _ids),
)
def reissue(call: Call[Principal, wire.Reissue]) -> wire.StaticPeerCreated:
    """Issue a static peer's file anew, with its key, another, or a generated one."""
    body = call.body
    if body.public_key is not None and body.generate_key:
        raise Invalid([("public_key", "Give either public_key, or generate_key: true, or neither.")])
    key = None if body.public_key is None else parse_public_key("public_key", body.public_key)
    created, seen = container().credentials.reissue_file(
        network_id(call), peer_id(call), key, body.generate_key, by=call.by
    )
    assert created.tunnel is not None
    text, said = _file(created.tunnel, created.private_key, call.query)
    return wire.StaticPeerCreated(peer=shown(seen), config=text, notes=said)


@route(
    peers,
    "POST",
    f"{ONE}/block",
    People(WRITERS),
    body=wire.Note | None,
    tag=_settings,
    replay=Replay(_seen_again, _ids),
)
def block(call: Call[Principal, wire.Note | None]) -> wire.Peer:
    """Cut a peer off everywhere, by hand."""
    return shown(container().peers.block(network_id(call), peer_id(call), _note(call.body), by=call.by))


@route(
    peers,
    "POST",
    f"{ONE}/unblock",
    People(WRITERS),
    body=wire.Note | None,
    tag=_settings,
    replay=Replay(_seen_again, _ids),
)
def unblock(call: Call[Principal, wire.Note | None]) -> wire.Peer:
    """Take a block by hand back. Incidents that block the peer go on doing so."""
    return shown(container().peers.unblock(network_id(call), peer_id(call), _note(call.body), by=call.by))


@route(
    peers,
    "POST",
    f"{ONE}/rotate-key",
    People(WRITERS),
    query=wire.RotateQuery,
    tag=_settings,
    replay=Replay(_seen_again, _ids),
)
def rotate_key(call: Call[Principal, None]) -> wire.Peer:
    """Have an agent replace its WireGuard key, without dropping a flow. The answer does not wait for it.

    A jump's new key voids files that name the old one, and cuts off agents that do not hold it yet:
    both are named, and take `force`.
    """
    asked: wire.RotateQuery = call.query
    return shown(container().rotations.demand(network_id(call), peer_id(call), asked.force, by=call.by))


@route(peers, "GET", f"{ONE}/session", People(READERS))
def session(call: Call[Principal, None]) -> wire.PeerSession:
    """What the peer's agent says of itself, and whether it is behind."""
    seen = container().peers.get(network_id(call), peer_id(call), by=call.by)
    presence = seen.seen.presence
    if presence is None:
        return wire.PeerSession(
            peer_id=seen.peer.id,
            is_connected=False,
            instance_id=None,
            last_seen=None,
            wanted=None,
            applied=None,
            is_behind=False,
            host=None,
        )
    applied, host = presence.applied, presence.host
    return wire.PeerSession(
        peer_id=seen.peer.id,
        is_connected=presence.is_connected,
        instance_id=presence.instance_id,
        last_seen=presence.last_seen,
        wanted=presence.wanted,
        applied=None
        if applied is None
        else wire.Applied(revision=applied.revision, hash=applied.hash, at=applied.at, error=applied.error),
        is_behind=applied is None or applied.revision < presence.wanted,
        host=None if host is None else wire.Host(host.hostname, host.os, host.agent_version),
    )


@route(peers, "GET", "/networks/{network_id}/topology", People(READERS), query=PageQuery)
def topology(call: Call[Principal, None]) -> wire.Topology:
    """The map: all jumps, and a page of the peers whose home they are."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, PEER_ID)
    network, jumps, others, after = container().peers.topology(network_id(call), cursor, asked.limit, by=call.by)
    return wire.Topology(
        revision=network.revision,
        jumps=[_node(one) for one in jumps],
        peers=[_node(one) for one in others],
        next_cursor=after,
    )


def _file(tunnel: Tunnel, private_key: str | None, asked: wire.FileQuery) -> tuple[str, list[str]]:
    """The file as it was asked for, and what its owner has to know."""
    written = without_ipv6(tunnel) if asked.ipv6 == "off" else tunnel
    return portable_profile(written, private_key), list(notes(tunnel, written))


def _created(created: PeerCreated, asked: wire.FileQuery) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    peer = shown(PeerView(created.network, created.peer, created.peer.home_id, PeerObservation()))
    if created.token is not None:
        return wire.AgentPeerCreated(
            peer=peer, enrollment_token=created.token.text(), enrollment_expires_at=created.enrollment_expires_at
        )
    if created.tunnel is None:
        return wire.StaticPeerCreated(peer=peer, config=None)
    text, said = _file(created.tunnel, created.private_key, asked)
    return wire.StaticPeerCreated(peer=peer, config=text, notes=said)


def _note(body: wire.Note | None) -> str | None:
    return None if body is None else parse_note("note", body.note)


def _parsed_or_refused(body: wire.CreatePeer) -> Any:
    try:
        return parsed(body)
    except Refusal as refusal:
        return refusal


def _found(network: NetworkId, peer_ids: list[PeerId], by: Principal) -> dict[PeerId, wire.Peer]:
    if not peer_ids:
        return {}
    return {known: shown(one) for known, one in container().peers.some(network, peer_ids, by=by).items()}


def _lost() -> Refusal:
    """Of a replayed bulk request only what it made is remembered."""
    return PeerNotFound("of this request: it was refused when the request was done")


def _bulk(
    outcomes: Sequence[PeerCreated | Refusal | PeerId],
    earlier: dict[PeerId, wire.Peer],
    asked: wire.FileQuery,
    is_replayed: bool,
) -> wire.BulkCreated:
    items = [_bulk_item(one, earlier, asked) for one in outcomes]
    created = sum(item.peer is not None for item in items)
    return wire.BulkCreated(items=items, created=created, failed=len(items) - created, replayed=is_replayed)


def _bulk_item(
    outcome: PeerCreated | Refusal | PeerId, earlier: dict[PeerId, wire.Peer], asked: wire.FileQuery
) -> wire.BulkItem:
    if isinstance(outcome, str):
        peer = earlier.get(outcome)
        outcome = PeerNotFound(outcome)
        if peer is not None:
            return wire.BulkItem(status=int(HTTPStatus.CREATED), peer=peer)
    if isinstance(outcome, Refusal):
        return wire.BulkItem(status=int(status_of(outcome)), problem=shape_of(outcome))
    answer = _created(outcome, asked)
    item = wire.BulkItem(status=int(HTTPStatus.CREATED), peer=answer.peer)
    if isinstance(answer, wire.StaticPeerCreated):
        return replace(item, config=answer.config, notes=answer.notes)
    return replace(item, enrollment_token=answer.enrollment_token, enrollment_expires_at=answer.enrollment_expires_at)


def _node(one: PeerView) -> wire.Node:
    peer = shown(one)
    return wire.Node(
        id=peer.id,
        name=peer.name,
        kind=peer.kind,
        address=peer.address,
        status=peer.status,
        is_isolated=peer.is_isolated,
        is_blocked=peer.is_blocked,
        home_jump_id=peer.home_jump_id,
        behind=peer.additional_allowed_ips,
    )

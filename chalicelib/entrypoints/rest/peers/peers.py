"""A network's peers: make, read, change, block, delete; and its map."""

import re
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint

from chalicelib.application.peers.peer_pages import place_of, place_text
from chalicelib.application.peers.peer_view import PeerView
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Busy, Conflict, NotFound
from chalicelib.domain.identity.principal import OWNERS, READERS, WRITERS, Principal
from chalicelib.domain.ids import PEER_ID, PeerId
from chalicelib.domain.text import parse_note
from chalicelib.domain.unset import UNSET
from chalicelib.entrypoints.rest.routing.body import require_said
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.paths import NETWORK, PEER, PEERS, network_id, peer_id
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.credentials import created, without_secrets
from chalicelib.entrypoints.shapes.parsing import Check, parse_cursor
from chalicelib.entrypoints.shapes.peers import parsed, patch_of, shown, wanted_by
from chalicelib.wire import peers as wire
from chalicelib.wire.networks import DeleteQuery
from chalicelib.wire.page import Page, PageQuery

peers = Blueprint(__name__)

PLACE = re.compile(r"net_[0-9a-z]{1,64}(/(jmp|dyn|sta)_[0-9a-z]{1,64})?\Z")


def settings(peer: wire.Peer) -> int:
    return peer.settings_revision


def created_settings(created: wire.AgentPeerCreated | wire.StaticPeerCreated) -> int:
    return created.peer.settings_revision


@route(peers, "GET", PEER, People(READERS, own=OWNERS), tag=settings, refuses=(NotFound,))
def get(call: Call[Principal, Any]) -> wire.Peer:
    return _get(call, peer_id(call))


def _created_before(call: Call[Principal, wire.CreatePeer]) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    [peer] = call.done_before.made
    return without_secrets(_get(call, PeerId(peer)))


@route(
    peers,
    "POST",
    PEERS,
    People(WRITERS, own=OWNERS),
    query=wire.FileQuery,
    body=wire.CreatePeer,
    status=HTTPStatus.CREATED,
    tag=created_settings,
    replay=Replay(_created_before, is_settled_by_use_case=True),
    refuses=(NotFound, Conflict, Busy),
)
def create(call: Call[Principal, wire.CreatePeer]) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    """Create a peer; a member's is their own. Its token, or a generated key, is in this answer and nowhere else."""
    made = container().creation.create(network_id(call), parsed(call.body), by=call.by, request=call.request)
    return created(made, call.query)


@route(peers, "GET", PEERS, People(READERS, own=OWNERS), query=wire.PeerQuery, refuses=(NotFound,))
def page(call: Call[Principal, None]) -> Page[wire.Peer]:
    """The peers of a network, in the order of their ids; of a member their own. A page that is filtered by more than
    the kind may hold fewer, and not be the last."""
    asked: wire.PeerQuery = call.query
    cursor = parse_cursor(asked.cursor, PEER_ID)
    wanted = wanted_by(asked)
    found, next_cursor = container().peer_pages.of_network(network_id(call), cursor, asked.limit, call.by, wanted)
    return Page(items=[shown(view) for view in found], next_cursor=next_cursor)


@route(peers, "GET", "/peers", People(READERS, own=OWNERS), query=PageQuery)
def page_of_all(call: Call[Principal, None]) -> Page[wire.Peer]:
    """All peers that the caller sees, of a member their own. A page may hold fewer and not be the last."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, PLACE)
    after = None if cursor is None else place_of(cursor)
    found, ended = container().peer_pages.everywhere(after, asked.limit, by=call.by)
    return Page(items=[shown(view) for view in found], next_cursor=None if ended is None else place_text(ended))


@route(
    peers,
    "PATCH",
    PEER,
    People(WRITERS, own=OWNERS),
    body=wire.PatchPeer,
    shown=wire.Peer,
    tag=settings,
    conditional=True,
    refuses=(NotFound, Conflict, Busy),
)
def update(call: Call[Principal, wire.PatchPeer]) -> wire.Peer:
    """Change what is sent; null clears. A member changes the name of their own."""
    check = Check()
    patch = check(patch_of, call.body)
    present = _get(call, peer_id(call)) if call.said else None
    if present is not None:
        check(require_said, call.said, present)
    check.done()
    if present is not None and call.said.get("endpoint_guessed") and patch.endpoint == present.endpoint:
        patch = replace(patch, endpoint=UNSET)  # sent back as it was read: nobody takes the guess for their own word
    return shown(container().peers.update(network_id(call), peer_id(call), patch, by=call.by, if_match=call.if_match))


@route(
    peers,
    "DELETE",
    PEER,
    People(WRITERS, own=OWNERS),
    query=DeleteQuery,
    conditional=True,
    refuses=(NotFound, Conflict, Busy),
)
def delete(call: Call[Principal, None]) -> None:
    """Delete a peer; its agent is told. A jump that files of static peers name takes `force`."""
    asked: DeleteQuery = call.query
    container().peers.delete(network_id(call), peer_id(call), by=call.by, if_match=call.if_match, is_forced=asked.force)


@route(
    peers,
    "POST",
    f"{PEER}/block",
    People(WRITERS),
    body=wire.Note | None,
    tag=settings,
    replay=Replay(get),
    refuses=(NotFound, Conflict, Busy),
)
def block(call: Call[Principal, wire.Note | None]) -> wire.Peer:
    """Cut a peer off everywhere, by hand."""
    return shown(container().peers.block(network_id(call), peer_id(call), _note(call.body), by=call.by))


@route(
    peers,
    "POST",
    f"{PEER}/unblock",
    People(WRITERS),
    body=wire.Note | None,
    tag=settings,
    replay=Replay(get),
    refuses=(NotFound, Conflict, Busy),
)
def unblock(call: Call[Principal, wire.Note | None]) -> wire.Peer:
    """Take a block by hand back. Incidents that block the peer go on doing so."""
    return shown(container().peers.unblock(network_id(call), peer_id(call), _note(call.body), by=call.by))


@route(
    peers,
    "POST",
    f"{PEER}/approve",
    People(WRITERS),
    tag=settings,
    replay=Replay(get),
    refuses=(NotFound, Conflict, Busy),
)
def approve(call: Call[Principal, None]) -> wire.Peer:
    """Let a peer in that joined by a key and waits for it. To refuse it, delete it."""
    return shown(container().peers.approve(network_id(call), peer_id(call), by=call.by))


@route(peers, "GET", f"{PEER}/session", People(READERS), refuses=(NotFound,))
def session(call: Call[Principal, None]) -> wire.PeerSession:
    """What the peer's agent says of itself, and whether it is behind."""
    view = container().peers.get(network_id(call), peer_id(call), by=call.by)
    presence = view.observation.presence
    if presence is None:
        return wire.PeerSession(
            peer_id=view.peer.id,
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
        peer_id=view.peer.id,
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


@route(peers, "GET", f"{NETWORK}/topology", People(READERS), query=PageQuery, refuses=(NotFound,))
def topology(call: Call[Principal, None]) -> wire.Topology:
    """The map: all jumps, and a page of the peers whose home they are."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, PEER_ID)
    network, jumps, others, after = container().peers.topology(network_id(call), cursor, asked.limit, by=call.by)
    return wire.Topology(
        revision=network.revision,
        jumps=[_node(view) for view in jumps],
        peers=[_node(view) for view in others],
        next_cursor=after,
    )


def _get(call: Call[Principal, Any], peer: PeerId) -> wire.Peer:
    return shown(container().peers.get(network_id(call), peer, by=call.by))


def _note(body: wire.Note | None) -> str | None:
    return None if body is None else parse_note("note", body.note)


def _node(view: PeerView) -> wire.Node:
    peer = shown(view)
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

"""What a peer is given to run: an agent's token, a static peer's file; and the renewal of its key."""

from http import HTTPStatus

from chalice.app import Blueprint

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Busy, Conflict, Invalid, NotFound
from chalicelib.domain.identity.principal import OWNERS, READERS, WRITERS, Principal, Role
from chalicelib.domain.keys import parse_public_key
from chalicelib.entrypoints.rest.peers.peers import created_settings, get, settings
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay, Text
from chalicelib.entrypoints.rest.routing.paths import PEER, network_id, peer_id
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.credentials import file_of, file_shown, token_shown, without_secrets
from chalicelib.entrypoints.shapes.peers import shown
from chalicelib.wire import peers as wire

credentials = Blueprint(__name__)


@route(
    credentials,
    "GET",
    f"{PEER}/config",
    People(READERS - {Role.AUDITOR}),
    query=wire.FileQuery,
    refuses=(NotFound, Conflict, Busy),
)
def config(call: Call[Principal, None]) -> Text:
    """The peer's configuration, without a `PrivateKey` line. A member sees it in the answer that issues it, once."""
    tunnel = container().bundles.config(network_id(call), peer_id(call), by=call.by)
    text, notes = file_of(tunnel, None, call.query)
    return Text(text, note=" ".join(notes) or None)


def _reissued_before(call: Call[Principal, wire.Reissue | None]) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    return without_secrets(get(call))


@route(
    credentials,
    "POST",
    f"{PEER}/enrollment-token",
    People(WRITERS, own=OWNERS),
    status=HTTPStatus.CREATED,
    tag=created_settings,
    replay=Replay(_reissued_before),
    refuses=(NotFound, Conflict, Busy),
)
def reissue_token(call: Call[Principal, None]) -> wire.AgentPeerCreated:
    """A new one-time token: the peer may move to another machine, and the old one's device key ends."""
    issued, view = container().credentials.reissue_token(network_id(call), peer_id(call), by=call.by)
    return token_shown(view, issued)


@route(
    credentials,
    "POST",
    f"{PEER}/reissue",
    People(WRITERS, own=OWNERS),
    query=wire.FileQuery,
    body=wire.Reissue,
    tag=created_settings,
    replay=Replay(_reissued_before),
    refuses=(NotFound, Conflict, Busy),
)
def reissue(call: Call[Principal, wire.Reissue]) -> wire.StaticPeerCreated:
    """Issue a static peer's file anew, with its key, another, or a generated one."""
    body = call.body
    if body.public_key is not None and body.generate_key:
        raise Invalid([("public_key", "Give either public_key, or generate_key: true, or neither.")])
    key = None if body.public_key is None else parse_public_key("public_key", body.public_key)
    issued, view = container().credentials.reissue_file(
        network_id(call), peer_id(call), key, body.generate_key, by=call.by
    )
    return file_shown(view, issued, call.query)


@route(
    credentials,
    "POST",
    f"{PEER}/rotate-key",
    People(WRITERS),
    query=wire.RotateQuery,
    tag=settings,
    replay=Replay(get),
    refuses=(NotFound, Conflict, Busy),
)
def rotate_key(call: Call[Principal, None]) -> wire.Peer:
    """Have an agent replace its WireGuard key, without dropping a flow. The answer does not wait for it.

    A jump's new key voids files that name the old one, and cuts off agents that do not hold it yet:
    both are named, and take `force`.
    """
    asked: wire.RotateQuery = call.query
    return shown(container().rotations.demand(network_id(call), peer_id(call), asked.force, by=call.by))

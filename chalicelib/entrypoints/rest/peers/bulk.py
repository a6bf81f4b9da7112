"""`/networks/{network_id}/peers/bulk`: many peers by one call."""

from collections.abc import Sequence
from http import HTTPStatus

from chalice.app import Blueprint
from msgspec.structs import replace

from chalicelib.application.peers.new_peer import NewPeer, PeerCreated
from chalicelib.application.peers.peer_view import PeerView
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Busy, Conflict, NotFound, Refusal
from chalicelib.domain.identity.principal import WRITERS, Principal
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.paths import PEERS, network_id
from chalicelib.entrypoints.rest.routing.problems import shape_of, status_of
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.credentials import created
from chalicelib.entrypoints.shapes.peers import parsed, shown
from chalicelib.wire import peers as wire

bulk = Blueprint(__name__)

MOST_BYTES = 1024 * 1024


def _created_before(call: Call[Principal, wire.Bulk]) -> wire.BulkCreated:
    count = len(call.body.peers)
    outcomes = container().bulk_creation.created_before(network_id(call), count, by=call.by, request=call.done_before)
    return replace(_created(outcomes, call.query), replayed=True)


@route(
    bulk,
    "POST",
    f"{PEERS}/bulk",
    People(WRITERS),
    query=wire.FileQuery,
    body=wire.Bulk,
    replay=Replay(_created_before, is_settled_by_use_case=True),
    most_bytes=MOST_BYTES,
    refuses=(NotFound, Conflict, Busy),
)
def create_many(call: Call[Principal, wire.Bulk]) -> wire.BulkCreated:
    """Create up to 1,000 peers; each by itself becomes one or does not."""
    asked = [_parsed_or_refused(body) for body in call.body.peers]
    outcomes = container().bulk_creation.create(network_id(call), asked, by=call.by, request=call.request)
    return _created(outcomes, call.query)


def _parsed_or_refused(body: wire.CreatePeer) -> NewPeer | Refusal:
    try:
        return parsed(body)
    except Refusal as refusal:
        return refusal


def _created(outcomes: Sequence[PeerCreated | PeerView | Refusal], asked: wire.FileQuery) -> wire.BulkCreated:
    items = [_item(outcome, asked) for outcome in outcomes]
    made = sum(item.peer is not None for item in items)
    return wire.BulkCreated(items=items, created=made, failed=len(items) - made)


def _item(outcome: PeerCreated | PeerView | Refusal, asked: wire.FileQuery) -> wire.BulkItem:
    if isinstance(outcome, Refusal):
        return wire.BulkItem(status=int(status_of(type(outcome))), problem=shape_of(outcome))
    if isinstance(outcome, PeerView):
        return wire.BulkItem(status=int(HTTPStatus.CREATED), peer=shown(outcome))
    answer = created(outcome, asked)
    item = wire.BulkItem(status=int(HTTPStatus.CREATED), peer=answer.peer)
    if isinstance(answer, wire.StaticPeerCreated):
        return replace(item, config=answer.config, notes=answer.notes)
    return replace(item, enrollment_token=answer.enrollment_token, enrollment_expires_at=answer.enrollment_expires_at)

"""`/networks/{network_id}/join-keys`: keys for images, CI and autoscaling."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint

from chalicelib.application.identity.join_keys import NewJoinKey
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Busy, NotFound
from chalicelib.domain.identity.errors import JoinKeyNotFound
from chalicelib.domain.identity.join_key import JoinKey, PeerTerms
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal
from chalicelib.domain.ids import JOIN_KEY_ID, JoinKeyId
from chalicelib.domain.text import parse_name, parse_tags
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.paths import NETWORK, network_id
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.parsing import Check, parse_cursor
from chalicelib.wire import join_keys as wire
from chalicelib.wire.page import Page, PageQuery

join_keys = Blueprint(__name__)

KEYS = f"{NETWORK}/join-keys"


@route(join_keys, "GET", KEYS, People(READERS), query=PageQuery, refuses=(NotFound,))
def page(call: Call[Principal, None]) -> Page[wire.JoinKey]:
    """The join keys of a network, in the order they were made; what they say is told once, at their creation."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, JOIN_KEY_ID)
    found, next_cursor = container().join_keys.page(network_id(call), cursor, asked.limit, by=call.by)
    return Page(items=[_shown(key) for key in found], next_cursor=next_cursor)


def _created_before(call: Call[Principal, wire.CreateJoinKey]) -> wire.JoinKeyCreated:
    [key_id] = call.done_before.made
    key = container().join_keys.get(network_id(call), JoinKeyId(key_id), by=call.by)
    return wire.JoinKeyCreated(key=_shown(key), secret=None, replayed=True)


@route(
    join_keys,
    "POST",
    KEYS,
    People(WRITERS),
    body=wire.CreateJoinKey,
    status=HTTPStatus.CREATED,
    replay=Replay(_created_before, is_settled_by_use_case=True),
    refuses=(NotFound, Busy),
)
def create(call: Call[Principal, wire.CreateJoinKey]) -> wire.JoinKeyCreated:
    """Make a join key. Its text is in this answer and nowhere else."""
    key, token = container().join_keys.create(network_id(call), _parsed(call.body), by=call.by, request=call.request)
    return wire.JoinKeyCreated(key=_shown(key), secret=token.text())


@route(join_keys, "DELETE", f"{KEYS}/{{key_id}}", People(WRITERS), refuses=(NotFound, Busy))
def revoke(call: Call[Principal, None]) -> None:
    """Have a key make no more peers. Those it made stay."""
    container().join_keys.revoke(network_id(call), _key_id(call), by=call.by)


def _key_id(call: Call[Principal, Any]) -> JoinKeyId:
    text = call.path["key_id"]
    if not JOIN_KEY_ID.match(text):
        raise JoinKeyNotFound(text)
    return JoinKeyId(text)


def _parsed(body: wire.CreateJoinKey) -> NewJoinKey:
    check = Check()
    name = check(parse_name, "name", body.name)
    tags = check(parse_tags, "tags", body.tags)
    check.done()
    terms = PeerTerms(body.needs_approval, body.ephemeral, tags, body.is_isolated, body.full_encapsulation)
    return NewJoinKey(name, terms, body.uses, timedelta(days=body.expires_in_days))


def _shown(key: JoinKey) -> wire.JoinKey:
    return wire.JoinKey(
        id=key.id,
        network_id=key.network_id,
        name=key.name,
        state=key.state(container().clock.now()).value,
        uses=key.uses,
        used=key.used,
        needs_approval=key.terms.needs_approval,
        ephemeral=key.terms.is_ephemeral,
        tags=list(key.terms.tags),
        is_isolated=key.terms.is_isolated,
        full_encapsulation=key.terms.full_encapsulation,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )

"""`/tokens`: API tokens of the caller, and of everybody for administrators."""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Busy, NotFound
from chalicelib.domain.identity.api_token import DEPLOYMENT_ITSELF, ApiToken
from chalicelib.domain.identity.errors import TokenNotFound
from chalicelib.domain.identity.principal import EVERYBODY, Principal, Role
from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.text import parse_name
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.parsing import Check, parse_cursor, parse_network_ids
from chalicelib.wire import people as wire
from chalicelib.wire.page import Page

tokens = Blueprint(__name__)

MAKERS = People({Role.ADMINISTRATOR}, all_networks=True, own=EVERYBODY)
TOKEN = "/tokens/{token_id}"  # noqa: S105  a path
TOKEN_ID = re.compile(r"tok_[0-9a-z]{1,64}_[0-9a-z]{1,64}\Z")


@route(tokens, "GET", "/tokens", MAKERS, query=wire.TokenQuery)
def page(call: Call[Principal, None]) -> Page[wire.ApiToken]:
    """The caller's API tokens, or those of all makers."""
    asked: wire.TokenQuery = call.query
    cursor = parse_cursor(asked.cursor, TOKEN_ID)
    after = None if cursor is None else PrincipalId(cursor)
    found, next_cursor = container().api_tokens.page(after, asked.limit, asked.everybody, by=call.by)
    return Page(items=[_shown(token) for token in found], next_cursor=next_cursor)


def _created_before(call: Call[Principal, wire.CreateToken]) -> wire.TokenCreated:
    [token_id] = call.done_before.made
    token = container().api_tokens.get(PrincipalId(token_id), by=call.by)
    return wire.TokenCreated(token=_shown(token), secret=None, replayed=True)


@route(
    tokens,
    "POST",
    "/tokens",
    People(own=EVERYBODY),
    body=wire.CreateToken,
    status=HTTPStatus.CREATED,
    replay=Replay(_created_before, is_settled_by_use_case=True),
    refuses=(NotFound, Busy),
)
def create(call: Call[Principal, wire.CreateToken]) -> wire.TokenCreated:
    """Make an API token of the caller's own, with no more than they may do. Its secret is shown this once."""
    body, check = call.body, Check()
    name = check(parse_name, "name", body.name)
    networks = None if body.networks is None else check(parse_network_ids, "networks", body.networks)
    check.done()
    lifetime = timedelta(days=body.expires_in_days)
    token, made = container().api_tokens.create(
        name, Role(body.role), networks, lifetime, by=call.by, request=call.request
    )
    return wire.TokenCreated(token=_shown(made), secret=token.text())


@route(tokens, "DELETE", TOKEN, MAKERS, refuses=(NotFound, Busy))
def revoke(call: Call[Principal, Any]) -> None:
    """End an API token now, its sockets included."""
    text = call.path["token_id"]
    if not TOKEN_ID.match(text):
        raise TokenNotFound(text)
    container().api_tokens.revoke(PrincipalId(text), by=call.by)


def _shown(token: ApiToken) -> wire.ApiToken:
    use = token.last_use
    return wire.ApiToken(
        id=token.id,
        name=token.name,
        role=token.role.value,
        networks=None if token.networks is None else sorted(token.networks),
        maker_id=None if token.maker_id == DEPLOYMENT_ITSELF else token.maker_id,
        maker_name=token.maker_name,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=None if use is None else use.at,
        last_used_from=None if use is None else use.source,
    )
